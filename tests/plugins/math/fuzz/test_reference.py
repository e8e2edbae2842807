"""The interpreter beside a second evaluation of the same programs."""

from __future__ import annotations

import math
from fractions import Fraction

from hypothesis import event, given, settings
from hypothesis import strategies as st

from plugins.math.interpreter import run
from plugins.math.program import program_of
from plugins.math.types import Answer, Limits, ProgramError
from tests.plugins.math.fuzz.reference import Large, Tree, Value, expressions, lines, perform, programs, text, value

LIMITS = Limits(steps=1_000_000, seconds=math.inf, bits=4096)
START = ["x = A", "y = 3", "i = 0"]
values = st.tuples(*[st.fractions(min_value=-40, max_value=40, max_denominator=6)] * 3)


def of_interpreter(source: str, assignment: dict[str, Fraction]) -> Answer | str:
    try:
        return run(program_of(source, tuple("ABC")), assignment, LIMITS)
    except ProgramError as error:
        return error.reason


def of_reference(body: list[Tree], answer: Tree, assignment: dict[str, Fraction]) -> Value | str:
    names: dict[str, Value] = {**assignment, "x": assignment["A"], "y": Fraction(3), "i": Fraction(0)}
    try:
        perform(body, names)
        return value(answer, names)
    except ZeroDivisionError:
        return "division by zero"
    except Large:
        return "large"


def compared(source: str, body: list[Tree], answer: Tree, numbers: tuple[Fraction, ...]) -> None:
    assignment = dict(zip("ABC", numbers, strict=True))
    expected, got = of_reference(body, answer, assignment), of_interpreter(source, assignment)
    event(expected if isinstance(expected, str) else type(expected).__name__)
    if expected == "large":  # within the limit still exact, or refused, or a float: all are allowed
        return
    assert type(got) is type(expected) and got == expected, source


@settings(max_examples=250, deadline=None)
@given(expressions, values)
def test_scripts_of_one_expression(tree: Tree, numbers: tuple[Fraction, ...]) -> None:
    compared("\n".join([*START, f"ans = {text(tree)}"]), [], tree, numbers)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_scripts_with_branches_and_loops(data: st.DataObject) -> None:
    body, answer = data.draw(programs), data.draw(expressions)
    compared("\n".join([*START, *lines(body), f"ans = {text(answer)}"]), body, answer, data.draw(values))


@settings(max_examples=100, deadline=None)
@given(expressions, values)
def test_functions(tree: Tree, numbers: tuple[Fraction, ...]) -> None:
    body = [*START, f"return {text(tree)}"]
    compared("def solution(A, B, C):\n" + "\n".join(f"    {line}" for line in body), [], tree, numbers)
