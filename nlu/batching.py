"""Dynamic batching on asyncio: all conversations share one worker thread that takes everything pending in one
hop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from nlu.types import Parse


class Parses(Protocol):
    """What the batcher needs of an understander."""

    def parse(self, texts: Sequence[str]) -> list[Parse]:
        """One `Parse` per text, in order."""
        ...


class QueueFull(Exception):
    """Too many requests are waiting; the caller should answer "busy"."""


class BatcherClosed(Exception):
    """The batcher was closed before it could answer."""


_WORKERS = 2
_CROWD = 8  # waiting requests that are worth a second thread: below, the first one is as quick alone


@dataclass(eq=False)
class _Request:
    text: str
    answer: asyncio.Future[Parse]


class Batcher:
    """`await parse(text)` from any number of tasks of one event loop.

    An idle worker starts at once: there is no artificial delay. While it is busy requests gather, and the
    next hop takes up to `max_batch` of them; when `_CROWD` wait, a second worker helps. `max_waiting` bounds the
    queue, `deadline` (seconds) bounds each request.
    """

    def __init__(
        self, understander: Parses, max_batch: int = 32, max_waiting: int = 1024, deadline: float = 2.0
    ) -> None:
        if max_batch < 1 or max_waiting < 1 or deadline <= 0:
            raise ValueError("max_batch and max_waiting must be at least 1, deadline more than 0")
        self._understander = understander
        self._max_batch, self._max_waiting, self._deadline = max_batch, max_waiting, deadline
        self._waiting: deque[_Request] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._busy = 0
        self._threads = ThreadPoolExecutor(_WORKERS, thread_name_prefix="nlu")
        self._closed = False
        self.batches = self.sentences = 0

    @property
    def waiting(self) -> int:
        """Requests not yet taken by the worker."""
        return len(self._waiting)

    def swap(self, understander: Parses) -> None:
        """Uses another model from the next batch on (hot swap)."""
        self._understander = understander

    async def parse(self, text: str) -> Parse:
        """The sentence's `Parse`. Raises TimeoutError, QueueFull, BatcherClosed, or what the understander
        raised.
        """
        if self._closed:
            raise BatcherClosed("the batcher is closed")
        if len(self._waiting) >= self._max_waiting:
            raise QueueFull(f"{len(self._waiting)} sentences are waiting")
        request = _Request(text, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        if not self._busy or (self._busy < _WORKERS and len(self._waiting) >= _CROWD):
            self._busy += 1
            worker = asyncio.create_task(self._work(), name="nlu-batcher")
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        try:
            async with asyncio.timeout(self._deadline):
                return await request.answer
        finally:
            # A caller that left takes its place in the queue along.
            if not request.answer.done():
                request.answer.cancel()
            if request.answer.cancelled() and request in self._waiting:
                self._waiting.remove(request)

    async def _work(self) -> None:
        try:
            await self._drain()
        finally:
            self._busy -= 1  # at once: who is answered may come back before this task counts as done

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            count = min(self._max_batch, len(self._waiting))
            batch = [self._waiting.popleft() for _ in range(count)]
            batch = [request for request in batch if not request.answer.done()]
            if not batch:
                continue
            self.batches, self.sentences = self.batches + 1, self.sentences + len(batch)
            texts = [request.text for request in batch]
            try:
                parses = await loop.run_in_executor(self._threads, self._understander.parse, texts)
                if len(parses) != len(batch):
                    raise RuntimeError(f"{len(parses)} parses for {len(batch)} sentences")
            except Exception as error:  # noqa: BLE001 - whatever it was, the callers must hear of it
                for request in batch:
                    if not request.answer.done():
                        request.answer.set_exception(error)
                continue
            for request, parse in zip(batch, parses, strict=True):
                if not request.answer.done():
                    request.answer.set_result(parse)

    async def close(self) -> None:
        """Refuses new requests, fails the waiting ones, lets the running batch finish, ends the thread."""
        self._closed = True
        while self._waiting:
            request = self._waiting.popleft()
            if not request.answer.done():
                request.answer.set_exception(BatcherClosed("the batcher was closed"))
        await asyncio.gather(*self._workers, return_exceptions=True)
        await asyncio.to_thread(self._threads.shutdown)
