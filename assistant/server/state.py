"""What the channels of one server share: the dialog core, who owns what, and the bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from assistant.parse import understand
from assistant.server.limits import Gate, Places, RateLimiter
from assistant.server.metrics import Figures, Metrics
from assistant.server.owners import Owners
from assistant.server.problem import Unavailable
from assistant.server.settings import ServerSettings
from dialog.types import Reply, Turn, Understanding

if TYPE_CHECKING:
    from assistant.app import Assistant
    from assistant.server.realtime import Session
    from dialog.conversation import Handle
    from dialog.engine import Dialog


def package_version() -> str:
    """The version of the installed package, "0" in a bare source tree."""
    try:
        return version("learning-assistant")
    except PackageNotFoundError:
        return "0"


class ServerState:
    """One server at work; `attach` gives it the assistant that it serves."""

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self.version = package_version()
        self.owners = Owners(self._owner)
        self.gate = Gate()
        self.places = Places(settings.max_connections, settings.sockets_each)
        self.limiter = RateLimiter(settings.rate, settings.burst)
        self.metrics = Metrics(self._figures)
        self.sessions: set[Session] = set()
        self._assistant: Assistant | None = None

    @contextmanager
    def attach(self, assistant: Assistant, observers: Sequence[Callable[[Turn], None]] = ()) -> Iterator[None]:
        """Serve `assistant`; `observers` are told of every committed turn."""
        self._assistant = assistant
        watching = assistant.dialog.observers
        added = [self.metrics.observe, *observers]
        watching.extend(added)
        try:
            yield
        finally:
            for observer in added:
                watching.remove(observer)
            self._assistant = None

    @property
    def assistant(self) -> Assistant:
        """The assistant. Raises `Unavailable` when there is none yet, or none any more."""
        if self._assistant is None:
            raise Unavailable("the assistant is not ready")
        return self._assistant

    @property
    def dialog(self) -> Dialog:
        """The dialog core."""
        return self.assistant.dialog

    @property
    def locale(self) -> str:
        """The locale of utterances whose channel does not tell."""
        return self.assistant.config.assistant.locale

    def _figures(self) -> Figures:
        log = self.assistant.log
        return Figures(self.dialog.stats(), log.commits, len(self.sessions), self.gate.running)

    def now(self) -> float:
        """Epoch seconds, by the clock of the assistant."""
        return self.assistant.clock.now()

    async def _owner(self, conversation: str) -> str | None:
        return (await self.assistant.log.load(conversation)).user_id

    async def replies(self, handle: Handle) -> AsyncGenerator[Reply, None]:
        """The reply parts of one turn as they leave. Use it inside `gate.turn()`.

        Raises what the turn raises, and `Unavailable` when the turn is not over within `turn_timeout` seconds.
        """
        deadline = asyncio.get_running_loop().time() + self.settings.turn_timeout
        parts = aiter(handle)
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    reply = await anext(parts)
            except StopAsyncIteration:
                break
            except TimeoutError:
                raise Unavailable("the answer takes too long; ask again with the same message id") from None
            yield reply
        await handle.turn()  # it is over by now; a cancelled turn only says so here

    async def understand(self, text: str) -> Understanding:
        """What a text means, without a turn. Raises `BadUtterance`, `Unavailable`."""
        try:
            return await understand(self.assistant, text)
        except TimeoutError:
            raise Unavailable("understanding took too long") from None
