"""For tests of plugins: a whole assistant in the test's own process, with a clock that the test moves.

    async with Client(plugins={"weather": weather}) as client:
        assert await client.say("/weather_query{\\"place\\": \\"Rome\\"}") == ["No rain in Rome."]
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from assistant.app import Assistant
from assistant.config import load
from dialog.types import Reply, Turn

#: Friday, 20 November 2026, 09:00 UTC
NOON = 1795165200.0


class FakeClock:
    """A clock that stands still until `advance` is called."""

    def __init__(self, now: float = NOON) -> None:
        self._now = now
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> float:
        """Epoch seconds."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Sleep until `advance` has passed this time."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), woken))
        await woken

    def advance(self, seconds: float) -> None:
        """Move the clock on and wake who slept until then."""
        self._now += seconds
        while self._sleepers and self._sleepers[0][0] <= self._now:
            woken = heapq.heappop(self._sleepers)[2]
            if not woken.done():
                woken.set_result(None)


class Client:
    """An in-process user of an assistant. Its log is a real SQLite file in a temporary folder.

    plugins: further plugins as objects (modules, or anything with `@hookimpl` methods), by name.
    only: names of shipped plugins to load (all by default); understanding and routing are always loaded.
    folder: where the log lies, to open it again with another client.
    """

    def __init__(
        self,
        plugins: Mapping[str, object] | None = None,
        only: list[str] | None = None,
        overrides: Mapping[str, Any] | None = None,
        clock: FakeClock | None = None,
        folder: Path | None = None,
        conversation: str = "test",
        user: str = "tester",
    ) -> None:
        self.clock = clock or FakeClock()
        self.unasked: list[str] = []
        self.conversation, self.user = conversation, user
        self._plugins = plugins
        self._only = only
        self._overrides = dict(overrides or {})
        self._folder = folder
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Client:
        folder = self._folder or Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        overrides: dict[str, Any] = {"assistant.data_dir": str(folder), "user.timezone": "UTC", **self._overrides}
        if self._only is not None:
            keep = {"understanding", "routing", *self._only}
            for name in load().plugins:
                if name not in keep:
                    overrides[f"plugins.{name}.enabled"] = False
        self.assistant = Assistant(load(overrides=overrides), self.clock, self._plugins)
        await self._stack.enter_async_context(self.assistant)
        self._stack.callback(self.assistant.dialog.subscribe(self.conversation, self._hear))
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    def _hear(self, reply: Reply) -> None:
        self.unasked.append(reply.text)

    async def say(self, text: str, message_id: str | None = None) -> list[str]:
        """Send a text and return the texts of all reply parts. Raises `AssistantError`."""
        return [reply.text for reply in (await self.turn(text, message_id)).replies]

    async def turn(self, text: str, message_id: str | None = None) -> Turn:
        """Send a text and return the committed turn."""
        utterance = self.assistant.utterance(text, self.conversation, self.user, "test", message_id)
        async with asyncio.timeout(30):
            return await self.assistant.dialog.send(utterance).turn()

    async def advance(self, seconds: float) -> list[str]:
        """Move the clock on; returns what the assistant says by itself (fired timers)."""
        before = len(self.unasked)
        self.clock.advance(seconds)
        for _ in range(200):  # until two looks in a row find nothing left to do
            await asyncio.sleep(0.005)
            if len(self.unasked) > before and not self.assistant.dialog.running:
                break
        return self.unasked[before:]
