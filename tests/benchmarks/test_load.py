"""The load generator and its REST client, against a small server that stands in for an assistant."""

import asyncio
import json
from pathlib import Path

import pytest

from benchmarks.turns import load
from benchmarks.turns.http import RestChannel
from benchmarks.turns.process import free_port, rss, write_config
from benchmarks.turns.sentences import Sentences


class Echo:
    """Answers on Rasa's REST channel with what it was told; closes every third connection, as servers do."""

    def __init__(self) -> None:
        self.answered = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
            except asyncio.IncompleteReadError:
                break
            length = int(head.lower().partition("content-length:")[2].split()[0])
            body = json.loads(await reader.readexactly(length))
            status = "200 OK" if body["message"] != "bad" else "400 Bad Request"
            answer = json.dumps([{"recipient_id": body["sender"], "text": body["message"]}]).encode()
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(answer)}\r\n\r\n".encode() + answer)
            self.answered += 1
        writer.close()


async def test_users_take_turns_over_kept_connections() -> None:
    echo = Echo()
    async with await asyncio.start_server(echo, "127.0.0.1", port := free_port()):
        channel = RestChannel(port)
        await channel.ready(5.0)
        assert await channel.send("c", "hello") == ["hello"]
        with pytest.raises(RuntimeError, match="status 400"):
            await channel.send("c", "bad")
        result = load.Result()
        for _ in range(4):
            assert await load.timed(channel.send, "c", "again", result) > 0
            await asyncio.sleep(0.01)  # until the end of a closed connection has arrived
        assert not result.failed and len(result.latencies) == 4
        await channel.close()


async def test_a_closed_loop_sends_as_many_turns_as_asked() -> None:
    conversations: set[str] = set()

    async def send(conversation: str, text: str) -> list[str]:
        conversations.add(conversation)
        await asyncio.sleep(0)
        return [text]

    result = await load.run(send, Sentences(1), users=4, prefix="u", turns=40)
    assert len(result.latencies) == len(result.starts) == 40
    assert conversations == {"u-0-0", "u-1-0", "u-2-0", "u-3-0"}
    assert result.rate > 0


async def test_a_turn_without_an_answer_counts_as_failed() -> None:
    async def send(conversation: str, text: str) -> list[str]:
        return [""]

    result = load.Result()
    await load.timed(send, "c", "hello", result)
    assert result.failed == ["RuntimeError: no answer"] and not result.latencies


async def test_no_server_at_all() -> None:
    with pytest.raises(RuntimeError, match="was not there"):
        await RestChannel(free_port()).ready(0.05)


def test_memory_of_this_process_and_a_configuration(tmp_path: Path) -> None:
    import os

    from assistant.config import load as read

    assert 5 < rss(os.getpid()) < 10_000
    config = read(write_config(tmp_path, dialog={"queue": 3}))
    assert config.dialog.queue == 3 and config.server.rate == 1e6
    assert config.assistant.data_dir == tmp_path / "data"
