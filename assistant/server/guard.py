"""What every request passes first: host, origin, token, rate. The client that came through is `scope["principal"]`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection

from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from assistant.server.auth import Authenticator, Principal, Unauthorized
from assistant.server.limits import RateLimiter
from assistant.server.origin import OriginCheck
from assistant.server.problem import HTTPProblem

access = logging.getLogger("assistant.server.access")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """ASGI middleware. Paths in `public` need no token (they still need the right host and keep to the rate).

    `responded` is told the status of every answered request.
    """

    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticator,
        origins: OriginCheck,
        limiter: RateLimiter,
        public: Collection[str] = (),
        responded: Callable[[int], None] = lambda _status: None,
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._origins = origins
        self._limiter = limiter
        self._public = frozenset(public)
        self._responded = responded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with the reason why not."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
                self._responded(status)
            await send(message)

        try:
            self._admit(scope)
        except HTTPProblem as problem:
            await _refuse(problem, scope, receive, noted)
        else:
            await self._app(scope, receive, noted)
        if access.isEnabledFor(logging.INFO):  # the path alone: a query may hold a token
            method, took = scope.get("method", "WEBSOCKET"), time.perf_counter() - started
            access.info("%s %r %d %.0f ms", method, scope["path"], status or 101, took * 1000)

    def _admit(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        query = QueryParams(scope["query_string"])
        address = scope["client"][0] if scope.get("client") else "local"
        scope["address"] = address
        self._origins.check_host(headers)
        if scope["type"] == "websocket" or scope["method"] not in _SAFE:
            self._origins.check_origin(headers)
        client, missing = address, None
        try:
            principal = self._authenticator.principal(headers, query, scope.get("subprotocols", ()))
            client = f"user:{principal.user}" if principal.user else address
        except Unauthorized as error:
            principal, missing = Principal(None, "user"), error
        self._limiter.take(client)  # also for those without a token: guessing is slow
        if missing is not None and scope["path"] not in self._public:
            raise missing
        scope["authenticated"] = missing is None
        scope["principal"] = principal
        scope["rate_key"] = client


async def _refuse(problem: HTTPProblem, scope: Scope, receive: Receive, send: Send) -> None:
    response = problem.response()
    if scope["type"] == "http":
        await response(scope, receive, send)
        return
    socket = WebSocket(scope, receive, send)
    await socket.receive()  # the connect message
    if "websocket.http.response" in scope.get("extensions", {}):
        await socket.send_denial_response(response)
    else:
        await socket.close(1008, str(problem))
