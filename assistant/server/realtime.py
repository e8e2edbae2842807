"""The websocket `/v1/realtime`: the text subset of OpenAI's Realtime events.

`?conversation=ID` takes up a conversation again. A frame that cannot be taken is answered with an `error` event and
changes nothing else; only frames above the size limit, broken websocket frames and a flood close the socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from assistant.server.outbox import Outbox, TooSlow
from assistant.server.payload import decode, field, identifier
from assistant.server.problem import Invalid, RateLimited, Unavailable, as_problem
from assistant.server.speaker import Speaker
from assistant.server.state import ServerState
from dialog.errors import AssistantError

MAX_PENDING = 16
SUBPROTOCOL = "realtime"
_AUDIO = ("input_audio_buffer.", "output_audio_buffer.")


class Rejected(Invalid):
    """An event that is not carried out; `code` and `param` as in the protocol's error object."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code, self.param = code, param


def routes(state: ServerState) -> list[WebSocketRoute]:
    """The endpoint."""

    async def endpoint(socket: WebSocket) -> None:
        try:
            conversation, user = await _admitted(state, socket)
            with state.places.place(socket.scope["rate_key"]), state.owners.listening(conversation):
                session = Session(state, socket, conversation, user)
                state.sessions.add(session)
                try:
                    await session.run()
                finally:
                    state.sessions.discard(session)
        except AssistantError as error:  # raised before the socket is accepted only
            await socket.send_denial_response(as_problem(error).response())

    return [WebSocketRoute("/v1/realtime", endpoint)]


async def _admitted(state: ServerState, socket: WebSocket) -> tuple[str, str]:
    """The conversation and the user of a socket that wants to be accepted. Raises `HTTPProblem`."""
    await socket.receive()  # the connect message
    if state.gate.closed:
        raise Unavailable("the server is shutting down")
    conversation = identifier(socket.query_params.get("conversation") or f"conv_{uuid.uuid4().hex}", "conversation")
    requested = socket.query_params.get("user") or None
    if requested is not None:
        identifier(requested, "user")
    user = socket.scope["principal"].acts_for(requested)
    return conversation, await state.owners.claim(conversation, user)


class Session:
    """One open socket. Reads events one by one; a response runs beside, so that it can be cancelled."""

    def __init__(self, state: ServerState, socket: WebSocket, conversation: str, user: str) -> None:
        settings = state.settings
        self._state = state
        self._socket = socket
        self._conversation = conversation
        self._outbox = Outbox(socket, settings.send_queue, settings.slow_reader)
        self._id = self._outbox.new_id("sess")
        self._pending: list[tuple[str, str]] = []  # item id, text
        self._last_item: str | None = None
        self._speaker = Speaker(state, self._outbox, conversation, user, self._too_slow)
        self.hung_up = asyncio.Event()
        self._ending: tuple[int, str] | None = None
        self._reader: asyncio.Task[None] | None = None
        self._handlers: Mapping[str, Callable[[Mapping[str, Any]], Awaitable[None]]] = {
            "session.update": self._session_update,
            "conversation.item.create": self._item_create,
            "response.create": self._response_create,
            "response.cancel": self._response_cancel,
        }

    # -- life ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve the socket until either side ends it; a turn under way is finished also for a client that has gone."""
        await self._socket.accept(SUBPROTOCOL if SUBPROTOCOL in self._socket.scope.get("subprotocols", ()) else None)
        unsubscribe = self._state.dialog.subscribe(self._conversation, self._speaker.announce)
        writer = asyncio.create_task(self._outbox.run())
        announcer = asyncio.create_task(self._speaker.run())
        self._reader = asyncio.create_task(self._read())
        try:
            await self._outbox.post("session.created", session=self._shown())
            await asyncio.wait([self._reader, writer], return_when=asyncio.FIRST_COMPLETED)
        finally:
            unsubscribe()
            announcer.cancel()
            self._reader.cancel()
            with contextlib.suppress(TooSlow):
                await self._outbox.finish()
            await asyncio.wait([self._reader, announcer])
            await asyncio.wait([writer], timeout=self._state.settings.slow_reader)
            writer.cancel()
            await self._hang_up()
            self._outbox.gone = True
            self.hung_up.set()
            tasks = [self._reader, announcer]
            if self._speaker.responding is not None:  # bounded by the deadline of a turn
                await asyncio.wait([self._speaker.responding])
                tasks.append(self._speaker.responding)
            for task in tasks:
                if not task.cancelled():
                    task.result()  # a fault of ours must not be swallowed

    def end(self, code: int, reason: str) -> None:
        """Close the socket, after what is queued has left."""
        self._ending = self._ending or (code, reason)
        if self._reader is not None:
            self._reader.cancel()

    def _too_slow(self) -> None:
        self.end(1008, "the client does not read what is sent to it")

    async def _hang_up(self) -> None:
        code, reason = self._ending or (1000, "")
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):  # it may be closed already
            async with asyncio.timeout(self._state.settings.slow_reader):
                await self._socket.close(code, reason)

    async def _read(self) -> None:
        settings, over = self._state.settings, 0
        try:
            while True:
                async with asyncio.timeout(settings.idle_timeout):
                    message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                try:
                    self._state.limiter.take(self._socket.scope["rate_key"])
                    over = 0
                except RateLimited as limited:
                    over += 1
                    if over > settings.flood:
                        self.end(1008, "too many messages")
                        return
                    await self._error("rate_limit_exceeded", str(limited), kind="rate_limit_error")
                    continue
                await self._take(message)
        except TimeoutError:
            self.end(1000, "idle for too long")
        except TooSlow:
            self._too_slow()

    # -- events of the client --------------------------------------------------------------------------------

    async def _take(self, message: Mapping[str, Any]) -> None:
        client_id: str | None = None
        try:
            raw = message.get("text")
            if raw is None:
                raise Rejected("invalid_frame", "events are text frames with JSON; this one is binary")
            event = decode(raw)
            given = event.get("event_id")
            client_id = given if isinstance(given, str) and len(given) <= 512 else None
            kind = event.get("type")
            if not isinstance(kind, str):
                raise Rejected("missing_type", "the event has no 'type'", "type")
            handler = self._handlers.get(kind)
            if handler is None:
                audio = kind.startswith(_AUDIO)
                reason = "this server takes text only" if audio else f"unknown event type; known are {self._known}"
                raise Rejected("unsupported" if audio else "unknown_event", reason, "type")
            await handler(event)
        except Rejected as error:
            await self._error(error.code, str(error), error.param, client_id)
        except AssistantError as error:
            await self._error("invalid_event", str(error), None, client_id)

    @property
    def _known(self) -> str:
        return ", ".join(self._handlers)

    async def _session_update(self, event: Mapping[str, Any]) -> None:
        session = field(event, "session", dict)
        if session is None:
            raise Rejected("missing_parameter", "'session' is missing", "session")
        if field(session, "type", str) not in (None, "realtime"):
            raise Rejected("invalid_value", "'session.type' must be 'realtime'", "session.type")
        if field(session, "output_modalities", list) not in (None, ["text"]):
            raise Rejected("invalid_value", "this server answers with text only", "session.output_modalities")
        await self._outbox.post("session.updated", session=self._shown())

    async def _item_create(self, event: Mapping[str, Any]) -> None:
        item = field(event, "item", dict)
        if item is None:
            raise Rejected("missing_parameter", "'item' is missing", "item")
        if item.get("type", "message") != "message" or item.get("role") != "user":
            raise Rejected("invalid_value", "'item' must be a message with the role 'user'", "item")
        text = _text(field(item, "content", list))
        if len(self._pending) >= MAX_PENDING:
            raise Rejected("too_many_items", "more messages wait for an answer than may; send response.create")
        item_id = identifier(field(item, "id", str) or self._outbox.new_id("item"), "item.id")
        self._pending.append((item_id, text))
        content = [{"type": "input_text", "text": text}]
        shown = {"id": item_id, "object": "realtime.item", "type": "message", "status": "completed", "role": "user"}
        previous, self._last_item = self._last_item, item_id
        for kind in ("conversation.item.added", "conversation.item.done"):
            await self._outbox.post(kind, previous_item_id=previous, item={**shown, "content": content})

    async def _response_create(self, event: Mapping[str, Any]) -> None:
        wanted = field(event, "response", dict) or {}
        metadata = field(wanted, "metadata", dict)
        if field(wanted, "output_modalities", list) not in (None, ["text"]):
            raise Rejected("invalid_value", "this server answers with text only", "response.output_modalities")
        if field(wanted, "conversation", str) not in (None, "auto"):
            raise Rejected("invalid_value", "responses belong to the conversation", "response.conversation")
        if self._speaker.busy:
            raise Rejected("conversation_already_has_active_response", "cancel the response under way, or wait for it")
        if not self._pending:
            raise Rejected("nothing_to_answer", "add a message with conversation.item.create first")
        items, self._pending = self._pending, []
        self._speaker.respond(items, metadata)

    async def _response_cancel(self, event: Mapping[str, Any]) -> None:
        field(event, "response_id", str)
        if not self._speaker.busy:
            raise Rejected("response_cancel_not_active", "no response is under way")
        self._speaker.cancel()

    # -- shapes ----------------------------------------------------------------------------------------------

    async def _error(
        self,
        code: str,
        message: str,
        param: str | None = None,
        client_id: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        error = {"type": kind, "code": code, "message": message, "param": param, "event_id": client_id}
        await self._outbox.post("error", error=error)

    def _shown(self) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "realtime.session",
            "type": "realtime",
            "model": self._state.assistant.config.assistant.name,
            "output_modalities": ["text"],
            "conversation": self._conversation,
        }


def _text(content: list[Any] | None) -> str:
    """The text of a user message's content parts."""
    texts = []
    for part in content or ():
        if not isinstance(part, dict) or part.get("type") != "input_text" or not isinstance(part.get("text"), str):
            reason = "'item.content' must be parts of type 'input_text' with a text"
            raise Rejected("invalid_value", reason, "item.content")
        texts.append(part["text"])
    if not texts:
        raise Rejected("missing_parameter", "'item.content' has no text", "item.content")
    return "\n".join(texts)
