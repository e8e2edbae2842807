from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.math.equivalence import Domain, closed_form, equivalent, same
from plugins.math.program import program_of
from plugins.math.types import Equivalence, Limits, ProgramError, Template

VALUES = {"A": Fraction(100), "B": Fraction(4), "C": Fraction(5)}
TEMPLATE = Template("", VALUES, dict.fromkeys("ABC", ""), "", frozenset("ABC"), "")


def compared(first: str, second: str, template: Template = TEMPLATE, seed: int = 1) -> Equivalence:
    programs = [program_of(source, template.values) for source in (first, second)]
    return equivalent(programs[0], programs[1], template, random.Random(seed))


@pytest.mark.parametrize(
    ("first", "second", "by"),
    [
        ("A*(B+C)", "A*B + C*A", "symbolic"),
        ("(A**2 - B**2)/(A - B)", "A + B", "symbolic"),
        ("A/B/C", "A/(B*C)", "symbolic"),
        ("x = 0\nfor i in range(3):\n    x += A\nans = x", "3*A", "symbolic"),
        ("A*0.25", "A/4", "symbolic"),
        ("def f(x, y, z):\n    return (x - y) * z", "A*C - B*C", "symbolic"),
        ("A//(B*C)", "A/(B*C)", "numeric"),
        ("A//B//C", "A/B/C", "numeric"),
        ("int(A/B) - C", "A/B - C", "numeric"),
        ("max(A - B, 0)", "A - B", "numeric"),
        ("if A > B:\n    ans = A - B\nelse:\n    ans = B - A", "A - B", "numeric"),
        ("sqrt(A*A)", "A", "numeric"),
    ],
)
def test_equal_programs(first: str, second: str, by: str) -> None:
    found = compared(first, second)
    assert (found.equal, found.by) == (True, by)
    assert found.draws >= 5
    assert found.bound == (0.0 if by == "symbolic" else None)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("A + B", "A*B"),
        ("A - B - C", "A - B + C"),
        ("A/B", "A/C"),
        ("A/20", "A/(B*C)"),  # equal only for these very numbers
        ("A/B//C", "C"),
        ("max(A, B)", "max(A, C) + 1"),
        ("min(B, C)", "B"),  # no order of B and C is said
        ("A", "A == A"),
        ("A/(B - C)", "1/(B - B)"),
        ("round(A/7)", "A/7"),
    ],
)
def test_different_programs(first: str, second: str) -> None:
    assert not compared(first, second).equal


def test_the_paper_s_failure_agrees_with_itself_only() -> None:
    assert not compared("A*C - B", "(A - B)*C").equal


def test_forms_too_large_to_expand_have_the_schwartz_zippel_bound() -> None:
    found = compared("(A+B+C)**30", "(A+B+C)**15 * (C+B+A)**15")
    assert (found.equal, found.by, found.draws) == (True, "numeric", 5)
    assert found.bound == pytest.approx((30 / 10**6) ** 5)
    assert not compared("(A+B+C)**30", "(A+B+C)**15 * (C+B+A)**15 + 1").equal


def test_closed_forms_are_recognised() -> None:
    assert closed_form(program_of("x = A + 1\nans = x / B", ("A", "B"))) is not None
    for source in ("A // 2", "int(A)", "A if A > 1 else 2", "sqrt(A)", "A % 2", "1 / (A - A)", "2 ** A"):
        assert closed_form(program_of(source, ("A", "B"))) is None


def test_draws_respect_the_problem() -> None:
    values = {"A": Fraction(60), "B": Fraction(12), "C": Fraction(7, 2)}
    template = Template("", values, {"A": "", "B": "", "C": "dollars"}, "", frozenset("AB"), "")
    programs = (program_of("(A - B) * C", values), program_of("A / B", values))
    domain = Domain(template, programs, random.Random(3), Limits())
    seen = set()
    for _ in range(50):
        drawn = domain.draw()
        assert drawn is not None
        assert drawn["A"].denominator == drawn["B"].denominator == 1
        assert drawn["A"] >= drawn["B"] > 0
        assert drawn["A"] % drawn["B"] == 0
        assert Fraction(7, 4) <= drawn["C"] <= 7
        seen.add(tuple(drawn.values()))
    assert len(seen) > 40


def test_the_same_seed_draws_the_same() -> None:
    first, second = (compared("A//B", "A/B", seed=9) for _ in range(2))
    assert first == second


def test_programs_without_letters_are_compared_by_value() -> None:
    empty = Template("", {}, {}, "", frozenset(), "")
    assert compared("2 + 3", "5", empty).equal
    assert compared("round(2.4)", "2", empty).equal
    assert not compared("2 + 3", "6", empty).equal


def test_answers_are_compared_to_nine_figures_where_a_float_is_among_them() -> None:
    assert same(Fraction(1, 3), 1 / 3)
    assert not same(Fraction(1, 3), 0.3333)
    assert not same(Fraction(1), True)


FORMS = st.recursive(
    st.sampled_from(["A", "B", "C", "2", "3"]),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({''.join(parts)})"),
    max_leaves=8,
)


@given(FORMS, FORMS)
def test_symbolic_and_numeric_agree(first: str, second: str) -> None:
    programs = [program_of(source, VALUES) for source in (first, second)]
    found = equivalent(programs[0], programs[1], TEMPLATE, random.Random(0))
    forms = [closed_form(program) for program in programs]
    if found.by == "symbolic" and forms[0] is not None and forms[1] is not None:
        above, _ = forms[0].difference(forms[1])
        assert found.equal == (not above)
    assert equivalent(programs[1], programs[0], TEMPLATE, random.Random(0)).equal == found.equal


def test_slow_programs_are_compared_within_a_budget_of_steps() -> None:
    slow = "n = 0\nfor i in range(2000):\n    n += 1\nans = A - B + n - n // 1"
    program = program_of(slow, VALUES)
    domain = Domain(TEMPLATE, (program, program), random.Random(1), Limits())
    drawn = [domain.draw() for _ in range(100)]
    assert drawn[0] is not None
    assert drawn[-1] is None
    assert compared(slow, "A - B").equal


def test_a_letter_without_a_value_is_an_error() -> None:
    program = program_of("A + B + D", "ABD")
    with pytest.raises(ProgramError, match="D has no value"):
        equivalent(program, program_of("A // B", "ABD"), TEMPLATE, random.Random(1))
