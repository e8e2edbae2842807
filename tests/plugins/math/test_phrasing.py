"""How answers read and sound; what is said is read back as the same number."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.math.phrasing import agreement, figures, in_words, plural, quantity, singular, whole_in_words
from plugins.math.template import template_of
from plugins.numbers import parse_number

RESTAURANT = "Each meal costs 5 dollars. How much do 7 meals cost?"
SIGNED = "Each meal costs $5. How much do 7 meals cost?"
APPLES = "Sam has 5 apples and buys 3 apples. How many apples does he have?"


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_whole_numbers_are_read_back(value: int) -> None:
    assert parse_number(whole_in_words(value)) == value


@given(st.integers(-(10**15), 10**15), st.sampled_from([2, 3, 4]))
def test_halves_thirds_and_quarters_are_read_back(above: int, below: int) -> None:
    value = Fraction(above, below)
    said = parse_number(in_words(value))
    assert said is not None and abs(said - value) <= Fraction(1, 200)
    if below != 3 or abs(value) < 100:
        assert said == value, in_words(value)


@given(st.integers(-(10**9), 10**9))
def test_cents_are_read_back(cents: int) -> None:
    assert parse_number(in_words(Fraction(cents, 100))) == Fraction(cents, 100)


@given(st.fractions(-(10**17), 10**17, max_denominator=10**6))
def test_rounding_is_near_and_words_hold_no_symbols(value: Fraction) -> None:
    said = in_words(value)
    read = parse_number(said)
    assert read is not None and abs(read - value) <= Fraction(1, 200)
    assert said.replace(" ", "").isalpha()
    assert figures(value)


@pytest.mark.parametrize(
    ("question", "answer", "text", "spoken"),
    [
        (RESTAURANT, "35", "35 dollars", "thirty five dollars"),
        (RESTAURANT, "1", "1 dollar", "one dollar"),
        (RESTAURANT, "35/2", "17.50 dollars", "seventeen and a half dollars"),
        (RESTAURANT, "71/4", "17.75 dollars", "seventeen dollars and seventy five cents"),
        (RESTAURANT, "1/2", "0.50 dollars", "fifty cents"),
        (RESTAURANT, "10/3", "about 3.33 dollars", "about three dollars and thirty three cents"),
        (RESTAURANT, "-15", "−15 dollars", "minus fifteen dollars"),
        (SIGNED, "35", "$35", "thirty five dollars"),
        (SIGNED, "35/2", "$17.50", "seventeen and a half dollars"),
        (SIGNED, "1234567", "$1,234,567",
         "one million two hundred thirty four thousand five hundred sixty seven dollars"),
        (APPLES, "8", "8 apples", "eight apples"),
        (APPLES, "1", "1 apple", "one apple"),
        (APPLES, "10/3", "3 1/3 apples", "three and a third apples"),
        (APPLES, "1/2", "0.5 apples", "half an apple"),
        (APPLES, "3/4", "0.75 apples", "three quarters of an apple"),
        (APPLES, "22/7", "about 3.14 apples", "about three point one four apples"),
        ("A man walks 3 miles in 2 hours. How far does he walk in 5 hours?", "15/2", "7.5 miles",
         "seven and a half miles"),
        ("5 of the 20 kids left. What percent of the kids left?", "25", "25 percent", "twenty five percent"),
        ("Bags of 2 pounds hold 7 apples. How many pounds do 3 bags weigh?", "9/4", "2.25 pounds",
         "two and a quarter pounds"),
        ("What is the ratio of 5 to 3?", "5/3", "1 2/3", "one and two thirds"),
    ],
)  # fmt: skip
def test_answers_with_their_units(question: str, answer: str, text: str, spoken: str) -> None:
    said = quantity(Fraction(answer), template_of(question))
    assert (said.text, said.spoken) == (text, spoken)


def test_what_is_no_fraction() -> None:
    template = template_of(APPLES)
    assert quantity(True, template).text == "yes" and quantity(False, template).spoken == "no"
    assert quantity(2**0.5, template).spoken == "about one point four one apples"
    assert quantity(3.0, template).text == "3 apples"


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("apple", "apples"), ("person", "people"), ("child", "children"), ("box", "boxes"), ("foot", "feet"),
        ("candy", "candies"), ("square foot", "square feet"), ("baseball card", "baseball cards"), ("sheep", "sheep"),
        ("hour", "hours"), ("bus", "buses"), ("glass", "glasses"), ("dish", "dishes"), ("day", "days"),
        ("shelf", "shelves"),
    ],
)  # fmt: skip
def test_singular_and_plural(one: str, many: str) -> None:
    assert (singular(many), plural(one)) == (one, many)
    assert (singular(one), plural(many)) == (one, many)


@pytest.mark.parametrize(
    ("agreeing", "tried", "text", "spoken"),
    [
        (3, 4, "3 of 4 derivations agree.", "Three of four derivations agree."),
        (1, 3, "1 of 3 derivations says so.", "One of three derivations says so."),
        (2, 2, "Both derivations agree.", "Both derivations agree."),
        (3, 3, "All 3 derivations agree.", "All three derivations agree."),
        (1, 1, "There is only one derivation, and nothing to compare it with.", "I have only one derivation for it."),
    ],
)
def test_how_many_agree(agreeing: int, tried: int, text: str, spoken: str) -> None:
    said = agreement(agreeing, tried)
    assert (said.text, said.spoken) == (text, spoken)
