"""The web application: the channels of one assistant behind the guard."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from assistant.server import health, models, realtime, rest
from assistant.server.auth import Authenticator
from assistant.server.guard import Guard
from assistant.server.origin import OriginCheck
from assistant.server.problem import HTTPProblem
from assistant.server.settings import ServerSettings
from assistant.server.state import ServerState
from assistant.server.telemetry import Telemetry

if TYPE_CHECKING:
    from assistant.app import Assistant

log = logging.getLogger(__name__)
_EXPORT_DEADLINE = 5.0


def create_app(
    open_assistant: Callable[[], AbstractAsyncContextManager[Assistant]], settings: ServerSettings
) -> Starlette:
    """The application; its lifespan opens the assistant and closes it.

    Raises `ConfigError` when it could be reached by others without a token.
    """
    authenticator = Authenticator.from_environment(
        settings.exposed, settings.host, settings.token_env, settings.jwt_secret_env
    )
    state = ServerState(settings)
    telemetry = Telemetry.from_environment() if settings.telemetry else None

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        observers = [telemetry.observe] if telemetry else []
        async with open_assistant() as assistant:
            with state.attach(assistant, observers):
                yield
        if telemetry is not None:
            await _flushed(telemetry)

    guard = Middleware(
        Guard,
        authenticator=authenticator,
        origins=OriginCheck(settings.loopback, settings.hosts, settings.origins),
        limiter=state.limiter,
        public=health.PUBLIC,
        responded=state.metrics.responded,
    )
    app = Starlette(
        routes=[*rest.routes(state), *health.routes(state), *realtime.routes(state), *models.routes(state)],
        middleware=[*_cross_origin(settings), guard],
        exception_handlers={HTTPException: _refused, Exception: _failed},
        lifespan=lifespan,
    )
    app.state.server = state
    return app


def _cross_origin(settings: ServerSettings) -> list[Middleware]:
    if not settings.origins:
        return []
    headers = ["Authorization", "Content-Type", "Idempotency-Key"]
    return [
        Middleware(
            CORSMiddleware, allow_origins=settings.origins, allow_methods=["GET", "POST"], allow_headers=headers
        )
    ]


async def _flushed(telemetry: Telemetry) -> None:
    try:
        async with asyncio.timeout(_EXPORT_DEADLINE):
            await asyncio.to_thread(telemetry.close)
    except TimeoutError:
        log.warning("the last spans could not be sent")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return HTTPProblem(error.status_code, error.detail, error.headers).response()


async def _failed(request: Request, error: Exception) -> Response:
    return HTTPProblem(500, "internal error").response()  # the server's log has the rest
