"""Bounds of what clients may take: requests a second, bytes of a body, places for sockets, turns under way."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from starlette.requests import ClientDisconnect, Request

from assistant.server.problem import Invalid, RateLimited, Unavailable

MAX_CLIENTS = 10_000


class RateLimiter:
    """A token bucket for each client; the least recently seen of more than 10,000 clients is forgotten."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        """`rate` in requests a second in the long run, `burst` at once."""
        self._rate, self._burst, self._clock = rate, float(max(1, burst)), clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # client -> (tokens, at)

    def take(self, client: str) -> None:
        """Count one request of `client`. Raises `RateLimited` with the time to wait (seconds)."""
        now = self._clock()
        tokens, at = self._buckets.pop(client, (self._burst, now))
        tokens = min(self._burst, tokens + (now - at) * self._rate)
        allowed = tokens >= 1
        self._buckets[client] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > MAX_CLIENTS:
            self._buckets.popitem(last=False)
        if not allowed:
            raise RateLimited((1 - tokens) / self._rate)


class Places:
    """A bounded number of places, some of them for each client."""

    def __init__(self, total: int, each: int) -> None:
        self._total, self._each = total, each
        self._taken: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._taken.total()

    @contextmanager
    def place(self, client: str) -> Iterator[None]:
        """Hold a place. Raises `Unavailable` when none is left."""
        if len(self) >= self._total or self._taken[client] >= self._each:
            if not self._taken[client]:
                del self._taken[client]
            raise Unavailable("no more connections are taken now")
        self._taken[client] += 1
        try:
            yield
        finally:
            self._taken[client] -= 1
            if not self._taken[client]:
                del self._taken[client]


class Gate:
    """Counts the turns under way, and lets none in once it is closed (graceful shutdown)."""

    def __init__(self) -> None:
        self.closed = False
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def running(self) -> int:
        """Turns under way."""
        return self._running

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold the gate open for one turn. Raises `Unavailable` when the server is shutting down."""
        if self.closed:
            raise Unavailable("the server is shutting down")
        self._running += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def close(self, patience: float) -> bool:
        """Let nobody in any more and wait for those inside, `patience` seconds at most; true when all have left."""
        self.closed = True
        try:
            async with asyncio.timeout(patience):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True


async def read_body(request: Request, limit: int, patience: float) -> bytes:
    """The body of a request.

    Raises `Invalid`: 413 above `limit` bytes, 408 when it takes longer than `patience` seconds, 400 when the client
    leaves in the middle.
    """
    too_large = f"the body is larger than {limit} bytes"
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > limit):
        raise Invalid(too_large, 413)
    body = bytearray()
    try:
        async with asyncio.timeout(patience):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise Invalid(too_large, 413)
    except TimeoutError:
        raise Invalid(f"the body did not arrive within {patience:g} s", 408) from None
    except ClientDisconnect:
        raise Invalid("the client left before the body was complete") from None
    return bytes(body)
