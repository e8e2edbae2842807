"""Sorted texts in two arrays: all bytes one after the other, and where each ends."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np

from plugins.product_qa.index.arrays import Array


def packed(texts: Sequence[bytes]) -> tuple[Array, Array]:
    """(bytes uint8 [total], ends uint64 [n]) of texts."""
    ends = np.cumsum(np.fromiter(map(len, texts), np.uint64, len(texts)), dtype=np.uint64)
    return np.frombuffer(b"".join(texts), np.uint8), ends


class Names(Sequence[bytes]):
    """Reads what `packed` made of texts in ascending order; looks one up in logarithmic time."""

    def __init__(self, text: Array, ends: Array) -> None:
        self._text, self._ends = text, ends

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, place: int) -> bytes:  # type: ignore[override]
        start = int(self._ends[place - 1]) if place else 0
        return self._text[start : int(self._ends[place])].tobytes()

    def __iter__(self) -> Iterator[bytes]:
        start, text = 0, self._text.tobytes()
        for end in self._ends.tolist():
            yield text[start:end]
            start = end

    def find(self, name: bytes) -> int:
        """Its place, or -1."""
        place = bisect_left(self, name)
        return place if place < len(self) and self[place] == name else -1
