"""One conversation: its queue, its state, and the one task that owns it while there is something to do."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dialog.errors import AssistantError, LogError, TurnCancelled
from dialog.events import Event, session_started, slot
from dialog.log import DuplicateMessage
from dialog.log.records import TurnRecord
from dialog.state import State
from dialog.turn import TurnRun
from dialog.types import Reply, Turn, Utterance

if TYPE_CHECKING:
    from dialog.engine import Dialog

log = logging.getLogger(__name__)
_RECENT_IDS = 256
_RECENT_TURNS = 8


class Handle:
    """The answer to one utterance: iterate over it for reply parts, `turn()` for the committed record."""

    def __init__(self, utterance: Utterance) -> None:
        self.utterance = utterance
        self.duplicate = False
        self._parts: deque[Reply] = deque()
        self._wake = asyncio.Event()
        self._done: asyncio.Future[Turn | None] = asyncio.get_running_loop().create_future()
        self._running: asyncio.Task[None] | None = None
        self.said = 0
        self.committing = False
        self.cancelled = False

    def cancel(self) -> None:
        """Cancel the turn unless it is being committed already (barge-in)."""
        self.cancelled = True
        if self._running is not None and not self.committing:
            self._running.cancel()

    async def turn(self) -> Turn:
        """The committed turn. Raises `TurnCancelled`, `LogError`, or what else kept it from being committed."""
        turn = await asyncio.shield(self._done)
        if turn is None:
            raise TurnCancelled("the turn was cancelled by a newer message")
        return turn

    async def __aiter__(self) -> AsyncIterator[Reply]:
        """Reply parts as they may leave. Raises like `turn()` when there will be no more."""
        while True:
            while self._parts:
                yield self._parts.popleft()
            if self._done.done():
                self._done.result()
                return
            self._wake.clear()
            await self._wake.wait()

    def _say(self, reply: Reply) -> None:
        self.said += 1
        self._parts.append(reply)
        self._wake.set()

    def _finish(self, turn: Turn | None) -> None:
        if not self._done.done():
            self._done.set_result(turn)
        self._wake.set()

    def _fail(self, error: Exception) -> None:
        if not self._done.done():
            self._done.set_exception(error)
            self._done.exception()  # nobody may be waiting: that is no fault
        self._wake.set()


@dataclass
class Conversation:
    """The owner of one conversation. Messages in arrival order; a task exists only while some are waiting."""

    dialog: Dialog
    conversation_id: str
    user_id: str
    queue: deque[Handle] = field(default_factory=deque)
    state: State | None = None
    sequence: int = 0
    last_time: float = 0.0
    seen: OrderedDict[str, None] = field(default_factory=OrderedDict)
    turns: deque[Turn] = field(default_factory=lambda: deque(maxlen=_RECENT_TURNS))
    current: Handle | None = None
    task: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Whether it may be dropped from memory."""
        return self.task is None

    def submit(self, handle: Handle) -> None:
        """Take an utterance into the queue and see to it that the owner task runs."""
        self.queue.append(handle)
        if self.task is None:
            self.task = asyncio.create_task(self._own(), name=f"conversation-{self.conversation_id}")

    def barge_in(self) -> None:
        """Cancel what is running and what waits."""
        for handle in (self.current, *self.queue):
            if handle is not None:
                handle.cancel()

    async def _own(self) -> None:
        try:
            while self.queue:
                handle = self.current = self.queue.popleft()
                self.dialog.dequeued()
                if handle.cancelled:
                    handle._finish(None)
                    continue
                running = handle._running = asyncio.create_task(self._answer(handle))
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.shield(running)
                if not running.done():  # the owner itself is being cancelled: the dialog closes
                    running.cancel()
                    await asyncio.wait([running])
                    raise asyncio.CancelledError
        finally:
            self.current = self.task = None
            for handle in self.queue:
                handle._fail(AssistantError("the assistant is closing"))
            self.dialog.rested(self)

    async def _answer(self, handle: Handle) -> None:
        try:
            turn = await self._recorded(handle) or await self._take(handle)
            handle._finish(turn)
        except asyncio.CancelledError:
            handle._finish(None)
        except AssistantError as error:
            handle._fail(error)
        except Exception as error:
            log.exception("conversation %s: the turn failed", self.conversation_id)
            handle._fail(AssistantError(f"internal error: {type(error).__name__}"))

    async def _recorded(self, handle: Handle) -> Turn | None:
        """The turn of a message id that was seen before, with its recorded replies."""
        if self.state is None:
            await self._load(handle.utterance)
        if handle.utterance.user_id != self.user_id:
            raise AssistantError(f"conversation {self.conversation_id!r} belongs to another user")
        if handle.utterance.message_id not in self.seen:
            return None
        turn = await self.dialog.log.find(self.conversation_id, handle.utterance.message_id)
        if turn is None:
            return None
        handle.duplicate = True
        for reply in turn.replies:
            handle._say(reply)
        return turn

    async def _load(self, utterance: Utterance) -> None:
        loaded = await self.dialog.log.load(self.conversation_id)
        state = State(self.conversation_id, loaded.user_id or utterance.user_id, self.dialog.settings.view_events)
        for event in loaded.events:
            state.apply(event)
        state.slots = dict(loaded.slots)
        state.last_skill, state.last_intent = loaded.last_skill, loaded.last_intent
        self.user_id = loaded.user_id or utterance.user_id
        self.sequence, self.last_time = loaded.next_sequence, loaded.last_time
        self.seen = OrderedDict.fromkeys(loaded.message_ids)
        self.state = state

    async def _take(self, handle: Handle) -> Turn:
        utterance, dialog = handle.utterance, self.dialog
        assert self.state is not None
        new_session, carried = self._begin(utterance)
        user = await dialog.users.get(self.user_id)
        lock = _TurnLock(user.lock)
        try:
            run = TurnRun(
                dialog.services, self.state, user, lock.take, utterance, self.sequence, handle._say
            )
            try:
                dialog.running += 1
                run.services.running += 1
                await run.run()
            except asyncio.CancelledError:
                if not dialog.closing:
                    await self._commit_cancelled(run, new_session, carried)
                raise
            finally:
                dialog.running -= 1
                run.services.running -= 1
            handle.committing = True
            self._fold(run.events)
            run.events[:0] = carried
            return await self._commit(run, new_session, handle, user.apply)
        except DuplicateMessage as error:  # an id older than those in memory
            self.state = None
            handle.duplicate = True
            turn = await dialog.log.turn(error.turn_id)
            for reply in turn.replies[handle.said :]:  # earlier parts have left already
                handle._say(reply)
            return turn
        except LogError:
            self.state = None  # what the failed turn did to the state is forgotten: it is folded again from the log
            raise
        finally:
            lock.release()

    def _begin(self, utterance: Utterance) -> tuple[bool, list[Event]]:
        """Start a new session after silence: slots are emitted again, an unfinished form and its slots are dropped."""
        assert self.state is not None
        carried: list[Event] = []
        fresh = self.sequence == 0 or utterance.time - self.last_time > self.dialog.settings.session_timeout
        if fresh:
            owner = f"{(self.state.active_loop or '-').split('.')[0]}_"
            carried = [
                slot(name, value)
                for name, value in self.state.slots.items()
                if not name.startswith((owner, "requested_"))
            ]
            self._fold([session_started, *carried])
        self.state.mark()
        return fresh, carried

    def _fold(self, events: Sequence[Event]) -> None:
        assert self.state is not None
        for event in events:
            self.state.apply(event)

    async def _commit(
        self, run: TurnRun, new_session: bool, handle: Handle, keep: Callable[..., None]
    ) -> Turn:
        assert self.state is not None
        start = time.perf_counter()
        run.events[:] = [replace(event, time=event.time or run.utterance.time) for event in run.events]
        if 0 <= run.decision.executed < len(run.decision.candidates):
            executed = run.decision.candidates[run.decision.executed]
            self.state.last_skill, self.state.last_intent = executed.skill, executed.intent
        record = run.record(new_session)
        turn_id = await self.dialog.log.commit(record)
        keep(record.memory)
        run.timings["commit"] = time.perf_counter() - start
        turn = self._remember(run, record, turn_id)
        if run.replies:
            handle._say(run.replies[-1])
        self.dialog.committed(turn, record)
        return turn

    async def _commit_cancelled(self, run: TurnRun, new_session: bool, carried: Sequence[Event]) -> None:
        """A turn that was cut off is logged with what was said until then; nothing it wanted to do is done."""
        assert self.state is not None
        run.failures.append("cancelled")
        said = tuple(run.replies[:-1])
        record = replace(
            run.record(new_session), replies=said, events=tuple(carried), memory=(), outbox=(), cancelled=()
        )
        turn_id = await asyncio.shield(self.dialog.log.commit(record))
        self._remember(run, record, turn_id)

    def _remember(self, run: TurnRun, record: TurnRecord, turn_id: int) -> Turn:
        self.sequence += 1
        self.last_time = run.utterance.time
        self.seen[run.utterance.message_id] = None
        if len(self.seen) > _RECENT_IDS:
            self.seen.popitem(last=False)
        turn = Turn(
            turn_id, run.utterance, run.understanding, record.decision, record.events, record.replies,
            run.timings, record.failures,
        )  # fmt: skip
        self.turns.append(turn)
        return turn


class _TurnLock:
    """The user's lock, taken on first use and held until the turn is committed."""

    def __init__(self, lock: asyncio.Lock) -> None:
        self._lock = lock
        self._held = False

    async def take(self) -> None:
        """Take the lock unless this turn holds it."""
        if not self._held:
            await self._lock.acquire()
            self._held = True

    def release(self) -> None:
        """Give the lock back."""
        if self._held:
            self._held = False
            self._lock.release()
