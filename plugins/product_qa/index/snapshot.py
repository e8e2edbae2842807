"""What the index holds at one moment: its segments, which of their rows are alive, and the statistics of all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.index.segment import Rows, Segment
from plugins.product_qa.types import SOURCES

#: Words whose statistics are remembered at most.
_REMEMBERED = 50_000


class Part:
    """A segment and which of its rows are alive (bool [n]; None: all)."""

    def __init__(self, segment: Segment, alive: NDArray[np.bool_] | None) -> None:
        self.segment, self.alive = segment, alive

    @cached_property
    def count(self) -> int:
        """Number of rows that are alive."""
        return len(self.segment) if self.alive is None else int(np.count_nonzero(self.alive))

    @cached_property
    def words(self) -> int:
        """Words of the rows that are alive, all counted."""
        lengths = self.segment.lengths if self.alive is None else self.segment.lengths[self.alive]
        return int(lengths.sum(dtype=np.int64))

    @cached_property
    def by_source(self) -> NDArray[np.int64]:
        """Number of rows that are alive of each of SOURCES."""
        sources = self.segment.sources if self.alive is None else self.segment.sources[self.alive]
        return np.bincount(sources, minlength=len(SOURCES))

    def find(self, keys: Sequence[bytes]) -> Rows:
        """Rows of passages by key, -1 for those that are not alive here."""
        rows = self.segment.find(keys)
        if self.alive is None or not len(rows):
            return rows
        return np.where((rows >= 0) & self.alive[rows], rows, -1)


class Snapshot:
    """Immutable, so that a search is not disturbed by a change; threads may share it."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        self.count = sum(part.count for part in parts)
        words = sum(part.words for part in parts)
        #: Words of a passage on average.
        self.mean_length = words / self.count if words else 1.0
        self.by_source = (
            np.sum([part.by_source for part in parts], axis=0) if parts else np.zeros(len(SOURCES), np.int64)
        )
        self._holding: dict[str, tuple[int, tuple[int, ...]]] = {}

    def holding(self, word: str) -> tuple[int, tuple[int, ...]]:
        """How many passages hold a word, and its place among the words of each part (-1: not there)."""
        known = self._holding.get(word)
        if known is None:
            places = tuple(part.segment.terms.find(word.encode()) for part in self.parts)
            known = sum(_alive(part, place) for part, place in zip(self.parts, places, strict=True)), places
            if len(self._holding) >= _REMEMBERED:
                self._holding.clear()
            self._holding[word] = known
        return known


def _alive(part: Part, place: int) -> int:
    if place < 0:
        return 0
    rows = part.segment.postings(place).rows
    return len(rows) if part.alive is None else int(np.count_nonzero(part.alive[rows]))
