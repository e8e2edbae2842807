"""Plain calculations: what `plugins.calculation` reads, worked out, with sums of fractions as a fraction too."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

from plugins.calculation import Problem, render
from plugins.calculation import read as read_calculation
from plugins.expression import Node, Refused, Value, evaluate
from plugins.math.symbolic.asked import Asked
from plugins.math.symbolic.rationals import fraction
from plugins.math.symbolic.types import Kind, Reading, Symbolic
from plugins.math.symbolic.wording import phrase
from plugins.numbers import exact

#: Fractions with a larger denominator are not shown as such.
MAX_DENOMINATOR = 1000
_PLAIN = frozenset({"number", "+", "-", "*", "/", "neg"})


def value_of(problem: Problem) -> Symbolic:
    """The value of a calculation, or whether both its sides agree. Raises `Refused`."""
    left = evaluate(problem.left)
    said, answer = "", left
    shown, spoken = _result(problem.left, left)
    text, words = render(problem.left, False), render(problem.left, True)
    if problem.right is not None:
        right = evaluate(problem.right)
        true = abs(float(left - right)) <= 1e-9 * max(1.0, abs(float(left)))
        said = "Yes, " if true else "No, "
        return Symbolic(
            "calculation", true, f"{said}{text} is {shown}.", f"{said}{words} is {spoken}.", steps=_steps(right)
        )
    return Symbolic(
        _kind(problem.left), answer, f"{text} is {shown}.", f"{words} is {spoken}.", expression=formula(problem.left)
    )


def _steps(right: Value) -> tuple[str, ...]:
    return (f"The other side is {phrase(right)[0]}",)


def _kind(node: Node) -> Kind:
    return "percent" if node.op == "%" or any(_kind(child) == "percent" for child in node.args) else "calculation"


def _result(node: Node, value: Value) -> tuple[str, str]:
    """The value as text and speech; a sum of fractions that no short decimal says is a fraction, too."""
    text, spoken = phrase(value)
    rounded = isinstance(value, Fraction) and text.startswith("about ") and abs(value) < 10**6
    if rounded and _of_fractions(node) and node.op != "/" and Fraction(value).denominator <= MAX_DENOMINATOR:
        shown = fraction(Fraction(value))
        return f"{shown}, {text}", f"{shown.replace('/', ' over ').replace('−', 'minus ')}, {spoken}"
    return text, spoken


def _of_fractions(node: Node) -> bool:
    """Whether an expression has nothing but the four operations, and a quotient of whole numbers among them."""
    return _four(node) and _quotient(node)


def _four(node: Node) -> bool:
    return node.op in _PLAIN and all(map(_four, node.args))


def _quotient(node: Node) -> bool:
    if node.op == "/" and all(child.op == "number" and child.value.denominator == 1 for child in node.args):
        return True
    return any(map(_quotient, node.args))


def formula(node: Node) -> str:
    """An expression as a formula in digits and + - * / alone; empty where it has anything else."""
    match node.op:
        case "number":
            return exact(node.value)
        case "+" | "-" | "*" | "/":
            left, right = (formula(child) for child in node.args)
            if node.op in "+-" and node.args[1].op == "%" and node.args[0].op != "%":
                right = f"({left}*{right})" if right else ""
            return f"({left}{node.op}{right})" if left and right else ""
        case "%":
            inner = formula(node.args[0])
            return f"({inner}/100)" if inner else ""
        case "neg":
            inner = formula(node.args[0])
            return f"(0-{inner})" if inner else ""
    return ""


def read(request: Asked, now: datetime) -> Reading | None:
    """A calculation without unknowns, or None."""
    try:
        problem = read_calculation(request.raw) or read_calculation(request.body)
    except Refused as error:
        refused = error
        return Reading("calculation", lambda: _refuse(refused))
    if problem is None or problem.unknowns:
        return None
    return Reading("calculation", lambda: value_of(problem))


def _refuse(reason: Refused) -> Symbolic:
    raise reason
