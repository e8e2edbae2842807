"""What is kept of a conversation, and how follow-ups are read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.product_qa.session import FRESH, LONGEST, MOST, State, asks_why, echoes, impersonal, led, only_names


@pytest.mark.parametrize(
    ("text", "body", "tied"),
    [
        ("and is it waterproof?", "is it waterproof?", True),
        ("What about the weight?", "the weight?", True),
        ("and what about the weight", "the weight", True),
        ("ok, how about the other one", "the other one", True),
        ("but does it fit a laptop", "does it fit a laptop", True),
        ("is it waterproof", "is it waterproof", False),
        ("android compatible?", "android compatible?", False),
    ],
)
def test_what_ties_a_text_to_the_turn_before_is_taken_off(text: str, body: str, tied: bool) -> None:
    assert led(text) == (body, tied)


@pytest.mark.parametrize("text", ["is it?", "really?", "are you sure?", "Does it?", "is it really"])
def test_echoes(text: str) -> None:
    assert echoes(text)


@pytest.mark.parametrize("text", ["is it loud?", "", "sure thing", "it is"])
def test_no_echoes(text: str) -> None:
    assert not echoes(text)


@pytest.mark.parametrize(
    "text", ["why?", "how do you know that?", "where did you get that from", "says who?", "sources"]
)
def test_asking_for_the_sources(text: str) -> None:
    assert asks_why(text)


@pytest.mark.parametrize("text", ["why is the sky blue", "where did you get that hat", "tell me the news"])
def test_not_asking_for_the_sources(text: str) -> None:
    assert not asks_why(text)


def test_a_question_without_its_product() -> None:
    text = "is the trail tent waterproof?"
    assert impersonal(text, (7, 17)) == "is it waterproof?"
    assert impersonal(text, None) == text


def test_only_a_product() -> None:
    assert only_names("and the trail tent?", (8, 18))
    assert only_names("what about the other one", None)
    assert only_names("and that one?", (4, 12))
    assert not only_names("and the trail tent's weight", (8, 18))
    assert not only_names("what about tomorrow", None)


def test_it_is_bounded_and_comes_back() -> None:
    state = State()
    for number in range(40):
        state = state.answered("q" * 1000, [f"p{number}", "x"], [f"k{number}{i}" for i in range(30)], 5.0)
    state = state.asked_back("w" * 1000, [f"o{i}" for i in range(30)], 6.0)
    raw = state.to_json()
    assert len(str(raw)) < 2 * LONGEST + 60 * MOST
    assert State.from_json(raw).to_json() == raw
    assert state.recent[:3] == ("p39", "x", "p38")


def test_it_fades() -> None:
    state = State().answered("is it loud", ["a"], ["k"], 100.0)
    assert state.at(100.0 + FRESH) == state
    assert state.at(101.0 + FRESH) == State()


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)
)


@settings(max_examples=40)
@given(JSON | st.fixed_dictionaries({name: JSON for name in ("recent", "shown", "question", "time")}))
def test_a_slot_of_any_shape_is_read(raw: Any) -> None:
    state = State.from_json(raw)
    assert all(isinstance(one, str) for one in (*state.recent, *state.shown)) and isinstance(state.time, float)
