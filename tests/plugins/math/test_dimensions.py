"""Units as a check of formulas."""

import pytest

from plugins.math.dimensions import Marks, kind, kinds_of, marks
from plugins.math.program import program_of
from plugins.math.template import template_of

MEALS = template_of("each meal costs 5 dollars, 15 people came and 8 were kids. How many dollars did it cost?")


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("dollars", "money"),
        ("kids", "person"),
        ("sixth graders", "person"),
        ("children", "person"),
        ("miles", "length"),
        ("red apples", "apple"),
        ("percent", ""),
        ("", ""),
        ("?!", ""),
    ],
)
def test_kinds(unit: str, expected: str) -> None:
    assert kind(unit) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("A*(B-C)", Marks(False, False, True)),
        ("A*B*C", Marks(True, False, True)),
        ("A+B", Marks(False, True, True)),
        ("B-C", Marks(False, False, False)),
        ("A/B", Marks(False, False, True)),
        ("-A*2", Marks(False, False, True)),
    ],
)
def test_marks_of_formulas(formula: str, expected: Marks) -> None:
    assert marks(program_of(formula, MEALS.letters), MEALS) == expected


def test_what_has_no_units_says_nothing() -> None:
    bare = template_of("What is 3 and 4 together?")
    assert marks(program_of("A*B", bare.letters), bare) == Marks(False, False, None)
    branched = program_of("def f(A, B, C):\n    if A > 2:\n        return A*B\n    return C", MEALS.letters)
    assert marks(branched, MEALS).like_product is False


def test_a_part_is_of_the_kind_that_was_counted() -> None:
    assert kinds_of(MEALS) == {"A": "money", "B": "person", "C": "person"}
    them = template_of("There are 20 marbles and 5 of them are red. He pays 3 dollars. How many are left?")
    assert kinds_of(them) == {"A": "marble", "B": "marble", "C": "money"}
