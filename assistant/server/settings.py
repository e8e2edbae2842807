"""The bounds of the web server, from the section `server:` of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assistant.server.origin import is_loopback


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Sizes in bytes, times in seconds. The first ones are keys of `config.yml`, the others engineering bounds."""

    host: str = "127.0.0.1"
    port: int = 8000
    token_env: str = "ASSISTANT_TOKEN"
    jwt_secret_env: str = "ASSISTANT_JWT_SECRET"
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    max_body: int = 262_144  # also of one websocket message
    rate: float = 20.0  # requests (or websocket messages) a second of one client
    burst: int = 40
    max_connections: int = 256
    shutdown_timeout: float = 10.0
    telemetry: bool = False

    sockets_each: int = 32  # websockets of one client
    send_queue: int = 256  # events that wait for a slow reader
    slow_reader: float = 10.0  # until a client that does not read is cut off
    handshake_timeout: float = 10.0  # until the head of a request must have arrived
    body_timeout: float = 10.0
    idle_timeout: float = 14_400.0  # until a websocket that says nothing is closed
    turn_timeout: float = 60.0  # queue included; the dialog core has tighter deadlines of its own
    flood: int = 100  # messages in a row above the rate until a websocket is closed

    @classmethod
    def from_config(cls, section: Any, **changes: Any) -> ServerSettings:
        """The settings of a checked section `server:`; `changes` override it where they are not None."""
        keys = [key for key in cls.__dataclass_fields__ if key in type(section).model_fields]
        values = {key: getattr(section, key) for key in keys}
        values |= {key: value for key, value in changes.items() if value is not None}
        lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
        return cls(**{**values, **lists})

    @property
    def loopback(self) -> bool:
        """Whether the server listens on the loopback alone."""
        return is_loopback(self.host)

    @property
    def exposed(self) -> bool:
        """Whether others than this machine may reach it: directly, or through a proxy under a name of its own."""
        return not self.loopback or not all(is_loopback(host) for host in self.hosts)
