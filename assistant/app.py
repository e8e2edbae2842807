"""Composition: configuration -> plugins -> log -> dialog core. The only place that knows all of them."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

from assistant.config import Config, load
from dialog.clock import Clock, SystemClock
from dialog.engine import Dialog
from dialog.host import Host
from dialog.log import Log
from dialog.types import Hypothesis, Reply, Understanding, Utterance

log = logging.getLogger(__name__)
_DAY = 86400.0


class Assistant:
    """A running assistant. `async with Assistant(config) as assistant:` opens it; channels use `assistant.dialog`."""

    def __init__(
        self, config: Config | None = None, clock: Clock | None = None, plugins: Mapping[str, object] | None = None
    ) -> None:
        """`plugins` are further plugins as objects, by name (tests, embedding)."""
        self.config = config or load()
        self._plugins = dict(plugins or {})
        self.clock: Clock = clock or SystemClock()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Assistant:
        """Load plugins, open the log, start the dialog core. Raises `AssistantError` with the reason."""
        async with AsyncExitStack() as stack:
            self.host = await asyncio.to_thread(self._load_plugins)
            settings = self.config.log
            self.log = await Log.open(
                self.config.log_url, settings.durability, settings.vectors, deadline=self.config.dialog.commit_deadline
            )
            stack.push_async_callback(self.log.close)
            self.dialog = Dialog(self.host, self.log, self.config.dialog_settings(), self.clock)
            await stack.enter_async_context(self.dialog)
            if settings.retention_days is not None:
                keeper = asyncio.create_task(self._retain(settings.retention_days * _DAY), name="retention")
                stack.callback(keeper.cancel)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Finish running turns and close everything."""
        await self._stack.aclose()

    def _load_plugins(self) -> Host:
        config = self.config
        return Host(config.plugin_settings(), config.plugin_folder, config.assistant.seed, self._plugins)

    async def _retain(self, seconds: float) -> None:
        while True:
            try:
                await self.log.purge(self.clock.now() - seconds)
            except Exception as error:  # noqa: BLE001 - housekeeping must not end; it is tried again tomorrow
                log.error("old turns could not be erased: %s", error)
            await asyncio.sleep(_DAY)

    async def reload(self, config: Config | None = None) -> None:
        """Load plugins (and the configuration, if given) anew without dropping a conversation."""
        self.config = config or (load(self.config.source) if self.config.source else self.config)
        host = await asyncio.to_thread(self._load_plugins)
        await self.dialog.reload(host)
        self.host = host

    def utterance(
        self,
        text: str,
        conversation_id: str = "default",
        user_id: str = "user",
        channel: str = "repl",
        message_id: str | None = None,
        hypotheses: tuple[Hypothesis, ...] = (),
    ) -> Utterance:
        """An utterance with a message id and the time of now filled in. `hypotheses` stand in for `text`."""
        heard = hypotheses or (Hypothesis(text),)
        name, locale = message_id or f"{random.getrandbits(128):032x}", self.config.assistant.locale
        return Utterance(conversation_id, heard, name, user_id, channel, locale, self.clock.now())

    async def say(self, text: str, conversation_id: str = "default", user_id: str = "user") -> AsyncIterator[Reply]:
        """Send one text and yield reply parts. Raises `AssistantError`."""
        async for reply in self.dialog.send(self.utterance(text, conversation_id, user_id)):
            yield reply

    async def understand(self, text: str) -> Understanding:
        """What the understanding makes of a text, without a turn."""
        return await self.dialog.understand(self.utterance(text, channel="parse"))
