from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.math.solver.canonical import canonical, ordered
from plugins.math.solver.symbols import Prefix, infix, value

VALUES = {"A": Fraction(7), "B": Fraction(-3, 2), "C": Fraction(11), "A1": Fraction(5)}
FORMULAS = st.recursive(
    st.sampled_from([(name,) for name in (*VALUES, "1", "2", "100")]),
    lambda inner: st.builds(lambda op, x, y: (op, *x, *y), st.sampled_from("+-*/"), inner, inner),
    max_leaves=7,
)
SAME = [
    ("+ A B", "+ B A"),
    ("- A + B C", "- - A B C"),
    ("- A - B C", "+ - A B C"),
    ("* A / B C", "/ * B A C"),
    ("/ A * B C", "/ / A C B"),
    ("* A 1", "A"),
    ("+ * A B C", "+ C * B A"),
]
DIFFERENT = [("- A B", "- B A"), ("/ A B", "/ B A"), ("* + A B C", "+ * A C B"), ("+ A A", "A"), ("* A 2", "+ A 2")]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_equal_formulas_share_a_form(first: str, second: str) -> None:
    assert canonical(tuple(first.split())) == canonical(tuple(second.split()))


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_other_formulas_do_not(first: str, second: str) -> None:
    assert canonical(tuple(first.split())) != canonical(tuple(second.split()))


@given(FORMULAS, FORMULAS)
def test_a_shared_form_means_equal_values(first: Prefix, second: Prefix) -> None:
    if canonical(first) == canonical(second):
        try:
            values = value(first, VALUES), value(second, VALUES)
        except ZeroDivisionError:
            return
        assert values[0] == values[1]


@given(FORMULAS)
def test_ordering_changes_neither_form_nor_value(formula: Prefix) -> None:
    found = ordered(formula)
    assert canonical(found) == canonical(formula) and ordered(found) == found
    try:
        assert value(found, VALUES) == value(formula, VALUES)
    except ZeroDivisionError:
        with pytest.raises(ZeroDivisionError):
            value(formula, VALUES)


def test_a_formula_reads_in_the_order_of_the_question() -> None:
    assert infix(ordered(("+", "C", "/", "A", "B"))) == "(A/B)+C"
    assert ordered(("*", "100", "A1")) == ("*", "A1", "100")
    assert ordered(("+", "A1", "Z")) == ("+", "Z", "A1")


@pytest.mark.parametrize("broken", ["+ A", "A B", "", "+ - A B"])
def test_what_is_no_formula_is_refused(broken: str) -> None:
    for function in (canonical, ordered):
        with pytest.raises(ValueError, match="not a whole formula"):
            function(tuple(broken.split()))
