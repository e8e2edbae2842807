"""Equations as people say them: one or several, in one or several unknowns, and inequalities in one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Literal, cast

from plugins import numbers
from plugins.calculation import Problem, render, symbols
from plugins.expression import Node, NotArithmetic, Refused, Value, parse, tokens, variables
from plugins.expression import polynomial as in_one
from plugins.math.symbolic.asked import Asked
from plugins.math.symbolic.polynomials import Polynomial, by_degree, polynomial
from plugins.math.symbolic.roots import Contradiction, real_roots
from plugins.math.symbolic.systems import Solution, solutions
from plugins.math.symbolic.types import Kind, Reading, Symbolic
from plugins.math.symbolic.wording import listed, number, symbolic

Relation = Literal["=", "<", ">", "<=", ">="]
MAX_PARTS = 12
_NAMES = r"[a-hj-z](?:(?:\s*,\s*|\s+and\s+|\s*,\s*and\s+)[a-hj-z])*"
_LEAD = re.compile(
    rf"(?:solve (?:for )?(?:{_NAMES})(?=\W*(?:if|when|where|given|in)\b|\s*[:,])|solve(?: for {_NAMES}(?= ))?|"
    r"(?:the )?(?:simultaneous |linear |following )*(?:systems?|equations?|inequalit(?:y|ies))(?: of equations| of)?|"
    rf"(?:the )?(?:values? of )?{_NAMES}(?= (?:if|when|where|given|such that|so that)\b)|in|"
    r"if|when|where|given(?: that)?|such that|so that|for which|that)[\s:,]+"
)
_TRAIL = re.compile(
    rf"[\s,.;]*\b(?:then )?(?:(?:what(?:'s| is| are)|find|solve for|what must) (?:the )?(?:values? of"
    rf" )?{_NAMES}(?: be)?"
    rf"|for {_NAMES})\Z"
)
_JOINT = re.compile(r"\s*(,\s*and\b|[,;\n]|\band\b|\bwhile\b|\bwhere\b|\.(?=\s))\s*")
_RELATIONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), sign)
    for pattern, sign in (
        (r"\b(?:is )?(?:less|smaller|lower) than or equal to\b|\b(?:is )?(?:at most|no more than)\b|=<", " <= "),
        (
            r"\b(?:is )?(?:greater|more|bigger|larger) than or equal to\b|\b(?:is )?(?:at least|no less than)\b|=>",
            " >= ",
        ),
        (r"\bis (?:less|smaller|lower) than\b|\b(?:less|smaller) than\b", " < "),
        (r"\bis (?:greater|more|bigger|larger|higher) than\b|\b(?:greater|bigger|larger) than\b", " > "),
    )
)
_SIGN = re.compile(r"<=|>=|<|>")
_EQUALS = re.compile(r"\s*(?:=|\b(?:is equal to|equals? to|equals?|is)\b)\s*")


class Equation:
    """One relation between two expressions."""

    def __init__(self, left: Node, right: Node, relation: Relation = "=") -> None:
        self.left, self.right, self.relation = left, right, relation

    @property
    def unknowns(self) -> set[str]:
        """The names in it."""
        return variables(self.left) | variables(self.right)

    def __str__(self) -> str:
        return f"{render(self.left, False)} {self.relation} {render(self.right, False)}"

    def terms(self) -> Polynomial:
        """Left minus right. Raises `Refused`."""
        return polynomial(Node("-", (self.left, self.right)))


def equation(said: str) -> Equation | None:
    """One equation or inequality in words or signs, or None. Raises `Refused` for what is too long."""
    text = numbers.digits(said.strip(), slash=False)
    for pattern, sign in _RELATIONS:
        text = pattern.sub(sign, text)
    signs = _SIGN.findall(text)
    if len(signs) > 1:
        return None
    try:
        if signs:
            left, right = (symbols(side.strip()) for side in text.split(signs[0]))
            return Equation(parse(tokens(left)), parse(tokens(right)), cast("Relation", signs[0]))
        sides = _EQUALS.split(text)
        if len(sides) != 2:
            return None
        first, second = (tokens(symbols(side)) for side in sides)
        return Equation(parse(first), parse(second))
    except NotArithmetic:
        return None


def several(said: str) -> list[Equation] | None:
    """Equations joined by commas or `and`, or None where a part is none of them."""
    pieces = _JOINT.split(said)
    if len(pieces) > 2 * MAX_PARTS:
        return None
    found: list[Equation] = []
    open_ = ""
    for place in range(0, len(pieces), 2):
        joint = pieces[place - 1] if place else ""
        open_ = f"{open_} {joint} {pieces[place]}".strip() if open_ else pieces[place]
        if not open_.strip():
            continue
        ahead = pieces[place + 2] if place + 2 < len(pieces) else None
        one = equation(open_)
        if one is not None and (ahead is None or _complete(ahead, pieces, place + 2)):
            found.append(one)
            open_ = ""
    return found if found and not open_.strip() else None


def _complete(ahead: str, pieces: Sequence[str], place: int) -> bool:
    """Whether what follows a joint begins an equation of its own (`sum of x and y is 10` does not end at `x`)."""
    return bool(re.search(r"=|<|>|\b(?:is|equals?|less|greater)\b", " ".join(pieces[place:])))


def statement(request: Asked) -> list[Equation] | None:
    """The equations that a request states, or None."""
    body = request.body
    while (lead := _LEAD.match(body)) and lead.end() < len(body):
        body = body[lead.end() :]
    body = _TRAIL.sub("", body)
    if not re.search(r"\d|[a-z]{3}", body) or not re.search(r"=|<|>|\b(?:is|equals?|at least|at most|than)\b", body):
        return None
    return several(body)


def read(request: Asked, now: datetime) -> Reading | None:
    """Equations or an inequality to be solved, or None. One equation without unknowns is a calculation's."""
    try:
        found = statement(request)
    except Refused:
        return None
    if not found or not any(one.unknowns for one in found):
        return None
    if any("i" in one.unknowns for one in found):
        return None
    if len(found) == 1 and found[0].relation != "=":
        return Reading("equation", lambda: inequality(found[0]))
    if any(one.relation != "=" for one in found):
        return None
    if len(found) == 1 and len(found[0].unknowns) == 1:
        only = Problem(found[0].left, found[0].right)
        return Reading("equation", lambda: single(only))
    return Reading("equation", lambda: system(found))


def single(problem: Problem) -> Symbolic:
    """An equation in one unknown, solved. Raises `Refused`, and `Contradiction` where no or every number solves it."""
    name = min(problem.unknowns)
    if problem.right is None:
        raise Refused(f"I would need an equation to find {name}.")
    if len(problem.unknowns) > 1:
        raise Refused("I can only solve equations with one unknown.")
    terms = in_one(Node("-", (problem.left, problem.right)))
    found = real_roots(terms, name)
    if not found:
        raise Contradiction(f"No real number {name} makes that true.")
    step = str(Equation(problem.left, problem.right))
    answer: Value | tuple[Value, ...] = found[0] if len(found) == 1 else tuple(found)
    return symbolic("equation", answer, f"{name} is {' or '.join(number(value) for value in found)}.", steps=(step,))


def named(solution: Solution) -> str:
    """`x is 6 and y is 4`."""
    return listed([f"{name} is {number(value)}" for name, value in sorted(solution.items())])


def system(equations: Sequence[Equation], kind: Kind = "equation") -> Symbolic:
    """Several equations solved together. Raises `Refused`."""
    if len(equations) == 1:
        raise Refused("One equation is not enough for several unknowns.")
    found = solutions([one.terms() for one in equations])
    steps = tuple(str(one) for one in equations)
    flat = tuple(value for solution in found[:1] for _, value in sorted(solution.items()))
    return symbolic(kind, flat, f"{', or '.join(named(solution) for solution in found)}.", steps=steps)


def inequality(one: Equation) -> Symbolic:
    """The range of an unknown that an inequality leaves. Raises `Refused`."""
    if len(one.unknowns) != 1:
        raise Refused("I can only solve inequalities with one unknown.")
    name = min(one.unknowns)
    terms = by_degree(one.terms())
    above, closed = one.relation in (">", ">="), one.relation in ("<=", ">=")
    if max(terms, default=0) == 0:
        true = (terms.get(0, Fraction(0)) > 0) == above if terms else closed
        raise Contradiction(f"That is true for every {name}." if true else f"No {name} makes that true.")
    ends = real_roots(terms, name)

    def inside(point: Value) -> bool:
        value = sum((float(factor) * float(point) ** degree for degree, factor in terms.items()), 0.0)
        return value > 0 if above else value < 0

    if not ends:
        true = inside(Fraction(0))
        raise Contradiction(f"That is true for every {name}." if true else f"No {name} makes that true.")
    middles = [(ends[place] + ends[place + 1]) / 2 for place in range(len(ends) - 1)]
    marks = [inside(point) for point in [ends[0] - 1, *middles, ends[-1] + 1]]
    text = _ranges(name, ends, marks, closed)
    return symbolic("equation", text, f"{text}.", steps=(str(one),))


def _ranges(name: str, ends: Sequence[Value], marks: Sequence[bool], closed: bool) -> str:
    """`x is less than 2 or greater than 3`, from the ends and whether each range between them counts."""
    less, more = ("at most", "at least") if closed else ("less than", "greater than")
    said: list[str] = []
    place = 0
    while place < len(marks):
        if not marks[place]:
            alone = closed and 0 < place < len(marks) and not marks[place - 1]
            if alone:
                said.append(number(ends[place - 1]))
            place += 1
            continue
        last = place
        while closed and last + 1 < len(marks) and marks[last + 1]:
            last += 1
        low = None if place == 0 else ends[place - 1]
        high = None if last == len(marks) - 1 else ends[last]
        if low is None and high is None:
            raise Contradiction(f"That is true for every {name}.")
        if low is None:
            said.append(f"{less} {number(cast('Value', high))}")
        elif high is None:
            said.append(f"{more} {number(low)}")
        elif closed:
            said.append(f"from {number(low)} to {number(high)}")
        else:
            said.append(f"between {number(low)} and {number(high)}")
        place = last + 1
    if not said:
        raise Contradiction(f"No {name} makes that true.")
    return f"{name} is {' or '.join(said)}"
