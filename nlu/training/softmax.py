"""A softmax classifier in numpy, with or without one hidden layer, trained by Adam."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
#: Gives the feature rows float32 [n, D] of the examples with these indices.
Features = Callable[[Ints], Floats]


@dataclass(frozen=True)
class Affine:
    """x [.., D] -> x @ weight.T + bias, weight float32 [K, D]."""

    weight: Floats
    bias: Floats

    def __call__(self, x: Floats) -> Floats:
        """See the class."""
        return np.asarray(x @ self.weight.T + self.bias)


@dataclass(frozen=True)
class Plan:
    """Passes, peak learning rate, rows a step, width of the hidden layer (0: none), weight decay, dropout, seed.

    `least`: steps that are taken however few the rows are.
    """

    epochs: int
    rate: float
    batch: int = 128
    hidden: int = 0
    decay: float = 0.0
    dropout: float = 0.1
    seed: int = 0
    least: int = 0


def fit(
    features: Features,
    labels: Ints,
    classes: int,
    scale: tuple[Floats, Floats],
    plan: Plan,
    progress: Callable[[float], None] = lambda _: None,
) -> list[Affine]:
    """Minimises cross-entropy; gives one affine map, or two with a rectifier between them.

    `scale` is (mean [D], deviation [D]) of the features: training sees them standardised, and the maps that come back
    take them as they are. `progress` is told the share that is done. Adam: Kingma & Ba 2015, algorithm 1, with a
    learning rate that falls linearly to 0.
    """
    rng = np.random.default_rng(plan.seed)
    mean, deviation = scale
    width = len(mean)
    if plan.hidden:
        first = (rng.standard_normal((width, plan.hidden)) / np.sqrt(width)).astype(np.float32)
        weights = [first, np.zeros(plan.hidden, np.float32), np.zeros((plan.hidden, classes), np.float32)]
    else:
        weights = [np.zeros((width, classes), np.float32)]
    weights.append(np.zeros(classes, np.float32))
    moments = [(np.zeros_like(w), np.zeros_like(w)) for w in weights]
    per_epoch = -(-len(labels) // plan.batch)
    epochs = max(plan.epochs, -(-plan.least // per_epoch))
    steps, step = epochs * per_epoch, 0
    for _ in range(epochs):
        order = rng.permutation(len(labels))
        for start in range(0, len(order), plan.batch):
            chosen = order[start : start + plan.batch]
            x = (features(chosen) - mean) / deviation
            gradients = _gradients(weights, x, labels[chosen], plan, rng)
            step += 1
            rate = plan.rate * (1 - (step - 1) / steps)
            for w, g, (m, v) in zip(weights, gradients, moments, strict=True):
                m += 0.1 * (g - m)
                v += 0.001 * (g * g - v)
                w -= rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
            if step % 50 == 0:
                progress(step / steps)
    first = weights[0] / deviation[:, None]
    maps = [Affine(np.ascontiguousarray(first.T), weights[1] - mean @ first)]
    if plan.hidden:
        maps.append(Affine(np.ascontiguousarray(weights[2].T), weights[3]))
    return maps


def _gradients(weights: list[Floats], x: Floats, labels: Ints, plan: Plan, rng: np.random.Generator) -> list[Floats]:
    hidden = None
    if plan.hidden:
        hidden = np.maximum(x @ weights[0] + weights[1], 0)
        keep = (rng.random(hidden.shape, dtype=np.float32) >= plan.dropout) / np.float32(1 - plan.dropout)
        hidden *= keep
    seen = x if hidden is None else hidden
    error = seen @ weights[-2] + weights[-1]
    error -= error.max(axis=1, keepdims=True)
    np.exp(error, out=error)
    error /= error.sum(axis=1, keepdims=True)
    error[np.arange(len(labels)), labels] -= 1
    error /= len(labels)
    top = [seen.T @ error + plan.decay * weights[-2], error.sum(axis=0)]
    if hidden is None:
        return top
    back = (error @ weights[2].T) * (hidden > 0) * keep
    return [x.T @ back, back.sum(axis=0), *top]


def scores(maps: list[Affine], x: Floats) -> Floats:
    """Logits [n, classes] of feature rows [n, D]."""
    for number, affine in enumerate(maps):
        x = affine(np.maximum(x, 0) if number else x)
    return x
