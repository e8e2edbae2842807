"""Holds a conversation with shipped plugins on the real core, log and router; only the understanding is scripted."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from dialog.engine import Dialog
from dialog.host import Host
from dialog.log import Log
from dialog.plugin import hookimpl
from dialog.settings import DialogSettings, PluginSettings
from dialog.types import Hypothesis, Interpretation, Turn, Understanding, Utterance

#: pattern -> intents with probabilities; what is left is out of scope
Script = Mapping[str, Mapping[str, float]]
NOON = 1795165200.0  # Friday, 20 November 2026, 09:00 UTC


class ScriptedNLU:
    """The first pattern found in the text says what it means."""

    version, encoder = "scripted-1", "none"

    def __init__(self, script: Script) -> None:
        self.script = script

    def fit(self, examples: Mapping[str, Sequence[str]]) -> None:
        self.examples = examples

    async def understand(self, utterance: Utterance) -> Understanding:
        meanings: Mapping[str, float] = {}
        for pattern, found in self.script.items():
            if re.search(pattern, utterance.text, re.I):
                meanings = found
                break
        readings = tuple(Interpretation(name, p) for name, p in sorted(meanings.items(), key=lambda item: -item[1]))
        rest = max(0.0, 1.0 - sum(meanings.values()))
        return Understanding(utterance.text, readings, rest, None, self.version, self.encoder)

    async def close(self) -> None:
        return None


class Talk:
    """One user in one conversation."""

    def __init__(self, dialog: Dialog, user: str = "anna") -> None:
        self.dialog, self.user = dialog, user
        self.now = NOON

    async def turn(self, text: str) -> Turn:
        self.now += 5.0
        heard = Utterance(f"c-{self.user}", (Hypothesis(text),), uuid.uuid4().hex, self.user, "test", time=self.now)
        async with asyncio.timeout(30):
            return await self.dialog.send(heard).turn()

    async def say(self, text: str) -> str:
        """The reply, parts joined by a bar; a failed plugin fails the test."""
        turn = await self.turn(text)
        assert not turn.failures, turn.failures
        return " | ".join(reply.text for reply in turn.replies)


@asynccontextmanager
async def talk(
    folder: Path,
    plugins: Sequence[str],
    script: Script,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    **user: Any,
) -> AsyncIterator[Talk]:
    """Loads the named shipped plugins, with routing, on a log in `folder`."""

    @hookimpl
    def nlu() -> ScriptedNLU:
        return ScriptedNLU(script)

    loaded = [PluginSettings(name, options=(options or {}).get(name, {})) for name in (*plugins, "routing")]
    host = Host(loaded, None, 7, {"core": SimpleNamespace(nlu=nlu)})
    assert {name: record.error for name, record in host.records.items() if record.error} == {}
    settings = DialogSettings(seed=7, user={"timezone": "UTC", "units": "metric", **user})
    async with await Log.open(f"sqlite:///{folder / 'log.db'}") as log, Dialog(host, log, settings) as dialog:
        yield Talk(dialog)
