"""Reminders and effects: once, on time, also across restarts and absent listeners."""

from __future__ import annotations

import asyncio
from pathlib import Path

from assistant.testing import FakeClock
from tests.dialog.helpers import Pot, Ring, running, say


async def settle(condition) -> None:
    for _ in range(4000):  # generous: a busy machine may take its time
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not happen")


async def test_a_reminder_becomes_a_turn_when_it_is_due(tmp_path: Path) -> None:
    clock = FakeClock()
    async with running(tmp_path / "log.db", Ring(), clock=clock) as dialog:
        heard: list[str] = []
        dialog.subscribe("c", lambda reply: heard.append(reply.text))
        await say(dialog, "ring", at=clock.now())
        clock.advance(59)
        await asyncio.sleep(0.05)
        assert heard == []
        clock.advance(2)
        await settle(lambda: heard)
        assert heard == ["Ring: tea"]
        logged = [turn async for turn in dialog.log.turns("c")]
        assert [turn.utterance.channel for turn in logged] == ["test", "reminder"]
        await settle(lambda: not dialog._scheduler._tasks)
        assert await dialog.log.pending_outbox(clock.now() + 1e6) == []
        assert await dialog.log.memory("anna") == {}  # a fired reminder leaves nothing behind


async def test_a_reminder_survives_a_restart_and_fires_once(tmp_path: Path) -> None:
    clock = FakeClock()
    async with running(tmp_path / "log.db", Ring(), clock=clock) as dialog:
        await say(dialog, "ring", at=clock.now())
    clock.advance(100)
    for fires in (True, False):
        async with running(tmp_path / "log.db", Ring(), clock=clock) as dialog:
            heard: list[str] = []
            dialog.subscribe("c", lambda reply, heard=heard: heard.append(reply.text))
            if fires:
                await settle(lambda heard=heard: heard)
            else:
                await asyncio.sleep(0.2)
                assert heard == []
            await settle(lambda dialog=dialog: not dialog._scheduler._tasks)
            assert len([turn async for turn in dialog.log.turns("c")]) == 2


async def test_what_fires_while_nobody_listens_is_heard_later(tmp_path: Path) -> None:
    clock = FakeClock()
    async with running(tmp_path / "log.db", Ring(), clock=clock) as dialog:
        await say(dialog, "ring", at=clock.now())
        clock.advance(61)
        await settle(lambda: len(dialog.recent("c")) == 2 and not dialog._scheduler._tasks)
    clock.advance(600)
    async with running(tmp_path / "log.db", Ring(), clock=clock) as dialog:
        await asyncio.sleep(0.05)
        assert not dialog.recent("c")  # a restart with nobody there costs nothing
    async with running(tmp_path / "log.db", Ring(), clock=clock) as dialog:
        heard: list[str] = []
        dialog.subscribe("c", lambda reply: heard.append(reply.text))
        await settle(lambda: heard)
        assert heard == ["While you were away: Ring: tea"]
        assert len([turn async for turn in dialog.log.turns("c")]) == 2


async def test_an_effect_that_fails_is_tried_again(tmp_path: Path) -> None:
    clock = FakeClock()
    calls: list[object] = []

    async def flaky(key, payload):
        calls.append(key)
        if len(calls) < 3:
            raise ConnectionError("no route")

    async with running(tmp_path / "log.db", Pot(), clock=clock) as dialog:
        dialog.dispatchers["switch"] = flaky
        await say(dialog, "off", at=clock.now())
        await say(dialog, "yes", at=clock.now())
        for expected in (1, 2, 3):
            await settle(lambda n=expected: len(calls) == n and not dialog._scheduler._tasks)
            clock.advance(600)
        assert len(set(calls)) == 1
        assert await dialog.log.pending_outbox(clock.now() + 1e6) == []
