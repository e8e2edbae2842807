"""What every database must do alike."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from dialog.errors import LogError
from dialog.events import Event, active_loop, slot
from dialog.log import BadRecord, DuplicateMessage, Log, MemoryWrite, OutboxItem, database
from dialog.types import Hypothesis, Reply, Reward
from tests.dialog.log.factory import START, as_turn, record


async def test_a_turn_comes_back_as_it_went_in(log: Log) -> None:
    made = record(2)
    turn_id = await log.commit(made)
    assert await log.turn(turn_id) == as_turn(turn_id, made)
    assert await log.find("kitchen", made.utterance.message_id) == as_turn(turn_id, made)
    assert await log.replies("kitchen", made.utterance.message_id) == made.replies


async def test_every_field_of_a_turn_is_kept(log: Log) -> None:
    made = record(1)
    heard = replace(
        made.utterance,
        hypotheses=(Hypothesis("a b", 0.1 + 0.2), Hypothesis("ab", 1e-300)),
        metadata={"a": [1, None, {"b": 2.5}]},
    )
    replies = (
        Reply("one", ({"title": "Yes", "payload": "/affirm"},), "http://x/y.png", {"k": [1]}, "wan", "clock"),
        Reply(),
    )
    events = (Event("slot", 12.5, {"name": "x", "value": {"y": []}}, {"why": 1}), Event("restart", heard.time))
    decision = replace(made.decision, forced_by="hotfix", chosen=2, executed=-1, seed=-(2**63))
    made = replace(
        made, utterance=heard, replies=replies, events=events, decision=decision, failures=("clock: late",), timings={}
    )
    turn_id = await log.commit(made)
    assert await log.turn(turn_id) == as_turn(turn_id, made)


async def test_what_was_not_seen_is_none(log: Log) -> None:
    assert await log.find("kitchen", "x") is None
    assert await log.replies("kitchen", "x") is None
    with pytest.raises(LogError, match="no turn 7"):
        await log.turn(7)
    loaded = await log.load("kitchen")
    assert (loaded.user_id, loaded.next_sequence, loaded.message_ids) == (None, 0, ())


async def test_a_message_is_logged_once(log: Log) -> None:
    made = record()
    first = await log.commit(made)
    with pytest.raises(DuplicateMessage) as caught:
        await log.commit(replace(made, sequence=1))
    assert caught.value.turn_id == first
    elsewhere = replace(made, utterance=replace(made.utterance, conversation_id="hall"))
    assert await log.commit(elsewhere) > first
    assert (await log.stats())["turns"] == 2


async def test_one_bad_record_takes_no_other_down(log: Log) -> None:
    good = [record(0, f"c{i}") for i in range(20)]
    await log.commit(good[5])
    unfit = record(0, "unfit", replies=(Reply(data={"x": object()}),))
    clash = record(0, "c5", text="another message")
    clash = replace(clash, utterance=replace(clash.utterance, message_id="fresh"))
    huge = record(0, "huge", decision=replace(good[0].decision, seed=2**70))
    stranger = record(1, "c5", user="mallory")
    group = [*good[:5], unfit, good[5], clash, huge, stranger, *good[6:]]
    results = await asyncio.gather(*(log.commit(made) for made in group), return_exceptions=True)
    failed = {i: result for i, result in enumerate(results) if isinstance(result, BaseException)}
    assert {i: type(error) for i, error in failed.items()} == {
        5: BadRecord, 6: DuplicateMessage, 7: BadRecord, 8: BadRecord, 9: BadRecord,
    }  # fmt: skip
    assert "another user" in str(failed[9])
    assert "JSON" in str(failed[5])
    stored = [turn async for turn in log.turns()]
    assert sorted(turn.utterance.conversation_id for turn in stored) == sorted(f"c{i}" for i in range(20))
    for result, made in zip(results, group, strict=True):
        if isinstance(result, int):
            assert await log.turn(result) == as_turn(result, made)


async def test_loading_gives_what_is_needed_to_go_on(log: Log) -> None:
    for i in range(300):
        await log.commit(record(i, events=(slot("count", i), active_loop("form") if i == 290 else slot("x", None))))
    loaded = await log.load("kitchen")
    assert loaded.user_id == "ann"
    assert loaded.next_sequence == 300
    assert loaded.last_time == START + 299
    assert loaded.slots == {"count": 299}
    assert (loaded.last_skill, loaded.last_intent) == ("alarm", "alarm_set")
    assert loaded.message_ids == tuple(record(i).utterance.message_id for i in range(300 - 256, 300))
    assert len(loaded.events) == 256
    assert loaded.events[-2].data == {"name": "count", "value": 299}
    assert active_loop("form") in [replace(event, time=0.0) for event in loaded.events]


async def test_a_new_session_starts_the_slots_and_events_anew(log: Log) -> None:
    await log.commit(record(0, events=(slot("a", 1), slot("b", 2))))
    await log.commit(record(1, events=(slot("b", 3),), new_session=True))
    loaded = await log.load("kitchen")
    assert loaded.slots == {"b": 3}
    assert [event.data["value"] for event in loaded.events] == [3]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([slot("b", None)], {"a": 1}),
        ([Event("restart")], {}),
        ([Event("reset_slots"), slot("c", 3)], {"c": 3}),
        ([slot("c", 3), Event("rewind"), slot("d", 4)], {"a": 1, "b": [2], "d": 4}),
        ([slot("requested_slot", "x"), active_loop(None)], {"a": 1, "b": [2]}),
    ],
)
async def test_slots_are_folded(log: Log, events: list[Event], expected: dict[str, object]) -> None:
    await log.commit(record(0, events=(slot("a", 1), slot("b", [2]))))
    await log.commit(record(1, events=tuple(events)))
    assert (await log.load("kitchen")).slots == expected


async def test_memory_is_the_users(log: Log) -> None:
    await log.commit(record(0, memory=(MemoryWrite("lists", "todo", ["milk"]), MemoryWrite("clock", "zone", "UTC"))))
    await log.commit(record(0, "hall", "bob", memory=(MemoryWrite("lists", "todo", {"é": 1}),)))
    await log.commit(record(1, memory=(MemoryWrite("clock", "zone", None), MemoryWrite("lists", "todo", []))))
    assert await log.memory("ann") == {("lists", "todo"): []}
    assert await log.memory("bob") == {("lists", "todo"): {"é": 1}}
    assert await log.memory("nobody") == {}


async def test_the_outbox_gives_what_is_due(log: Log) -> None:
    def items(*names: str) -> tuple[OutboxItem, ...]:
        return tuple(OutboxItem(name, "remind", {"n": name}, float(ord(name)), "kitchen") for name in names)

    await log.commit(record(0, outbox=items("d", "a", "b", "c")))
    assert await log.pending_outbox(98.0) == list(items("a", "b"))
    await log.dispatched("a", 98.5)
    await log.attempt_failed("b", 120.0)
    await log.cancel_outbox(["c", "unknown"], 99.0)
    assert await log.pending_outbox() == [*items("d"), replace(items("b")[0], due=120.0, attempts=1)]
    # called off by a turn, put in again by the same turn; what was dispatched stays done
    again = replace(items("b")[0], due=7.0)
    await log.commit(record(1, cancelled=("b", "d", "a"), outbox=(again, *items("a"))))
    assert await log.pending_outbox() == [again]


async def test_rewards_point_at_turns(log: Log) -> None:
    turn_id = await log.commit(record())
    given = [Reward(0.1 + 0.2, "explicit", "user"), Reward(1.0, "hindsight", "dqm-1", hindsight=True)]
    for reward in given:
        await log.reward(turn_id, reward, START)
    assert await log.rewards(turn_id) == tuple(given)
    assert [judged async for _, judged in log.judged()] == [tuple(given)]
    with pytest.raises(LogError, match="no turn 99"):
        await log.reward(99, given[0], START)
    with pytest.raises(LogError, match="between 0 and 1"):
        await log.reward(turn_id, Reward(1.5, "explicit", "user"), START)
    assert await log.rewards(99) == ()


async def test_turns_stream_in_order_by_conversation_and_time(log: Log) -> None:
    made = [record(i // 2, "hall" if i % 2 else "kitchen") for i in range(1200)]
    ids = await asyncio.gather(*(log.commit(one) for one in made))
    assert list(ids) == sorted(ids)
    assert [turn.turn_id async for turn in log.turns()] == list(ids)
    hall = [turn async for turn in log.turns("hall")]
    assert hall == [as_turn(ids[i], made[i]) for i in range(1, 1200, 2)]
    between = [turn.utterance.time async for turn in log.turns("hall", START + 10, START + 13)]
    assert between == [START + 10, START + 11, START + 12]


async def test_vectors_are_cached_once_and_droppable(url: str) -> None:
    vector = np.linspace(-1, 1, 384, dtype=np.float32)
    known = replace(record().understanding, vector=vector)
    async with await Log.open(url) as log:
        for i in range(3):
            await log.commit(record(i, understanding=known))
        found = await log.vectors("minilm-int8", [known.text, "never said"])
        assert list(found) == [known.text]
        assert np.abs(found[known.text] - vector).max() < 1e-3
        assert found[known.text].dtype == np.float32
        assert (await log.stats())["vectors"] == 1
        await log.drop_vectors()
        assert await log.vectors("minilm-int8", [known.text]) == {}
        await log.commit(record(3, understanding=known))
        assert (await log.stats())["vectors"] == 1
    async with await Log.open(url, vectors=False) as log:
        await log.commit(record(4, understanding=replace(known, text="something else")))
        assert (await log.stats())["vectors"] == 1


async def test_everything_is_there_after_opening_again(url: str) -> None:
    made = [record(i) for i in range(5)]
    async with await Log.open(url) as log:
        ids = [await log.commit(one) for one in made]
    async with await Log.open(url) as log:
        assert [turn async for turn in log.turns()] == [as_turn(*pair) for pair in zip(ids, made, strict=True)]
        assert await log.commit(record(5)) > ids[-1]
        assert (await log.load("kitchen")).next_sequence == 6


async def test_one_writes_and_others_read(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with await Log.open(url) as log:
        await log.commit(record())
        with monkeypatch.context() as impatient, pytest.raises(LogError, match="another process"):
            impatient.setattr(database, "HANDOVER", 0.0)
            await Log.open(url)
        async with await Log.open(url, read_only=True) as other:
            await log.commit(record(1, text="new words", timings={"new": 1.0}))
            assert [turn.utterance.text async for turn in other.turns()][1] == "new words"
            with pytest.raises(LogError, match="reading only"):
                await other.commit(record(2))
    async with await Log.open(url) as log:
        assert (await log.stats())["turns"] == 2


async def test_a_closed_log_says_so(url: str) -> None:
    log = await Log.open(url)
    await log.close()
    await log.close()
    with pytest.raises(LogError, match="closed"):
        await log.commit(record())
    with pytest.raises(LogError, match="closed"):
        await log.load("kitchen")
