"""The whole assistant on PostgreSQL: what is kept is there after a restart, and timers fire."""

from __future__ import annotations

from pathlib import Path

from assistant.testing import Client


async def test_a_conversation_on_postgres_survives_a_restart(postgres_url: str, tmp_path: Path) -> None:
    overrides = {"log.url": postgres_url}
    async with Client(overrides=overrides, folder=tmp_path) as client:
        await client.say("add milk and eggs to my shopping list")
        assert await client.say("set an alarm") == ["For when?"]
        clock = client.clock
    async with Client(overrides=overrides, folder=tmp_path, clock=clock) as client:
        assert await client.say("seven tomorrow morning") == ["Alarm set for tomorrow at 7:00 AM."]
        assert await client.say("what is on my shopping list") == ["On your shopping list: milk and eggs."]
        assert len(await client.advance(22 * 3600)) == 1
