"""What the assistant says on one websocket: responses to messages, and what it says unasked, one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assistant.server.outbox import Outbox, TooSlow
from assistant.server.problem import as_problem
from assistant.server.response import Response
from assistant.server.state import ServerState
from dialog.conversation import Handle
from dialog.errors import AssistantError, TurnCancelled
from dialog.types import Hypothesis, Reply, Utterance

MAX_UNSOLICITED = 64
_CODES = {400: "invalid_message", 429: "busy", 503: "unavailable"}
_CANCELLED = ("cancelled", {"reason": "client_cancelled"})

Outcome = tuple[str, dict[str, Any] | None]


class Speaker:
    """Runs the turns of one session. `give_up` is called when the client does not read what is said."""

    def __init__(
        self, state: ServerState, outbox: Outbox, conversation: str, user: str, give_up: Callable[[], None]
    ) -> None:
        self._state = state
        self._outbox = outbox
        self._conversation = conversation
        self._user = user
        self._give_up = give_up
        self._floor = asyncio.Lock()
        self._handle: Handle | None = None
        self._cancelled = False
        self._unsolicited: asyncio.Queue[Reply] = asyncio.Queue(MAX_UNSOLICITED)
        self.responding: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a response to messages is under way."""
        return self.responding is not None and not self.responding.done()

    def respond(self, items: Sequence[tuple[str, str]], metadata: Mapping[str, Any] | None) -> None:
        """Answer messages (item id, text), each with a turn of its own, in one response."""
        self._cancelled = False
        self.responding = asyncio.create_task(self._respond(items, metadata))

    def cancel(self) -> None:
        """Cancel the response under way, and its turn unless that is being committed already."""
        self._cancelled = True
        if self._handle is not None:
            self._handle.cancel()

    def announce(self, reply: Reply) -> None:
        """Say something unasked as soon as nothing else is being said."""
        try:
            self._unsolicited.put_nowait(reply)
        except asyncio.QueueFull:
            self._give_up()

    async def run(self) -> None:
        """Give each unsolicited reply (a fired timer) a response of its own, until cancelled."""
        while True:
            reply = await self._unsolicited.get()
            response = Response(self._outbox, self._conversation, {"unsolicited": "true"})
            try:
                async with self._floor:
                    await response.begin()
                    await response.say(reply)
                    await response.end()
            except TooSlow:
                self._give_up()
                return

    async def _respond(self, items: Sequence[tuple[str, str]], metadata: Mapping[str, Any] | None) -> None:
        response = Response(self._outbox, self._conversation, metadata)
        try:
            async with self._floor:
                await response.begin()
                await response.end(*await self._answer(response, items))
        except TooSlow:
            self._give_up()

    async def _answer(self, response: Response, items: Sequence[tuple[str, str]]) -> Outcome:
        try:
            async with self._state.gate.turn():
                for item_id, text in items:
                    if self._cancelled:
                        return _CANCELLED
                    response.after(item_id)
                    self._handle = self._state.dialog.send(self._utterance(item_id, text))
                    try:
                        async for reply in self._state.replies(self._handle):
                            await response.say(reply)
                    finally:
                        self._handle = None
                    await response.close_item()
        except TurnCancelled:
            return _CANCELLED
        except AssistantError as error:
            problem = as_problem(error)
            kind = "invalid_request_error" if problem.status == 400 else "server_error"
            code = _CODES.get(problem.status, "internal_error")
            return "failed", {"error": {"type": kind, "code": code, "message": str(problem)}}
        return "completed", None

    def _utterance(self, item_id: str, text: str) -> Utterance:
        return Utterance(
            conversation_id=self._conversation,
            hypotheses=(Hypothesis(text),),
            message_id=item_id,
            user_id=self._user,
            channel="realtime",
            locale=self._state.locale,
            time=self._state.now(),
        )
