"""Bounds: rate, places, sizes, slow and silent clients."""

from __future__ import annotations

import asyncio
import socket as sockets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from assistant.server.limits import Gate, Places, RateLimiter
from assistant.server.owners import Owners
from assistant.server.problem import HTTPProblem, RateLimited, Unavailable
from tests.assistant.server.serving import DEADLINE, Running, ask, eventually, receive, serving, texts


async def end_of(stream: asyncio.StreamReader) -> bytes:
    try:
        return await asyncio.wait_for(stream.read(), DEADLINE)
    except ConnectionResetError:
        return b""


def test_token_bucket() -> None:
    now = [0.0]
    limiter = RateLimiter(2.0, 3, lambda: now[0])
    for _ in range(3):
        limiter.take("a")
    with pytest.raises(RateLimited) as refused:
        limiter.take("a")
    assert refused.value.headers == {"Retry-After": "1"}
    limiter.take("b")
    now[0] = 0.5
    limiter.take("a")
    with pytest.raises(RateLimited):
        limiter.take("a")
    now[0] = 1000.0
    for _ in range(3):
        limiter.take("a")
    with pytest.raises(RateLimited):
        limiter.take("a")


def test_many_clients_take_bounded_memory() -> None:
    limiter = RateLimiter(1.0, 1)
    for number in range(10_100):
        limiter.take(str(number))
    assert len(limiter._buckets) == 10_000


def test_places() -> None:
    places = Places(2, 1)
    with places.place("a"):
        with pytest.raises(Unavailable), places.place("a"):
            pass
        with places.place("b"), pytest.raises(Unavailable), places.place("c"):
            pass
        assert len(places) == 1
    assert len(places) == 0


async def test_gate_waits_for_those_inside() -> None:
    gate = Gate()
    async with gate.turn():
        assert not await gate.close(0.01)
    assert await gate.close(0.01)
    with pytest.raises(Unavailable):
        async with gate.turn():
            pass


async def test_claims_of_listeners_survive_a_flood_of_conversations() -> None:
    async def unknown(conversation: str) -> str | None:
        return None

    owners = Owners(unknown)
    assert await owners.claim("kept", "ann") == "ann"
    with owners.listening("kept"):
        for number in range(10_100):
            await owners.claim(f"c{number}", "mallory")
        with pytest.raises(HTTPProblem):
            await owners.claim("kept", "mallory")
    assert len(owners._known) == 10_000


async def test_rate_over_http_and_websocket(tmp_path: Path) -> None:
    async with serving(tmp_path, rate=0.001, burst=4, flood=5) as server:
        async with server.socket() as socket:  # takes one
            await receive(socket)
            await socket.send("{}")  # takes another
            assert (await receive(socket))["error"]["code"] == "missing_type"
            for _ in range(2):
                assert (await server.http.get("/webhooks/rest/")).status_code == 200
            refused = await server.http.get("/webhooks/rest/")
            assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 0
            for _ in range(5):
                await socket.send("{}")
                assert (await receive(socket))["error"]["code"] == "rate_limit_exceeded"
            await socket.send("{}")
            with pytest.raises(ConnectionClosed) as closed:
                await receive(socket)
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008
        with pytest.raises(InvalidStatus) as shut:
            async with server.socket():
                pass
        assert shut.value.response.status_code == 429


async def test_number_of_sockets(tmp_path: Path) -> None:
    async with serving(tmp_path, sockets_each=2) as server, server.socket() as first, server.socket():
        await receive(first)
        with pytest.raises(InvalidStatus) as refused:
            async with server.socket():
                pass
        assert refused.value.response.status_code == 503
        assert texts(await ask(first, "hi")) == ["you said: hi"]


async def test_time_outs(tmp_path: Path) -> None:
    bounds = {"handshake_timeout": 0.2, "body_timeout": 0.2, "idle_timeout": 0.2}
    async with serving(tmp_path, **bounds) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert await end_of(reader) == b""  # says nothing at all
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: 127")  # stops in the middle of the head
        assert await end_of(reader) == b""
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        whole = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        writer.write(whole)
        assert (await asyncio.wait_for(reader.readline(), DEADLINE)).startswith(b"HTTP/1.1 200")
        writer.write(whole[:10])  # stops in the middle of the second one
        await end_of(reader)
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /model/parse HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n{")
        assert (await asyncio.wait_for(reader.readline(), DEADLINE)).startswith(b"HTTP/1.1 408")
        writer.close()
        async with server.socket() as socket:
            await receive(socket)
            with pytest.raises(ConnectionClosed) as closed:
                await receive(socket)
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "idle for too long")


@pytest.fixture
async def impatient(tmp_path: Path) -> AsyncIterator[Running]:
    async with serving(tmp_path, slow_reader=0.3, send_queue=8, max_body=100_000) as running:
        yield running


def narrow(port: int) -> sockets.socket:
    """A connection with a small window, so that the server's buffers fill soon."""
    connection = sockets.socket(sockets.AF_INET, sockets.SOCK_STREAM, sockets.IPPROTO_TCP)
    connection.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    connection.setblocking(False)
    return connection


async def test_a_websocket_that_does_not_read_is_cut_off(impatient: Running) -> None:
    async with impatient.socket(sock=narrow(impatient.port), max_queue=1, close_timeout=0.1) as socket:
        with pytest.raises(ConnectionClosed):
            while True:
                await asyncio.wait_for(socket.send("{}" * 2000), DEADLINE)
        await eventually(lambda: not impatient.state.sessions)
    assert (await impatient.say("hi")).status_code == 200


async def test_a_stream_that_does_not_read_is_cut_off(impatient: Running) -> None:
    reader, writer = await asyncio.open_connection(sock=narrow(impatient.port), limit=1024)
    body = b'{"message": "%s"}' % (b"x" * 3900)
    head = b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(body)
    with pytest.raises(ConnectionError):
        while True:
            writer.write(head + body)
            await asyncio.wait_for(writer.drain(), DEADLINE)
    writer.close()
    assert (await impatient.say("hi", "other")).status_code == 200
    assert not reader.at_eof()
