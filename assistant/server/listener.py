"""uvicorn with our bounds: slow clients are cut off, and a shutdown lets running turns finish."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Generator
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from assistant.server.settings import ServerSettings
from dialog.errors import ConfigError

log = logging.getLogger(__name__)
_BACKLOG = 256
_CLOSING = 2.0
_BUSY = object()


def bind(settings: ServerSettings) -> socket.socket:
    """A listening socket. Raises `ConfigError` when the address cannot be had."""
    host, family = settings.host.strip("[]"), socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # named as TCP: otherwise asyncio leaves Nagle's algorithm on, which costs 40 ms for an answer in two pieces
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, settings.port))
        listening.listen(_BACKLOG)
    except (OSError, UnicodeError) as error:
        listening.close()
        reason, where = getattr(error, "strerror", None) or str(error), f"{settings.host}:{settings.port}"
        raise ConfigError(f"server.host, server.port: cannot listen on {where}: {reason}") from None
    return listening


def url_of(listening: socket.socket) -> str:
    """The address of a listening socket as a URL."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Listener(uvicorn.Server):
    """Serves the application until SIGTERM or SIGINT (twice: at once)."""

    def __init__(self, app: Starlette, settings: ServerSettings) -> None:
        self._app = app
        self._settings = settings
        super().__init__(
            uvicorn.Config(
                app,
                http=_bounded_http(settings),
                ws=_bounded_websocket(settings),
                ws_max_size=settings.max_body,
                ws_per_message_deflate=False,  # short texts gain nothing, each socket would hold 64 kB more
                lifespan="off",  # entered by `serve`, so that what fails at the start is told in one line
                proxy_headers=False,  # whoever connects could claim any address
                server_header=False,
                access_log=False,  # `Guard` writes it, without queries: they may hold a token
                log_config=None,
                limit_concurrency=2 * settings.max_connections,
                timeout_graceful_shutdown=max(1, round(settings.shutdown_timeout)),
            )
        )
        for name in ("uvicorn", "uvicorn.error"):  # at INFO it writes the URLs of websockets, tokens included
            logging.getLogger(name).setLevel(logging.WARNING)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Handle the signals here; having obeyed them, end with exit code 0 instead of dying of them."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGTERM, signal.SIGINT)
        try:
            for number in signals:
                loop.add_signal_handler(number, self.handle_exit, number, None)
        except (RuntimeError, ValueError):  # not the main thread: whoever runs us there stops us by `should_exit`
            yield
            return
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the shutdown; a second signal does not wait for anybody."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nobody in, let running turns finish, close websockets with a reason, then the rest."""
        for server in self.servers:
            server.close()
        state = self._app.state.server
        closing = asyncio.create_task(state.gate.close(self._settings.shutdown_timeout))
        while not closing.done() and not self.force_exit:
            await asyncio.wait([closing], timeout=0.05)
        if self.force_exit or not closing.result():
            log.warning("%d turns were not finished in time", state.gate.running)
        closing.cancel()
        sessions = list(state.sessions)
        for session in sessions:
            session.end(1001, "the server is shutting down")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING):
                for session in sessions:
                    await session.hung_up.wait()
        await super().shutdown(sockets)


class _Impatient:
    """Cuts off a client that does not read: a full write buffer must drain within `_slow` seconds."""

    _slow: float
    _stuck: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        super().pause_writing()  # type: ignore[misc]
        transport: asyncio.Transport = self.transport  # type: ignore[attr-defined]
        if self._stuck is None:
            self._stuck = asyncio.get_running_loop().call_later(self._slow, transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()  # type: ignore[misc]
        self._unstick()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)  # type: ignore[misc]
        self._unstick()

    def _unstick(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None


def _bounded_http(settings: ServerSettings) -> type[asyncio.Protocol]:
    base: Any = AutoHTTPProtocol

    class BoundedHTTP(_Impatient, base):  # type: ignore[misc]
        """The head of a request must arrive within the handshake time-out; uvicorn itself waits forever."""

        _slow = settings.slow_reader
        _idle_since: Any = None  # the last request that was complete when we looked; None at first

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            self._look_later()

        def _look_later(self) -> None:
            self._watch = asyncio.get_running_loop().call_later(settings.handshake_timeout, self._look)

        def _look(self) -> None:
            transport = self.transport
            if transport.is_closing() or transport.get_protocol() is not self:  # a websocket by now
                return
            waiting = self.cycle is None or self.cycle.response_complete
            if waiting and self.timeout_keep_alive_task is None and self._idle_since is self.cycle:
                transport.abort()
                return
            self._idle_since = self.cycle if waiting else _BUSY
            self._look_later()

        def connection_lost(self, exc: Exception | None) -> None:
            self._watch.cancel()
            super().connection_lost(exc)

    return BoundedHTTP


def _bounded_websocket(settings: ServerSettings) -> type[asyncio.Protocol]:
    class BoundedWebSocket(_Impatient, WebSocketsSansIOProtocol):
        """A websocket whose client must read."""

        _slow = settings.slow_reader

    return BoundedWebSocket
