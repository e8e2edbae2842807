from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.numbers import digits, exact, find_numbers, parse_number, say


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("twelve times seven plus three", "12 times 7 plus 3"),
        ("three point five divided by two", "3.5 divided by 2"),
        ("twenty five hundred", "2500"),
        ("one hundred and forty eight thousand five hundred and eighty seven", "148587"),
        ("a hundred and five", "105"),
        ("one million two hundred thousand", "1200000"),
        ("two and a half cups", "2.5 cups"),
        ("half a cup", "0.5 cup"),
        ("half a million", "500000"),
        ("2 1/2 cups and 1½ more", "2.5 cups and 1.5 more"),
        ("a dozen eggs, two dozen", "12 eggs, 24"),
        ("one third of ninety", "(1/3) of 90"),
        ("three and three quarters", "3.75"),
        ("forty-two", "42"),
        ("seven thirty", "7 30"),
        ("five, six and seven", "5, 6 and 7"),
        ("1,234.5", "1234.5"),
        ("22:00", "22:00"),
        ("2 million", "2000000"),
        ("one point five million", "1500000"),
        ("a banana and the second one", "a banana and the second 1"),
        ("point five", "0.5"),
        ("", ""),
    ],
)
def test_words_become_digits(text: str, written: str) -> None:
    assert digits(text) == written


def test_offsets_are_those_of_the_text() -> None:
    text = "İ want twenty-five İ apples"
    (number,) = find_numbers(text)
    assert text[number.start : number.end] == "twenty-five"


def test_slashes_can_be_left_alone() -> None:
    assert digits("2^1/2", slash=False) == "2^1/2"


@pytest.mark.parametrize(
    ("text", "value"),
    [("minus forty", Fraction(-40)), ("-2.5", Fraction(-5, 2)), ("five apples", None), ("", None), ("9" * 100, None)],
)
def test_parse_number(text: str, value: Fraction | None) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Fraction(10560), "10,560"),
        (Fraction(1, 3), "0.333333"),
        (Fraction(999999999, 1000), "1,000,000"),
        (Fraction(3, 2) * 10**20, "1.5 × 10^20"),
        (Fraction(1, 10**9), "1 × 10^-9"),
        (0.1 + 0.2, "0.3"),
        (float("inf"), "infinity"),
        (Fraction(0), "0"),
        (Fraction(-7, 2), "-3.5"),
    ],
)
def test_say(value: Fraction | float, said: str) -> None:
    assert say(value) == said


@given(st.fractions(max_denominator=1000))
def test_exact_is_exact(value: Fraction) -> None:
    assert Fraction(exact(value).strip("()")) == value


@given(st.text(max_size=80))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    for number in find_numbers(text):
        assert 0 <= number.start < number.end <= len(text)
    digits(text)


def test_short_decimals_are_said_in_full_and_without_noise() -> None:
    assert say(Fraction(8529681, 100)) == "85,296.81"
    assert say(Fraction(413168, 10)) == "41,316.8"
    assert say(Fraction(1, 3)) == "0.333333"
    assert say(Fraction(10**9) + Fraction(1, 3)) == "1,000,000,000"
