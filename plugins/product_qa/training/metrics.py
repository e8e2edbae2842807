"""Ranking figures of one question each, and calibration errors: numpy alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]


def ranked(scores: ArrayLike, relevant: ArrayLike) -> NDArray[np.bool_]:
    """Which candidates are relevant, best score first. Among equal scores the irrelevant come first: no luck counts."""
    score, right = np.asarray(scores, np.float64), np.asarray(relevant, bool)
    return np.asarray(right[np.lexsort((right, -score))])


def precision_at_1(scores: ArrayLike, relevant: ArrayLike) -> float:
    """Whether the best candidate is relevant."""
    return float(ranked(scores, relevant)[0])


def reciprocal_rank(scores: ArrayLike, relevant: ArrayLike) -> float:
    """1 / rank of the first relevant candidate. Raises ValueError where there is none."""
    order = np.flatnonzero(ranked(scores, relevant))
    if not order.size:
        raise ValueError("no candidate is relevant")
    return 1.0 / (int(order[0]) + 1)


def average_precision(scores: ArrayLike, relevant: ArrayLike) -> float:
    """Mean precision at the ranks of the relevant candidates. Raises ValueError where there is none."""
    places = np.flatnonzero(ranked(scores, relevant))
    if not places.size:
        raise ValueError("no candidate is relevant")
    return float((np.arange(1, places.size + 1) / (places + 1)).mean())


def calibration_error(probabilities: Sequence[float] | Values, right: ArrayLike, bins: int = 10) -> float:
    """Expected calibration error (Guo et al. 2017, equation 5) over `bins` of equal numbers of cases."""
    given, true = np.asarray(probabilities, np.float64), np.asarray(right, np.float64)
    order = np.argsort(given, kind="stable")
    parts = [part for part in np.array_split(order, bins) if part.size]
    return float(sum(part.size * abs(given[part].mean() - true[part].mean()) for part in parts) / given.size)
