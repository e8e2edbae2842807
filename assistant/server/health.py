"""`/health` for load balancers and `/metrics` for Prometheus."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.server.state import ServerState
from dialog.errors import AssistantError

PUBLIC = ("/health",)
_PROBE = "health-probe"
_DEADLINE = 2.0


def routes(state: ServerState) -> list[Route]:
    """The endpoints."""

    async def health(request: Request) -> Response:
        """200 when turns can be taken, 503 when not. Without a token only the status is told."""
        problem = await _log_problem(state)
        status = "closing" if state.gate.closed else "failing" if problem else "ok"
        body: dict[str, Any] = {"status": status}
        if request.scope["authenticated"]:
            services = state.dialog.services
            body |= {
                "version": state.version,
                "log": problem or "ok",
                "nlu": services.nlu.version,
                "encoder": services.nlu.encoder,
                "policy": services.router.version,
                **state.dialog.stats(),
            }
        return JSONResponse(body, 200 if status == "ok" else 503)

    async def metrics(request: Request) -> Response:
        """Prometheus' text format."""
        return Response(state.metrics.render(), headers={"content-type": state.metrics.content_type})

    return [Route("/health", health), Route("/metrics", metrics)]


async def _log_problem(state: ServerState) -> str | None:
    try:
        async with asyncio.timeout(_DEADLINE):
            await state.assistant.log.load(_PROBE)
    except TimeoutError:
        return f"no answer within {_DEADLINE:g} s"
    except AssistantError as error:
        return str(error)
    return None
