"""`Dialog`: the running assistant core. Channels send utterances and get reply parts; everything else is inside.

One owner task per conversation, any number of conversations side by side, bounded queues, and every turn in the log
before its last reply part leaves.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from dialog.clock import Clock, SystemClock
from dialog.conversation import Conversation, Handle
from dialog.encoder import Encoder
from dialog.errors import AssistantError, BadUtterance, Busy
from dialog.host import Host
from dialog.log import Log
from dialog.log.records import TurnRecord
from dialog.memory import Users
from dialog.plugin import Dispatcher, Judge, LearnedRouter
from dialog.scheduler import Scheduler
from dialog.settings import DialogSettings
from dialog.turn import Services
from dialog.types import Reply, Reward, Turn, Understanding, Utterance
from dialog.watchdog import Watchdog

log = logging.getLogger(__name__)
Listener = Callable[[Reply], None]
_JUDGE_DEADLINE = 5.0
_LIFESPAN_DEADLINE = 10.0
_CLOSE_DEADLINE = 5.0


class Dialog:
    """The dialog core over a plugin host and a log. Use it as an async context manager."""

    def __init__(self, host: Host, log: Log, settings: DialogSettings, clock: Clock | None = None) -> None:
        self.log = log
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.users = Users(log.memory, settings.max_conversations)
        self.running = 0
        self.queued = 0
        self.closing = False
        self.observers: list[Callable[[Turn], None]] = []
        self.dispatchers: dict[str, Dispatcher] = {}
        self._host = host
        self._judges: list[Judge] = []
        self._conversations: OrderedDict[str, Conversation] = OrderedDict()
        self._listeners: dict[str, list[Listener]] = {}
        self._lifespans: list[AsyncGenerator[None, None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._scheduler = Scheduler(self)
        self._watchdog = Watchdog(settings.block_limit, lambda: self.running > 0, self._blame)

    async def __aenter__(self) -> Dialog:
        await self._open(self._host)
        self._watchdog.start()
        await self._scheduler.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Finish running turns within a deadline, then stop everything."""
        self.closing = True
        await self._scheduler.stop()
        tasks = [conversation.task for conversation in self._conversations.values() if conversation.task]
        if tasks:
            pending = (await asyncio.wait(tasks, timeout=_CLOSE_DEADLINE))[1]
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
        if self._tasks:
            late = (await asyncio.wait(self._tasks, timeout=_CLOSE_DEADLINE))[1]
            for judging in late:
                judging.cancel()
        self._watchdog.stop()
        await self._close_plugins(self.services)

    # -- plugins ---------------------------------------------------------------------------------------------

    async def _open(self, host: Host) -> None:
        nlu, router = host.nlu(), host.router()
        await asyncio.to_thread(host.teach, nlu)
        if isinstance(router, LearnedRouter):
            encoder = Encoder(nlu, asyncio.get_running_loop())
            await asyncio.to_thread(router.fit, host.skill_texts(), encoder)
        self.services = Services(host, nlu, router, self.settings)
        self.dispatchers = host.dispatchers()
        self._judges = host.judges()
        self._lifespans = []
        for record, lifespan in host.call("lifespan"):
            try:
                async with asyncio.timeout(_LIFESPAN_DEADLINE):
                    await anext(lifespan)
                self._lifespans.append(lifespan)
            except Exception as error:  # noqa: BLE001 - a plugin that cannot start costs only itself
                record.quarantine(f"it could not start: {type(error).__name__}: {error}")

    async def _close_plugins(self, services: Services) -> None:
        for lifespan in reversed(self._lifespans):
            try:
                async with asyncio.timeout(_LIFESPAN_DEADLINE):
                    await anext(lifespan, None)
            except Exception as error:  # noqa: BLE001 - the others still have to be closed
                log.warning("a plugin did not close properly: %s: %s", type(error).__name__, error)
        if isinstance(services.router, LearnedRouter):
            await asyncio.to_thread(services.router.close)
        await services.nlu.close()

    async def reload(self, host: Host) -> None:
        """Swap in newly loaded plugins: running turns finish with the old ones, no conversation is dropped.

        Raises `PluginError` when the new host lacks understanding or a policy; the old one then stays.
        """
        old, lifespans = self.services, self._lifespans
        await self._open(host)
        end = asyncio.get_running_loop().time() + _LIFESPAN_DEADLINE
        while old.running and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110 - rare, and bounded
            await asyncio.sleep(0.01)
        new, self._lifespans = self._lifespans, lifespans
        await self._close_plugins(old)
        self._lifespans = new

    def _blame(self, who: str, seconds: float) -> None:
        host = self.services.host
        record = host.owners.get(who) or host.records.get(who.rpartition(".")[2])
        if record is not None:
            record.quarantine(f"{who} has blocked the event loop for more than {seconds:.1f} s")
        else:
            log.error("%s has blocked the event loop for more than %.1f s", who, seconds)

    # -- turns -----------------------------------------------------------------------------------------------

    def send(self, utterance: Utterance, *, barge_in: bool = False) -> Handle:
        """Queue an utterance and return at once. `barge_in` cancels what is running in this conversation.

        Raises `BadUtterance` when it cannot be taken, `Busy` when a queue is full.
        """
        if self.closing:
            raise Busy("the assistant is closing")
        self._check(utterance)
        conversation = self._conversation(utterance)
        if barge_in:
            conversation.barge_in()
        elif len(conversation.queue) >= self.settings.queue:
            raise Busy(f"{len(conversation.queue)} messages of this conversation are waiting already")
        if self.queued >= self.settings.max_queued:
            raise Busy("too many messages are waiting")
        handle = Handle(utterance)
        self.queued += 1
        conversation.submit(handle)
        return handle

    def _check(self, utterance: Utterance) -> None:
        if not utterance.conversation_id or len(utterance.conversation_id) > 255:
            raise BadUtterance("a conversation id of 1 to 255 characters is needed")
        if not utterance.message_id or len(utterance.message_id) > 255:
            raise BadUtterance("a message id of 1 to 255 characters is needed")
        longest = max((len(heard.text) for heard in utterance.hypotheses), default=0)
        if longest > self.settings.max_text:
            raise BadUtterance(f"the message has {longest} characters; at most {self.settings.max_text} are taken")

    def _conversation(self, utterance: Utterance) -> Conversation:
        found = self._conversations.get(utterance.conversation_id)
        if found is None:
            found = Conversation(self, utterance.conversation_id, utterance.user_id)
            self._conversations[utterance.conversation_id] = found
        else:
            self._conversations.move_to_end(utterance.conversation_id)
        return found

    def dequeued(self) -> None:
        """A conversation took a message out of its queue."""
        self.queued -= 1

    def rested(self, conversation: Conversation) -> None:
        """A conversation has nothing to do: make room when too many are in memory."""
        self.queued -= len(conversation.queue)
        conversation.queue.clear()
        excess = len(self._conversations) - self.settings.max_conversations
        if excess > 0:
            idle = [name for name, other in self._conversations.items() if other.idle][:excess]
            for name in idle:
                del self._conversations[name]

    def committed(self, turn: Turn, record: TurnRecord) -> None:
        """A turn is durable: start its effects, tell observers, have it judged."""
        if record.outbox or record.cancelled:
            self._scheduler.add(record.outbox, record.cancelled)
        for observer in self.observers:
            observer(turn)
        if self._judges:
            task = asyncio.create_task(self._judge(turn))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _judge(self, turn: Turn) -> None:
        history = self.recent(turn.utterance.conversation_id)[:-1]
        for judge in self._judges:
            try:
                async with asyncio.timeout(_JUDGE_DEADLINE):
                    for reward in await judge.judge(turn, history):
                        await self.log.reward(turn.turn_id, reward, self.clock.now())
            except Exception as error:  # noqa: BLE001 - judging must never disturb a conversation
                log.warning("judge %s failed: %s: %s", judge.version, type(error).__name__, error)

    # -- for channels ----------------------------------------------------------------------------------------

    async def understand(self, utterance: Utterance) -> Understanding:
        """What the NLU makes of an utterance, without a turn."""
        self._check(utterance)
        async with asyncio.timeout(self.settings.understand_deadline):
            return await self.services.nlu.understand(utterance)

    def recent(self, conversation_id: str) -> list[Turn]:
        """The last turns of a conversation that are in memory."""
        found = self._conversations.get(conversation_id)
        return list(found.turns) if found else []

    def last_turn(self, conversation_id: str) -> Turn | None:
        """The last turn of a conversation since the start of this process."""
        turns = self.recent(conversation_id)
        return turns[-1] if turns else None

    async def reward(
        self, conversation_id: str, value: float, turn_id: int | None = None, estimator: str = "user"
    ) -> None:
        """Log explicit feedback in [0, 1] on a turn (the last one by default). Raises `AssistantError`."""
        if not 0.0 <= value <= 1.0:
            raise AssistantError(f"a reward must lie in [0, 1], not {value}")
        if turn_id is None:
            turn = self.last_turn(conversation_id)
            if turn is None:
                raise AssistantError("there is no turn to judge yet")
            turn_id = turn.turn_id
        await self.log.reward(turn_id, Reward(value, "explicit", estimator), self.clock.now())

    def subscribe(self, conversation_id: str, listener: Listener) -> Callable[[], None]:
        """Hear what the assistant says of its own accord (fired timers). Returns the function that ends it."""
        self._listeners.setdefault(conversation_id, []).append(listener)
        self._scheduler.listening(conversation_id)

        def unsubscribe() -> None:
            listeners = self._listeners.get(conversation_id, [])
            if listener in listeners:
                listeners.remove(listener)
            if not listeners:
                self._listeners.pop(conversation_id, None)

        return unsubscribe

    def listens(self, conversation_id: str) -> bool:
        """Whether anybody hears what the assistant says of its own accord."""
        return conversation_id in self._listeners

    def publish(self, conversation_id: str, replies: Sequence[Reply]) -> bool:
        """Say something unasked; false when nobody listens."""
        listeners = list(self._listeners.get(conversation_id, ()))
        for listener in listeners:
            for reply in replies:
                listener(reply)
        return bool(listeners)

    async def erase(self, user_id: str) -> Any:
        """Erase a user from the log and from memory."""
        self.users.forget(user_id)
        for name in [name for name, other in self._conversations.items() if other.user_id == user_id]:
            self._conversations.pop(name).barge_in()
        return await self.log.erase(user_id)

    def stats(self) -> dict[str, Any]:
        """Figures for monitoring."""
        quarantined = [record.name for record in self.services.host.records.values() if record.quarantined]
        return {
            "running": self.running,
            "queued": self.queued,
            "conversations": len(self._conversations),
            "quarantined": quarantined,
        }
