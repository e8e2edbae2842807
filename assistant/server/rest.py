"""Rasa's REST channel (`/webhooks/rest/...`) and `/model/parse`, so that clients of Rasa work unchanged."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from assistant.parse import to_rasa
from assistant.server.fragments import fragments
from assistant.server.limits import read_body
from assistant.server.payload import decode, field, identifier
from assistant.server.problem import Invalid, as_problem
from assistant.server.state import ServerState
from dialog.errors import AssistantError, TurnCancelled
from dialog.types import Hypothesis, Utterance

_TRUE = frozenset({"true", "1", "yes", "t", "y"})


def routes(state: ServerState) -> list[Route]:
    """The endpoints of the channel."""
    channel = RestChannel(state)
    return [
        Route("/webhooks/rest/", channel.health),
        Route("/webhooks/rest/webhook", channel.webhook, methods=["POST"]),
        Route("/model/parse", channel.parse, methods=["POST"]),
    ]


class RestChannel:
    """Takes messages as JSON and answers with a list of message objects, or a stream of them."""

    def __init__(self, state: ServerState) -> None:
        self._state = state

    async def health(self, request: Request) -> Response:
        """Rasa's health answer of a channel."""
        return JSONResponse({"status": "ok"})

    async def webhook(self, request: Request) -> Response:
        """One message in, the replies of its turn out. A message id that was seen before gets the recorded replies."""
        state = self._state
        try:
            body = decode(await read_body(request, state.settings.max_body, state.settings.body_timeout))
            utterance = await self._utterance(request, body)
            if utterance is None:
                return JSONResponse([])
            stream = Conversing(state, utterance)
            if request.query_params.get("stream", "").lower() in _TRUE:
                return await _Stream.begun(stream)
            return JSONResponse([message async for message in stream.messages()])
        except AssistantError as error:
            return as_problem(error).response()

    async def parse(self, request: Request) -> Response:
        """What a text means, without a turn: Rasa's `/model/parse`."""
        state = self._state
        try:
            body = decode(await read_body(request, state.settings.max_body, state.settings.body_timeout))
            text = field(body, "text", str)
            if text is None:
                raise Invalid("'text' is missing")
            async with state.gate.turn():
                return JSONResponse(to_rasa(await state.understand(text)))
        except AssistantError as error:
            return as_problem(error).api_response(state.version)

    async def _utterance(self, request: Request, body: Mapping[str, Any]) -> Utterance | None:
        """The utterance in a request; None when it holds no message. Raises `HTTPProblem`."""
        sender = body.get("sender")
        if isinstance(sender, int) and not isinstance(sender, bool):
            sender = str(sender)
        principal = request.scope["principal"]
        fallback = principal.user if principal.role == "user" else "default"
        conversation = identifier(field({"sender": sender}, "sender", str) or fallback, "sender")
        text = field(body, "message", str)
        channel = identifier(field(body, "input_channel", str) or "rest", "input_channel")
        metadata = field(body, "metadata", dict) or {}
        message_id = field(metadata, "message_id", str) or request.headers.get("idempotency-key") or uuid.uuid4().hex
        identifier(message_id, "message_id")
        requested = field(metadata, "user_id", str)
        if requested is not None:
            identifier(requested, "user_id")
        if text is None:
            return None
        # In Rasa's channel the sender is the user: what two senders say must not end up in one memory.
        owners, user = self._state.owners, principal.acts_for(requested)
        return Utterance(
            conversation_id=conversation,
            hypotheses=(Hypothesis(text),),
            message_id=message_id,
            user_id=await owners.claim(conversation, user, None if sender is None else conversation),
            channel=channel,
            locale=self._state.locale,
            time=self._state.now(),
            metadata=metadata,
        )


class Conversing:
    """The replies of one turn as message objects."""

    def __init__(self, state: ServerState, utterance: Utterance) -> None:
        self._state = state
        self._utterance = utterance

    async def messages(self) -> AsyncGenerator[dict[str, Any], None]:
        """Message objects as they leave. A failure after the first one ends the list, as in Rasa; so does cancelling.

        Raises `AssistantError` when it fails before.
        """
        recipient = self._utterance.conversation_id
        first = True
        try:
            async with self._state.gate.turn():
                async for reply in self._state.replies(self._state.dialog.send(self._utterance)):
                    for message in fragments(recipient, reply):
                        first = False
                        yield message
        except AssistantError as error:
            if first and not isinstance(error, TurnCancelled):
                raise


class _Stream(Response):
    """One JSON object a line, each sent as it is produced."""

    def __init__(self, first: list[dict[str, Any]], rest: AsyncGenerator[dict[str, Any], None]) -> None:
        self._first, self._rest = first, rest
        self.status_code = 200
        self.background = None
        self.body = b""
        self.media_type = "text/event-stream"
        self.init_headers({"cache-control": "no-store"})
        del self.headers["content-length"]

    @classmethod
    async def begun(cls, conversing: Conversing) -> _Stream:
        """The response, once the first message is there: before, an error still has a status of its own."""
        messages = conversing.messages()
        first = [message async for message in _head(messages)]
        return cls(first, messages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the lines. A client that has left does not stop the turn: what is sent to it then goes nowhere."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for message in self._first:
            await send(_line(message))
        async with aclosing(self._rest) as rest:
            async for message in rest:
                await send(_line(message))
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _head(messages: AsyncIterator[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    async for message in messages:
        yield message
        return


def _line(message: Mapping[str, Any]) -> dict[str, Any]:
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    return {"type": "http.response.body", "body": text.encode() + b"\n", "more_body": True}
