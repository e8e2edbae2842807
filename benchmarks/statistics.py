"""Percentiles and bootstrap intervals over repeats."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Sample = NDArray[np.float64]
Statistic = Callable[[Sample], float]
_DRAWS = 400


def percentile(share: float) -> Statistic:
    """The statistic "percentile": `percentile(99)(sample)`."""
    return lambda sample: float(np.percentile(sample, share))


def interval(draws: Sequence[float]) -> list[float]:
    """The middle 95 % of bootstrap draws."""
    return [float(value) for value in np.percentile(np.asarray(draws), [2.5, 97.5])]


def bootstrap(repeats: Sequence[Sequence[float]], statistic: Statistic, seed: int = 0) -> tuple[float, list[float]]:
    """A statistic of all samples, and its 95 % interval.

    Repeats (seeds) are drawn with replacement first, then samples within each: the interval covers the difference
    between runs as well as that within a run. The estimate is the mean of the repeats' own values.
    """
    samples = [np.asarray(repeat, np.float64) for repeat in repeats]
    if not samples or any(not sample.size for sample in samples):
        raise ValueError("every repeat needs at least one sample")
    random = np.random.default_rng(seed)
    estimate = float(np.mean([statistic(sample) for sample in samples]))
    draws = []
    for _ in range(_DRAWS):
        picked = random.integers(len(samples), size=len(samples))
        values = [statistic(samples[i][random.integers(samples[i].size, size=samples[i].size)]) for i in picked]
        draws.append(float(np.mean(values)))
    return estimate, interval(draws)


def mean_interval(values: Sequence[float], seed: int = 0) -> tuple[float, list[float]]:
    """Mean of one value per repeat, with the bootstrap interval of the mean."""
    sample = np.asarray(values, np.float64)
    random = np.random.default_rng(seed)
    draws = [float(sample[random.integers(sample.size, size=sample.size)].mean()) for _ in range(_DRAWS)]
    return float(sample.mean()), interval(draws)


def paired_ratio(late: Sequence[float], early: Sequence[float], seed: int = 0) -> tuple[float, list[float]]:
    """Ratio of the trimmed means (outer 5 % left out) of two paired samples, with its interval over pairs."""
    pairs = np.stack([np.asarray(late, np.float64), np.asarray(early, np.float64)])
    random = np.random.default_rng(seed)
    count = pairs.shape[1]
    draws = [_ratio(pairs[:, random.integers(count, size=count)]) for _ in range(_DRAWS)]
    return _ratio(pairs), interval(draws)


def _ratio(pairs: Sample) -> float:
    return _trimmed(pairs[0]) / _trimmed(pairs[1])


def _trimmed(sample: Sample) -> float:
    ordered = np.sort(sample)
    cut = ordered.size // 20
    return float(ordered[cut : ordered.size - cut].mean())
