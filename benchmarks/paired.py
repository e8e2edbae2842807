"""Paired comparison of two methods on the same items over several seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """A difference of means with its 95 % interval and two-sided bootstrap p value."""

    mean: float
    low: float
    high: float
    p: float


def hierarchical_bootstrap(
    ours: ArrayLike, base: ArrayLike, rng: np.random.Generator, groups: ArrayLike | None = None
) -> Interval:
    """Mean of `ours` less mean of `base`, both [seeds, items] over the same items; resamples items and seeds.

    Seeds of the two methods are independent runs, so each is resampled on its own. groups [items], where given, names
    what is drawn as one (the utterance of several recordings, the dialog of several turns).
    Raises ValueError where the items differ in number.
    """
    left, right = (np.atleast_2d(np.asarray(values, np.float64)) for values in (ours, base))
    if left.shape[1] != right.shape[1] or not left.shape[1]:
        raise ValueError(f"paired samples need the same items: {left.shape[1]} and {right.shape[1]}")
    labels = np.arange(left.shape[1]) if groups is None else np.asarray(groups)
    _, place = np.unique(labels, return_inverse=True)
    count = int(place.max()) + 1
    sizes = np.bincount(place, minlength=count).astype(np.float64)
    sums = [np.stack([np.bincount(place, row, count) for row in side]) for side in (left, right)]
    draws = np.empty(DRAWS)
    for draw in range(DRAWS):
        times = np.bincount(rng.integers(count, size=count), minlength=count).astype(np.float64)
        total = times @ sizes
        means = [(side @ times) / total for side in sums]
        draws[draw] = means[0][rng.integers(len(left), size=len(left))].mean()
        draws[draw] -= means[1][rng.integers(len(right), size=len(right))].mean()
    low, high = (float(value) for value in np.percentile(draws, [2.5, 97.5]))
    tail = min(float((draws <= 0).mean()), float((draws >= 0).mean()))
    return Interval(float(left.mean() - right.mean()), low, high, min(1.0, max(2 * tail, 1 / DRAWS)))


def holm(values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment of p values, in the order given."""
    order = np.argsort(values, kind="stable")
    adjusted, largest = [0.0] * len(values), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(values) - rank) * values[index]))
        adjusted[index] = largest
    return adjusted
