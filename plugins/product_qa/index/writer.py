"""Changes to the index: new files first, then one replaced manifest. One process writes at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dialog.registry.errors import Locked
from dialog.registry.files import locked, sync_folder
from plugins.product_qa.index.dense import DIMENSION
from plugins.product_qa.index.manifest import Entry, Manifest, write_deletions
from plugins.product_qa.index.merge import wasteful, write_merged
from plugins.product_qa.index.segment import Segment, digest, encoded_key, indexed_text, write_segment
from plugins.product_qa.index.snapshot import Part
from plugins.product_qa.types import CatalogueError, Passage

#: Passages of one commit at most: so much encoding is lost when the process is killed.
BATCH = 4096
_ENCODED = 64
#: Sentence vectors, one a text: a list of float32 [384], or float32 [n, 384]. Its `version`, if any, names the encoder.
Encode = Callable[[Sequence[str]], Any]
#: Called with the number of passages that are done since the last call.
Progress = Callable[[int], None]


class Changes(Protocol):
    """What a commit of the catalogue changed: first `removed` go, then `added` come in place of those with their keys.

    `mark` is where the catalogue can go on from ("" for nowhere); `reset` begins with forgetting everything.
    """

    @property
    def added(self) -> Sequence[Passage]:
        """Passages that are new or have a new text."""
        ...

    @property
    def removed(self) -> Sequence[str]:
        """Keys of passages that are gone."""
        ...

    @property
    def mark(self) -> str:
        """The catalogue's name for its state after this commit."""
        ...

    @property
    def reset(self) -> bool:
        """Whether what follows is everything."""
        ...


@contextmanager
def lock(folder: Path, patience: float) -> Iterator[None]:
    """The right to write. Raises `CatalogueError` where another process keeps it for `patience` seconds."""
    try:
        with locked(folder / ".lock", patience):
            yield
    except Locked as error:
        raise CatalogueError(str(error)) from None


def clean(folder: Path, manifest: Manifest) -> None:
    """Delete files of the index that a process left behind which was killed, or which a commit replaced."""
    kept = manifest.files
    for pattern in ("segment-*.bin", "deleted-*.bin"):
        for path in folder.glob(pattern):
            if path.name not in kept:
                path.unlink(missing_ok=True)


class Writer:
    """Holds the newest state while the lock is held; `parts` stand beside `manifest.segments`.

    Nothing is seen by readers before `commit`.
    """

    def __init__(self, folder: Path, manifest: Manifest, parts: Sequence[Part], encode: Encode | None) -> None:
        self._folder, self._manifest, self._parts, self._encode = folder, manifest, list(parts), encode
        self._entries = list(manifest.segments)
        version = str(getattr(encode, "version", "")) if encode is not None else ""
        if version and manifest.encoder and version != manifest.encoder:
            told = f"{folder}: the index holds vectors of {manifest.encoder}, not of {version}; build it anew"
            raise CatalogueError(f"{told} (Index.rebuild)")
        self._encoder = manifest.encoder or version
        self._mark = manifest.mark
        self._next = manifest.next
        self._dirty: set[int] = set()
        self._changed = False

    def add(self, passages: Sequence[Passage]) -> int:
        """Put passages in, except those that are there already; returns how many there were to put in."""
        wanted = {passage.key: passage for passage in passages}
        keys = [encoded_key(passage) for passage in wanted.values()]
        digests = np.array([digest(passage) for passage in wanted.values()], np.uint64)
        same = np.zeros(len(keys), np.bool_)
        for place, part in enumerate(self._parts):
            rows = part.find(keys)
            here = rows >= 0
            equal = here.copy()
            equal[here] = part.segment.digests[rows[here]] == digests[here]
            same |= equal
            self._kill(place, rows[here & ~equal])
        new = [passage for passage, known in zip(wanted.values(), same.tolist(), strict=True) if not known]
        if new:
            path = self._file("segment")
            write_segment(path, new, self._vectors(new))
            self._entries.append(Entry(path.name, len(new)))
            self._parts.append(Part(Segment(path), None))
            self._changed = True
        return len(new)

    def remove(self, keys: Iterable[str]) -> int:
        """Take passages out; returns how many of them there were."""
        wanted = [key.encode("utf-8", "surrogatepass") for key in dict.fromkeys(keys)]
        found = 0
        for place, part in enumerate(self._parts):
            rows = part.find(wanted)
            found += self._kill(place, rows[rows >= 0])
        return found

    def keep(self, digests: NDArray[np.uint64]) -> int:
        """Take everything out whose digest is not among these; returns how many passages that were."""
        found = 0
        for place, part in enumerate(self._parts):
            gone = ~np.isin(part.segment.digests, digests)
            if part.alive is not None:
                gone &= part.alive
            found += self._kill(place, np.flatnonzero(gone))
        return found

    def merge(self) -> None:
        """Merge segments as long as there are too many of one size."""
        while places := wasteful(self._parts):
            self._merged(places)

    def merge_all(self) -> None:
        """Make one segment of all."""
        if len(self._parts) > 1 or any(part.alive is not None for part in self._parts):
            self._merged(range(len(self._parts)))

    def commit(self, mark: str | None = None) -> Manifest:
        """Make the changes durable and seen. Files that are not needed any more are deleted."""
        if not self._changed and mark in (None, self._mark):
            return self._manifest
        for place in sorted(self._dirty):
            part, entry = self._parts[place], self._entries[place]
            if part.alive is not None and part.count:
                path = self._file("deleted")
                write_deletions(path, part.alive)
                self._entries[place] = replace(entry, deletions=path.name)
        kept = [place for place, part in enumerate(self._parts) if part.count]
        self._parts = [self._parts[place] for place in kept]
        self._entries = [self._entries[place] for place in kept]
        self._dirty.clear()
        self._changed = False
        self._mark = self._mark if mark is None else mark
        encoder = self._encoder if kept else ""
        sync_folder(self._folder)
        self._manifest = Manifest(self._manifest.changes + 1, self._next, encoder, self._mark, tuple(self._entries))
        self._manifest.write(self._folder)
        clean(self._folder, self._manifest)
        return self._manifest

    def _kill(self, place: int, rows: NDArray[np.intp]) -> int:
        if len(rows):
            part = self._parts[place]
            alive = np.ones(len(part.segment), np.bool_) if part.alive is None else part.alive.copy()
            alive[rows] = False
            self._parts[place] = Part(part.segment, alive)
            self._dirty.add(place)
            self._changed = True
        return len(rows)

    def _merged(self, places: Sequence[int]) -> None:
        chosen = set(places)
        parts = [self._parts[place] for place in places]
        kept = [place for place in range(len(self._parts)) if place not in chosen]
        dirty = {new for new, old in enumerate(kept) if old in self._dirty}
        self._parts, self._entries = [self._parts[place] for place in kept], [self._entries[place] for place in kept]
        self._dirty, self._changed = dirty, True
        if any(part.count for part in parts):
            path = self._file("segment")
            write_merged(path, parts)
            segment = Segment(path)
            self._parts.append(Part(segment, None))
            self._entries.append(Entry(path.name, len(segment)))

    def _vectors(self, passages: Sequence[Passage]) -> NDArray[np.float32] | None:
        if self._encode is None:
            return None
        out = np.zeros((len(passages), DIMENSION), np.float32)
        for start in range(0, len(passages), _ENCODED):
            texts = [indexed_text(passage) for passage in passages[start : start + _ENCODED]]
            vectors = np.asarray(self._encode(texts), np.float32)
            if vectors.shape != (len(texts), DIMENSION) or not np.isfinite(vectors).all():
                told = f"the encoder gave {vectors.shape} for {len(texts)} texts"
                raise CatalogueError(f"{told}, not finite vectors of {DIMENSION} numbers")
            out[start : start + len(texts)] = vectors
        return out

    def _file(self, kind: str) -> Path:
        path = self._folder / f"{kind}-{self._next:08d}.bin"
        self._next += 1
        return path
