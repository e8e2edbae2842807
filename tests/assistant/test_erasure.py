"""A person's data through the whole assistant: with real understanding, memory, timers and rewards."""

from __future__ import annotations

from pathlib import Path

from assistant.testing import Client


async def test_an_erased_user_is_gone_and_another_one_is_not(tmp_path: Path) -> None:
    async with Client(folder=tmp_path, user="zoe", conversation="hers") as client:
        await client.say("add xylophones and eggs to my shopping list")
        await client.say("remind me to phone Persephone at seven tomorrow")
        await client.assistant.dialog.reward("hers", 1.0)
        dialog = client.assistant.dialog
        other = client.assistant.utterance("add marzipan to my shopping list", "his", "tom", "test")
        await dialog.send(other).turn()
        erased = await dialog.erase("zoe")
        assert (erased.turns, erased.conversations) == (2, 1)
        assert [turn.utterance.user_id async for turn in client.assistant.log.turns()] == ["tom"]
        assert await client.say("what is on my shopping list") == ["You have no shopping list."]
    left = b"".join(path.read_bytes() for path in tmp_path.glob("log.db*"))  # noqa: ASYNC240 - nothing runs any more
    assert b"marzipan" in left
    assert b"xylophone" not in left and b"Persephone" not in left
