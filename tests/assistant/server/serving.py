"""A real server on a free loopback port, over a real assistant with the robot plugin."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from websockets.asyncio.client import ClientConnection, connect

from assistant.app import Assistant
from assistant.config import Config, load
from assistant.sections import PluginSection
from assistant.server.app import create_app
from assistant.server.listener import Listener, bind, url_of
from assistant.server.settings import ServerSettings
from assistant.server.state import ServerState

ROBOT = Path(__file__).with_name("robot.py")
DEADLINE = 15.0


def configured(folder: Path) -> Config:
    """The shipped configuration with the robot as the only plugin, and its log in `folder`."""
    config = load(None, {"log.url": f"sqlite:///{folder}/log.db", "log.durability": "normal"})
    return config.model_copy(update={"plugins": {"robot": PluginSection(use=str(ROBOT))}, "plugin_folder": None})


@dataclass
class Running:
    """One server at work, and how to talk to it."""

    app: Starlette
    listener: Listener
    url: str
    http: httpx.AsyncClient

    @property
    def state(self) -> ServerState:
        state: ServerState = self.app.state.server
        return state

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    async def say(self, message: Any, sender: Any = "alice", **more: Any) -> httpx.Response:
        body = {"sender": sender, "message": message, **more}
        return await self.http.post("/webhooks/rest/webhook", json=body)

    def socket(self, query: str = "", **options: Any) -> connect:
        return connect(f"ws{self.url.removeprefix('http')}/v1/realtime{query}", **options)


@asynccontextmanager
async def serving(folder: Path, **changes: Any) -> AsyncIterator[Running]:
    """Serve with the given settings; they are those of the shipped configuration on a free port, without a rate."""
    config = configured(folder)
    settings = ServerSettings.from_config(config.server, **{"port": 0, "rate": 1e9, "burst": 10**9, **changes})
    app = create_app(lambda: Assistant(config), settings)
    with bind(settings) as listening:
        async with app.router.lifespan_context(app):
            listener = Listener(app, settings)
            task = asyncio.create_task(listener.serve(sockets=[listening]))
            url = url_of(listening)
            async with httpx.AsyncClient(base_url=url, timeout=DEADLINE) as http:
                try:
                    yield Running(app, listener, url, http)
                finally:
                    listener.should_exit = True
                    await asyncio.wait_for(task, DEADLINE)


async def eventually(happens: Callable[[], Any]) -> None:
    """Wait until a condition holds; it may be a coroutine function."""
    async with asyncio.timeout(DEADLINE):
        while True:
            found = happens()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.01)


async def receive(socket: ClientConnection) -> dict[str, Any]:
    """The next event."""
    event: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), DEADLINE))
    return event


async def until(socket: ClientConnection, kind: str) -> list[dict[str, Any]]:
    """Events up to and with the next one of this type."""
    events = [await receive(socket)]
    while events[-1]["type"] != kind:
        events.append(await receive(socket))
    return events


async def send(socket: ClientConnection, kind: str, **fields: Any) -> None:
    """Send an event."""
    await socket.send(json.dumps({"type": kind, **fields}))


async def write(socket: ClientConnection, text: str, **fields: Any) -> None:
    """Add a user message."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], **fields}
    await send(socket, "conversation.item.create", item=item)
    await until(socket, "conversation.item.done")


async def ask(socket: ClientConnection, text: str, **fields: Any) -> list[dict[str, Any]]:
    """Say something and collect the events of the response."""
    await write(socket, text, **fields)
    await send(socket, "response.create")
    return await until(socket, "response.done")


def texts(events: list[dict[str, Any]]) -> list[str]:
    """What was said in these events."""
    return [event["text"] for event in events if event["type"] == "response.output_text.done"]
