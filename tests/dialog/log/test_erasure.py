"""What is erased is gone: from every table, from the bytes of every file, from the backups."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import psycopg
import pytest

from dialog.errors import LogError
from dialog.events import slot
from dialog.log import Log, MemoryWrite, OutboxItem, TurnRecord
from dialog.types import Entity, Hypothesis, Interpretation, Reply, Reward
from tests.dialog.log.factory import START, as_turn, record

MARK = "Xyzzy"


def personal(sequence: int) -> TurnRecord:
    """A turn with a mark in everything that can be personal."""
    made = record(sequence, f"{MARK}-conversation", f"{MARK}-user", f"my secret is {MARK} {sequence} " + "long " * 40)
    reading = Interpretation(f"{MARK}_intent", 0.5, (Entity(f"{MARK}_entity", f"{MARK} value", 0, 2),))
    known = replace(made.understanding, interpretations=(reading,), vector=np.ones(384, np.float32))
    candidate = replace(made.decision.candidates[0], interpretation=reading, intent=reading.intent, skill=f"{MARK}_s")
    heard = replace(
        made.utterance,
        hypotheses=(*made.utterance.hypotheses, Hypothesis(f"{MARK} two", 0.3)),
        message_id=f"{MARK}-{sequence}",
        channel=f"{MARK}-channel",
        metadata={MARK: MARK},
    )
    return replace(
        made,
        utterance=heard,
        understanding=known,
        decision=replace(made.decision, candidates=(candidate,), propensities=(1.0,)),
        replies=(Reply(f"you said {MARK}", source=f"{MARK}-source"),),
        events=(slot(f"{MARK}_slot", MARK),),
        memory=(MemoryWrite(MARK, MARK, MARK),),
        outbox=(OutboxItem(f"{MARK}-{sequence}", f"{MARK}-kind", {"say": MARK}, 5.0, f"{MARK}-conversation"),),
        timings={f"{MARK}_step": 1.0},
        failures=(MARK,),
    )


def files_with_mark(url: str) -> list[str]:
    """Names of database files in whose bytes the mark is found."""
    if url.startswith("sqlite"):
        root = Path(url.removeprefix("sqlite:///")).parent
    else:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
        assert row is not None
        root = Path(parse_qs(urlsplit(url).query)["host"][0], "base", str(row[0]))
    return [str(path) for path in root.rglob("*") if path.is_file() and MARK.encode() in path.read_bytes()]


async def test_no_byte_of_an_erased_user_remains(url: str) -> None:
    vector = np.ones(384, np.float32)
    ours = [record(i, "hall", "bob") for i in range(30)]
    ours = [replace(one, understanding=replace(one.understanding, vector=vector)) for one in ours]
    async with await Log.open(url) as log:
        for i in range(30):
            turn_id = await log.commit(personal(i))
            await log.reward(turn_id, Reward(0.5, "explicit", f"{MARK}-estimator"), START)
            kept = await log.commit(ours[i])
        await log.reward(kept, Reward(1.0, "explicit", "user"), START)
        if url.startswith("sqlite"):
            await log.backup()
            assert len(files_with_mark(url)) >= 2
        else:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("CHECKPOINT")
            assert files_with_mark(url)
        erased = await log.erase(f"{MARK}-user")
        assert (erased.turns, erased.conversations, erased.backups) == (30, 1, 1 if url.startswith("sqlite") else 0)
        assert files_with_mark(url) == []
        stats = await log.stats()
        assert (stats["turns"], stats["users"], stats["conversations"], stats["vectors"]) == (30, 1, 1, 1)
        assert stats["memory"] == stats["outbox"] == 0
        assert (await log.load(f"{MARK}-conversation")).user_id is None
        assert await log.memory(f"{MARK}-user") == {}
        # the other user is whole, and both can go on
        assert [turn async for turn in log.turns("hall")] == [
            as_turn(2 * i + 2, one) for i, one in enumerate(ours)
        ]  # fmt: skip
        assert await log.rewards(kept) == (Reward(1.0, "explicit", "user"),)
        await log.commit(personal(0))
        assert (await log.load(f"{MARK}-conversation")).slots == {f"{MARK}_slot": MARK}
        assert (await log.erase("nobody")).turns == 0
    async with await Log.open(url) as log:
        assert (await log.stats())["turns"] == 31


async def test_backups_are_whole_databases_and_are_cleared_too(sqlite_url: str) -> None:
    async with await Log.open(sqlite_url) as log:
        ids = await asyncio.gather(*(log.commit(record(i)) for i in range(10)))
        waiting = [log.commit(record(i, "hall", "bob")) for i in range(50)]
        path, *_ = await asyncio.gather(log.backup(), *waiting)
        (path.parent / "killed.partial").write_text("half a copy")
        async with await Log.open(f"sqlite:///{path}", read_only=True) as copy:
            assert [turn.turn_id async for turn in copy.turns("kitchen")] == ids
        assert (await log.erase("ann")).backups == 1
        async with await Log.open(f"sqlite:///{path}", read_only=True) as copy:
            assert [turn async for turn in copy.turns("kitchen")] == []
        assert sorted(file.name for file in path.parent.iterdir()) == [path.name]
        path.write_bytes(b"damaged" * 1000)
        with pytest.raises(LogError, match=f"backup .*{path.name}"):
            await log.erase("bob")
        assert (await log.stats())["turns"] == 0


async def test_postgres_backups_are_left_to_its_tools(postgres_url: str) -> None:
    async with await Log.open(postgres_url) as log:
        with pytest.raises(LogError, match="pg_dump"):
            await log.backup()


async def test_retention_keeps_what_is_still_to_happen(log: Log) -> None:
    settled = OutboxItem("done", "remind", {}, START, "kitchen")
    await log.commit(record(0, "old", "carl", memory=(MemoryWrite("lists", "todo", ["milk"]),)))
    await log.commit(record(0, "gone", "dora"))
    await log.commit(record(0, "alarm", "eve", outbox=(OutboxItem("late", "remind", {}, 2 * START, "alarm"),)))
    for i in range(10):
        await log.commit(record(i, events=(slot("count", i),), outbox=(settled,) if i == 0 else ()))
    await log.dispatched("done", START)
    purged = await log.purge(START + 5)
    assert (purged.turns, purged.conversations) == (8, 2)
    assert [turn.utterance.time async for turn in log.turns()] == [START + i for i in range(5, 10)]
    loaded = await log.load("kitchen")
    assert (loaded.next_sequence, loaded.slots) == (10, {"count": 9})
    assert await log.memory("carl") == {("lists", "todo"): ["milk"]}
    assert [item.key for item in await log.pending_outbox()] == ["late"]
    stats = await log.stats()
    assert (stats["users"], stats["conversations"], stats["outbox"]) == (3, 2, 1)
    assert (await log.load("alarm")).user_id == "eve"
    await log.commit(record(10))


async def test_commits_wait_while_a_user_is_erased(log: Log) -> None:
    await asyncio.gather(*(log.commit(record(i)) for i in range(50)))
    erasing = asyncio.create_task(log.erase("ann"))
    await asyncio.sleep(0)
    again = [log.commit(record(i, text="anew")) for i in range(5)]
    await asyncio.gather(erasing, *again)
    assert [turn.utterance.text async for turn in log.turns()] == ["anew"] * 5
