"""Systems of equations: linear ones by exact elimination, others by putting a linear equation into the rest."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from plugins.expression import Refused, Value
from plugins.math.symbolic.polynomials import (
    CONSTANT,
    Polynomial,
    add,
    by_degree,
    degree,
    multiply,
    substitute,
    unknowns,
)
from plugins.math.symbolic.roots import Contradiction, real_roots

MAX_UNKNOWNS, MAX_EQUATIONS = 6, 8
Solution = dict[str, Value]


def solutions(equations: Sequence[Polynomial]) -> list[Solution]:
    """All real solutions of polynomials that are to be zero.

    Raises `Contradiction` where there is none, `Refused` where there are infinitely many or where no equation is
    linear in one of the unknowns.
    """
    names = sorted(set().union(*(unknowns(terms) for terms in equations)))
    if len(names) > MAX_UNKNOWNS or len(equations) > MAX_EQUATIONS:
        raise Refused("Those are too many equations for me.")
    if all(degree(terms) <= 1 for terms in equations):
        return [dict(_eliminate(equations, names))]
    found = _reduce(list(equations), names)
    if not found:
        raise Contradiction(f"No real numbers {_listed(names)} make all of that true.")
    return found


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]


def _eliminate(equations: Sequence[Polynomial], names: Sequence[str]) -> Solution:
    """Gauss-Jordan elimination over fractions."""
    rows = [[terms.get(((name, 1),), Fraction(0)) for name in names] for terms in equations]
    for row, terms in zip(rows, equations, strict=True):
        row.append(-terms.get(CONSTANT, Fraction(0)))
    pivots = 0
    for column in range(len(names)):
        at = next((place for place in range(pivots, len(rows)) if rows[place][column]), None)
        if at is None:
            continue
        rows[pivots], rows[at] = rows[at], rows[pivots]
        head = rows[pivots][column]
        rows[pivots] = [value / head for value in rows[pivots]]
        for place, row in enumerate(rows):
            if place != pivots and (factor := row[column]):
                rows[place] = [mine - factor * other for mine, other in zip(row, rows[pivots], strict=True)]
        pivots += 1
    if any(not any(row[:-1]) and row[-1] for row in rows):
        raise Contradiction(f"No numbers {_listed(names)} make all of that true.")
    if pivots < len(names):
        raise Refused(f"That does not say enough to find {_listed(names)}.")
    return {name: rows[place][-1] for place, name in enumerate(names)}


def _reduce(equations: list[Polynomial], names: Sequence[str]) -> list[Solution]:
    """Put one unknown that an equation gives into the others, until one unknown is left; then its roots, and back."""
    for index, terms in enumerate(equations):
        for name in sorted(unknowns(terms)):
            given = _given(terms, name)
            if given is None or len(names) == 1:
                continue
            rest = [substitute(other, name, given) for place, other in enumerate(equations) if place != index]
            rest = [other for other in rest if other]
            if any(not unknowns(other) for other in rest):
                return []
            left = [other for other in names if other != name]
            if set().union(*(unknowns(other) for other in rest)) != set(left):
                raise Refused(f"That does not say enough to find {_listed(names)}.")
            return [solution | {name: _at(given, solution)} for solution in _reduce(rest, left)]
    if len(names) > 1:
        raise Refused("I can only solve such equations where one unknown follows from the others.")
    name = names[0]
    found = real_roots(by_degree(equations[0]), name)
    for other in equations[1:]:
        found = [value for value in found if _holds(other, {name: value})]
    return [{name: value} for value in found]


def _given(terms: Polynomial, name: str) -> Polynomial | None:
    """The unknown as a polynomial of the others, where the equation has it once and with a plain factor."""
    having = [monomial for monomial in terms if any(other == name for other, _ in monomial)]
    if having != [((name, 1),)]:
        return None
    factor = terms[having[0]]
    rest = {monomial: value for monomial, value in terms.items() if monomial != having[0]}
    return multiply(add({}, rest, Fraction(-1)), {CONSTANT: 1 / factor})


def _at(terms: Polynomial, values: Solution) -> Value:
    """The value of a polynomial: exact where all its unknowns are."""
    total: Value = Fraction(0)
    for monomial, value in terms.items():
        part: Value = value
        for name, exponent in monomial:
            part = part * values[name] ** exponent
        total = total + part
    return total


def _holds(terms: Polynomial, values: Solution) -> bool:
    found = _at(terms, values)
    if isinstance(found, Fraction):
        return not found
    size = sum(abs(float(_at({monomial: value}, values))) for monomial, value in terms.items())
    return abs(found) <= 1e-9 * max(1.0, size)
