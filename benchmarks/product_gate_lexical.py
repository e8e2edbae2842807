"""BM25 over a small collection, for the product benchmarks that need plain scores."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

K1, B = 1.2, 0.75
_WORD = re.compile(r"[a-z0-9]+")


def words(text: str) -> list[str]:
    """Lower-case words."""
    return _WORD.findall(text.lower())


class Lexical:
    """BM25 (Robertson and Zaragoza 2009, equation 3.15) with an inverted list, no stop words and no stemming."""

    def __init__(self, texts: Sequence[str]) -> None:
        counts = [Counter(words(text)) for text in texts]
        lengths = np.array([max(1, sum(found.values())) for found in counts], dtype=np.float64)
        self._norm = K1 * (1 - B + B * lengths / lengths.mean())
        self._postings: dict[str, dict[int, int]] = {}
        for place, found in enumerate(counts):
            for word, count in found.items():
                self._postings.setdefault(word, {})[place] = count
        total = len(texts)
        self._idf = {
            word: math.log1p((total - len(places) + 0.5) / (len(places) + 0.5))
            for word, places in self._postings.items()
        }

    def scores(self, query: str, places: Iterable[int] | None = None) -> NDArray[np.float64]:
        """Scores of the texts at `places` (default: all), in their order."""
        chosen = None if places is None else list(places)
        out = np.zeros(len(self._norm) if chosen is None else len(chosen))
        for word in set(words(query)):
            held = self._postings.get(word, {})
            if chosen is None:
                where = np.fromiter(held, dtype=np.int64, count=len(held))
                count = np.fromiter(held.values(), dtype=np.float64, count=len(held))
                out[where] += self._idf.get(word, 0.0) * count * (K1 + 1) / (count + self._norm[where])
            else:
                for row, place in enumerate(chosen):
                    if count_ := held.get(place, 0):
                        out[row] += self._idf[word] * count_ * (K1 + 1) / (count_ + self._norm[place])
        return out
