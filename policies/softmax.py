"""The logging policy: a sharp softmax over what is probable, with a small and exactly known exploration share."""

from __future__ import annotations

import math
from collections.abc import Sequence

NEGLIGIBLE = 1e-6  # of the best one's mass: a draw that rare would only make importance weights explode


def softmax_policy(
    scores: Sequence[float],
    allowed: Sequence[bool],
    explorable: Sequence[bool],
    temperature: float = 0.1,
    exploration: float = 0.0,
) -> list[float]:
    """Propensities of n candidates.

    scores: what each candidate is worth, positive; the share of mass goes with `score ** (1 / temperature)`.
    allowed: candidates that may be chosen at all without being the best one (costly effects are not).
    explorable: candidates among which the share `exploration` is spread evenly; the best one always is.
    Returns n non-negative floats that sum to one. Raises `ValueError` for empty or mismatched input, a temperature
    that is not positive, or an exploration outside [0, 1].
    """
    if not scores or len(scores) != len(allowed) or len(scores) != len(explorable):
        raise ValueError(f"one score and two flags per candidate: {len(scores)}, {len(allowed)}, {len(explorable)}")
    if temperature <= 0 or not 0 <= exploration <= 1:
        raise ValueError(f"temperature {temperature} must be positive, exploration {exploration} in [0, 1]")
    best = max(range(len(scores)), key=lambda index: scores[index])
    logits = [math.log(max(score, 1e-9)) / temperature for score in scores]
    ratios = [math.exp(logit - logits[best]) for logit in logits]
    mass = [ratio if (allowed[i] and ratio >= NEGLIGIBLE) or i == best else 0.0 for i, ratio in enumerate(ratios)]
    total = math.fsum(mass)
    pool = [index for index in range(len(scores)) if index == best or (explorable[index] and allowed[index])]
    share = exploration / len(pool)
    spread = set(pool)
    return [(1 - exploration) * value / total + (share if i in spread else 0.0) for i, value in enumerate(mass)]
