"""The time-like skills on the real core, log and router, on Wednesday 15 July 2026, 10:20 in New York, until moved on.

There is no understanding: tests say what a text is understood as.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from assistant.testing import FakeClock
from dialog.engine import Dialog
from dialog.host import Host
from dialog.log import Log
from dialog.plugin import hookimpl
from dialog.settings import DialogSettings, PluginSettings
from dialog.types import Hypothesis, Interpretation, Reply, Turn, Understanding, Utterance

MORNING = 1784125200.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
_SKILLS = ("clock", "alarms", "timers", "calendar", "routing")


class _Nothing:
    """An understanding that finds nothing, or what `meant` says."""

    version, encoder = "nothing-1", "none"
    meant: tuple[Interpretation, ...] = ()

    def fit(self, examples: Mapping[str, Sequence[str]]) -> None:
        self.examples = examples

    async def understand(self, utterance: Utterance) -> Understanding:
        return Understanding(utterance.text, self.meant, 0.0 if self.meant else 1.0, None, self.version, self.encoder)

    async def close(self) -> None:
        return None


class Clocked:
    """One user in one conversation, with a clock that the test moves; `folder` is where the log stays."""

    def __init__(self, folder: Path | None = None, now: float = MORNING, **user: Any) -> None:
        self.clock = FakeClock(now)
        self.nlu = _Nothing()
        self.unasked: list[str] = []
        self._folder = folder
        self._user = {"timezone": "America/New_York", **user}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Clocked:
        @hookimpl
        def nlu() -> _Nothing:
            return self.nlu

        enter = self._stack.enter_async_context
        folder = self._folder or Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        host = Host([PluginSettings(name) for name in _SKILLS], None, 7, {"core": SimpleNamespace(nlu=nlu)})
        assert {name: record.error for name, record in host.records.items() if record.error} == {}
        log = await enter(await Log.open(f"sqlite:///{folder / 'log.db'}"))
        self.dialog = await enter(Dialog(host, log, DialogSettings(seed=7, user=self._user), self.clock))
        self._stack.callback(self.dialog.subscribe("c", self._hear))
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    def _hear(self, reply: Reply) -> None:
        self.unasked.append(reply.text)

    async def turn(self, text: str) -> Turn:
        """Send a message, or a text with a meaning set in `nlu.meant`."""
        heard = Utterance("c", (Hypothesis(text),), uuid.uuid4().hex, "anna", "test", time=self.clock.now())
        async with asyncio.timeout(30):
            return await self.dialog.send(heard).turn()

    async def tell(self, text: str) -> str:
        """The reply to a message, parts joined by a bar; a failed skill fails the test."""
        turn = await self.turn(text)
        assert not turn.failures, turn.failures
        return " | ".join(reply.text for reply in turn.replies)

    async def ask(self, intent: str, text: str = "") -> str:
        """The reply to `text` when it is understood as `intent`."""
        return await self.tell(f"/{intent}{json.dumps({'text': text}, ensure_ascii=False) if text else ''}")

    async def wait(self, seconds: float) -> list[str]:
        """Move the clock on; everything that is said by itself meanwhile."""
        before = len(self.unasked)
        self.clock.advance(seconds)
        async with asyncio.timeout(30):
            for _ in range(5_000):  # until all that is due was delivered
                if not await self.dialog.log.pending_outbox(self.clock.now()):
                    break
                await asyncio.sleep(0.005)
        return self.unasked[before:]
