"""Posterior weights of the hypotheses of an n-best list (numpy only)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def posterior(scores: Sequence[float], temperature: float = 1.0, size: int | None = None) -> NDArray[np.float64]:
    """Softmax of natural-log scores / `temperature` over the first `size` hypotheses (all by default).

    A higher temperature trusts the order of the list less. Scores need not be normalised; -inf has weight 0, and
    where every score is -inf the weights are equal. Raises ValueError for an empty list, a score that is NaN or +inf,
    a temperature that is not positive, or a size below 1.
    """
    logs = np.asarray(scores, np.float64)[:size] if size is None or size >= 1 else np.empty(0)
    if not logs.size:
        raise ValueError("an n-best list needs at least one hypothesis and size >= 1")
    if np.isnan(logs).any() or np.isposinf(logs).any():
        raise ValueError(f"scores must be finite or -inf, not {logs.tolist()}")
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, not {temperature}")
    best = logs.max()
    if np.isneginf(best):
        return np.full(len(logs), 1.0 / len(logs))
    weights = np.exp((logs - best) / temperature)
    return np.asarray(weights / weights.sum())
