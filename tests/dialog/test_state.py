"""Folding events, the vocabulary of events, and the reproducible draw."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialog import route
from dialog.errors import AssistantError, PluginError
from dialog.events import FIELDS, Event, active_loop, from_rasa, loop_interrupted, restart, session_started, slot
from dialog.state import REQUESTED, State, StateView
from dialog.types import Candidate, Hypothesis, Interpretation, Routing, RoutingContext, Understanding, Utterance


def folded(*events: Event) -> State:
    state = State("c", "u", cap=5)
    for event in events:
        state.apply(event)
    return state


def test_slots_and_forms() -> None:
    state = folded(slot("a", 1), active_loop("pot.heat"), slot(REQUESTED, "pot_degrees"))
    assert (state.slots, state.active_loop) == ({"a": 1, REQUESTED: "pot_degrees"}, "pot.heat")
    state.apply(active_loop(None))
    assert (state.slots, state.active_loop) == ({"a": 1}, None)
    state.apply(slot("a", None))
    assert state.slots == {}


def test_rewind_takes_back_to_before_the_last_user_message() -> None:
    state = folded(slot("a", 1))
    state.mark()
    state.apply(slot("a", 2))
    state.apply(active_loop("x.y"))
    state.apply(Event("rewind"))
    assert (state.slots, state.active_loop) == ({"a": 1}, None)
    state.apply(Event("rewind"))  # nothing left to take back
    assert state.slots == {"a": 1}


@pytest.mark.parametrize("event", [restart, session_started])
def test_restart_and_a_new_session_start_afresh(event: Event) -> None:
    state = folded(slot("a", 1), active_loop("x.y"), Event("pause"), event)
    assert (state.slots, state.active_loop, state.paused) == ({}, None, False)
    assert [kept.name for kept in state.tail] == [event.name]


def test_interruption_pause_and_followup() -> None:
    state = folded(active_loop("x.y"), loop_interrupted(True), Event("pause"), Event("followup", data={"name": "f"}))
    assert (state.interrupted, state.paused, state.followup) == (True, True, "f")


def test_the_view_is_bounded_and_read_only() -> None:
    state = folded(*(slot("a", number) for number in range(50)))
    view = StateView(state)
    assert [event.data["value"] for event in view.events()] == [45, 46, 47, 48, 49]
    with pytest.raises(TypeError):
        view.slots["a"] = 0  # type: ignore[index]


def test_rasa_json_is_read_and_written() -> None:
    for name, fields in FIELDS.items():
        raw = {"event": name, "timestamp": 1.5, **{field: None for field in fields}}
        assert from_rasa(raw).to_rasa() == raw
    assert from_rasa({"event": "form", "name": "f", "extra": 1}) == Event("active_loop", 0.0, {"name": "f"})
    legacy = from_rasa({"event": "form_validation", "validate": False})
    assert legacy.data == {"is_interrupted": True}
    for broken in ({}, {"event": "unheard_of"}, {"event": 3}):
        with pytest.raises(AssistantError, match="unknown event"):
            from_rasa(broken)


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=9), st.integers(0, 2**62), st.text(), st.integers(0, 9999))
def test_a_draw_is_reproducible_and_in_range(values: list[float], seed: int, name: str, turn: int) -> None:
    total = sum(values)
    values = [value / total for value in values]
    index = route.draw(values, seed, name, turn)
    assert index == route.draw(values, seed, name, turn)
    assert values[index] > 0


def test_draws_follow_the_propensities() -> None:
    drawn = [route.draw([0.2, 0.5, 0.3], 1, "c", turn) for turn in range(20_000)]
    for index, expected in enumerate([0.2, 0.5, 0.3]):
        assert drawn.count(index) / len(drawn) == pytest.approx(expected, abs=0.015)


def candidate(skill: str, probability: float, intent: str = "i", effects: str = "none") -> Candidate:
    reading = Interpretation(intent, probability)
    return Candidate(skill, intent, "d", reading, {"probability": probability}, effects)  # type: ignore[arg-type]


def test_after_a_failure_only_the_same_or_a_probable_request_is_tried_and_never_a_costly_one() -> None:
    tried = [
        candidate("a", 0.5), candidate("b", 0.01), candidate("c", 0.01, "other"), candidate("d", 0.4, "other"),
        candidate("e", 0.4, "other", "costly"), candidate("fallback", 0.9, "fallback"),
    ]  # fmt: skip
    assert route.further(0, tried, [0.9, 0.02, 0.03, 0.05, 0.0, 0.0]) == [3, 1]


@pytest.mark.parametrize("values", [[1.0], [0.5, 0.6], [-0.5, 1.5], [float("nan"), 1.0], [float("inf"), 0.0]])
def test_what_is_not_a_distribution_is_refused(values: list[float]) -> None:
    class Odd:
        version = "odd"

        def route(self, candidates, context):
            return Routing(tuple(values), self.version)

    with pytest.raises(PluginError, match="odd"):
        route.routed(Odd(), [candidate("a", 1.0), candidate("b", 0.0)], RoutingContext("c", ""))


def test_explicit_messages_follow_rasa() -> None:
    def read(text: str) -> Understanding | None:
        return route.explicit(Utterance("c", (Hypothesis(text),), "m"))

    assert read("plain text") is None and read("") is None and read("/ x") is None
    found = read('/greet@0.8{"city": ["a", "b"], "n": 3}')
    assert found is not None
    (reading,) = found.interpretations
    assert (reading.intent, reading.probability) == ("greet", 0.8)
    assert [(entity.name, entity.value) for entity in reading.entities] == [("city", "a"), ("city", "b"), ("n", 3)]
    broken = read('/greet{"city": }')
    assert broken is not None and broken.interpretations[0].entities == ()
