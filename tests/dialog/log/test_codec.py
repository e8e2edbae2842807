"""Any value goes in and comes out the same, also what databases and JSON do not like."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialog.events import Event
from dialog.log import BadRecord, Log, MemoryWrite, OutboxItem, TurnRecord, codec
from dialog.types import Candidate, Decision, Entity, Hypothesis, Interpretation, Reply, Understanding, Utterance
from tests.dialog.log.factory import as_turn, record

anything = st.characters(codec=None, exclude_categories=())  # unpaired surrogates and NUL included
texts = st.text(anything, max_size=12) | st.sampled_from(["", "\0", "\x01x", "\x02x", "\ud800", "é😀\u200f", "a" * 32])
ids = texts | st.uuids().map(lambda key: key.hex)
floats = st.floats(allow_nan=False, allow_infinity=False)
columns = floats.map(lambda value: value + 0.0)  # a number column of SQLite has no negative zero
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | floats | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(texts, json_values, max_size=3)
entities = st.builds(
    Entity,
    texts,
    json_values,
    st.integers(0, 9),
    st.integers(0, 9),
    floats,
    st.none() | texts,
    st.none() | texts,
    texts,
)
readings = st.builds(
    Interpretation, texts, floats, st.lists(entities, max_size=2).map(tuple), st.integers(min_value=0, max_value=3)
)
candidates = st.builds(
    Candidate,
    texts,
    texts,
    texts,
    readings,
    st.dictionaries(texts, floats, max_size=3),
    st.sampled_from(["none", "reversible", "costly"]),
)
int64 = st.integers(-(2**63), 2**63 - 1)
small = st.integers(-1, 4)
draws = st.lists(st.tuples(candidates, floats), max_size=3)
decisions = st.builds(
    lambda drawn, *rest: Decision(tuple(c for c, _ in drawn), tuple(p for _, p in drawn), *rest),
    draws,
    small,
    small,
    texts,
    texts,
    texts,
    int64,
    st.none() | st.sampled_from(["form", "hotfix", "retry", "explicit"]),
)
button = st.fixed_dictionaries({"title": texts, "payload": texts})
replies = st.builds(
    Reply,
    texts,
    st.lists(button, max_size=2).map(tuple),
    st.none() | texts,
    st.none() | objects,
    st.none() | texts,
    texts,
)
events = st.builds(Event, texts, floats.map(abs), objects, objects)
slot_events = st.builds(lambda name, value: Event("slot", 0.0, {"name": name, "value": value}), texts, json_values)
utterances = st.builds(
    Utterance,
    texts,
    st.lists(st.builds(Hypothesis, texts, floats), max_size=3).map(tuple) | texts.map(lambda text: (Hypothesis(text),)),
    ids,
    texts,
    texts,
    texts,
    floats.map(abs),
    objects,
)
understandings = st.builds(
    Understanding, texts, st.lists(readings, max_size=5).map(tuple), columns, st.none(), texts, texts
)
records = st.builds(
    TurnRecord,
    utterances,
    understandings,
    decisions,
    st.lists(replies, max_size=3).map(tuple),
    st.lists(events | slot_events, max_size=3).map(tuple),
    st.lists(st.builds(MemoryWrite, texts, texts, json_values), max_size=2).map(tuple),
    st.lists(st.builds(OutboxItem, texts, texts, objects, columns, texts), max_size=2).map(tuple),
    failures=st.lists(texts, max_size=2).map(tuple),
    new_session=st.booleans(),
)


class Rig:
    """One open log for all examples of a test."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.log = self.loop.run_until_complete(Log.open(url))

    def close(self) -> None:
        self.loop.run_until_complete(self.log.close())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


@pytest.fixture
def rig(url: str) -> Iterator[Rig]:
    opened = Rig(url)
    yield opened
    opened.close()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=records)
def test_records_survive_bit_by_bit(rig: Rig, made: TurnRecord) -> None:
    async def trip() -> None:
        number = (await rig.log.stats())["turns"]
        name = f"{number}-{made.utterance.conversation_id}"  # its own conversation, its own user
        heard = replace(made.utterance, conversation_id=name, user_id=f"{number}-{made.utterance.user_id}")
        one = replace(made, utterance=heard, outbox=tuple({item.key: item for item in made.outbox}.values()))
        turn_id = await rig.log.commit(one)
        found = await rig.log.find(name, heard.message_id)
        assert found == as_turn(turn_id, one)
        assert repr(found) == repr(as_turn(turn_id, one))  # -0.0 is not 0.0, 1 is not 1.0
        loaded = await rig.log.load(name)
        assert loaded.user_id == heard.user_id
        assert loaded.message_ids == (heard.message_id,)
        kept = {(write.skill, write.key): write.value for write in made.memory}
        assert await rig.log.memory(heard.user_id) == {key: value for key, value in kept.items() if value is not None}
        exported = [event async for event in rig.log.export(conversation_id=name)]
        json.dumps(exported, allow_nan=False)

    rig.loop.run_until_complete(trip())


@given(texts, ids)
def test_packed_texts_are_valid_and_distinct(one: str, other: str) -> None:
    for pack, unpack in ((codec.pack_text, codec.unpack_text), (codec.pack_id, codec.unpack_id)):
        for text in (one, other):
            packed = pack(text)
            assert unpack(packed) == text
            assert "\0" not in packed
            packed.encode()
        assert (pack(one) == pack(other)) == (one == other)


def test_usual_texts_stay_readable() -> None:
    assert codec.pack_text("né 😀") == "né 😀"
    assert codec.pack_id("reminder/7") == "reminder/7"
    assert len(codec.pack_id("0123456789abcdef" * 2)) == 23


async def test_the_best_five_interpretations_are_kept(tmp_path: Path) -> None:
    made = record()
    many = tuple(Interpretation(f"i{i}", 1 / (i + 2)) for i in range(8))
    candidates = tuple(replace(made.decision.candidates[0], interpretation=many[i]) for i in (7, 2))
    made = replace(
        made,
        understanding=replace(made.understanding, interpretations=many),
        decision=replace(made.decision, candidates=candidates, propensities=(0.25, 0.75)),
    )
    async with await Log.open(f"sqlite:///{tmp_path}/log.db") as log:
        found = await log.turn(await log.commit(made))
    assert found.understanding.interpretations == many[:5]
    assert found.decision.candidates == candidates


@pytest.mark.parametrize("value", [object(), {1j: 2}, b"bytes"])
async def test_what_is_not_json_is_refused(tmp_path: Path, value: object) -> None:
    async with await Log.open(f"sqlite:///{tmp_path}/log.db") as log:
        with pytest.raises(BadRecord, match="cannot be logged"):
            await log.commit(record(0, events=(Event("slot", 0.0, {"name": "x", "value": value}),)))
        assert (await log.stats())["turns"] == 0


async def test_a_typical_turn_takes_less_than_a_kilobyte(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    sizes = []
    for count in (50, 1050):
        async with await Log.open(f"sqlite:///{path}") as log:
            start = (await log.stats())["turns"]
            made = [record(i // 10, f"conversation-{i % 10}", f"user-{i % 10}") for i in range(start, count)]
            await asyncio.gather(*(log.commit(one) for one in made))
        sizes.append(path.stat().st_size)
    assert (sizes[1] - sizes[0]) / 1000 <= 830
