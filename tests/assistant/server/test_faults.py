"""Twelve thousand malformed requests and frames, against a real server, beside a conversation that is going on."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.assistant.server.serving import DEADLINE, Running, ask, receive, serving, texts

REQUESTS = 6_000
FRAMES = 6_000
SEED = 20
GOOD_BODY: dict[str, Any] = {"sender": "mallory", "message": "hi", "metadata": {"message_id": "m"}}
GOOD_EVENT: dict[str, Any] = {
    "type": "conversation.item.create",
    "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
}
BYTES = (b"\x00", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\x1b[2J", "\u202e\U0001f600".encode(), b'"', b"{", b"\\u00")
ODD: tuple[Any, ...] = (True, 3, -1.5, [], ["x"], {"a": 1}, [[[]]], 10**400)


def deep(draw: random.Random) -> bytes:
    depth = draw.choice((33, 100, 1000, 20_000))
    return draw.choice((b"[" * depth, b'{"a":' * depth, b'{"a":' + b"[" * depth + b"]" * depth + b"}"))


def damaged(draw: random.Random, good: bytes) -> bytes:
    """A good document, cut short or with bytes put in or replaced."""
    raw = bytearray(good)
    if draw.random() < 0.3:
        return bytes(raw[: draw.randrange(len(raw))])
    for _ in range(draw.randrange(1, 6)):
        at = draw.randrange(len(raw))
        raw[at : at + draw.randrange(3)] = draw.choice(BYTES)
    return bytes(raw)


def malformed_body(draw: random.Random) -> bytes:
    """A body that is surely no message."""
    kind = draw.randrange(6)
    if kind == 0:
        return draw.randbytes(draw.randrange(200)) + b"\xff"
    if kind == 1:
        return deep(draw)
    if kind == 2:
        return json.dumps(draw.choice((None, 1, "text", [GOOD_BODY], True))).encode()
    if kind == 3:
        key = draw.choice(("message", "sender", "metadata", "input_channel"))
        wrong = [value for value in ODD if not (key == "sender" and type(value) is int)]
        wrong = [value for value in wrong if not (key == "metadata" and isinstance(value, dict))]
        return json.dumps(GOOD_BODY | {key: draw.choice(wrong)}).encode()
    if kind == 4:
        return json.dumps(GOOD_BODY | {"message": draw.choice(("a\0b", "\ud800", "x" * 4001, "x" * 100_000))}).encode()
    return damaged(draw, json.dumps(GOOD_BODY).encode()) + b"]"


def request(draw: random.Random) -> bytes:
    """A request as bytes: mostly a malformed body, sometimes a wrong path, method or length."""
    body = malformed_body(draw)
    kind, head = draw.randrange(12), "POST /webhooks/rest/webhook"
    if kind == 0:
        head = draw.choice(("GET", "PUT", "DELETE", "BREW")) + " /webhooks/rest/webhook"
    elif kind == 1:
        path = draw.choice(("/model/parse", "/nowhere", "/webhooks/rest/webhook?stream=true", "/%ff%00"))
        head = f"POST {path}"
    elif kind == 2:
        body = b" " * 300_000
    extra = "" if draw.random() < 0.9 else f"Idempotency-Key: {'k' * 300}\r\nContent-Type: text/plain\r\n"
    return f"{head} HTTP/1.1\r\nHost: 127.0.0.1\r\n{extra}Content-Length: {len(body)}\r\n\r\n".encode() + body


def frame(draw: random.Random) -> str | bytes:
    """A frame that is surely no event."""
    kind = draw.randrange(8)
    if kind == 0:
        return draw.randbytes(draw.randrange(100))
    if kind == 1:
        return deep(draw).decode()
    if kind == 2:
        return json.dumps(draw.choice((None, 1, "text", [GOOD_EVENT], {}, {"type": None})))
    if kind == 3:
        return json.dumps({"type": draw.choice(ODD)})
    if kind == 4:
        name = "".join(draw.choice("abc.\U0001f600\u202e_ ") for _ in range(draw.randrange(1, 40)))
        return json.dumps({"type": name, "event_id": draw.choice(ODD)})
    if kind == 5:
        wrong = draw.choice([value for value in ODD if value != {"a": 1}])
        name = draw.choice(("session.update", "response.create", GOOD_EVENT["type"]))
        return json.dumps({"type": name, "item": wrong})
    if kind == 6:
        item = dict(GOOD_EVENT["item"]) | {draw.choice(("type", "role", "content", "id")): draw.choice(ODD)}
        return json.dumps({**GOOD_EVENT, "item": item})
    return damaged(draw, json.dumps(GOOD_EVENT).encode()).decode("utf-8", "replace") + "]"


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    """Status and body of one answer, and whether the connection goes on."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:] if line)
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return int(lines[0].split()[1]), body, headers.get("connection") != "close"


async def send_requests(server: Running, requests: Iterator[bytes]) -> Counter[int]:
    """Send requests over one connection, made anew where the server closes it."""
    found: Counter[int] = Counter()
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    try:
        for raw in requests:
            connection = connection or await asyncio.open_connection("127.0.0.1", server.port)
            reader, writer = connection
            writer.write(raw)
            status, body, open_still = await asyncio.wait_for(answer(reader), DEADLINE)
            found[status] += 1
            assert 400 <= status < 500, (status, raw[:300])
            assert body, raw[:300]
            assert b"Traceback" not in body
            if not open_still or status == 413:  # the rest of a refused body may still be on its way
                writer.transport.abort()
                connection = None
    finally:
        if connection is not None:
            connection[1].transport.abort()
    return found


async def send_frames(server: Running, frames: Iterator[str | bytes]) -> Counter[str]:
    """Send frames over one socket, which has to stay open."""
    found: Counter[str] = Counter()
    async with server.socket("?conversation=frames", max_size=None) as socket:
        await receive(socket)
        for raw in frames:
            await socket.send(raw)
            event = await receive(socket)
            assert event["type"] == "error", (event, raw[:300])
            assert event["error"]["message"]
            found[event["error"]["code"]] += 1
        assert texts(await ask(socket, "still there")) == ["you said: still there"]
    return found


async def test_malformed_requests_and_frames(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    draw = random.Random(SEED)
    caplog.set_level(logging.WARNING)
    async with serving(tmp_path) as server:
        stop = asyncio.Event()

        async def converse() -> int:
            said = 0
            async with server.socket("?conversation=undisturbed") as socket:
                while not stop.is_set():
                    assert texts(await ask(socket, f"turn {said}")) == [f"you said: turn {said}"]
                    said += 1
                    await asyncio.sleep(0.02)
            return said

        talking = asyncio.create_task(converse())
        requests, frames = await asyncio.gather(
            send_requests(server, (request(draw) for _ in range(REQUESTS))),
            send_frames(server, (frame(draw) for _ in range(FRAMES))),
        )
        stop.set()
        said = await talking
        assert requests.total() == REQUESTS and frames.total() == FRAMES
        assert {400, 404, 405, 413} <= set(requests)
        assert {"invalid_event", "invalid_frame", "missing_type", "unknown_event", "invalid_value"} <= set(frames)
        health = (await server.http.get("/health")).json()
        assert health["status"] == "ok" and health["running"] == 0 and health["queued"] == 0
        turns = [turn async for turn in server.state.assistant.log.turns("undisturbed")]
        assert len(turns) == said > 0
        assert not [turn async for turn in server.state.assistant.log.turns("mallory")]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_what_is_no_http_at_all(tmp_path: Path) -> None:
    draw = random.Random(SEED)
    async with serving(tmp_path) as server:
        for _ in range(50):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            starts = (draw.randbytes(100), b"GET", b"\x16\x03\x01" * 9, b"GET / HTTP/9.9\r\n\r\n")
            writer.write(draw.choice(starts) + b"\r\n\r\n")
            begin = await asyncio.wait_for(reader.read(12), DEADLINE)
            writer.transport.abort()
            assert begin.startswith(b"HTTP/1.1 4")
        assert (await server.say("hi")).status_code == 200
