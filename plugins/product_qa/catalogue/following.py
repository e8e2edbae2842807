"""Bringing the index of a catalogue up to date after an import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from plugins.product_qa.catalogue.store import Catalogue

#: The index's folder within that of the catalogue.
INDEX = "index"


def follow(
    catalogue: Catalogue,
    encode: Callable[[Sequence[str]], Sequence[Any]] | None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Put into the index what was committed since it was last brought up to date; returns how many passages.

    `encode` gives sentence vectors [384] and tells its `version`; without it passages are found by words alone. An
    index that is damaged, or that holds vectors of another encoder, is built anew. What is broken off goes on from
    there with the next call. `progress` is told how many passages are done, and of how many. Raises `CatalogueError`
    where another process is writing the index.
    """
    from plugins.product_qa.index import Index, IndexDamaged

    folder: Path = catalogue.path.parent / INDEX
    try:
        index = Index.open(folder)
        if index.encoder in ("", str(getattr(encode, "version", ""))):
            mark = index.mark
            return index.follow(catalogue.changes_since(mark), encode, _counted(progress, catalogue, mark))
    except IndexDamaged:
        pass
    rebuilt = Index.rebuild(folder, catalogue.changes_since(), encode, progress=_counted(progress, catalogue, ""))
    return len(rebuilt)


def _counted(
    progress: Callable[[int, int], None] | None, catalogue: Catalogue, mark: str
) -> Callable[[int], None] | None:
    """Turns "so many more" into "so many of so many"."""
    if progress is None:
        return None
    done, total = 0, catalogue.waiting(mark)

    def more(number: int) -> None:
        nonlocal done
        done += number
        progress(done, max(done, total))

    progress(0, total)
    return more


class ShippedEncoder:
    """The sentence encoder that is shipped."""

    def __init__(self) -> None:
        from nlu.encoder import Encoder
        from nlu.runtime import ENCODER_FOLDER, MODELS

        self._encoder = Encoder(MODELS / ENCODER_FOLDER)
        self.version = self._encoder.version

    def __call__(self, texts: Sequence[str]) -> list[Any]:
        """A vector (float32 [384], L2 norm 1) for each text."""
        return [found.vector for found in self._encoder.encode(texts, trunk=False)]
