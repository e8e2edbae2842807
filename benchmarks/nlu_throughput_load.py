"""Load on an understanding: users who wait for their answers (closed loop), and arrivals that do not (open loop)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.turns.load import Result as Answered
from benchmarks.turns.sentences import Sentences
from nlu.batching import Batcher
from nlu.runtime import Understander

#: Seconds within which 99 of 100 sentences have to be understood.
BOUND = 0.05
#: Threads that run the model, batched or not.
WORKERS = 2
_DEADLINE = 30.0
_SLURP = "slurp/dataset/slurp/devel.jsonl"

#: Understands one sentence of one conversation.
Parse = Callable[[str], Awaitable[object]]


def sentences(data: Path, seed: int) -> tuple[list[str], str]:
    """What is said, in random order, and where it comes from: SLURP's devel part, or the benchmark's own sentences."""
    path = data / _SLURP
    if path.exists():
        with path.open(encoding="utf-8") as lines:
            texts = [str(json.loads(line)["sentence"]) for line in lines]
        source = f"SLURP devel, {len(texts)} real sentences"
    else:
        lines_of = Sentences(seed).lines()
        texts = [next(lines_of) for _ in range(2000)]
        source = f"{len(texts)} sentences of benchmarks/turns/sentences.py ({path} is missing)"
    np.random.default_rng(seed).shuffle(texts)
    return texts, source


@asynccontextmanager
async def batched(understander: Understander) -> AsyncIterator[Parse]:
    """The batcher as the assistant uses it."""
    batcher = Batcher(understander, deadline=_DEADLINE, max_waiting=4096)
    try:
        yield batcher.parse
    finally:
        await batcher.close()


@asynccontextmanager
async def unbatched(understander: Understander) -> AsyncIterator[Parse]:
    """One sentence a run: the same model, off the event loop in as many threads."""
    loop = asyncio.get_running_loop()
    pool = ThreadPoolExecutor(WORKERS)

    async def parse(text: str) -> object:
        return await loop.run_in_executor(pool, understander.parse, [text])

    try:
        yield parse
    finally:
        await asyncio.to_thread(pool.shutdown)


class Result(Answered):
    """Seconds from when each sentence was (to be) said to its parse, when that was, and what failed."""

    def percentile(self, share: float) -> float:
        """A percentile of the latencies in seconds."""
        return float(np.percentile(self.latencies, share)) if self.latencies else float("inf")

    async def take(self, parse: Parse, text: str, since: float | None = None) -> None:
        """Understand one sentence, said at `since` (by default now)."""
        start = time.perf_counter() if since is None else since
        try:
            async with asyncio.timeout(_DEADLINE):
                await parse(text)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong counts as a failed parse
            self.failed.append(f"{type(error).__name__}: {error}")
            return
        self.starts.append(start)
        self.latencies.append(time.perf_counter() - start)


async def closed(
    parse: Parse, texts: Sequence[str], users: int, seconds: float, until: asyncio.Event | None = None
) -> Result:
    """`users` conversations, each of which says the next sentence as soon as the last one is understood.

    Ends after `seconds`, or when `until` is set.
    """
    result = Result()
    begin = time.perf_counter()
    given = 0

    def over() -> bool:
        return until.is_set() if until is not None else time.perf_counter() - begin >= seconds

    async def user() -> None:
        nonlocal given
        while not over():
            given += 1
            await result.take(parse, texts[given % len(texts)])
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for _ in range(users):
            group.create_task(user())
    result.elapsed = time.perf_counter() - begin
    return result


async def opened(parse: Parse, texts: Sequence[str], rate: float, seconds: float, rng: np.random.Generator) -> Result:
    """Sentences arrive as a Poisson process of `rate` a second, whether those before are understood or not.

    A latency counts from the planned arrival, so that a late generator is no excuse.
    """
    arrivals = np.cumsum(rng.exponential(1 / rate, max(1, round(rate * seconds))))
    first = int(rng.integers(len(texts)))
    result = Result()
    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, arrival in enumerate(arrivals.tolist()):
            wait = begin + arrival - time.perf_counter()
            await asyncio.sleep(max(0.0, wait))
            group.create_task(result.take(parse, texts[(first + number) % len(texts)], begin + arrival))
    result.elapsed = time.perf_counter() - begin
    return result


@dataclass(frozen=True)
class Rung:
    """One rate of arrivals: sentences a second, p50 and p99 in seconds, how many failed."""

    rate: float
    p50: float
    p99: float
    failed: int

    @property
    def held(self) -> bool:
        """Whether 99 of 100 sentences were understood in time, and none failed."""
        return self.p99 <= BOUND and not self.failed


async def rising(
    parse: Parse, texts: Sequence[str], start: float, step: float, seconds: float, rng: np.random.Generator
) -> list[Rung]:
    """Rates from `start` on, each `step` times the one before, until one fails twice."""
    rungs = []
    rate = start
    while True:
        rung = await _rung(parse, texts, rate, seconds, rng)
        if not rung.held:
            rung = await _rung(parse, texts, rate, seconds, rng)
        rungs.append(rung)
        if not rung.held:
            return rungs
        rate *= step


async def _rung(parse: Parse, texts: Sequence[str], rate: float, seconds: float, rng: np.random.Generator) -> Rung:
    result = await opened(parse, texts, rate, seconds, rng)
    return Rung(rate, result.percentile(50), result.percentile(99), len(result.failed))


def held(rungs: Sequence[Rung]) -> float:
    """The highest rate that was held before the first that was not; 0 when there is none."""
    return max((rung.rate for rung in rungs if rung.held), default=0.0)
