"""What goes wrong between a client and the server, with its HTTP status, in the shapes that clients expect."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import JSONResponse

from dialog.errors import AssistantError, BadUtterance, Busy, LogError
from dialog.log.errors import BadRecord

BUSY_SECONDS = 1


class HTTPProblem(AssistantError):
    """A request that is refused: `status` is the HTTP status, the text says what to do about it."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        """The body of Rasa's channels: `description`, `status`, `message`."""
        body = {"description": HTTPStatus(self.status).phrase, "status": self.status, "message": str(self)}
        return JSONResponse(body, self.status, self.headers)

    def api_response(self, version: str) -> JSONResponse:
        """The body of Rasa's HTTP API (`/model/...`)."""
        reason = HTTPStatus(self.status).phrase.replace(" ", "")
        body = {"version": version, "status": "failure", "message": str(self), "reason": reason}
        return JSONResponse({**body, "details": {}, "help": None, "code": self.status}, self.status, self.headers)


class Invalid(HTTPProblem):
    """The client sent something that cannot be taken."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(status, message)


class RateLimited(HTTPProblem):
    """The client sends more than it may; `seconds` until it may go on."""

    def __init__(self, seconds: float) -> None:
        wait = max(1, int(seconds + 0.999))
        super().__init__(429, f"too many requests; try again in {wait} s", {"Retry-After": str(wait)})


class Unavailable(HTTPProblem):
    """The server cannot take this now (full, shutting down, or its log fails)."""

    def __init__(self, message: str) -> None:
        super().__init__(503, message, {"Retry-After": str(BUSY_SECONDS)})


def as_problem(error: AssistantError) -> HTTPProblem:
    """The HTTP side of an error that the dialog core raises."""
    if isinstance(error, HTTPProblem):
        return error
    if isinstance(error, Busy):
        return HTTPProblem(429, f"busy: {error}", {"Retry-After": str(BUSY_SECONDS)})
    if isinstance(error, (BadUtterance, BadRecord)):
        return Invalid(str(error))
    if isinstance(error, LogError):
        return Unavailable(str(error))
    return HTTPProblem(500, str(error))
