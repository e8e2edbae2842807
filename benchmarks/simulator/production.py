"""The hand-built policy in production: pi0 = (1 - e) softmax(z / T) + e / K, with z the log of probability x prior."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.dataset import Dataset
from policies.request import FEATURES

Doubles = NDArray[np.float64]
_LEAST = 1e-6
_STEPS = 60


def scores(dataset: Dataset) -> Doubles:
    """z [N, K], -inf on padding."""
    columns = [dataset.numeric[:, :, FEATURES.index(name)].astype(np.float64) for name in ("probability", "prior")]
    found: Doubles = np.where(dataset.mask, np.log(np.maximum(columns[0] * columns[1], _LEAST)), -np.inf)
    return found


def propensities(scores: Doubles, temperature: float, exploration: float) -> Doubles:
    """pi0 [N, K], zero on padding; each row sums to 1."""
    logits = scores / temperature
    mass = np.exp(logits - logits.max(axis=1, keepdims=True))
    mass /= mass.sum(axis=1, keepdims=True)
    mask = np.isfinite(scores)
    found: Doubles = (1.0 - exploration) * mass + exploration * mask / mask.sum(axis=1, keepdims=True)
    return found


def temperature(scores: Doubles, exploration: float, top: float) -> float:
    """The temperature at which the mean of the greatest propensity is `top`, by bisection.

    Raises `ValueError` where no temperature between .000001 and 1,000 gives it.
    """
    low, high = -6.0, 3.0  # powers of ten: two skills may be almost equally trusted

    def reached(power: float) -> float:
        return float(propensities(scores, 10.0**power, exploration).max(axis=1).mean())

    if not reached(high) <= top <= reached(low):
        raise ValueError(f"mean top probability {top} is not between {reached(high):.3f} and {reached(low):.3f}")
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) < top else (middle, high)
    return float(10.0 ** ((low + high) / 2))
