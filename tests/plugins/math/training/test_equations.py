from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plugins.math.solver.symbols import Prefix
from plugins.math.template import template_of
from plugins.math.training.align import align, ordered
from plugins.math.training.equations import EquationError, evaluate, read, solved


def aligned(question: str, equation: str) -> Prefix:
    return align(solved(equation), template_of(question)).prefix


@pytest.mark.parametrize(
    ("equation", "answer"),
    [
        ("56*9=x", 504),
        ("x+3=10", 7),
        ("70-x=27", 43),
        ("60/x=4", 15),
        ("X=((32.0+42.0)-35.0)", 39),
        ("25,000-(1500*8)=money", 13000),
        ("6*n-5=(3*(13+n))+7", 17),
        ("65+(0.4*miles)=0.6*miles", 325),
        ("-4+x=6", 10),
        ("9=3+6", 9),
        ("20% * 50 = y", 10),
    ],
)
def test_linear_equations_become_closed_expressions(equation: str, answer: int) -> None:
    assert evaluate(solved(equation)) == answer


@pytest.mark.parametrize(
    "equation", ["x*x=9", "x+y=3", "4/(x+1)+x=2", "3+", "2 ^ 3 = x", "a=b=c", "x=x", "(3", "1/0=x+", ""]
)
def test_other_equations_are_refused(equation: str) -> None:
    with pytest.raises(EquationError):
        solved(equation)


@given(st.integers(1, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_the_solution_solves_the_equation(a: int, b: int, c: int, d: int) -> None:
    assume(a != c)
    x = evaluate(solved(f"{a}*x+{b}={c}*x+{d}"))
    assert a * x + b == c * x + d


def test_precedence_and_division_by_zero() -> None:
    assert evaluate(read("2+3*4-6/3")) == 12
    assert evaluate(read("2(3+4)")) == 14
    with pytest.raises(EquationError, match="zero"):
        evaluate(read("3/(2-2)"))


@pytest.mark.parametrize(
    ("question", "equation", "prefix"),
    [
        ("Tom had 56 pens and lost 9 pens. How many are left?", "56-9=x", ("-", "A", "B")),
        ("A coat costs $80 with 20% off. How much is it?", "x=80*(1-.2)", ("*", "A", "-", "1", "/", "B", "100")),
        ("A coat costs $80 with 20% off. How much is taken off?", "x=80*.2", ("*", "A", "/", "B", "100")),
        ("He read 3/4 of the 40 pages. How many pages?", "x=40*3/4", ("*", "A", "B")),
        ("She ate half of the 48 nuts. How many nuts?", "48/2=x", ("*", "A", "B")),
        ("Two dozen eggs and 5 more eggs. How many eggs?", "2*12+5=x", ("+", "A", "B")),
        ("He works 3 weeks. How many days is that?", "x=3*7", ("*", "A", "7")),
        ("Half of the bag is 6 kilos. How heavy is it?", "x=6*2", ("/", "B", "A")),
        ("She paid $100 less 100% of 40 cents. How much?", "x=100-40*100/100", ("-", "A", "/", "*", "B", "C", "100")),
    ],
)
def test_numbers_find_their_letters(question: str, equation: str, prefix: Prefix) -> None:
    assert aligned(question, equation) == prefix


def test_numbers_without_a_place_are_told() -> None:
    found = align(solved("17+3=x"), template_of("There are 3 cats. How many?"))
    assert found.missing == (Fraction(17),)
    assert found.prefix == ()


def test_equal_numbers_are_told_apart_by_order_or_called_unsure() -> None:
    template = template_of("Ann has 4 cats, 4 dogs and 2 birds. How many legs have they?")
    assert align(solved("4*4+2=x"), template).prefix == ("+", "*", "A", "B", "C")
    assert align(solved("4*2=x"), template).unsure == 1
    assert align(solved("4+4+4=x"), template).unsure == 1


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        (("+", "B", "A"), ("+", "A", "B")),
        (("+", "C", "+", "B", "A"), ("+", "+", "A", "B", "C")),
        (("-", "A", "+", "B", "C"), ("-", "-", "A", "B", "C")),
        (("*", "2", "-", "B", "A"), ("*", "-", "B", "A", "2")),
        (("/", "B", "A"), ("/", "B", "A")),
    ],
)
def test_one_order_for_sums_and_products(given_: Prefix, wanted: Prefix) -> None:
    assert ordered(given_, ("A", "B", "C")) == wanted
