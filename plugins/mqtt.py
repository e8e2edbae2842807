"""The connection to an MQTT broker: kept open in the background, opened again with growing pauses when it is lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import ssl
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from dialog.errors import AssistantError

if TYPE_CHECKING:
    import aiomqtt

log = logging.getLogger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds between attempts to connect
KIND = "mqtt"  # of outbox effects


class Unreachable(AssistantError):
    """The broker cannot be reached at present."""


class BrokerOptions(BaseModel):
    """Where the broker is. User name and password come from environment variables. `timeout` in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(min_length=1)
    port: int = Field(default=1883, ge=1, le=65535)
    tls: bool = False
    ca_file: str | None = None
    username_env: str | None = None
    password_env: str | None = None
    client_id: str | None = None
    keepalive: int = Field(default=30, ge=5, le=3600)
    timeout: float = Field(default=1.5, gt=0, le=30)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Link:
    """One connection, shared by all who use the same broker. `start` and `stop` count their callers."""

    def __init__(self, options: BrokerOptions) -> None:
        self.options = options
        self.problem = "it has not been tried yet"  # why there is no connection
        self._users = 0
        self._client: aiomqtt.Client | None = None
        self._task: asyncio.Task[None] | None = None
        self._up = asyncio.Event()

    async def start(self) -> None:
        """Begin to connect, without waiting for it."""
        self._users += 1
        if self._users == 1:
            self._up = asyncio.Event()
            self._task = asyncio.create_task(self._keep(), name=f"mqtt-{self.options}")

    async def stop(self) -> None:
        """Disconnect when nobody is left."""
        self._users -= 1
        if self._users == 0 and self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def reachable(self) -> bool:
        """Whether there is a connection; waits for one up to `timeout`."""
        try:
            await asyncio.wait_for(self._up.wait(), self.options.timeout)
        except TimeoutError:
            return False
        return True

    async def publish(self, topic: str, payload: str, retain: bool = False) -> None:
        """Publish with QoS 1 and wait for the broker's acknowledgement. Raises `Unreachable`."""
        import aiomqtt

        client = self._client
        if client is None or not await self.reachable():
            raise Unreachable(f"the MQTT broker at {self.options} cannot be reached: {self.problem}")
        try:
            await client.publish(topic, payload, qos=1, retain=retain, timeout=self.options.timeout)
        except aiomqtt.MqttError as error:
            raise Unreachable(f"the MQTT broker at {self.options} did not take a message: {error}") from None

    async def dispatch(self, key: str, payload: Mapping[str, Any]) -> None:
        """Carry out one outbox effect. One that is older than its `expires` (epoch seconds) is dropped: a lamp must
        not go on hours later. Raises `Unreachable`, so that the outbox tries again."""
        if payload.get("expires", float("inf")) < time.time():
            log.warning("%s is dropped: the broker at %s was away for too long", key, self.options)
            return
        await self.publish(payload["topic"], payload["payload"], bool(payload.get("retain")))

    async def _keep(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                await self._connected()
                pause = FIRST_PAUSE
            except (OSError, AssistantError, TimeoutError) as error:
                self._lost(str(error) or type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _connected(self) -> None:
        """Connect and stay until the connection is lost."""
        import aiomqtt

        options = self.options
        # paho connects in a thread for up to five seconds, whatever happens to the caller: look first who is there
        _, writer = await asyncio.wait_for(asyncio.open_connection(options.host, options.port), options.timeout)
        writer.close()
        with contextlib.suppress(OSError):
            await asyncio.wait_for(writer.wait_closed(), options.timeout)
        client = aiomqtt.Client(
            options.host,
            options.port,
            username=_secret(options.username_env),
            password=_secret(options.password_env),
            identifier=options.client_id,
            keepalive=options.keepalive,
            timeout=options.timeout,
            tls_context=ssl.create_default_context(cafile=options.ca_file) if options.tls else None,
        )
        try:
            async with client:
                self._client = client
                self._up.set()
                log.info("connected to the MQTT broker at %s", options)
                async for _ in client.messages:  # nothing is subscribed: this ends when the connection does
                    pass
        except aiomqtt.MqttError as error:
            raise Unreachable(str(error)) from None
        finally:
            self._up.clear()
            self._client = None

    def _lost(self, reason: str) -> None:
        if reason != self.problem:  # once for each reason, not at every attempt
            log.warning("no connection to the MQTT broker at %s: %s", self.options, reason)
        self.problem = reason


def _secret(variable: str | None) -> str | None:
    """The value of an environment variable. Raises `AssistantError` when it is named but not set."""
    if variable is None:
        return None
    if variable not in os.environ:
        raise AssistantError(f"the environment variable {variable} is not set")
    return os.environ[variable]
