"""Figures of answering selectively: a ranking by probability, and how right what it lets through is.

Risk, coverage and the area under their curve as in Geifman and El-Yaniv 2017; calibration error as in Guo et al. 2017.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu.metrics import calibration_error
from policies.intervals import binomial_upper

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]
#: Two answers are one up to this.
TOLERANCE = 1e-3
_BINS = 10


def right(answer: object, gold: float) -> bool:
    """Whether an answer (a number, or None) is the gold one, to a thousandth."""
    if answer is None or isinstance(answer, bool):
        return False
    value = float(answer)  # type: ignore[arg-type]
    return math.isfinite(value) and abs(value - gold) < TOLERANCE


@dataclass(frozen=True)
class Ranked:
    """The best answer to each question: how likely it is [N], whether it is right [N]. No answer is 0 and wrong."""

    chances: Floats
    right: Truths

    @property
    def accuracy(self) -> float:
        """The share that is right where every question is answered."""
        return float(self.right.mean())

    def ece(self) -> float:
        """Expected calibration error over ten bins of equal width."""
        return calibration_error(self.chances, self.right, _BINS)

    def curve(self) -> Floats:
        """Precision when the k + 1 most probable answers are given, for each k [N]."""
        order = np.argsort(-self.chances, kind="stable")
        return np.asarray(np.cumsum(self.right[order]) / np.arange(1, len(order) + 1), np.float64)

    def aurc(self) -> float:
        """The mean risk over all coverages."""
        return float((1 - self.curve()).mean())

    def at(self, floor: float) -> tuple[float, float]:
        """Coverage, and precision, when answers from a probability on are given; of nothing, the precision is 1."""
        given = self.chances >= floor
        return float(given.mean()), float(self.right[given].mean()) if given.any() else 1.0

    def bound(self, floor: float, delta: float = 0.05) -> float:
        """What the precision from `floor` on is above, but for a chance of `delta` (Clopper and Pearson 1934)."""
        given = self.chances >= floor
        count = int(given.sum())
        return 1.0 - binomial_upper(count - int(self.right[given].sum()), count, delta) if count else 0.0

    def coverage(self, precision: float) -> float:
        """The largest coverage at which the curve still has a precision: a threshold chosen with hindsight."""
        enough = np.nonzero(self.curve() >= precision)[0]
        return float((enough[-1] + 1) / len(self.right)) if enough.size else 0.0

    def table(self, steps: int = 10) -> list[tuple[float, float, float]]:
        """Rows of coverage, the probability from which on answers are given, and their precision."""
        order, curve, count = np.sort(-self.chances), self.curve(), len(self.right)
        places = sorted({max(1, round(step * count / steps)) - 1 for step in range(1, steps + 1)})
        return [((place + 1) / count, -float(order[place]), float(curve[place])) for place in places]
