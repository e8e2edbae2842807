"""Confidence bounds for a mean: normal (large samples), and two that hold for any number of bounded samples.

Samples are independent draws of one distribution. Rows of one user or one conversation are not quite that.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError

Doubles = NDArray[np.float64]

_CUT = 0.75  # a bet never risks more than this share of the capital
_STEPS = 60  # halvings of an interval: below the resolution of a double


def normal(x: Doubles, delta: float) -> tuple[float, float]:
    """Two-sided interval of the mean of `x` [n] at level `1 - delta`, by the central limit theorem."""
    _checked(x, delta)
    half = NormalDist().inv_cdf(1.0 - delta / 2.0) * float(np.std(x, ddof=1)) / math.sqrt(len(x))
    return float(np.mean(x)) - half, float(np.mean(x)) + half


def bernstein_lower(x: Doubles, low: float, high: float, delta: float) -> float:
    """The mean of samples in [low, high] is above this, but for a chance of `delta`: empirical Bernstein bound.

    Maurer and Pontil 2009, theorem 4. Raises `PolicyError` for samples outside the range.
    """
    _checked(x, delta, low, high)
    n, log = len(x), math.log(2.0 / delta)
    variance = float(np.var(x, ddof=1))
    return float(np.mean(x)) - math.sqrt(2.0 * variance * log / n) - 7.0 * log * (high - low) / (3.0 * (n - 1))


def bernstein(x: Doubles, low: float, high: float, delta: float) -> tuple[float, float]:
    """Two-sided empirical Bernstein interval at level `1 - delta`, each side with half of it, cut to [low, high]."""
    lower = bernstein_lower(x, low, high, delta / 2.0)
    upper = -bernstein_lower(-x, -high, -low, delta / 2.0)
    return max(low, lower), min(high, upper)


class Betting:
    """Bets against "the mean is at most m": capital that grows large proves the mean larger.

    Waudby-Smith and Ramdas 2024 (estimating means of bounded random variables by betting), one-sided: each bet is a
    predictable plug-in for n samples, cut so that no sample can ruin it. Valid for any n, and much tighter than the
    empirical Bernstein bound where the range is wide and most samples are alike. Samples are put into a seeded random
    order first. x: [n] in [low, high]; tuned: the level the bets are best for; others stay valid.
    """

    def __init__(self, x: Doubles, low: float, high: float, tuned: float = 0.05, seed: int = 0) -> None:
        _checked(x, tuned, low, high)
        self._low, self._range = low, high - low
        order = np.random.default_rng(seed).permutation(len(x))
        self._x = x[order]
        del order  # logs are long: what is not needed any more goes, and steps are taken in place
        self._x -= low
        self._x /= self._range
        np.clip(self._x, 0.0, 1.0, out=self._x)
        n = len(x)
        count = np.arange(2, n + 2, dtype=np.float64)
        mean = np.cumsum(self._x)
        mean += 0.5
        mean /= count
        np.subtract(self._x, mean, out=mean)
        np.square(mean, out=mean)
        variance = np.cumsum(mean, out=mean)
        variance += 0.25
        variance /= count
        before = count  # of the same size, and not needed any more
        before[0], before[1:] = 0.25, variance[:-1]
        before *= n
        self._bets = np.sqrt(np.divide(2.0 * math.log(1.0 / tuned), before, out=before), out=before)

    def p_value(self, m: float) -> float:
        """How surprising the samples are if the mean is at most m: one over the greatest capital."""
        return min(1.0, math.exp(-self._capital((m - self._low) / self._range)))

    def lower(self, delta: float) -> float:
        """The mean is above this, but for a chance of `delta`."""
        needed = math.log(1.0 / delta)
        if self._capital(0.0) < needed:
            return self._low
        below, above = 0.0, 1.0  # capital falls with m
        for _ in range(_STEPS):
            middle = 0.5 * (below + above)
            below, above = (middle, above) if self._capital(middle) >= needed else (below, middle)
        return self._low + self._range * below

    def _capital(self, m: float) -> float:
        """Log of the greatest capital on the way, starting from one."""
        if m < 0.0:
            return math.inf  # means below the range are impossible
        steps = self._x - m
        steps *= np.minimum(self._bets, _CUT / m) if m > 0.0 else self._bets
        np.log1p(steps, out=steps)
        return max(0.0, float(np.cumsum(steps, out=steps).max()))


def binomial_p(outside: int, n: int, share: float) -> float:
    """Chance of at most `outside` hits in n draws that each hit with probability `share`."""
    if not 0 <= outside <= n or n < 1 or not 0.0 <= share <= 1.0:
        raise PolicyError(f"{outside} of {n} with probability {share} is no binomial outcome")
    if outside == n or share == 0.0:
        return 1.0
    if share == 1.0:
        return 0.0
    factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    i = np.arange(outside + 1)
    logs = factorial[n] - factorial[i] - factorial[n - i] + i * math.log(share) + (n - i) * math.log1p(-share)
    return min(1.0, float(np.exp(logs).sum()))


def binomial_upper(outside: int, n: int, delta: float) -> float:
    """A share is below this, but for a chance of `delta`, if `outside` of n draws hit: Clopper and Pearson 1934."""
    if not 0.0 < delta < 1.0:
        raise PolicyError(f"delta must be in (0, 1), not {delta}")
    below, above = 0.0, 1.0
    for _ in range(_STEPS):
        middle = 0.5 * (below + above)
        below, above = (middle, above) if binomial_p(outside, n, middle) > delta else (below, middle)
    return above


def _checked(x: Doubles, delta: float, low: float = -math.inf, high: float = math.inf) -> None:
    if len(x) < 2:
        raise PolicyError(f"a confidence bound needs two samples or more, not {len(x)}")
    if not 0.0 < delta < 1.0:
        raise PolicyError(f"delta must be in (0, 1), not {delta}")
    if not np.isfinite(x).all():
        raise PolicyError(f"samples that are not finite: rows {np.flatnonzero(~np.isfinite(x))[:5].tolist()}")
    room = 1e-9 * (1.0 + high - low) if math.isfinite(high - low) else 0.0
    outside = np.flatnonzero((x < low - room) | (x > high + room))
    if not low < high or len(outside):
        raise PolicyError(f"samples are not in [{low:g}, {high:g}]: rows {outside[:5].tolist()}")
