"""Carries out what is in the outbox: reminders that become turns, and effects that plugins dispatch.

At least once, under an idempotency key: a reminder's turn has the key as its message id, so it is in the log once.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from dialog.conversation import Handle
from dialog.errors import AssistantError, Busy
from dialog.log.records import OutboxItem
from dialog.types import Hypothesis, Utterance

if TYPE_CHECKING:
    from dialog.engine import Dialog

log = logging.getLogger(__name__)
_HORIZON = 3600.0  # seconds ahead that are kept in memory; what is due later is read again in time
_DEADLINE = 10.0
_ATTEMPTS = 8
_LATE = 60.0
_BATCH = 1000  # items that are read from the outbox at once
_UNHEARD = 1e12  # the due time of a reminder that has fired with nobody there: it waits for a listener, not for a time


class Scheduler:
    """One task that waits for the next due item and starts each delivery as a task of its own."""

    def __init__(self, dialog: Dialog) -> None:
        self._dialog = dialog
        self._heap: list[tuple[float, str, OutboxItem]] = []
        self._known: set[str] = set()
        self._cancelled: set[str] = set()
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._more = False  # whether the last reading of the outbox left something out
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read what is pending and begin."""
        await self._refill()
        self._task = asyncio.create_task(self._run(), name="scheduler")

    async def stop(self) -> None:
        """Stop; what is not dispatched stays in the outbox."""
        tasks = [task for task in (self._task, *self._tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def add(self, items: Iterable[OutboxItem], cancelled: Iterable[str] = ()) -> None:
        """Take over what a turn has committed."""
        self._cancelled.update(key for key in cancelled if key in self._known)
        for item in items:
            if item.key not in self._known and item.due <= self._dialog.clock.now() + _HORIZON:
                self._known.add(item.key)
                heapq.heappush(self._heap, (item.due, item.key, item))
        self._wake.set()

    def listening(self, conversation_id: str) -> None:
        """Somebody listens now: deliver what fired meanwhile."""
        task = asyncio.create_task(self._catch_up(conversation_id), name="outbox-unheard")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _catch_up(self, conversation_id: str) -> None:
        try:
            for item in await self._dialog.log.unheard(conversation_id, _UNHEARD):
                await self._deliver(item)
        except AssistantError as error:
            log.error("the outbox could not be read: %s", error)

    async def _refill(self) -> None:
        try:
            items = await self._dialog.log.pending_outbox(self._dialog.clock.now() + _HORIZON, _BATCH)
            self._more = len(items) == _BATCH
            self.add(items)
        except AssistantError as error:
            log.error("the outbox could not be read: %s", error)

    async def _run(self) -> None:
        clock = self._dialog.clock
        refill = clock.now() + _HORIZON / 2
        while not self._dialog.closing:
            self._wake.clear()
            now = clock.now()
            if now >= refill or (self._more and not self._heap):
                await self._refill()
                refill = now + _HORIZON / 2
            while self._heap and self._heap[0][0] <= now:
                item = heapq.heappop(self._heap)[2]
                if item.key in self._cancelled:
                    self._cancelled.discard(item.key)
                    self._known.discard(item.key)
                else:
                    self._spawn(item)
            wait = min(refill, self._heap[0][0] if self._heap else refill) - now
            sleeper = asyncio.ensure_future(clock.sleep(max(0.0, wait)))
            waker = asyncio.ensure_future(self._wake.wait())
            try:
                await asyncio.wait([sleeper, waker], return_when=asyncio.FIRST_COMPLETED)
            finally:
                sleeper.cancel()
                waker.cancel()

    def _spawn(self, item: OutboxItem) -> None:
        task = asyncio.create_task(self._deliver(item), name=f"outbox-{item.kind}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, item: OutboxItem) -> None:
        try:
            if item.kind == "reminder":
                done = await self._remind(item)
            else:
                done = await self._dispatch(item)
            if done:
                await self._dialog.log.dispatched(item.key, self._dialog.clock.now())
            else:
                await self._dialog.log.attempt_failed(item.key, _UNHEARD)
                if self._dialog.listens(item.conversation_id):  # somebody came meanwhile
                    self.listening(item.conversation_id)
            self._known.discard(item.key)
        except Exception as error:  # noqa: BLE001 - one effect that fails must not stop the others
            log.debug("effect %s failed: %s", item.kind, error)
            await self._retry(item, type(error).__name__)  # its text may quote what the user said

    async def _dispatch(self, item: OutboxItem) -> bool:
        dispatcher = self._dialog.dispatchers.get(item.kind)
        if dispatcher is None:
            raise AssistantError(f"no plugin dispatches effects of kind {item.kind!r}")
        async with asyncio.timeout(_DEADLINE):
            await dispatcher(item.key, item.payload)
        return True

    async def _remind(self, item: OutboxItem) -> bool:
        """Run the reminder's turn; it counts as dispatched once somebody has heard it."""
        payload = item.payload
        text = f"/{payload['intent']}{json.dumps(payload['entities'])}"
        utterance = Utterance(
            item.conversation_id, (Hypothesis(text),), item.key, payload.get("user_id", "user"), "reminder",
            time=self._dialog.clock.now(), metadata={"due": item.due},
        )  # fmt: skip
        try:
            handle: Handle = self._dialog.send(utterance)
        except Busy as busy:
            raise AssistantError("busy") from busy
        turn = await handle.turn()
        replies = turn.replies
        if replies and handle.duplicate and self._dialog.clock.now() - turn.utterance.time > _LATE:
            replies = (replace(replies[0], text=f"While you were away: {replies[0].text}"), *replies[1:])
        return self._dialog.publish(item.conversation_id, replies)

    async def _retry(self, item: OutboxItem, reason: str) -> None:
        attempts = item.attempts + 1
        log.warning("effect %s failed (%d of %d): %s", item.kind, attempts, _ATTEMPTS, reason)
        try:
            if attempts >= _ATTEMPTS:
                await self._dialog.log.cancel_outbox([item.key])
                self._known.discard(item.key)
                return
            due = self._dialog.clock.now() + min(300.0, 2.0**attempts)
            await self._dialog.log.attempt_failed(item.key, due)
        except AssistantError as error:
            log.error("the outbox could not be written: %s", error)
            due = self._dialog.clock.now() + 5.0
        again = OutboxItem(item.key, item.kind, item.payload, due, item.conversation_id, attempts)
        heapq.heappush(self._heap, (due, again.key, again))
        self._wake.set()
