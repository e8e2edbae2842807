"""The learned vote: a calibrated probability for each answer, and for "none of them", from what speaks for it.

A conditional logit with an outside option. With s_g = w . x_g over the groups of one question,
P(g is right) = exp(s_g) / (1 + sum_h exp(s_h)), and what is left is the probability that no answer is right. Weights
minimise the log loss with a ridge penalty on standardised features (Newton's method: the loss is convex).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dialog.errors import AssistantError

Floats = NDArray[np.float64]
Features = Mapping[str, float]
MAX_FILE = 1 << 20
#: In the name of every feature that pairs an operation with a word of the question.
PAIR = " with "
_STEPS, _ENOUGH = 60, 1e-9


class VoteError(AssistantError):
    """Weights that cannot be read, or examples that no vote can be fitted to."""


@dataclass(frozen=True)
class Example:
    """The answers of one question: the features of each, and which are right (at most one is)."""

    groups: tuple[Features, ...]
    right: tuple[bool, ...]


@dataclass(frozen=True)
class Vote:
    """Weights by feature name. Features it does not know count nothing; those it misses are zero.

    `scale` and `centre` standardise; `slope` and `offset` recalibrate the scores; `card` says what it was trained on.
    """

    weights: Mapping[str, float]
    centre: Mapping[str, float]
    scale: Mapping[str, float]
    slope: float = 1.0
    offset: float = 0.0
    card: Mapping[str, Any] = field(default_factory=dict)

    def probabilities(self, groups: Sequence[Features]) -> list[float]:
        """For each answer the probability that it is right; they sum to at most 1."""
        if not groups:
            return []
        scores = np.array([self._score(group) for group in groups])
        top = max(0.0, float(scores.max()))
        odds = np.exp(scores - top)
        return [float(odd) for odd in odds / (math.exp(-top) + odds.sum())]

    def _score(self, group: Features) -> float:
        total = 0.0
        for name, weight in self.weights.items():
            value = (group.get(name, 0.0) - self.centre[name]) / self.scale[name]
            total += weight * value
        return self.slope * total + self.offset

    def save(self, path: Path) -> None:
        """Write the weights and the card as JSON, whole or not at all."""
        parts = {"weights": dict(self.weights), "centre": dict(self.centre), "scale": dict(self.scale)}
        text = json.dumps({**parts, "slope": self.slope, "offset": self.offset, "card": dict(self.card)}, indent=1)
        temporary = path.with_name(path.name + ".part")
        temporary.write_text(text + "\n", encoding="utf-8")
        temporary.replace(path)

    @classmethod
    def load(cls, path: Path) -> Vote:
        """The weights of a file. Raises VoteError naming the file and what is wrong in it."""
        try:
            if path.stat().st_size > MAX_FILE:
                raise VoteError(f"{path}: larger than {MAX_FILE} bytes")
            data = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise VoteError(f"{path}: {error}") from None
        if not isinstance(data, dict):
            raise VoteError(f"{path}: an object is expected")
        weights, centre, scale = (_numbers(path, data, key) for key in ("weights", "centre", "scale"))
        if not weights.keys() == centre.keys() == scale.keys():
            raise VoteError(f"{path}: weights, centre and scale name different features")
        if any(value <= 0 for value in scale.values()):
            raise VoteError(f"{path}: scale: must be positive")
        single = _numbers(path, {"single": {key: data.get(key) for key in ("slope", "offset")}}, "single")
        card = data.get("card", {})
        if not isinstance(card, dict):
            raise VoteError(f"{path}: card: an object is expected")
        return cls(weights, centre, scale, slope=single["slope"], offset=single["offset"], card=card)


def _numbers(path: Path, data: Mapping[str, Any], key: str) -> dict[str, float]:
    table = data.get(key)
    if not isinstance(table, dict):
        raise VoteError(f"{path}: {key}: an object of numbers is expected")
    for name, value in table.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise VoteError(f"{path}: {key}.{name}: a number is expected")
    return {str(name): float(value) for name, value in table.items()}


@dataclass(frozen=True)
class Packed:
    """Examples as arrays: features [N, K, F], which groups there are [N, K], which are right [N, K]."""

    names: tuple[str, ...]
    features: Floats
    there: NDArray[np.bool_]
    right: NDArray[np.bool_]

    def part(self, rows: NDArray[Any]) -> Packed:
        """Some of the examples."""
        return Packed(self.names, self.features[rows], self.there[rows], self.right[rows])


def pack(examples: Sequence[Example], names: Sequence[str] | None = None) -> Packed:
    """Examples as arrays, over the features named or over all that occur. Raises VoteError where there are none."""
    if not any(example.groups for example in examples):
        raise VoteError("there is no example with an answer")
    if names is None:
        names = sorted({name for example in examples for group in example.groups for name in group})
    place = {name: index for index, name in enumerate(names)}
    width = max(len(example.groups) for example in examples)
    features = np.zeros((len(examples), width, len(place)))
    there = np.zeros((len(examples), width), np.bool_)
    right = np.zeros_like(there)
    for row, example in enumerate(examples):
        for column, (group, is_right) in enumerate(zip(example.groups, example.right, strict=True)):
            there[row, column], right[row, column] = True, is_right
            for name, value in group.items():
                if name in place:
                    features[row, column, place[name]] = value
    return Packed(tuple(names), features, there, right)


def fit(packed: Packed, ridge: float = 10.0, card: Mapping[str, Any] | None = None, pairs: float | None = None) -> Vote:
    """The weights of least penalised log loss. Deterministic. Features that never vary are left out.

    ridge: the penalty of a unit weight on a standardised feature, in nats over the whole training set; pairs: that of
    a pair of an operation and a word (many and rare), the same unless given.
    """
    if ridge <= 0 or (pairs is not None and pairs <= 0):
        raise VoteError("the ridge penalty must be positive")
    values = packed.features[packed.there]
    centre, scale = values.mean(axis=0), values.std(axis=0)
    varies = scale > 1e-9
    names = [name for name, keep in zip(packed.names, varies, strict=True) if keep]
    centre, scale = centre[varies], scale[varies]
    inputs = (packed.features[..., varies] - centre) / scale * packed.there[..., None]
    inputs = np.concatenate([packed.there[..., None].astype(np.float64), inputs], axis=2)
    heavy = ridge if pairs is None else pairs
    penalty = np.array([1e-6, *(heavy if PAIR in name else ridge for name in names)])
    weights = _newton(inputs, packed, penalty)
    return Vote(
        dict(zip(names, map(float, weights[1:]), strict=True)),
        dict(zip(names, map(float, centre), strict=True)),
        dict(zip(names, map(float, scale), strict=True)),
        offset=float(weights[0]),
        card=card or {},
    )


def _newton(inputs: Floats, packed: Packed, penalty: Floats) -> Floats:
    weights = np.zeros(inputs.shape[2])
    loss, gradient, chances = _loss(inputs, packed, penalty, weights)
    for _ in range(_STEPS):
        flat = inputs.reshape(-1, inputs.shape[2])
        mean = np.einsum("nk,nkf->nf", chances, inputs)
        hessian = (flat * chances.reshape(-1, 1)).T @ flat - mean.T @ mean + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while True:
            tried = weights - size * step
            new, next_gradient, next_chances = _loss(inputs, packed, penalty, tried)
            if new <= loss or size < 1e-6:
                break
            size /= 2
        weights, gradient, chances = tried, next_gradient, next_chances
        if loss - new < _ENOUGH * max(1.0, abs(loss)):
            break
        loss = new
    return weights


def _loss(inputs: Floats, packed: Packed, penalty: Floats, weights: Floats) -> tuple[float, Floats, Floats]:
    """Penalised log loss, its gradient, and the probabilities [N, K]."""
    scores = np.where(packed.there, inputs @ weights, -np.inf)
    top = np.maximum(scores.max(axis=1), 0.0)
    odds = np.exp(scores - top[:, None])
    total = np.exp(-top) + odds.sum(axis=1)
    chances = odds / total[:, None]
    picked = np.where(packed.right, np.where(packed.there, scores, 0.0), 0.0).sum(axis=1)
    loss = float((top + np.log(total) - picked).sum() + 0.5 * (penalty * weights**2).sum())
    gradient = np.einsum("nk,nkf->f", chances - packed.right, inputs) + penalty * weights
    return loss, gradient, chances


def probabilities(vote: Vote, packed: Packed) -> Floats:
    """The probabilities [N, K] of packed examples; zero where there is no group."""
    known = [index for index, name in enumerate(packed.names) if name in vote.weights]
    names = [packed.names[index] for index in known]
    weights, centre, scale = (
        np.array([table[name] for name in names]) for table in (vote.weights, vote.centre, vote.scale)
    )
    missing = sum(
        -vote.weights[name] * vote.centre[name] / vote.scale[name] for name in vote.weights.keys() - set(names)
    )
    scores = vote.slope * ((packed.features[..., known] - centre) / scale @ weights + missing) + vote.offset
    scores = np.where(packed.there, scores, -np.inf)
    top = np.maximum(scores.max(axis=1, initial=-np.inf), 0.0)
    odds = np.exp(scores - top[:, None])
    chances: Floats = odds / (np.exp(-top) + odds.sum(axis=1))[:, None]
    return chances


def threshold(chances: Sequence[float], right: Sequence[bool], precision: float) -> float:
    """The least probability from which on answers reach a wished precision on these examples; above 1 where none does.

    chances, right: of the best answer of each question, on examples the weights have not seen.
    """
    if not 0 < precision <= 1:
        raise VoteError("the wished precision lies between 0 and 1")
    order = np.argsort(-np.asarray(chances, np.float64), kind="stable")
    ranked = np.asarray(chances, np.float64)[order]
    share = np.cumsum(np.asarray(right, np.float64)[order]) / np.arange(1, len(order) + 1)
    last = np.append(ranked[1:] != ranked[:-1], True) if len(ranked) else np.zeros(0, np.bool_)
    enough = np.nonzero((share >= precision) & last)[0]
    return float(ranked[enough[-1]]) if enough.size else 1.000001
