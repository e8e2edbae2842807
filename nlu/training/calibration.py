"""Calibration of an exported model on held-out sentences, in numpy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]


def fit_scale(logits: Doubles, labels: Ints, weights: Doubles, bias: bool) -> tuple[float, float]:
    """Temperature and, where `bias`, a bias of the last class that minimise weighted cross-entropy.

    Temperature scaling (Guo et al. 2017, section 4.2) with a bias. The loss is convex in 1/temperature and bias, so
    Newton's method with halved steps finds the minimum. A model that is never wrong would be scaled without end:
    temperatures stay within 0.2 to 5, biases within -8 to 8.
    """
    weights = weights / weights.sum()
    rows = np.arange(len(labels))
    last = (np.arange(logits.shape[1]) == logits.shape[1] - 1).astype(float)
    features = np.stack([logits, np.broadcast_to(last, logits.shape)], axis=2)[:, :, : 2 if bias else 1]
    place = np.array([1.0, 0.0][: features.shape[2]])
    low, high = np.array([0.2, -8.0])[: len(place)], np.array([5.0, 8.0])[: len(place)]

    def loss(at: Doubles) -> tuple[float, Doubles]:
        scaled = features @ at
        scaled -= scaled.max(axis=1, keepdims=True)
        powers = np.exp(scaled)
        total = powers.sum(axis=1, keepdims=True)
        return float(weights @ (np.log(total[:, 0]) - scaled[rows, labels])), powers / total

    value, chances = loss(place)
    for _ in range(50):
        expected = np.einsum("nk,nkf->nf", chances, features)
        gradient = weights @ (expected - features[rows, labels])
        second = np.einsum("n,nk,nkf,nkg->fg", weights, chances, features, features)
        curvature = second - np.einsum("n,nf,ng->fg", weights, expected, expected) + 1e-9 * np.eye(len(place))
        step = np.linalg.solve(curvature, gradient)
        for halving in range(30):
            moved = np.clip(place - step / 2**halving, low, high)
            new, new_chances = loss(moved)
            if new < value:
                break
        else:
            break
        gain, place, value, chances = value - new, moved, new, new_chances
        if gain < 1e-10:
            break
    return float(1 / place[0]), float(place[1]) if bias else 0.0


def calibrate(logits: Doubles, labels: Ints, tags: Doubles, gold: Ints, outside_share: float = 0.1) -> dict[str, float]:
    """Temperature, out-of-scope bias and tag temperature.

    logits [N, I] and labels [N] (last class: out of scope), tag scores of words [W, G] and their tags [W]. Sentences
    out of scope weigh `outside_share` together, whatever their number.
    """
    outside = labels == logits.shape[1] - 1
    share = outside_share if bool(outside.any()) and not bool(outside.all()) else 0.5
    weights = np.where(outside, share / max(int(outside.sum()), 1), (1 - share) / max(int((~outside).sum()), 1))
    temperature, bias = fit_scale(logits, labels, weights, bias=bool(outside.any()))
    tag_temperature = fit_scale(tags, gold, np.ones(len(gold)), bias=False)[0] if len(gold) else 1.0
    return {"temperature": temperature, "out_of_scope_bias": bias, "tag_temperature": tag_temperature}
