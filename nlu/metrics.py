"""Measures of understanding: accuracy, entity F1, calibration error, out-of-scope rejection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Key = TypeVar("Key")


def f1(hits: float, predicted: float, gold: float) -> float:
    """Harmonic mean of precision and recall from counts; 0 where nothing is there."""
    return 2 * hits / (predicted + gold) if predicted + gold else 0.0


def exact_f1(predicted: Iterable[Counter[Key]], gold: Iterable[Counter[Key]]) -> float:
    """Micro F1 over sentences of multisets of entities that must agree in every field."""
    hits = total_predicted = total_gold = 0
    for ours, theirs in zip(predicted, gold, strict=True):
        hits += sum((ours & theirs).values())
        total_predicted += sum(ours.values())
        total_gold += sum(theirs.values())
    return f1(hits, total_predicted, total_gold)


def word_overlap(a: str, b: str) -> float:
    """F1 of the two strings' word multisets."""
    left, right = Counter(a.split()), Counter(b.split())
    return f1(sum((left & right).values()), sum(left.values()), sum(right.values()))


def lenient_f1(predicted: Sequence[list[tuple[str, str]]], gold: Sequence[list[tuple[str, str]]]) -> float:
    """Micro F1 where a predicted (name, value) counts as its word overlap with a gold one of the same name.

    Each gold entity is used once, best overlaps first.
    """
    hits = 0.0
    for ours, theirs in zip(predicted, gold, strict=True):
        pairs = sorted(
            (
                (word_overlap(a[1], b[1]), i, j)
                for i, a in enumerate(ours)
                for j, b in enumerate(theirs)
                if a[0] == b[0]
            ),
            reverse=True,
        )
        used_ours, used_theirs = set[int](), set[int]()
        for overlap, i, j in pairs:
            if i not in used_ours and j not in used_theirs:
                used_ours.add(i)
                used_theirs.add(j)
                hits += overlap
    return f1(hits, sum(map(len, predicted)), sum(map(len, gold)))


def calibration_error(confidences: Doubles, right: NDArray[np.bool_], bins: int = 15) -> float:
    """Expected calibration error, equal-width bins (Guo et al. 2017)."""
    place = np.minimum((confidences * bins).astype(int), bins - 1)
    out = 0.0
    for index in range(bins):
        inside = place == index
        if inside.any():
            out += float(inside.mean()) * abs(float(confidences[inside].mean()) - float(right[inside].mean()))
    return out


def accepted_at_recall(inside: Doubles, outside: Doubles, recall: float = 0.95) -> float:
    """Share of out-of-scope sentences accepted when the threshold on the out-of-scope score keeps `recall` in
    scope.
    """
    return float((outside <= np.quantile(inside, recall)).mean())


def auroc(inside: Doubles, outside: Doubles) -> float:
    """Chance that an out-of-scope sentence scores higher than one in scope (ties count half)."""
    order = np.sort(inside)
    below = np.searchsorted(order, outside, "left")
    upto = np.searchsorted(order, outside, "right")
    return float((below + upto).mean() / 2 / len(inside))
