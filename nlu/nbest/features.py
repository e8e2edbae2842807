"""Wide features of n-best lists and system acts, as bags of columns (numpy only)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nlu.nbest.posterior import posterior
from nlu.nbest.turns import Turn

#: How a turn was heard: by the first line, by the whole list, or (oracle) by the transcriber.
HEARD = ("best", "nbest", "clean")


def heard(turn: Turn, how: str, size: int = 10) -> tuple[tuple[str, float], ...]:
    """(text, log score) of a turn under one of `HEARD`. Raises ValueError for another name."""
    if how not in HEARD:
        raise ValueError(f"a turn is heard as one of {HEARD}, not {how!r}")
    if how == "clean":
        return ((turn.reference, 0.0),)
    return turn.hypotheses[:1] if how == "best" else turn.hypotheses[:size]


def grams(text: str) -> list[str]:
    """Word 1-grams and 2-grams; 2-grams see the ends of the sentence."""
    words = ["<s>", *text.split(), "</s>"]
    return words[1:-1] + [" ".join(pair) for pair in pairwise(words)]


def expected_grams(hypotheses: Sequence[tuple[str, float]], temperature: float = 1.0) -> dict[str, float]:
    """Expected counts of n-grams under the posterior: the n-gram features of a confusion network (Henderson et al.
    2012), taken from the list.
    """
    out: dict[str, float] = defaultdict(float)
    weights = posterior([score for _, score in hypotheses], temperature).tolist()
    for (text, _), weight in zip(hypotheses, weights, strict=True):
        for gram in grams(text):
            out[gram] += weight
    return out


def wide_features(hypotheses: Sequence[tuple[str, float]], temperature: float, presence: float) -> dict[str, float]:
    """Expected n-grams, and each n-gram that occurs anywhere in the list with the value `presence` (0: left out)."""
    out = dict(expected_grams(hypotheses, temperature))
    if presence:
        out |= {f"any {gram}": presence for text, _ in hypotheses for gram in grams(text)}
    return out


def system_features(turn: Turn) -> dict[str, float]:
    """The system's last acts, from the bare act to act, slot and value."""
    return {f"system {act}": 1.0 for act in turn.system}


class Columns:
    """Feature names that at least `minimum` training rows have; others are left out of every row."""

    def __init__(self, rows: Sequence[Mapping[str, float]], minimum: int = 2) -> None:
        seen = Counter(name for row in rows for name in row)
        names = sorted(name for name, count in seen.items() if count >= minimum)
        self.index = {name: column for column, name in enumerate(names)}

    def __len__(self) -> int:
        return len(self.index)

    def bag(self, row: Mapping[str, float]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Columns and values of one row."""
        known = [(self.index[name], value) for name, value in row.items() if name in self.index]
        return np.array([c for c, _ in known], np.int64), np.array([v for _, v in known], np.float32)
