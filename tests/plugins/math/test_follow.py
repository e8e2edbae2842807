"""Follow-ups: which number is meant, what is none, and what an answer to the question names."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.math import follow
from plugins.math.template import template_of

MEALS = template_of(
    "at a restaurant each adult meal costs 5 dollars and kids eat free if a group of 15 people came in "
    "and 8 were kids how much would it cost"
)
PENS = template_of("A red pen costs $2 and a blue pen costs $3. How much do 4 red pens and 6 blue pens cost?")
ONE = template_of("Jim reads 5 pages a day. How many pages does he read in a week?")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("and if it were twelve people?", {"B": 12}),
        ("what if there were 20 kids", {"C": 20}),
        ("what about 3 dollars each", {"A": 3}),
        ("and with 20 people and 5 kids", {"B": 20, "C": 5}),
        ("okay and what if the meal costs 7 dollars and fifty cents", None),
        ("and 12 people?", {"B": 12}),
        ("how much would it be for 20 people", {"B": 20}),
        ("what if there were 5 more people", {"B": 20}),
        ("and with 2 fewer kids", {"C": 6}),
        ("what if twice as many people came", {"B": 30}),
        ("make it 10 kids", {"C": 10}),
        ("suppose there are 12 people", {"B": 12}),
    ],
)
def test_the_number_is_found_by_its_unit(text: str, values: dict[str, int] | None) -> None:
    change = follow.read(text, MEALS)
    if values is None:
        assert change is None or change.value is not None or set(change.values) == {"A"}
    else:
        assert change is not None and change.value is None and dict(change.values) == values


def test_a_bare_number_is_for_the_only_letter_or_the_one_changed_before() -> None:
    change = follow.read("and with 10?", ONE)
    assert change is not None and change.values == {"A": 10}
    change = follow.read("and with 10?", MEALS, last="C")
    assert change is not None and change.values == {"C": 10}


def test_what_could_be_several_is_asked_about() -> None:
    change = follow.read("and with 10?", MEALS)
    assert change is not None and change.value == 10 and change.letters == ("A", "B", "C")
    change = follow.read("what if it cost 4 dollars", PENS)
    assert change is not None and (change.value, change.letters) == (Fraction(4), ("A", "B"))
    change = follow.read("what if the blue pen costs 4 dollars", PENS)
    assert change is not None and change.values == {"B": 4}


@pytest.mark.parametrize(
    "text",
    [
        "what about tomorrow", "what about 5 pm", "what about at 7", "and on may 5", "how about some music",
        "set a timer for 5 minutes", "what about 3 cups in ounces", "and remind me at 9", "with milk", "thanks", "",
        "what is 5 plus 7", "make it 20 percent brighter", "and the weather in 3 days",
        "Sam has 5 apples. He buys 3 more. How many apples does he have now?",
        "if 5 friends share 20 apples how many does each of them get",
    ],
)  # fmt: skip
def test_what_is_no_follow_up(text: str) -> None:
    assert follow.read(text, MEALS) is None


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("the people", "B"), ("kids", "C"), ("15 people", "B"), ("the 8", "C"), ("the first", "A"),
        ("the last one", "C"),
        ("the dollars please", "A"), ("8 were kids", "C"), ("never mind", ""), ("what time is it", None),
        ("set an alarm for seven", None),
    ],
)  # fmt: skip
def test_the_answer_to_which_number(text: str, letter: str | None) -> None:
    assert follow.chosen(text, MEALS, ("A", "B", "C")) == letter


@pytest.mark.parametrize(
    "text",
    ["why", "why?", "Why is that?", "how did you get that", "how do you know that?", "explain that",
     "show me the steps",
     "are you sure", "okay how did you work that out", "what was the formula"],
)  # fmt: skip
def test_asking_why(text: str) -> None:
    assert follow.asks_why(text)


@pytest.mark.parametrize(
    "text", ["why is the sky blue", "explain photosynthesis", "show me my list", "how are you", "y"]
)
def test_not_asking_why(text: str) -> None:
    assert not follow.asks_why(text)


def test_numbers_are_called_by_their_units() -> None:
    assert follow.named(MEALS, "B").text == "15 people" and follow.named(MEALS, "B").spoken == "fifteen people"
    assert follow.named(MEALS, "C").text == "8" and follow.named(MEALS, "C", hint=True).text == "8 were kids"


@given(st.text(max_size=80))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    follow.read(f"and if {text} 5", MEALS)
    follow.chosen(text, MEALS, ("A", "B"))
    assert follow.asks_why(text) in (True, False)
