"""Runs the trained Rasa project and measures it: the same sentences over the same REST channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.rasa.setup import environment
from benchmarks.turns import load as traffic
from benchmarks.turns.load import Result
from benchmarks.turns.outside import FIRST, help_seconds
from benchmarks.turns.process import Server, free_port, serving
from benchmarks.turns.sentences import Sentences

_START = 240.0


@dataclass
class Peer:
    """What was measured of Rasa. Times in seconds, memory in MB."""

    ready: float
    rss: float
    help: float
    results: dict[int, list[Result]]
    growth: float  # cost of turns 370 to 390 over that of turns 10 to 30
    bytes: float  # a turn, in its SQL tracker store on SQLite


@asynccontextmanager
async def running(folder: Path, endpoints: str = "endpoints.yml") -> AsyncIterator[Server]:
    """`rasa run` on the project in `folder`."""
    port = free_port()
    command = [
        str(folder / "venv" / "bin" / "rasa"), "run", "-m", "models/turn.tar.gz", "--port", str(port),
        "--interface", "127.0.0.1", "--credentials", "credentials.yml", "--endpoints", endpoints,
    ]  # fmt: skip
    async with serving(command, port, folder, first=FIRST, seconds=_START, env=environment()) as server:
        yield server


async def measure(
    folder: Path, seeds: list[int], users: tuple[int, ...], turns: int, seconds: float, dialog: int
) -> Peer:
    """Measure Rasa as the assistant is measured over REST; `dialog` is the length of the long conversation."""
    async with running(folder) as server:
        ready, memory = server.ready, server.rss
        results: dict[int, list[Result]] = {count: [] for count in users}
        for seed in seeds:
            sentences = Sentences(seed)
            await traffic.run(server.channel.send, sentences, 4, f"warm-{seed}", turns=40)
            for count in users:
                bound = {"turns": turns} if count == 1 else {"seconds": seconds}
                found = await traffic.run(server.channel.send, sentences, count, f"{seed}-{count}", **bound)
                results[count].append(found)
        lines = Sentences(seeds[0] + 1000).lines()
        long = Result()
        for _ in range(dialog):
            await traffic.timed(server.channel.send, "long", next(lines), long)
    late = sum(long.latencies[-20:]) / sum(long.latencies[10:30])
    help_time = min(help_seconds(2, (str(folder / "venv" / "bin" / "rasa"), "--help")))
    return Peer(ready, memory, help_time, results, late, await _bytes(folder, seeds[0]))


async def _bytes(folder: Path, seed: int, turns: int = 200) -> float:
    """Growth of the SQL tracker store's file, bytes a turn."""
    store = folder / "tracker.db"
    store.unlink(missing_ok=True)
    async with running(folder, "endpoints-sql.yml") as server:
        sentences = Sentences(seed)
        await traffic.run(server.channel.send, sentences, 4, "first", turns=40)
        before = store.stat().st_size
        await traffic.run(server.channel.send, sentences, 4, "counted", turns=turns)
        after = store.stat().st_size
    return (after - before) / turns
