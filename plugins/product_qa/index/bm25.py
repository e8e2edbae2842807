"""BM25 over the postings of a snapshot."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.index.arrays import IndexDamaged
from plugins.product_qa.index.segment import Postings
from plugins.product_qa.index.snapshot import Part, Snapshot

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Bm25:
    """The formula of Robertson & Zaragoza 2009 ("The Probabilistic Relevance Framework"), equation 3.15.

    `k1` says how soon more of the same word counts no more, `b` how much long passages are discounted. The weight of a
    word is log(1 + (N - n + 1/2) / (n + 1/2)), which stays positive for words of most passages.
    """

    k1: float = 1.2
    b: float = 0.75

    def __post_init__(self) -> None:
        if not (self.k1 >= 0 and 0 <= self.b <= 1):
            raise ValueError(f"BM25 needs k1 >= 0 and 0 <= b <= 1, not k1 = {self.k1} and b = {self.b}")

    def weight(self, count: int, holding: int) -> float:
        """Of a word that `holding` of `count` passages hold."""
        return math.log1p((count - holding + 0.5) / (holding + 0.5))


class LexicalQuery:
    """The distinct words of a question with their weights in a snapshot."""

    def __init__(self, snapshot: Snapshot, words: Iterable[str], formula: Bm25) -> None:
        self._formula = formula
        # Longer passages are discounted by k1 * (1 - b + b * length / mean length).
        self._fixed = np.float32(formula.k1 * (1 - formula.b))
        self._by_length = np.float32(formula.k1 * formula.b / snapshot.mean_length)
        #: Of each word: its weight times (k1 + 1), and its place in each part. In order, so that sums are the same.
        self._words: list[tuple[np.float32, tuple[int, ...]]] = []
        self.most = 0.0
        for word in sorted(set(words)):
            holding, places = snapshot.holding(word)
            weight = np.float32(formula.weight(snapshot.count, holding) * (formula.k1 + 1))
            #: No passage can have a higher score.
            self.most += float(weight)
            if holding:
                self._words.append((weight, places))

    def scores(self, part: Part, number: int, rows: range) -> Floats:
        """Scores of the rows of a part, which is the `number`th of the snapshot: float32 [len(rows)].

        Raises `IndexDamaged` where the postings lead outside the segment.
        """
        out = np.zeros(len(rows), np.float32)
        lengths = part.segment.lengths
        for weight, places in self._words:
            if places[number] < 0:
                continue
            found = _between(part.segment.postings(places[number]), rows, len(part.segment))
            try:
                held = found.rows.astype(np.intp)
                discount = lengths[held].astype(np.float32)
                discount *= self._by_length
                discount += self._fixed
                counts = found.counts.astype(np.float32)
                discount += counts
                counts *= weight
                counts /= discount
                out[held - rows.start] += counts
            except IndexError as error:
                raise IndexDamaged(part.segment.path, "a list of postings leads outside the segment") from error
        return out


def _between(postings: Postings, rows: range, total: int) -> Postings:
    """Those of the postings in a range of rows."""
    if len(rows) == total:
        return postings
    first, last = np.searchsorted(postings.rows, np.array([rows.start, rows.stop], postings.rows.dtype))
    return Postings(postings.rows[first:last], postings.counts[first:last])
