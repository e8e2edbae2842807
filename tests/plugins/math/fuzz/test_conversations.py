"""Hostile answers of a language model delay no other conversation: a whole assistant, a real endpoint, two users."""

from __future__ import annotations

import asyncio
import itertools
import logging
import types
from typing import Any

import pytest

from assistant.testing import Client
from dialog.plugin import hookimpl
from dialog.skill import Output, Skill, TurnContext, intent
from plugins.math.channels import of_endpoint
from plugins.math.consensus import solve
from plugins.math.endpoint import Endpoint, EndpointOptions
from plugins.math.template import template_of
from tests.plugins.math.bombs import BLOCKS, BOMBS
from tests.plugins.math.hostile import PROGRAMS
from tests.plugins.math.server import says, serving

QUESTION = "tom has 5 bags of 8 apples. how many apples has he?"
#: What a model may write: programs that use up all their steps, bombs, and texts on which a careless pattern would
#: spend seconds while no other thread runs.
_SPENDERS = [
    "def solution(A, B):\n    x = A\n    while True:\n        x = (x + 1) * 3 // 2 % 7\n    return x",
    "def solution(A, B):\n    x = A\n    for i in range(10 ** 9):\n        x = x * B % 1000003\n    return x",
    "def solution(A, B):\n    x = A / 7\n    while x > 0:\n        x = x * (B / 3) + 1\n    return x",
    "def solution(A, B):\n    return sum([A * B] * 9)",
]
_TEXTS = ["\n" * 200_000, "answer = " + " " * 100_000 + "x", "```\n" * 50_000, "\\boxed{" * 30_000, "def\n" * 50_000]
HOSTILE = [*_SPENDERS, *_TEXTS, *BOMBS[:40], *BLOCKS[:40], *PROGRAMS[:35]]


class Word(Skill):
    """Asks the endpoint as the math plugin does."""

    name, domain, description = "word", "word", "Solves word problems."

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    @intent("hostile_problem")
    async def solve(self, turn: TurnContext) -> Output:
        """One problem, four attempts of each channel."""
        channels = of_endpoint(self.endpoint, 50.0)
        verdict = await solve(channels, template_of(QUESTION), None, floor=0.9, n=4, rounds=1, deadline=50.0)
        yield f"{verdict.why} {verdict.tried}"


async def test_no_other_conversation_waits(caplog: pytest.LogCaptureFixture) -> None:
    sent = itertools.cycle(HOSTILE)

    async def answer(body: dict[str, Any]) -> bytes:
        return says(next(sent))

    async with serving(answer) as server:
        options = {"timeout": 50.0, "retries": 0, "turn_tokens": 10**6, "hour_tokens": 10**7}
        endpoint = Endpoint(EndpointOptions(base_url=server.url, model="m", **options))  # type: ignore[arg-type]
        plugin = types.SimpleNamespace(skills=hookimpl(lambda: [Word(endpoint)]))
        overrides = {"dialog.deadline": 60.0, "dialog.block_limit": 2.0}  # busy machines run tests too
        with caplog.at_level(logging.WARNING):
            async with Client({"word": plugin}, only=["clock", "smalltalk"], overrides=overrides) as client:
                dialog = client.assistant.dialog
                solving = True
                lags: list[float] = []

                async def word(name: str) -> list[str]:
                    said = []
                    for _ in range(2):
                        utterance = client.assistant.utterance("/hostile_problem", name, name, "test", None)
                        said += [reply.text for reply in (await dialog.send(utterance).turn()).replies]
                    return said

                async def other() -> int:
                    turns = 0
                    while solving:
                        assert await client.say("what time is it") == ["It's 9:00 AM."]
                        turns += 1
                    return turns

                async def beat() -> None:
                    loop = asyncio.get_running_loop()
                    while solving:
                        before = loop.time()
                        await asyncio.sleep(0.005)
                        lags.append(loop.time() - before)

                async with asyncio.timeout(150):
                    beside = asyncio.create_task(other())
                    beating = asyncio.create_task(beat())
                    said = await asyncio.gather(*(word(f"user-{place}") for place in range(8)))
                    solving = False
                    turns = await beside
                    await beating
        await endpoint.close()
    assert [len(texts) for texts in said] == [2] * 8
    assert len(server.asked) >= len(HOSTILE)
    assert turns > 8, "the other conversation went on all the while"
    logging.getLogger(__name__).info("longest silence of the loop: %.0f ms of %d", 1e3 * max(lags), len(lags))
    blamed = [line for line in caplog.messages if "blocked" in line or "quarantine" in line]
    assert blamed == [], "the watchdog names nobody"
