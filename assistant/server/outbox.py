"""The bounded queue between a session and its websocket."""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect


class TooSlow(Exception):
    """The client does not read what is sent to it."""


class Outbox:
    """Sends events in order, each with an id of its own; a client that does not read in time is given up.

    `post` waits while the queue is full, which in turn stops reading from a client that does not read.
    """

    def __init__(self, socket: WebSocket, size: int, patience: float) -> None:
        """`size` in events, `patience` in seconds."""
        self._socket = socket
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(size)
        self._patience = patience
        self._prefix = secrets.token_hex(6)
        self._count = itertools.count()
        self.gone = False

    def new_id(self, kind: str) -> str:
        """An id that no other event, item or response has."""
        return f"{kind}_{self._prefix}{next(self._count):08x}"

    async def post(self, kind: str, **fields: Any) -> None:
        """Queue one event. Once the client has gone, events go nowhere. Raises `TooSlow`."""
        if self.gone:
            return
        event = {"type": kind, "event_id": self.new_id("event"), **fields}
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        try:
            async with asyncio.timeout(self._patience):
                await self._queue.put(text)
        except TimeoutError:
            raise TooSlow from None

    async def run(self) -> None:
        """Send until `finish`, or until the client has gone."""
        try:
            while (text := await self._queue.get()) is not None:
                async with asyncio.timeout(self._patience):
                    await self._socket.send_text(text)
        except (WebSocketDisconnect, TimeoutError):
            pass
        finally:
            self.gone = True
            while not self._queue.empty():  # lets go whoever waits to put something in
                self._queue.get_nowait()

    async def finish(self) -> None:
        """Queue the end, so that what was posted before still leaves. Raises `TooSlow`."""
        if self.gone:
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._queue.put(None)
        except TimeoutError:
            raise TooSlow from None
