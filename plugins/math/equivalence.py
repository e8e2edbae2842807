"""Whether two programs say the same: proved for closed forms, probed with random assignments for all others.

Probing is step III of MathPrompter (section 2.1). Its draws keep to the problem here: counts stay positive whole
numbers, a division that came out even still does, a difference that was not negative still is not. Otherwise `//` and
`/`, or `max(A - B, 0)` and `A - B`, would disagree about assignments nobody asked about.
"""

from __future__ import annotations

import ast
import math
import random
from collections.abc import Mapping
from fractions import Fraction

from plugins.math.interpreter import DEFAULT, Machine, Value, bindings, execute, run
from plugins.math.ratio import Ratio
from plugins.math.types import Answer, Equivalence, Limits, Program, ProgramError, Template

#: Assignments tried for each one that is used; how many runs' worth of steps all tries of a comparison may take; the
#: largest number drawn to compare degrees by.
TRIES, RUNS, LARGE = 40, 10, 10**6
RELATIVE = 1e-9
_Key = tuple[int, int, str]


class _Traced(Machine):
    """A run that notes of every difference whether it was not negative, and of every quotient whether it was whole."""

    def __init__(self, names: Mapping[str, Value], limits: Limits) -> None:
        super().__init__(names, limits)
        self.kept: dict[_Key, bool] = {}
        self.fractions: dict[_Key, Fraction] = {}

    def binary(self, operator: ast.operator, left: Value, right: Value, node: ast.AST | None) -> Value:
        result = super().binary(operator, left, right, node)
        if node is not None and isinstance(left, Fraction) and isinstance(right, Fraction):
            place = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
            if isinstance(operator, ast.Sub) and isinstance(result, Fraction):
                self.note((*place, "-"), result >= 0)
            elif isinstance(operator, ast.Div | ast.FloorDiv) and left.denominator == right.denominator == 1:
                key = (*place, "/")
                self.note(key, (left / right).denominator == 1)
                self.fractions[key] = left / right
        return result

    def note(self, key: _Key, holds: bool) -> None:
        self.kept[key] = self.kept.get(key, True) and holds


def closed_form(program: Program, limits: Limits = DEFAULT) -> Ratio | None:
    """The rational function a program computes everywhere, or None where it branches, rounds or takes roots."""
    try:
        letters = {letter: Ratio.letter(letter) for letter in program.letters}
        machine = Machine(bindings(program, letters), limits)
        result = execute(machine, program)
    except ProgramError:
        return None
    if isinstance(result, Ratio):
        return result
    return Ratio.constant(result) if isinstance(result, Fraction) else None


def same(first: Answer, second: Answer) -> bool:
    """Whether two answers are equal: exactly, or to nine figures where one is a float."""
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    if isinstance(first, Fraction) and isinstance(second, Fraction):
        return first == second
    return math.isclose(first, second, rel_tol=RELATIVE, abs_tol=1e-12)


class Domain:
    """Random assignments that respect a problem, for one or more programs about it."""

    def __init__(self, template: Template, programs: tuple[Program, ...], rng: random.Random, limits: Limits) -> None:
        self.template, self.programs, self.rng, self.limits = template, programs, rng, limits
        self.kept: list[frozenset[_Key]] = []
        self.steps = RUNS * limits.steps
        for program in programs:
            trace = self.traced(program, template.values)
            kept = trace.kept if trace else {}
            self.kept.append(frozenset(key for key, holds in kept.items() if holds))

    def traced(self, program: Program, assignment: Mapping[str, Fraction]) -> _Traced | None:
        """The trace of a run, or None where the program fails."""
        machine = _Traced(bindings(program, assignment), self.limits)
        try:
            execute(machine, program)
        except ProgramError:
            return None
        finally:
            self.steps -= machine.steps
        return machine

    def value(self, letter: str) -> Fraction:
        """A value of the size of the original; whole for a count."""
        original = self.template.values[letter]
        if letter in self.template.integers:
            low = max(1, math.ceil(original / 2))
            return Fraction(self.rng.randint(low, max(math.floor(2 * original), low + 20)))
        scale = original if original else Fraction(1)
        return scale * Fraction(self.rng.randint(10, 40), 20)

    def draw(self) -> dict[str, Fraction] | None:
        """An assignment, or None where none is found in `TRIES` attempts that keeps what the original kept."""
        for _ in range(TRIES):
            if self.steps < 0:
                break
            assignment = {letter: self.value(letter) for letter in self.template.values}
            for _ in range(3):
                factor = self.uneven(assignment)
                if factor is None:
                    break
                if factor == 1:
                    return assignment
                for letter in self.numerators():
                    assignment[letter] *= factor
        return None

    def uneven(self, assignment: Mapping[str, Fraction]) -> int | None:
        """1 where everything is kept, the factor that would make divisions even, None where it is no use."""
        factor = 1
        for program, kept in zip(self.programs, self.kept, strict=True):
            trace = self.traced(program, assignment)
            if trace is None:
                return None if kept else 1
            for key in kept:
                if trace.kept.get(key, True):
                    continue
                if key[2] == "-":
                    return None
                factor = math.lcm(factor, trace.fractions[key].denominator)
        return factor if factor < LARGE else None

    def numerators(self) -> list[str]:
        """Counts that stand in no divisor: multiplying them makes a division even and changes nothing else."""
        below = set[str]()
        for program in self.programs:
            named = {name: letter for name, letter in program.parameters.items()}
            for statement in program.body:
                for node in ast.walk(statement):
                    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv | ast.Mod):
                        names = {child.id for child in ast.walk(node.right) if isinstance(child, ast.Name)}
                        below |= {named.get(name, name) for name in names}
        return [letter for letter in self.template.values if letter in self.template.integers - below]


def equivalent(
    a: Program, b: Program, template: Template, rng: random.Random, draws: int = 5, limits: Limits = DEFAULT
) -> Equivalence:
    """Whether `a` and `b` answer alike, on the template's own values and beyond them.

    Two closed forms are compared exactly; where they are too large to expand, on draws from `LARGE` numbers with the
    Schwartz-Zippel bound (degree / LARGE) ** draws. All other programs are compared on `draws` assignments of the
    problem's domain; a draw that neither can answer does not count, and one that only one of them can tells them apart.
    """
    forms = closed_form(a, limits), closed_form(b, limits)
    if forms[0] is not None and forms[1] is not None:
        above, degree = forms[0].difference(forms[1])
        if above is not None:
            if above:
                return Equivalence(False, 0, "symbolic", 0.0)
            guard, count = _probed(a, b, template, rng, draws, limits)  # a pole apart, it can only agree
            return Equivalence(guard or count == 0, count, "symbolic", 0.0)
        return _by_degree(a, b, degree, rng, draws, limits)
    equal, count = _probed(a, b, template, rng, draws, limits)
    return Equivalence(equal, count, "numeric", None if equal else 0.0)


def _answers(a: Program, b: Program, assignment: Mapping[str, Fraction], limits: Limits) -> bool | None:
    """Whether both answer the same there, or None where neither answers."""
    found: list[Answer | None] = []
    for program in (a, b):
        try:
            found.append(run(program, assignment, limits))
        except ProgramError:
            found.append(None)
    first, second = found
    if first is None or second is None:
        return None if first is second else False
    return same(first, second)


def _probed(
    a: Program, b: Program, template: Template, rng: random.Random, draws: int, limits: Limits
) -> tuple[bool, int]:
    """Whether both agree on the template's own values and on every draw; and on how many assignments both answered."""
    domain = Domain(template, (a, b), rng, limits)
    agreed = _answers(a, b, template.values, limits)
    if agreed is not True:
        return False, int(agreed is False)
    count = 0
    for _ in range(4 * draws):
        if count >= draws:
            break
        assignment = domain.draw()
        agreed = _answers(a, b, assignment, limits) if assignment is not None else None
        if agreed is False:
            return False, count + 1
        count += agreed is True
    return count > 0 or not template.values, count


def _by_degree(a: Program, b: Program, degree: int, rng: random.Random, draws: int, limits: Limits) -> Equivalence:
    """Compares closed forms that are too large to expand on numbers drawn without regard to the problem."""
    letters = sorted(a.letters | b.letters)
    count = 0
    for _ in range(4 * draws):
        if count >= draws:
            break
        agreed = _answers(a, b, {letter: Fraction(rng.randint(1, LARGE)) for letter in letters}, limits)
        if agreed is False:
            return Equivalence(False, count + 1, "numeric", 0.0)
        count += agreed is True
    return Equivalence(count >= draws, count, "numeric", min(1.0, (degree / LARGE) ** count))
