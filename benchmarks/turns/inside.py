"""Measurements in the process of the assistant: `Dialog.send` until the last reply part, which waits for the commit."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from assistant.app import Assistant
from assistant.config import load
from benchmarks.turns import load as traffic
from benchmarks.turns.load import Result, Send, timed
from benchmarks.turns.sentences import Sentences

_WARM_UP = 160  # turns before anything is measured
_RELOAD = 30.0  # seconds that a reload may take


@dataclass
class Pairs:
    """Costs in seconds of two kinds of turns, taken in turn: by the clock, and CPU time of the whole process."""

    clock: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    cpu: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))

    def __len__(self) -> int:
        return len(self.cpu[0])

    async def take(self, send: Send, first: tuple[str, str], second: tuple[str, str], result: Result) -> None:
        """Send two lines (each a conversation and a text); every other time the second one goes first."""
        both = [(0, first), (1, second)]
        for which, (conversation, text) in both if len(self) % 2 else reversed(both):
            start = time.process_time()
            self.clock[which].append(await timed(send, conversation, text, result))
            self.cpu[which].append(time.process_time() - start)


@asynccontextmanager
async def assistant(**overrides: Any) -> AsyncIterator[tuple[Assistant, Send]]:
    """The shipped assistant on a log of its own (SQLite, durability full), and how to send a line to it."""
    with tempfile.TemporaryDirectory() as folder:
        changes = {"assistant.data_dir": folder, "user.timezone": "UTC", **overrides}
        async with Assistant(load(overrides=changes)) as running:

            async def send(conversation: str, text: str) -> list[str]:
                utterance = running.utterance(text, conversation, conversation, "bench")
                return [reply.text async for reply in running.dialog.send(utterance)]

            yield running, send


async def latency_and_rate(
    send: Send, sentences: Sentences, users: Sequence[int], turns: int, seconds: float, prefix: str
) -> dict[int, Result]:
    """Warm up, then a closed loop with each number of users: `turns` turns with one user, `seconds` with more."""
    warm = await traffic.run(send, sentences, 16, f"{prefix}-warm", turns=_WARM_UP)
    _complain(warm)
    found = {}
    for count in users:
        bound: dict[str, Any] = {"turns": turns} if count == 1 else {"seconds": seconds}
        found[count] = await traffic.run(send, sentences, count, f"{prefix}-{count}", **bound)
        _complain(found[count])
    return found


def _complain(result: Result) -> None:
    if result.failed:
        raise RuntimeError(f"{len(result.failed)} turns failed, the first: {result.failed[0]}")


async def growth(send: Send, sentences: Sentences, prefix: str, early: int, late: int, span: int) -> Pairs:
    """Costs of turns `late` to `late + span` of one conversation, and of turns `early` to `early + span`.

    The two are taken in turn, from an old and a young conversation, with the same scripts: what the machine does
    meanwhile hits both alike.
    """
    result = Result()
    old, young = f"{prefix}-old", f"{prefix}-young"
    for conversation, turns in ((old, late), (young, early)):
        lines = sentences.lines()
        for _ in range(turns):
            await timed(send, conversation, next(lines), result)
    pairs = Pairs()
    while len(pairs) < span:
        for line_old, line_young in zip(*sentences.scripts(2), strict=True):
            await pairs.take(send, (old, line_old), (young, line_young), result)
    _complain(result)
    return pairs


async def unmatched(send: Send, sentences: Sentences, prefix: str, count: int) -> Pairs:
    """Costs of utterances that no skill answers, and of ones that a skill does, taken in turn."""
    result = Result()
    costs = Pairs()
    while len(costs) < count:
        kind = sentences.kind()
        if kind != "unmatched":
            conversation = f"{prefix}-{len(costs)}"
            none, some = sentences.script("unmatched")[0], sentences.script(kind)[0]
            await costs.take(send, (conversation, none), (conversation, some), result)
    _complain(result)
    return costs


async def bytes_per_turn(sentences: Sentences, turns: int) -> float:
    """Growth of the log's file over `turns` turns (bytes a turn), checkpointed, without the cache of vectors."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = []
        for part, count in enumerate((turns // 4, turns)):  # the first part takes the tables and the names
            async with assistant(**{"log.vectors": False, "log.url": f"sqlite:///{folder}/log.db"}) as (_, send):
                _complain(await traffic.run(send, sentences, 8, f"bytes-{part}", turns=count))
            sizes.append(os.stat(f"{folder}/log.db").st_size)  # closing has checkpointed the journal into it
    return (sizes[1] - sizes[0]) / turns


async def swap(
    running: Assistant, send: Send, sentences: Sentences, users: int, swaps: int, prefix: str
) -> tuple[int, list[float], list[float], float]:
    """Reload plugins, understanding and policy under load, `swaps` times.

    Gives failed turns, costs (seconds) of turns that ran during a swap, of the others, and the longest swap.
    """
    spans: list[tuple[float, float]] = []
    rest = 1.5
    stop = asyncio.Event()

    async def reloading() -> None:
        for _ in range(swaps):
            await asyncio.sleep(rest)
            start = time.perf_counter()
            async with asyncio.timeout(_RELOAD):
                await running.reload()
            spans.append((start, time.perf_counter()))
        await asyncio.sleep(rest)

    async def talking() -> Result:
        result = Result()
        lines = sentences.lines()

        async def user(number: int) -> None:
            while not stop.is_set():
                await timed(send, f"{prefix}-{number}", next(lines), result)

        async with asyncio.TaskGroup() as group:
            for number in range(users):
                group.create_task(user(number))
        return result

    load = asyncio.create_task(talking())
    try:
        await reloading()
    finally:
        stop.set()
        with contextlib.suppress(asyncio.CancelledError):
            result = await load
    during: list[float] = []
    otherwise: list[float] = []
    for start, took in zip(result.starts, result.latencies, strict=True):
        swapped = any(start < end and start + took > begin for begin, end in spans)
        (during if swapped else otherwise).append(took)
    return len(result.failed), during, otherwise, float(np.max([end - begin for begin, end in spans]))
