"""The models of a running server: which versions there are and answer, and the exchange of one without a stop.

    GET  /models                     what is in force, what is there, what could not be taken up, what is on trial
    POST /models/<kind>/current      {"version": "NAME"}, {"version": "shipped"} or {"rollback": true}

Both are for the owner of the server: with tokens of users, only those of role `admin`.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.server.limits import read_body
from assistant.server.payload import decode, field
from assistant.server.problem import HTTPProblem, Invalid, Unavailable, as_problem
from assistant.server.state import ServerState
from dialog.errors import AssistantError
from dialog.registry import SHIPPED, Damaged, Follower, Locked, RegistryError, Taken, UnknownVersion
from dialog.registry.trial import TrialFollower

_DEADLINE = 60.0


def routes(state: ServerState) -> list[Route]:
    """The endpoints."""
    models = Models(state)
    return [
        Route("/models", models.listing),
        Route("/models/{kind}/current", models.choose, methods=["POST"]),
    ]


class Models:
    """Reads and moves the pointers of the kinds that this server follows."""

    def __init__(self, state: ServerState) -> None:
        self._state = state

    async def listing(self, request: Request) -> Response:
        """Every kind that is followed: the version in force, those that are there, and what went wrong."""
        try:
            _only_admin(request)
            kinds = {}
            for kind, (follower, service) in self._followed().items():
                kinds[kind] = await asyncio.to_thread(_described, follower, service)
            return JSONResponse(kinds)
        except AssistantError as error:
            return _problem(error).response()

    async def choose(self, request: Request) -> Response:
        """Load a version, make it the current one and answer with it; when that fails nothing has changed.

        404: no such kind or version; 409: it is damaged or cannot be loaded; 503: not done within 60 s.
        """
        state = self._state
        try:
            _only_admin(request)
            body = decode(await read_body(request, state.settings.max_body, state.settings.body_timeout))
            kind = request.path_params["kind"]
            found = self._followed().get(kind)
            if found is None:
                raise UnknownVersion(f"this server does not follow versions of {kind!r}")
            follower, service = found
            version, back = field(body, "version", str), body.get("rollback", False)
            if not isinstance(back, bool) or back == (version is not None):
                raise Invalid("either 'version' (a string) or 'rollback' (true) is needed")
            future = follower.rollback() if back else follower.use(None if version == SHIPPED else version)
            taken = await _within_deadline(asyncio.wrap_future(future))
            return JSONResponse(
                {
                    "kind": kind,
                    "version": taken.pointer.version or SHIPPED,
                    "model": service.version,
                    "seconds": round(taken.seconds, 3),
                }
            )
        except AssistantError as error:
            return _problem(error).response()

    def _followed(self) -> dict[str, tuple[Follower[Any], Any]]:
        """The services that follow the registry, by kind."""
        services = self._state.dialog.services
        offered = [(getattr(service, "follower", None), service) for service in (services.nlu, services.router)]
        return {follower.kind: (follower, service) for follower, service in offered if isinstance(follower, Follower)}


def _only_admin(request: Request) -> None:
    if request.scope["principal"].role != "admin":
        raise HTTPProblem(403, "only the owner of the server may see and change its models")


async def _within_deadline(future: asyncio.Future[Taken]) -> Taken:
    try:
        async with asyncio.timeout(_DEADLINE):
            return await asyncio.shield(future)
    except TimeoutError:
        raise Unavailable(f"the model is not there after {_DEADLINE:g} s; GET /models tells when it is") from None


def _problem(error: AssistantError) -> HTTPProblem:
    if isinstance(error, UnknownVersion):
        return HTTPProblem(404, str(error))
    if isinstance(error, Locked):
        return Unavailable(str(error))
    if isinstance(error, RegistryError):
        return HTTPProblem(409, str(error))
    return as_problem(error)


def _described(follower: Follower[Any], service: Any) -> dict[str, Any]:
    registry, kind = follower.registry, follower.kind
    try:
        current = registry.current(kind).version or SHIPPED
    except Damaged as error:
        current = f"unknown: {error}"
    return {
        "current": current,
        "answering": follower.version or SHIPPED,
        "model": service.version,
        "problem": follower.problem,
        "versions": [_version(follower, version) for version in registry.versions(kind)],
        **_on_trial(service),
    }


def _on_trial(service: Any) -> dict[str, Any]:
    """What looks on, what answers a share of the conversations, and what went wrong while answering."""
    trials = getattr(service, "trials", None)
    if not isinstance(trials, TrialFollower):
        return {}
    known = service.trial
    canary = None if known.canary is None else {"version": known.canary, "share": known.share}
    problems = dict(service.problems)
    return {"shadow": known.shadow, "canary": canary, "trial_problem": trials.problem, "problems": problems}


def _version(follower: Follower[Any], version: str) -> dict[str, Any]:
    try:
        known = follower.registry.manifest(follower.kind, version)
    except RegistryError as error:
        return {"version": version, "problem": str(error)}
    return {
        "version": version, "created": known.created, "parent": known.parent, "note": known.note,
        "metrics": dict(known.metrics),
    }  # fmt: skip
