"""Dynamic batching on asyncio: all conversations share a worker thread (two in a crowd) that takes what is pending."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections import deque
from collections.abc import Sequence
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
_JOIN = 5.0  # seconds that closing waits for a running batch
_CROWD = 8  # waiting requests that are worth a second thread: below, the first one is as quick alone


@dataclass(eq=False, slots=True)
class _Request:
    text: str
    understander: Parses
    answer: asyncio.Future[Parse]


class Batcher:
    """`await parse(text)` from any number of tasks of one event loop.

    An idle thread starts at once: there is no artificial delay. While it is busy requests gather, and its next run
    takes up to `max_batch` of them without waiting for the loop; when `_CROWD` wait, a second thread helps.
    `max_waiting` bounds the queue, `deadline` (seconds) bounds each request.
    """

    def __init__(
        self, understander: Parses, max_batch: int = 32, max_waiting: int = 1024, deadline: float = 2.0
    ) -> None:
        if max_batch < 1 or max_waiting < 1 or deadline <= 0:
            raise ValueError("max_batch and max_waiting must be at least 1, deadline more than 0")
        self._understander = understander
        self._max_batch, self._max_waiting, self._deadline = max_batch, max_waiting, deadline
        self._waiting: deque[_Request] = deque()
        self._lock = threading.Lock()  # guards the queue together with the number of busy threads
        self._busy = 0
        self._starts: queue.SimpleQueue[bool] = queue.SimpleQueue()  # one entry wakes one thread; False ends it
        self._threads: list[threading.Thread] = []
        self._closed = False
        self.batches = self.sentences = 0

    @property
    def waiting(self) -> int:
        """Requests that no thread has taken yet."""
        return len(self._waiting)

    def swap(self, understander: Parses) -> None:
        """Uses another model for what comes from now on (hot swap); what waits still gets the old one."""
        self._understander = understander

    async def parse(self, text: str, understander: Parses | None = None) -> Parse:
        """The sentence's `Parse`, by `understander` or the one in force.

        Raises TimeoutError, QueueFull, BatcherClosed, or what the understander raised.
        """
        if self._closed:
            raise BatcherClosed("the batcher is closed")
        if len(self._waiting) >= self._max_waiting:
            raise QueueFull(f"{len(self._waiting)} sentences are waiting")
        request = _Request(text, understander or self._understander, asyncio.get_running_loop().create_future())
        with self._lock:
            self._waiting.append(request)
            start = not self._busy or (self._busy < _WORKERS and len(self._waiting) >= _CROWD)
            self._busy += start
        if start:
            self._start()
        try:
            async with asyncio.timeout(self._deadline):
                return await request.answer
        finally:
            # A caller that left takes its place in the queue along.
            if request.answer.cancelled():
                with self._lock, contextlib.suppress(ValueError):
                    self._waiting.remove(request)

    def _start(self) -> None:
        if self._busy > len(self._threads):
            loop = asyncio.get_running_loop()
            name = f"nlu_{len(self._threads)}"
            thread = threading.Thread(target=self._work, args=(loop,), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        self._starts.put(True)

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._starts.get():
            while batch := self._take():
                answers: Sequence[Parse] | Exception
                try:
                    answers = batch[0].understander.parse([request.text for request in batch])
                    if len(answers) != len(batch):
                        answers = RuntimeError(f"{len(answers)} parses for {len(batch)} sentences")
                except Exception as error:  # noqa: BLE001 - whatever it was, the callers must hear of it
                    answers = error
                try:
                    loop.call_soon_threadsafe(_deliver, batch, answers)
                except RuntimeError:  # the loop has closed: nobody waits any more
                    return

    def _take(self) -> list[_Request]:
        """The next batch; an empty one makes this thread idle."""
        with self._lock:
            batch: list[_Request] = []
            while self._waiting and len(batch) < self._max_batch:
                if batch and self._waiting[0].understander is not batch[0].understander:
                    break  # a swap lies between them: one batch, one model
                batch.append(self._waiting.popleft())
            if batch:
                self.batches, self.sentences = self.batches + 1, self.sentences + len(batch)
            else:
                self._busy -= 1
        return batch

    async def close(self) -> None:
        """Refuses new requests, fails the waiting ones, lets the running batch finish, ends the threads."""
        self._closed = True
        with self._lock:
            left = list(self._waiting)
            self._waiting.clear()
        _deliver(left, BatcherClosed("the batcher was closed"))
        for _ in self._threads:
            self._starts.put(False)
        for thread in self._threads:
            await asyncio.to_thread(thread.join, _JOIN)
        await asyncio.sleep(0)  # what the last batch has to deliver is on the loop by now


def _deliver(batch: Sequence[_Request], answers: Sequence[Parse] | Exception) -> None:
    for place, request in enumerate(batch):
        if request.answer.done():
            continue
        if isinstance(answers, Exception):
            request.answer.set_exception(answers)
        else:
            request.answer.set_result(answers[place])
