"""Who a client is: nobody has to say on the loopback; beyond it a token, or a JWT in Rasa's form, is required."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from starlette.datastructures import Headers, QueryParams

from assistant.server.problem import HTTPProblem
from dialog.errors import ConfigError

MIN_TOKEN = 16
MIN_SECRET = 32  # RFC 7518, section 3.2: as many bytes as the hash of HS256
_SUBPROTOCOLS = ("bearer.", "openai-insecure-api-key.")


@dataclass(frozen=True, slots=True)
class Principal:
    """A client that may come in. `user` is None for one that acts for any user (the owner of the server)."""

    user: str | None = None
    role: Literal["user", "admin"] = "admin"

    def acts_for(self, requested: str | None) -> str | None:
        """The user that this client acts for; None leaves it open. Raises `HTTPProblem` (403) for another user."""
        if self.role == "admin":
            return requested
        if requested not in (None, self.user):
            raise HTTPProblem(403, "this token does not act for that user")
        return self.user


class Unauthorized(HTTPProblem):
    """The client has no valid token."""

    def __init__(self, message: str) -> None:
        super().__init__(401, message, {"WWW-Authenticate": "Bearer"})


class Authenticator:
    """Checks tokens. `open` is true when none is needed."""

    def __init__(self, token: str | None = None, jwt_secret: str | None = None) -> None:
        """Take the token and the HS256 secret in force; with neither, everyone is let in.

        Raises `ConfigError` for a secret that is too short, or when JWT are wanted without the package PyJWT.
        """
        self._digest = _digest(token) if token else None
        self._secret = jwt_secret
        self.open = not token and not jwt_secret
        if jwt_secret:
            if len(jwt_secret.encode()) < MIN_SECRET:
                raise ConfigError(f"the JWT secret must have at least {MIN_SECRET} bytes")
            try:
                import jwt  # noqa: F401 - only to say so at the start, not at the first request
            except ModuleNotFoundError:
                raise ConfigError("JWT need the package PyJWT: pip install PyJWT") from None

    @classmethod
    def from_environment(cls, exposed: bool, host: str, token_env: str, secret_env: str | None) -> Authenticator:
        """What the environment variables say; `exposed` tells that others than this machine can reach the server.

        Raises `ConfigError` when it is exposed without a token, or with one of fewer than 16 characters.
        """
        token = os.environ.get(token_env) or None
        secret = (os.environ.get(secret_env) or None) if secret_env else None
        if exposed and not token and not secret:
            raise ConfigError(
                f"server.host: {host} can be reached from other machines, so that a token is required: set the "
                f"environment variable {token_env} (server.token_env), or listen on 127.0.0.1"
            )
        if token and len(token) < MIN_TOKEN and exposed:
            raise ConfigError(f"server.token_env: the token in {token_env} must have at least {MIN_TOKEN} characters")
        return cls(token, secret)

    def principal(self, headers: Headers, query: QueryParams, subprotocols: Sequence[str] = ()) -> Principal:
        """Who sends this request. Raises `Unauthorized`."""
        if self.open:
            return Principal()
        given = _given(headers, query, subprotocols)
        if given is None:
            raise Unauthorized("a token is required: send 'Authorization: Bearer TOKEN' or '?token=TOKEN'")
        if self._digest is not None and hmac.compare_digest(_digest(given), self._digest):
            return Principal()
        if self._secret is not None and given.count(".") == 2:
            return _from_jwt(given, self._secret)
        raise Unauthorized("the token is not valid")


def _given(headers: Headers, query: QueryParams, subprotocols: Sequence[str]) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    for protocol in subprotocols:
        for prefix in _SUBPROTOCOLS:
            if protocol.startswith(prefix):
                return protocol.removeprefix(prefix)
    return query.get("token") or None


def _digest(token: str) -> bytes:
    """Equal lengths for the comparison, so that its time tells nothing."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _from_jwt(token: str, secret: str) -> Principal:
    import jwt

    try:
        claims = jwt.decode(token, secret, algorithms=["HS256"], options={"verify_aud": False})
    except jwt.ExpiredSignatureError:
        raise Unauthorized("the token has expired") from None
    except jwt.PyJWTError:
        raise Unauthorized("the token is not valid") from None
    user = claims.get("user")
    name = user.get("username") if isinstance(user, dict) else None
    role = user.get("role") if isinstance(user, dict) else None
    if not isinstance(name, str) or not name or len(name) > 255 or not name.isprintable():
        raise Unauthorized("the token's claim user.username must be a name")
    if role == "admin":
        return Principal(name, "admin")
    if role == "user":
        return Principal(name, "user")
    raise Unauthorized("the token's claim user.role must be 'user' or 'admin'")
