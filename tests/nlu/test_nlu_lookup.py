"""Values of entities that plugins list."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.lookup import Lookup
from nlu.runtime import Understander
from nlu.types import Entity

LISTS = {"device": ["desk lamp", "Café-Lampe", "lamp"], "place": ["desk"]}


def spans(found: list[Entity]) -> list[tuple[str, str]]:
    return [(entity.name, entity.value) for entity in found]


def test_the_longest_value_counts_whatever_its_case_and_accents() -> None:
    found = Lookup(LISTS).find("Switch the DESK lamp, the cafe lampe and the lamp on the desk on")
    assert spans(found) == [
        ("device", "DESK lamp"),
        ("device", "cafe lampe"),
        ("device", "lamp"),
        ("place", "desk"),
    ]


def test_one_value_may_have_two_names() -> None:
    assert spans(Lookup({"a": ["rome"], "b": ["Rome"]}).find("to rome")) == [("a", "rome"), ("b", "rome")]


def test_values_that_cannot_be_found_are_named(caplog: pytest.LogCaptureFixture, understander: Understander) -> None:
    assert Lookup({"a": ["!!", "word " * 13, "fine"]}).ignored == [("a", "!!"), ("a", "word " * 13)]
    with caplog.at_level(logging.WARNING, "nlu"):
        understander.with_values({"sign": ["!!"]})
    assert "entity sign: '!!'" in caplog.text


def test_a_listed_value_replaces_what_the_model_cut_and_leaves_the_rest() -> None:
    text = "turn the desk lamp on at seven"
    model = [Entity("device", "lamp", 14, 18, 0.6), Entity("time", "seven", 25, 30, 0.9)]
    joined = Lookup({"device": ["desk lamp"]}).joined(text, model)
    assert joined == (Entity("device", "desk lamp", 9, 18, 1.0), Entity("time", "seven", 25, 30, 0.9))


@given(st.text(max_size=60))
def test_offsets_are_those_of_the_text(text: str) -> None:
    for entity in Lookup({"x": ["a", "b c", "1"]}).find(text):
        assert text[entity.start : entity.end] == entity.value


def test_the_understanding_finds_them_and_has_another_version(understander: Understander) -> None:
    listed = understander.with_values({"gadget": ["frobnicator nine"]})
    parse = listed.parse(["switch the frobnicator nine on at seven"])[0]
    assert ("gadget", "frobnicator nine") in spans(list(parse.entities))
    assert listed.version != understander.version
    assert listed.with_examples({}).parse(["the frobnicator nine"])[0].entities
    assert listed.with_values({}).version == understander.version
