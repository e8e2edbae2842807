"""Derivations grouped by what they answer, and the formulas told apart within a group."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from plugins.math.channels import Derivation
from plugins.math.equivalence import equivalent, same
from plugins.math.types import Answer, Program, Template

DRAWS = 5


@dataclass(frozen=True, slots=True)
class Group:
    """Derivations with one answer; `formulas` counts the different formulas behind it (programs alone)."""

    answer: Answer
    derivations: tuple[Derivation, ...]
    formulas: int

    @property
    def channels(self) -> frozenset[str]:
        """The channels that say so."""
        return frozenset(item.channel for item in self.derivations)


def alike(first: Answer, second: Answer) -> bool:
    """Whether two answers are one: exactly where both are whole, else to three figures, as prose rounds them."""
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    if same(first, second):
        return True
    if float(first).is_integer() and float(second).is_integer():
        return False
    return math.isclose(first, second, rel_tol=1.5e-3)


def grouped(derivations: Sequence[Derivation], template: Template, seed: int = 0) -> list[Group]:
    """Derivations by their answer on the question's own numbers, the largest group first; failures are left out."""
    found: list[list[Derivation]] = []
    for item in derivations:
        if item.answer is None:
            continue
        for group in found:
            if group[0].answer is not None and alike(group[0].answer, item.answer):
                group.append(item)
                break
        else:
            found.append([item])
    found.sort(key=lambda group: -sum(item.weight for item in group))
    return [Group(_exact(group), tuple(group), len(formulas(group, template, seed))) for group in found]


def formulas(derivations: Sequence[Derivation], template: Template, seed: int = 0) -> list[Program]:
    """One program for each different formula among derivations."""
    distinct: list[Program] = []
    for item in derivations:
        if item.program is not None and not any(agree(item.program, other, template, seed) for other in distinct):
            distinct.append(item.program)
    return distinct


def agree(first: Program, second: Program, template: Template, seed: int = 0) -> bool:
    """Whether two programs answer alike on random values of the letters (proved, where both are closed forms)."""
    return equivalent(first, second, template, random.Random(seed), DRAWS).equal


def _exact(group: Sequence[Derivation]) -> Answer:
    """The group's answer: an exact one where there is one."""
    answers = [item.answer for item in group if item.answer is not None]
    exact = [item.answer for item in group if item.program is not None and isinstance(item.answer, Fraction)]
    return exact[0] if exact else answers[0]
