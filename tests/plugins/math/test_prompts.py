"""Programs found in what models write."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.math.interpreter import run
from plugins.math.prompts import ALGEBRAIC, PYTHONIC, candidates, read
from plugins.math.template import template_of
from plugins.math.types import ProgramError

TEMPLATE = template_of("Each box holds 6 eggs. Ann has 4 boxes and eats 3 eggs. How many eggs are left?")
FUNCTION = "def solution(A, B, C):\n    total = A * B\n    return total - C"


@pytest.mark.parametrize(
    "text",
    [
        "Answer = A*B - C",
        "Let T be the total.\nT = A*B\n\nAnswer = A * B - C.",
        "**Answer = A*B - C**",
        "The final answer is: A × B − C",
        "\\[ \\text{so} \\]\nAnswer = \\(A \\times B - C\\)",
        "$Answer = A \\cdot B - C$",
        "Answer = eggs left = A*B - C",
        "The result is \\boxed{A*B - C}",
        "A*B-C",
        f"```python\n{FUNCTION}\n```",
        f"Here you are:\n\n```\n{FUNCTION}\n```\nIt multiplies first.",
        f"{FUNCTION}\n\nThis function returns the eggs that are left.",
        f"```python\n{FUNCTION}",
        "Answer = A + B + unknown_name\n\nNo, better:\nAnswer = A*B - C",
    ],
)
def test_a_program_is_found(text: str) -> None:
    assert run(read(text, TEMPLATE), TEMPLATE.values) == 21


def test_a_fraction_of_latex_is_a_division() -> None:
    assert run(read("Answer = \\frac{A}{B}", TEMPLATE), TEMPLATE.values) == Fraction(6, 4)


@pytest.mark.parametrize(
    "text", ["", "I cannot say.", "Answer = the number of eggs", "Answer = A.__class__", "def f(:"]
)
def test_what_is_no_program_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ProgramError) as error:
        read(text, TEMPLATE)
    assert error.value.reason


def test_prompts_show_letters_and_hide_numbers() -> None:
    for prompt in (ALGEBRAIC, PYTHONIC):
        message = prompt.text(TEMPLATE)
        assert "A, B, C" in message and not any(digit in message for digit in "643")
        assert "eggs" in message


def test_a_question_without_numbers_can_be_asked() -> None:
    assert "Known" not in ALGEBRAIC.text(template_of("How many days has a week?"))


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("Answer=AB*-+()`\n {}\\.:defreturn \u00d7\u0130")), max_size=200))
def test_any_text_is_a_program_or_refused(text: str) -> None:
    assert len(candidates(text)) < 300
    try:
        program = read(text, TEMPLATE)
    except ProgramError:
        return
    assert program.letters == frozenset("ABC")
