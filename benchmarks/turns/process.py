"""Starts programs to be measured and reads their memory from the kernel."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.turns.http import RestChannel

_STOP = 20.0


def free_port() -> int:
    """A port of the loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def rss(pid: int) -> float:
    """Resident memory of a process and its descendants in MB (10^6 bytes). Needs Linux."""
    total, waiting = 0, [pid]
    while waiting:
        process = waiting.pop()
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
            total += pages * os.sysconf("SC_PAGE_SIZE")
            for task in Path(f"/proc/{process}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
    return total / 1e6


@dataclass
class Server:
    """A running server with Rasa's REST channel. `ready` is seconds from its start to its first answer."""

    process: asyncio.subprocess.Process
    channel: RestChannel
    ready: float
    output: Path

    @property
    def rss(self) -> float:
        """Resident memory in MB."""
        return rss(self.process.pid)


@asynccontextmanager
async def serving(
    command: Sequence[str], port: int, folder: Path, *, first: str, seconds: float, env: Mapping[str, str] | None = None
) -> AsyncIterator[Server]:
    """Run a server in a process group of its own until the end of the block.

    first: the utterance whose answer marks the server as ready; seconds: how long that may take.
    Raises `RuntimeError` with the end of its output when it is not ready in time.
    """
    output = folder / f"server-{port}.log"
    with output.open("wb") as sink:
        start = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True,
            env={**os.environ, **(env or {})},
        )  # fmt: skip
        channel = RestChannel(port)
        try:
            ready = await _first_answer(channel, process, first, start, seconds, output)
            yield Server(process, channel, ready, output)
        finally:
            await channel.close()
            await _end(process)


async def _first_answer(
    channel: RestChannel, process: asyncio.subprocess.Process, first: str, start: float, seconds: float, output: Path
) -> float:
    try:
        async with asyncio.timeout(seconds):
            await channel.ready(seconds, process)
            while True:  # a server may take connections before it can answer
                with contextlib.suppress(RuntimeError, ConnectionError):
                    if any(await channel.send("first", first)):
                        return time.perf_counter() - start
                if process.returncode is not None:
                    raise RuntimeError(f"the server ended with exit code {process.returncode}")
                await asyncio.sleep(0.02)
    except (RuntimeError, TimeoutError) as error:
        raise RuntimeError(f"the server gave no answer within {seconds:g} s: {error}\n{_tail(output)}") from error


def _tail(output: Path) -> str:
    return output.read_text(errors="replace")[-2000:]


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP):
                await process.wait()
                return


def write_config(folder: Path, **sections: Any) -> Path:
    """A configuration for measuring in `folder`: data in there, no limit on the rate of requests."""
    base: dict[str, Any] = {
        "assistant": {"data_dir": str(folder / "data")},
        "user": {"timezone": "UTC"},
        "server": {"rate": 1e6, "burst": 1_000_000},
    }
    for name, section in sections.items():
        base[name] = {**base.get(name, {}), **section} if isinstance(section, Mapping) else section
    path = folder / "config.yml"
    path.write_text(yaml.safe_dump(base), encoding="utf-8")
    return path
