"""Merging parses of an n-best list."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.nbest.merge import Rule, merge
from nlu.types import Entity, Parse

PLAIN = Rule()


def parse(text: str, intents: dict[str, float], *entities: tuple[str, str, float]) -> Parse:
    ranked = tuple(sorted(intents.items(), key=lambda pair: -pair[1]))
    found = tuple(
        Entity(name, value, text.index(value), text.index(value) + len(value), sure) for name, value, sure in entities
    )
    return Parse(text, ranked, found, 1 - sum(intents.values()), np.zeros(384, np.float32))


ALARM = parse("alarm at seven", {"alarm": 0.6, "query": 0.3}, ("time", "seven", 0.9))
ARM = parse("arm at seven", {"query": 0.5, "alarm": 0.2}, ("time", "seven", 0.8), ("part", "arm", 0.4))
ELEVEN = parse("alarm at eleven", {"alarm": 0.9, "query": 0.05}, ("time", "eleven", 0.9))


def test_one_parse_comes_back_as_it_is() -> None:
    found = merge([ALARM], [0.0])
    assert [(r.intent, r.probability, r.hypothesis) for r in found.readings] == [("alarm", 0.6, 0), ("query", 0.3, 0)]
    assert found.readings[0].entities == ALARM.entities and found.out_of_scope == ALARM.out_of_scope


def test_intents_are_mixed_by_confidence_on_any_scale() -> None:
    for scale in (1.0, 10.0):
        found = merge([ALARM, ARM], [0.75 * scale, 0.25 * scale], PLAIN)
        assert found.readings[0].intent == "alarm"
        assert found.readings[0].probability == pytest.approx(0.75 * 0.6 + 0.25 * 0.2)
        assert found.out_of_scope == pytest.approx(0.75 * 0.1 + 0.25 * 0.3)


def test_a_high_temperature_evens_out() -> None:
    even = merge([ALARM, ARM], [0.9, 0.1], Rule(temperature=1e6)).readings[0].probability
    assert even == pytest.approx(0.4, abs=1e-4)


def test_agreement_is_rewarded() -> None:
    split = [parse("a", {"x": 0.9, "y": 0.1}), parse("b", {"x": 0.01, "y": 0.4, "z": 0.59})]
    assert merge(split, [0.5, 0.5], PLAIN).readings[0].intent == "x"
    assert merge(split, [0.5, 0.5], Rule(power=0.1)).readings[0].intent == "y"


def test_an_entity_of_one_hypothesis_alone_is_dropped() -> None:
    rule = Rule(support=0.35)
    found = merge([ARM, ALARM, ALARM], [0.34, 0.33, 0.33], rule)
    query = next(reading for reading in found.readings if reading.intent == "query")
    assert query.hypothesis == 0 and [entity.value for entity in query.entities] == ["seven"]
    assert ARM.text[query.entities[0].start : query.entities[0].end] == "seven"
    plain = merge([ARM, ALARM, ALARM], [0.34, 0.33, 0.33], PLAIN)
    assert len(next(reading for reading in plain.readings if reading.intent == "query").entities) == 2


def test_confidence_of_an_entity_is_the_support_of_the_list() -> None:
    found = merge([ALARM, ELEVEN], [0.5, 0.5], PLAIN).readings[0]
    assert found.hypothesis == 1
    assert found.entities[0].confidence == pytest.approx(0.9 * 0.9 / (0.9 + 0.6))


def test_nobody_is_sure() -> None:
    equal = merge([ALARM, ARM], [0.0, 0.0], PLAIN)
    assert equal.readings[0].probability == pytest.approx(0.4)
    certain = parse("x", {"a": 0.0, "b": 0.0})
    assert merge([certain, certain], [0.5, 0.5]).out_of_scope == pytest.approx(1.0)


@pytest.mark.parametrize("confidences", [[], [0.5], [0.5, -0.1], [0.5, math.nan], [0.5, math.inf]])
def test_confidences_that_are_refused(confidences: list[float]) -> None:
    with pytest.raises(ValueError):
        merge([ALARM, ARM], confidences)


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ValueError, match="0 parses"):
        merge([], [])


@pytest.mark.parametrize(
    "wrong", [{"temperature": 0.0}, {"power": 0.0}, {"power": 1.5}, {"support": -0.1}, {"support": 2.0}]
)
def test_rules_that_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        Rule(**wrong)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=6),
    st.floats(0.2, 5), st.sampled_from([1.0, 0.5, 0.1]),
)  # fmt: skip
def test_probabilities_sum_to_one(rows: list[tuple[float, float, float]], temperature: float, power: float) -> None:
    parses = []
    for a, b, outside in rows:
        total = a + b + outside + 1e-3
        parses.append(parse("t", {"a": (a + 1e-3) / total, "b": b / total}))
    found = merge(parses, [1.0 / (1 + number) for number in range(len(parses))], Rule(temperature, power))
    assert sum(reading.probability for reading in found.readings) + found.out_of_scope == pytest.approx(1.0)


def test_serving_needs_no_training_package() -> None:
    code = "import sys, nlu.nbest.merge; print(sorted({'torch', 'sklearn', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
