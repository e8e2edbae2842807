"""A locked database and a full disk: reported to the user, nothing half-done, and the conversation goes on after."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from assistant.testing import Client
from dialog.errors import LogError

ONLY = ["lists"]


async def test_a_locked_database_is_reported_and_the_turn_has_not_happened(tmp_path: Path) -> None:
    async with Client(only=ONLY, folder=tmp_path, overrides={"dialog.commit_deadline": 1.5}) as client:
        await client.say("add milk to my shopping list")
        blocker = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
        blocker.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LogError, match=r"locked|not written"):
            await client.say("add eggs to my shopping list")
        blocker.execute("ROLLBACK")
        blocker.close()
        assert await client.say("what is on my shopping list") == ["On your shopping list: milk."]


async def test_a_full_disk_is_reported_and_the_turn_has_not_happened(tmp_path: Path) -> None:
    async with Client(only=ONLY, folder=tmp_path) as client:
        await client.say("add milk to my shopping list")
        writer = client.assistant.log._writer
        assert writer is not None
        pages = await client.assistant.log._write(
            lambda c: c.exec_driver_sql("PRAGMA page_count").scalar()
        )
        await client.assistant.log._write(
            lambda c: c.exec_driver_sql(f"PRAGMA max_page_count = {pages}").scalar()
        )
        with pytest.raises(LogError, match="full"):
            for number in range(200):
                await client.say(f"add thing {number} to my shopping list")
        await client.assistant.log._write(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 1000000").scalar())
        said = (await client.say("what is on my shopping list"))[0]
        assert "milk" in said and f"thing {number}" not in said
