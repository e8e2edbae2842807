"""From features to probabilities: a conditional logit over the candidates and "none of them"."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dialog.errors import AssistantError
from plugins.product_qa.resolve.evidence import FEATURES

Floats = NDArray[np.float64]
WEIGHTS = Path(__file__).with_name("weights.json")


class BeliefError(AssistantError):
    """A file of weights that does not fit the features."""


@dataclass(frozen=True, slots=True)
class Belief:
    """Weights of the features [len(FEATURES)]; `accept` is the probability from which a product is taken as meant."""

    weights: Floats
    accept: float

    def probabilities(self, features: Floats) -> Floats:
        """Probabilities of candidates, from features [n, len(FEATURES)]; what they lack of 1 is that none is meant.

        McFadden's conditional logit with "none" as the alternative of utility 0.
        """
        utilities = features @ self.weights
        top = max(float(utilities.max(initial=0.0)), 0.0)
        odds = np.exp(utilities - top)
        return np.asarray(odds / (odds.sum() + np.exp(-top)))


@lru_cache(maxsize=4)
def load(path: Path = WEIGHTS) -> Belief:
    """The weights in a file. Raises BeliefError where it is missing or was made for other features."""
    try:
        held = json.loads(path.read_text("utf-8"))
        if tuple(held["features"]) != FEATURES:
            raise BeliefError(f"{path}: made for the features {held['features']}, not for {list(FEATURES)}")
        return Belief(np.array([float(value) for value in held["weights"]]), float(held["accept"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BeliefError(f"{path}: cannot be read as weights: {error!r}") from error


def fit(
    groups: Sequence[tuple[Floats, int]], rounds: int = 400, rate: float = 0.1, decay: float = 1e-3
) -> NDArray[np.float64]:
    """Weights by maximum likelihood with an L2 penalty (full-batch Adam; deterministic).

    groups: candidates' features [n, len(FEATURES)] and which of them is meant (-1: none).
    """
    width = max((len(features) for features, _ in groups), default=1)
    table = np.zeros((len(groups), width, len(FEATURES)))
    there = np.zeros((len(groups), width), np.bool_)
    for row, (features, _) in enumerate(groups):
        table[row, : len(features)], there[row, : len(features)] = features, True
    right = np.array([meant for _, meant in groups])
    has = right >= 0
    goal = np.zeros(len(FEATURES))
    goal += table[np.flatnonzero(has), right[has]].sum(0)
    weights, first, second = np.zeros(len(FEATURES)), np.zeros(len(FEATURES)), np.zeros(len(FEATURES))
    for step in range(1, rounds + 1):
        utilities = np.where(there, table @ weights, -np.inf)
        top = np.maximum(utilities.max(1), 0)
        odds = np.exp(utilities - top[:, None])
        chance = odds / (odds.sum(1) + np.exp(-top))[:, None]
        slope = (np.einsum("gn,gnf->f", chance, table) - goal) / len(groups) + decay * weights
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        weights = weights - rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-9)
    return weights
