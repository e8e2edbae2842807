"""Votes on recorded answers: examples, folds by question, and how good probabilities and thresholds are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.math_replay_data import CHANNELS, Problem, problems
from benchmarks.math_replay_read import read
from plugins.math.channels import Derivation
from plugins.math.evidence import features
from plugins.math.groups import grouped
from plugins.math.template import template_of
from plugins.math.types import Template
from plugins.math.vote import Example, Packed, fit, probabilities, threshold

FOLDS = 5
RIDGE, PAIRS = 60.0, 250.0  # set on one seed of folds that is not reported
Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True)
class Item:
    """A problem with its template and what every channel derived from it."""

    problem: Problem
    template: Template
    derivations: tuple[Derivation, ...]

    def of(self, channels: Sequence[str]) -> list[Derivation]:
        """The derivations of some channels."""
        return [item for item in self.derivations if item.channel in channels]

    def right(self, answer: object) -> bool:
        """Whether an answer is the true one, to a thousandth."""
        return answer is not None and abs(float(answer) - self.problem.answer) < 1e-3  # type: ignore[arg-type]


def items(name: str, data: Path) -> list[Item]:
    """All problems of a set, read. Raises Missing naming a file that is not there."""
    found = []
    for problem in problems(name, data):
        template = template_of(problem.question)
        found.append(Item(problem, template, tuple(read(problem, template, tuple(CHANNELS)))))
    return found


def example(item: Item, channels: Sequence[str]) -> Example:
    """What the vote sees of one problem, and which of its answers is right."""
    derivations = item.of(channels)
    groups = grouped(derivations, item.template)
    rows = features(groups, item.template, [one.channel for one in derivations])
    truths = [item.right(group.answer) for group in groups]
    if any(truths):
        first = truths.index(True)
        truths = [place == first for place in range(len(truths))]
    return Example(tuple(rows), tuple(truths))


def folds(found: Sequence[Item], seed: int) -> NDArray[np.int64]:
    """The fold of each item; equal questions share one."""
    keys = sorted({item.problem.key for item in found})
    order = np.random.default_rng(seed).permutation(len(keys)) % FOLDS
    place = dict(zip(keys, order, strict=True))
    return np.array([place[item.problem.key] for item in found], np.int64)


@dataclass(frozen=True)
class Voted:
    """The best answer of every question: its probability, whether it is right."""

    chances: Floats
    right: Truths


def best(chances: Floats, packed: Packed) -> Voted:
    """The most probable answer of each example; 0 and wrong where there is none."""
    top = chances.argmax(axis=1)
    rows = np.arange(len(top))
    return Voted(chances[rows, top], packed.right[rows, top] & packed.there[rows, top])


def crossed(packed: Packed, fold: NDArray[np.int64], ridge: float = RIDGE, pairs: float = PAIRS) -> Voted:
    """Out-of-fold probabilities: each fold is voted on by weights from the other folds."""
    chances = np.zeros(packed.there.shape)
    for held in range(FOLDS):
        train = packed.part(np.nonzero(fold != held)[0])
        rows = np.nonzero(fold == held)[0]
        chances[rows] = probabilities(fit(train, ridge, pairs=pairs), packed.part(rows))
    return best(chances, packed)


def thresholds(voted: Voted, fold: NDArray[np.int64], precision: float) -> Floats:
    """For each question the threshold that the other folds ask for."""
    found = np.zeros(len(fold))
    for held in range(FOLDS):
        rest = fold != held
        found[fold == held] = threshold(list(voted.chances[rest]), list(voted.right[rest]), precision)
    return found


def ece(voted: Voted, bins: int = 10) -> float:
    """Expected calibration error over bins of equal width."""
    place = np.minimum((voted.chances * bins).astype(np.int64), bins - 1)
    total = 0.0
    for one in range(bins):
        inside = place == one
        if inside.any():
            total += inside.mean() * abs(voted.chances[inside].mean() - voted.right[inside].mean())
    return float(total)


def curve(voted: Voted) -> Floats:
    """Precision when the k + 1 most probable answers are given, for each k."""
    order = np.argsort(-voted.chances, kind="stable")
    return np.asarray(np.cumsum(voted.right[order]) / np.arange(1, len(order) + 1), np.float64)


def aurc(voted: Voted) -> float:
    """Area under the risk-coverage curve."""
    return float((1 - curve(voted)).mean())


def coverage(voted: Voted, precision: float) -> float:
    """The largest coverage at which the curve still has a precision (the threshold chosen with hindsight)."""
    enough = np.nonzero(curve(voted) >= precision)[0]
    return float((enough[-1] + 1) / len(voted.right)) if enough.size else 0.0
