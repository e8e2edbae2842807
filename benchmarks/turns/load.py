"""Closed-loop load: each user has conversations of 20 turns and sends the next line when the answer is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from benchmarks.turns.sentences import Sentences

#: Sends one line of a conversation and returns the texts of the answer. Raises when there is none.
Send = Callable[[str, str], Awaitable[list[str]]]
_DEADLINE = 60.0  # seconds of one answer
_LENGTH = 20  # turns until a user begins a new conversation


@dataclass
class Result:
    """Seconds of each answered turn with the time it began, and how many failed."""

    latencies: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    elapsed: float = 0.0

    @property
    def rate(self) -> float:
        """Answered turns a second."""
        return len(self.latencies) / self.elapsed if self.elapsed else 0.0


async def timed(send: Send, conversation: str, text: str, result: Result) -> float:
    """Send one line and note how long the whole answer took."""
    start = time.perf_counter()
    try:
        async with asyncio.timeout(_DEADLINE):
            answer = await send(conversation, text)
        if not any(answer):
            raise RuntimeError("no answer")
    except Exception as error:  # noqa: BLE001 - whatever goes wrong counts as a failed turn
        result.failed.append(f"{type(error).__name__}: {error}")
        return 0.0
    took = time.perf_counter() - start
    result.starts.append(start)
    result.latencies.append(took)
    return took


async def run(
    send: Send, sentences: Sentences, users: int, prefix: str, *, seconds: float = 0.0, turns: int = 0
) -> Result:
    """Have `users` talk for `seconds`, or until `turns` turns have been sent by all of them together."""
    result = Result()
    begin = time.perf_counter()
    left = turns

    async def user(number: int) -> None:
        nonlocal left
        for turn, text in enumerate(sentences.lines()):
            if (turns and left <= 0) or (seconds and time.perf_counter() - begin >= seconds):
                return
            left -= 1
            await timed(send, f"{prefix}-{number}-{turn // _LENGTH}", text, result)

    async with asyncio.TaskGroup() as group:
        for number in range(users):
            group.create_task(user(number))
    result.elapsed = time.perf_counter() - begin
    return result
