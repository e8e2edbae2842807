"""A small HTTP server that speaks the protocol of chat completions, or misbehaves in a way a test asks for."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Answer = Callable[[dict[str, Any]], Awaitable[bytes]]


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """One whole HTTP answer."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


def says(text: str, **more: Any) -> bytes:
    """A completion with this text."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
    answer = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return http(json.dumps({**answer, **more}).encode())


def refuses(status: str, *headers: str) -> bytes:
    """An error of the server."""
    return http(b'{"error": {"message": "no"}}', status, *headers)


def packed(size: int) -> bytes:
    """A compressed body nobody asked for, that unfolds to `size` bytes."""
    return http(gzip.compress(b" " * size), "200 OK", "Content-Encoding: gzip")


@dataclass
class Server:
    """What it was asked: the bodies and the authorisations; how many requests were open at once."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    open: int = 0
    most: int = 0


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[Server]:
    """A server on a free port of the loopback; `answer` makes the raw bytes for each request."""
    state = Server()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state.open += 1
        state.most = max(state.most, state.open)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            body = json.loads(await reader.readexactly(int(fields["content-length"])))
            assert head.startswith("POST /v1/chat/completions ")
            state.asked.append(body)
            state.keys.append(fields.get("authorization", ""))
            writer.write(await answer(body))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            state.open -= 1
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    state.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    try:
        yield state
    finally:
        listening.close()
        await listening.wait_closed()
