"""Whose a conversation is: the user's who began it, and nobody else may go on with it or listen to it."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from assistant.server.problem import HTTPProblem, Unavailable

MAX_KNOWN = 10_000
LOOKUP_TIMEOUT = 10.0

#: The user of a conversation that is in the log, None for a new one.
Lookup = Callable[[str], Awaitable[str | None]]


class Owners:
    """Remembers who owns the most recent conversations and asks the log about others."""

    def __init__(self, lookup: Lookup, default_user: str = "user") -> None:
        self._lookup = lookup
        self._default = default_user
        self._known: OrderedDict[str, str] = OrderedDict()
        self._listeners: Counter[str] = Counter()

    async def claim(self, conversation: str, user: str | None, newcomer: str | None = None) -> str:
        """The owner of a conversation; a new one becomes that of `user`, else `newcomer`, else the default user.

        user: who asks; None for a client that acts for whoever owns the conversation.
        Raises `HTTPProblem` (403) when it belongs to somebody else, `Unavailable` when the log does not answer.
        """
        owner = self._known.get(conversation)
        if owner is None:
            try:
                async with asyncio.timeout(LOOKUP_TIMEOUT):
                    found = await self._lookup(conversation)
            except TimeoutError:
                raise Unavailable("the log does not answer") from None
            owner = self._known.get(conversation) or found or user or newcomer or self._default
        if user not in (None, owner):
            raise HTTPProblem(403, "this conversation belongs to another user")
        self._known[conversation] = owner
        self._known.move_to_end(conversation)
        if len(self._known) > MAX_KNOWN:
            self._forget()
        return owner

    @contextmanager
    def listening(self, conversation: str) -> Iterator[None]:
        """Keep a claim for as long as a socket listens, however many other conversations there are."""
        self._listeners[conversation] += 1
        try:
            yield
        finally:
            self._listeners[conversation] -= 1
            if not self._listeners[conversation]:
                del self._listeners[conversation]

    def _forget(self) -> None:
        for conversation in self._known:
            if conversation not in self._listeners:
                del self._known[conversation]
                return
