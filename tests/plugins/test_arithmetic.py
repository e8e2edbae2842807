from __future__ import annotations

import contextlib
import math
import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.arithmetic import answer, roots, solve
from plugins.calculation import read
from plugins.expression import NotArithmetic, Refused, evaluate, parse, tokens
from tests.plugins.talk import talk


def value_of(text: str) -> object:
    problem = read(text)
    assert problem is not None, text
    return evaluate(problem.left)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("what is fifteen percent of eighty", 12),
        ("twelve times seven plus three", 87),
        ("three point five divided by two", Fraction(7, 4)),
        ("what is two plus two", 4),
        ("sum of five, six and seven", 18),
        ("average of 3, 4 and 5", 4),
        ("how do i subtract four from two", -2),
        ("can you take five and divide it by three", Fraction(5, 3)),
        ("what is the remainder when five hundred and twenty one is divided by three", 2),
        ("one third of ninety", 30),
        ("half of nine", Fraction(9, 2)),
        ("two to the power of minus three", Fraction(1, 8)),
        ("2^3^2", 512),
        ("-3^2", -9),
        ("10 - 2 - 3", 5),
        ("2(3+4)", 14),
        ("3 x 4", 12),
        ("17 % 5", 2),
        ("80 + 10%", 88),
        ("5!", 120),
        ("√16", 4),
        ("cube root of 27", 3),
        ("(-8)^2", 64),
        ("0^0", 1),
        ("(-1)^99999999999", -1),
        ("what percent of 80 is 20", 25),
        ("0.1 + 0.2", Fraction(3, 10)),
        ("what is the square of nine", 81),
        ("is 12 divisible by 5", 2),
    ],
)
def test_values_are_exact(text: str, value: Fraction) -> None:
    assert value_of(text) == value


def test_what_is_not_rational_is_close() -> None:
    assert math.isclose(float(value_of("square root of two")), math.sqrt(2))  # type: ignore[arg-type]
    assert math.isclose(float(value_of("what is sin thirty")), 0.5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "what is a banana", "set an alarm for seven", "five", "minus five", "seven times", "hello", "", "1e5", "1;2",
        "__import__('os').system('true')", "().__class__", "lambda: 1", "5 feet in meters", "a" * 5000, "\x00", "2 3",
    ],
)  # fmt: skip
def test_what_is_no_calculation_is_not_read(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9",
        "factorial of a billion",
        "2^99999",
        "2^2^2^2^2^2",
        "(" * 10000 + "1" + ")" * 10000,
        "(" * 100 + "1+1" + ")" * 100,
        "1" + "+1" * 200,
        "-" * 100 + "1+1",
        "factorial of 3.5",
        "1/0",
        "sqrt(-1)",
        "0^-1",
        "tan 90",
        "log 0",
        "10^400 * pi",
    ],
)
def test_what_is_too_much_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        problem = read(text)
        assert problem is not None
        evaluate(problem.left)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("solve 3x plus 7 equals 22", "x is 5."),
        ("x^2 = 4", "x is -2 or 2."),
        ("solve x squared minus 5x plus 6 equals 0", "x is 2 or 3."),
        ("x^3 - 2 = 0", "x is about 1.25992."),
        ("(x - 1)^6 = 0", "x is 1."),
        ("x^5 - x - 1 = 0", "x is about 1.1673."),
        ("(x - 1) * (x - 1.001) = 0", "x is 1 or 1.001."),
        ("x^2 + 1 = 0", "No real number x makes that true."),
        ("solve 2x = 2x + 1", "No x makes that true."),
        ("2y + 2 = 2(y + 1)", "That is true for every y."),
    ],
)
async def test_equations(text: str, said: str) -> None:
    problem = read(text)
    assert problem is not None
    assert await roots(problem) == said


@given(st.lists(st.fractions(max_denominator=2**250), min_size=3, max_size=7))
@settings(max_examples=30, deadline=None)
def test_roots_of_ugly_equations_are_found_or_refused(coefficients: list[Fraction]) -> None:
    terms = {degree: value for degree, value in enumerate(coefficients) if value}
    if max(terms, default=0) >= 2:
        with contextlib.suppress(Refused):
            found = solve(terms)
            assert found == sorted(found)


@pytest.mark.parametrize(
    "text", ["3x + 2y = 5", "x^9 = 1", "(x+1)^7 = 2", "2^x = 8", "1/x = 2", "sin x = 1 + 1", "x + 3"]
)
async def test_equations_that_are_refused(text: str) -> None:
    problem = read(text)
    assert problem is not None
    with pytest.raises(Refused):
        await roots(problem)


@pytest.mark.parametrize(
    ("text", "shown", "spoken"),
    [
        ("15% of 80", "15% of 80 is 12.", "15 percent of 80 is 12."),
        ("2 * (3 + 4)", "2 × (3 + 4) is 14.", "2 times 3 plus 4 is 14."),
        ("three times two equals six", "Yes, 3 × 2 is 6.", "Yes, 3 times 2 is 6."),
        ("2 + 2 = 5", "No, 2 + 2 is 4.", "No, 2 plus 2 is 4."),
        ("10^20 * 10", "10^20 × 10 is 1 × 10^21.", "10 to the power of 20 times 10 is 1 times 10 to the power of 21."),
        ("2 / 3", "2 ÷ 3 is about 0.666667.", "2 divided by 3 is about 0.666667."),
    ],
)
def test_answers_say_what_was_understood(text: str, shown: str, spoken: str) -> None:
    problem = read(text)
    assert problem is not None
    reply = answer(problem)
    assert (reply.text, reply.spoken) == (shown, spoken)


@given(st.text(alphabet="0123456789+-*/^!%().= xpisqrt", max_size=60))
def test_any_symbols_end_in_a_value_or_a_clear_refusal(text: str) -> None:
    with contextlib.suppress(Refused, NotArithmetic):
        evaluate(parse(tokens(text)))


@given(st.text(max_size=100))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    with contextlib.suppress(Refused):
        read(text)


async def test_a_conversation(tmp_path) -> None:
    script = {"2|calc|times": {"qa_maths": 0.9}}
    async with talk(tmp_path, ["arithmetic"], script) as t:
        assert await t.say("what is twelve times seven plus three") == "12 × 7 + 3 is 87."
        assert await t.say("9**9**9 times 2") == "That number is too large for me."
        assert await t.say("calculate my taxes") == (
            'I could not read that as a calculation. Try "twelve times seven" or "solve 3x + 7 = 22".'
        )


async def test_a_calculation_is_proposed_whatever_the_label(tmp_path) -> None:
    async with talk(tmp_path, ["arithmetic"], {"": {"qa_factoid": 0.7}}) as t:
        (candidate,) = (await t.turn("what is two plus two")).decision.candidates
        assert (candidate.intent, candidate.features["parsed"]) == ("qa_maths", 1.0)
        assert (await t.turn("what is two")).decision.candidates[0].skill == "core"


def test_sympy_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, plugins.arithmetic as a; a.read('2+2'); sys.exit('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
