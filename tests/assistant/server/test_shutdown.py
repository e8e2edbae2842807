"""The command in a process of its own: start, stop with turns under way, and what it writes to its log."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import yaml
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from assistant.config import load
from dialog.log import Log
from tests.assistant.server.serving import DEADLINE, ROBOT, eventually, receive, send, until, write

ROOT = Path(__file__).parents[3]


def write_config(folder: Path, **server: object) -> Path:
    plugins = {name: {"enabled": False} for name in load().plugins}
    robot = {"use": str(ROBOT)}
    content = {
        "assistant": {"data_dir": str(folder)},
        "log": {"url": f"sqlite:///{folder}/log.db"},
        "plugins": {**plugins, "robot": robot},
        "server": {"port": 0, "rate": 1000.0, "burst": 1000, **server},
    }
    path = folder / "config.yml"
    path.write_text(yaml.safe_dump(content))
    return path


@asynccontextmanager
async def process(config: Path, *options: str, **variables: str) -> AsyncIterator[asyncio.subprocess.Process]:
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "assistant", "serve", "--config", str(config), *options,
        cwd=ROOT, env={**os.environ, **variables}, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def url_in(stream: asyncio.StreamReader) -> tuple[str, list[str]]:
    """The address that the process announces, and the lines before it."""
    before: list[str] = []
    while True:
        line = (await asyncio.wait_for(stream.readline(), DEADLINE)).decode()
        assert line, before
        found = re.search(r"listens on (http://\S+)", line)
        if found:
            return found[1], before
        before.append(line)


async def running_turns(http: httpx.AsyncClient, number: int) -> bool:
    return bool((await http.get("/health")).json()["running"] == number)


async def test_sigterm_lets_running_turns_finish(tmp_path: Path) -> None:
    async with process(write_config(tmp_path), "-v") as server:
        assert server.stderr is not None
        url, _ = await url_in(server.stderr)
        noise = asyncio.create_task(server.stderr.read())
        async with (
            httpx.AsyncClient(base_url=url, timeout=DEADLINE) as http,
            connect(url.replace("http", "ws") + "/v1/realtime?conversation=ws") as socket,
        ):
            await receive(socket)
            await write(socket, "slow 1 xyzzy")
            await send(socket, "response.create")
            await until(socket, "response.output_text.done")
            body = {"sender": "rest", "message": "slow 1", "metadata": {"message_id": "xyzzy"}}
            running = asyncio.create_task(http.post("/webhooks/rest/webhook", json=body))
            await eventually(lambda: running_turns(http, 2))
            server.send_signal(signal.SIGTERM)
            answer = await running
            assert [message["text"] for message in answer.json()] == ["starting", "working", "done"]
            assert (await until(socket, "response.done"))[-1]["response"]["status"] == "completed"
            with pytest.raises(ConnectionClosed) as closed:
                await receive(socket)
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "the server is shutting down")
        assert await asyncio.wait_for(server.wait(), DEADLINE) == 0
        written = (await noise).decode()
    assert "POST '/webhooks/rest/webhook' 200" in written
    assert "Traceback" not in written and "slow" not in written and "xyzzy" not in written
    async with await Log.open(f"sqlite:///{tmp_path}/log.db") as log:
        turns = [turn async for turn in log.turns()]
    assert sorted(turn.utterance.channel for turn in turns) == ["realtime", "rest"]


async def test_a_second_signal_does_not_wait(tmp_path: Path) -> None:
    async with process(write_config(tmp_path, shutdown_timeout=60.0)) as server:
        assert server.stderr is not None
        url, _ = await url_in(server.stderr)
        async with httpx.AsyncClient(base_url=url, timeout=DEADLINE) as http:
            running = asyncio.create_task(http.post("/webhooks/rest/webhook", json={"message": "slow 25"}))
            await eventually(lambda: running_turns(http, 1))
            server.send_signal(signal.SIGINT)
            with pytest.raises(httpx.ConnectError):  # nobody is let in any more, the turn still runs
                while True:
                    async with httpx.AsyncClient(base_url=url) as other:
                        await other.get("/health")
            assert not running.done()
            server.send_signal(signal.SIGINT)
            code = await asyncio.wait_for(server.wait(), DEADLINE)
            assert code == 0
            await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["--host", "0.0.0.0"], "ASSISTANT_TOKEN"),
        (["--host", "203.0.113.1"], "ASSISTANT_TOKEN"),
        (["--port", "70000"], "server.port"),
    ],
)
async def test_what_keeps_it_from_starting_is_one_line(tmp_path: Path, options: list[str], part: str) -> None:
    async with process(write_config(tmp_path), *options, ASSISTANT_TOKEN="") as server:
        _, error = await asyncio.wait_for(server.communicate(), DEADLINE)
    assert server.returncode == 1
    assert part in error.decode() and len(error.decode().strip().splitlines()) == 1


async def test_a_port_that_is_taken(tmp_path: Path) -> None:
    listening = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        async with process(write_config(tmp_path, port=port)) as server:
            _, error = await asyncio.wait_for(server.communicate(), DEADLINE)
    assert server.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in error.decode() and "Traceback" not in error.decode()
