from __future__ import annotations

import math
from fractions import Fraction

import pytest

from plugins.math.interpreter import run
from plugins.math.program import program_of
from plugins.math.types import Answer, Limits, ProgramError


def answer(source: str, limits: Limits | None = None) -> Answer:
    return run(program_of(source, ()), {}, limits or Limits())


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("0.1 + 0.2", Fraction(3, 10)),
        ("7 / 2", Fraction(7, 2)),
        ("7 // 2", 3),
        ("-7 // 2", -4),
        ("-7 % 3", 2),
        ("2 ** 10", 1024),
        ("2 ** -2", Fraction(1, 4)),
        ("4 ** 0.5", 2),
        ("sqrt(9/4)", Fraction(3, 2)),
        ("int(-7/2)", -3),
        ("floor(-7/2)", -4),
        ("ceil(7/2)", 4),
        ("round(7/3, 2)", Fraction(233, 100)),
        ("round(2.5)", 2),
        ("abs(-3) + min(4, 2) + max([1, 9])", 14),
        ("sum([1, 2, 3]) + len([1, 2]) + sum(range(4))", 14),
        ("gcd(12, 18) + lcm(4, 6)", 18),
        ("factorial(5) + comb(5, 2)", 130),
        ("pow(2, 3)", 8),
        ("sorted([3, 1, 2])[0] + [4, 5][-1]", 6),
        ("Fraction(1, 3) * 3", 1),
        ("mean([1, 2, 3])", 2),
        ("1 < 2 <= 2 != 3", True),
        ("not 1 == 2", True),
        ("0 or 5", 5),
        ("True + 1", 2),
        ("x = [1] + [2]\nans = x[1]", 2),
        (
            "ans = 0\nfor i in range(10, 0, -3):\n    if i == 4:\n        continue\n    if i < 2:\n        break\n"
            "    ans += i",
            17,
        ),
        ("ans = 0\nfor x in [1, 2, 3]:\n    ans += x", 6),
        ("b = 100\nfor i in range(3):\n    b *= 1.1\nans = b", Fraction(1331, 10)),
    ],
)
def test_arithmetic_is_exact(source: str, value: Fraction) -> None:
    found = answer(source)
    assert found == value
    assert isinstance(found, bool if isinstance(value, bool) else Fraction)


def test_floats_only_where_a_number_is_not_rational() -> None:
    assert answer("sqrt(2)") == pytest.approx(math.sqrt(2))
    assert answer("2 * pi") == pytest.approx(math.tau)
    assert answer("1.005 ** 3600") == pytest.approx(1.005**3600)
    grown = answer("b = 1000\nfor i in range(360):\n    b = b * 1.00417 + 1/7\nans = b")
    assert isinstance(grown, float)
    assert grown == pytest.approx(1000 * 1.00417**360, rel=0.1)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("1 / 0", "division by zero"),
        ("5 % 0", "division by zero"),
        ("(-1) ** 0.5", "That has no real answer."),
        ("sqrt(-2)", "That has no real answer."),
        ("9 ** 9 ** 9", "an exponent is too large"),
        ("9 ** 99999", "a number is too large"),
        ("factorial(171)", "factorial of a number out of range"),
        ("log(0)", "a function has no value there"),
        ("exp(10000)", "a number is too large"),
        ("sum(range(10 ** 9))", "too long a list"),
        ("[1, 2][2]", "there is nothing at that place"),
        ("[1, 2][0.5]", "a place in a list needs a whole number"),
        ("[[1], 2]", "a list in a list is not allowed"),
        ("[1, 2]", "the answer is not a number"),
        ("[1] + 2", "a number is needed"),
        ("range(2.5)", "range needs a whole number"),
        ("max([])", "max of nothing"),
        ("abs(1, 2)", "abs of 2 values"),
        ("round(2, 99)", "round to too many places"),
        ("x = 1\nif x > 1:\n    ans = 2", "'ans' has no value yet"),
        ("def f():\n    if 1 > 2:\n        return 1", "the function ended without an answer"),
        ("ans = 1\nbreak", "a loop is left outside of one"),
        ("a, b = [1, 2, 3]\nans = a", "the numbers do not fit the names"),
        ("ans = 1\nwhile True:\n    ans = ans", "too many steps"),
        ("ans = 2\nwhile True:\n    ans = ans * ans", "a number is too large"),
        ("ans = [1]\nwhile True:\n    ans = ans + ans", "too long a list"),
        ("ans = 0\nfor i in range(10 ** 50):\n    ans += 1", "too many steps"),
    ],
)
def test_every_violation_is_a_program_error(source: str, reason: str) -> None:
    with pytest.raises(ProgramError) as error:
        answer(source)
    assert error.value.reason == reason


def test_limits_are_the_caller_s() -> None:
    with pytest.raises(ProgramError, match="too many steps"):
        answer("1 + 2 + 3 + 4", Limits(steps=3))
    with pytest.raises(ProgramError, match="too slow"):
        answer("ans = 0\nfor i in range(999):\n    ans += 1", Limits(seconds=-1))
    with pytest.raises(ProgramError, match="too large"):
        answer("2 ** 40", Limits(bits=30))
    with pytest.raises(ProgramError, match="too long"):
        answer("sum([1, 2, 3])", Limits(cells=2))


def test_a_letter_without_a_value_is_named() -> None:
    with pytest.raises(ProgramError, match="B has no value"):
        run(program_of("A + B", ("A", "B")), {"A": Fraction(1)})
