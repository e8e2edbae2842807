"""What the catalogue tells of its commits, gathered to batches for the index."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.index.segment import digest
from plugins.product_qa.index.writer import BATCH, Changes, Progress, Writer
from plugins.product_qa.types import Passage


class Intake:
    """Commits of the catalogue in, commits of the index out; `finish` writes what is left."""

    def __init__(self, writer: Writer, progress: Progress | None) -> None:
        self._writer, self._progress = writer, progress
        self._waiting: dict[str, Passage] = {}
        self._mark: str | None = None
        #: After a reset: what has come since. The rest goes only in the end, so that nothing is encoded twice, and
        #: until then the old mark stays: an import that is broken off begins with the reset again.
        self._seen: list[NDArray[np.uint64]] | None = None
        self._added = 0

    def take(self, changes: Changes) -> None:
        """One commit of the catalogue."""
        if changes.reset:
            self._waiting.clear()
            self._seen = []
        for key in changes.removed:
            self._waiting.pop(key, None)
        self._writer.remove(changes.removed)
        for passage in changes.added:
            self._waiting.pop(passage.key, None)
            self._waiting[passage.key] = passage
            if len(self._waiting) >= BATCH:
                self._flush()
                self._writer.merge()
                self._writer.commit()
        # Passages may still wait: the mark goes with the commit that has them.
        self._mark = changes.mark or self._mark

    def finish(self) -> int:
        """Write what is left; returns how many passages were put in altogether."""
        self._flush()
        if self._seen is not None:
            self._writer.keep(np.unique(np.concatenate([np.empty(0, np.uint64), *self._seen])))
        self._writer.merge()
        self._writer.commit(self._mark)
        return self._added

    def _flush(self) -> None:
        batch = list(self._waiting.values())
        self._waiting.clear()
        if self._seen is not None:
            self._seen.append(np.array([digest(passage) for passage in batch], np.uint64))
        self._added += self._writer.add(batch)
        if self._progress is not None and batch:
            self._progress(len(batch))
