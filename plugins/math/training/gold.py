"""Formulas as the decoders learn them: one canonical order, steps bottom-up, and tokens in prefix order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plugins.math.solver.symbols import CONSTANTS, OPERATORS, PAIR_OPERATIONS, Prefix
from plugins.math.training.pairwise import results

#: Token numbers of the sequence decoder: operators, constants, then the letters of the question.
FIXED = (*OPERATORS, *CONSTANTS)


@dataclass(frozen=True)
class Step:
    """One operation on the quantities `first` < `second`; `last` where its result is the answer."""

    first: int
    second: int
    operation: int
    last: bool


def split(prefix: Prefix) -> tuple[Prefix, Prefix]:
    """The two operands of a formula that begins with an operator. Raises ValueError where it is not one formula."""
    open_slots, at = 1, 1
    while open_slots and at < len(prefix):
        open_slots += 1 if prefix[at] in OPERATORS else -1
        at += 1
    if open_slots or at == len(prefix):
        raise ValueError(f"not a whole formula: {' '.join(prefix)}")
    return prefix[1:at], prefix[at:]


def canonical(prefix: Prefix, letters: Sequence[str]) -> Prefix:
    """The same formula, sums and products ordered by the first quantity of each term, letters before constants.

    Several annotators wrote the same sum in different orders; a model should not have to guess which.
    """
    place = {name: index for index, name in enumerate((*letters, *CONSTANTS))}

    def first(part: Prefix) -> tuple[int, int, Prefix]:
        return min(place[token] for token in part if token not in OPERATORS), len(part), part

    def ordered(part: Prefix) -> Prefix:
        if part[0] not in OPERATORS:
            return part
        left, right = split(part)
        if part[0] in "-/":
            return (part[0], *ordered(left), *ordered(right))
        terms = sorted((ordered(term) for term in _terms(part, part[0])), key=first)
        return (*(part[0],) * (len(terms) - 1), *(token for term in terms for token in term))

    return ordered(prefix)


def _terms(part: Prefix, operator: str) -> list[Prefix]:
    if part[0] != operator:
        return [part]
    left, right = split(part)
    return _terms(left, operator) + _terms(right, operator)


def steps(prefix: Prefix, letters: Sequence[str]) -> tuple[Step, ...]:
    """The operations of a formula in post-order; equal sub-formulas are made once.

    Quantities are numbered: letters in the order of the text, CONSTANTS, then results in the order of making. Raises
    KeyError for a symbol that is neither, ValueError for what is not one whole formula. A lone symbol has no steps.
    """
    place: dict[Prefix, int] = {(name,): index for index, name in enumerate((*letters, *CONSTANTS))}
    made: list[tuple[int, int, int]] = []

    def make(part: Prefix) -> int:
        if part in place:
            return place[part]
        if part[0] not in OPERATORS:
            raise KeyError(part[0])
        left, right = (make(side) for side in split(part))
        mirrored = part[0] in "-/" and left > right
        name = f"{part[0]}R" if mirrored else part[0]
        key = (min(left, right), max(left, right), PAIR_OPERATIONS.index(name))
        if key not in made:
            made.append(key)
        place[part] = len(letters) + len(CONSTANTS) + made.index(key)
        return place[part]

    make(prefix)
    return tuple(Step(*key, last=index == len(made) - 1) for index, key in enumerate(made))


def formula(found: Sequence[Step], letters: Sequence[str]) -> Prefix:
    """The inverse of `steps`: the formula of the last operation."""
    parts: list[Prefix] = [(name,) for name in (*letters, *CONSTANTS)]
    for step in found:
        name = PAIR_OPERATIONS[step.operation]
        first, second = parts[step.first], parts[step.second]
        parts.append((name[0], *second, *first) if name.endswith("R") else (name[0], *first, *second))
    return parts[-1]


def combinable(found: Sequence[Step], values: Sequence[float]) -> bool:
    """Whether the deductive decoder can make these steps: no pair of two constants, none of a quantity with itself.

    `values` are those of the letters; a result that is not finite cannot be made either.
    """
    known = [*values, *(float(constant) for constant in CONSTANTS)]
    for step in found:
        first, second = known[step.first], known[step.second]
        fixed = len(values) <= step.first and step.second < len(values) + len(CONSTANTS)
        given = float(results(np.array(first), np.array(second))[step.operation])
        if fixed or step.first == step.second or not math.isfinite(given):
            return False
        known.append(given)
    return True


def tokens(prefix: Prefix, letters: Sequence[str]) -> tuple[int, ...]:
    """Token numbers of a formula. Raises KeyError for a symbol that is neither fixed nor a letter."""
    place = {name: index for index, name in enumerate((*FIXED, *letters))}
    return tuple(place[token] for token in prefix)
