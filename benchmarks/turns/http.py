"""A REST client as small as can be: what a client library costs a request would be counted as the server's time."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field


@dataclass
class RestChannel:
    """Rasa's REST channel on the loopback, with kept-alive connections, one for each turn under way."""

    port: int
    host: str = "127.0.0.1"
    _idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def send(self, conversation: str, text: str) -> list[str]:
        """One line of a conversation. Raises `OSError`, `RuntimeError` for any status but 200."""
        body = json.dumps({"sender": conversation, "message": text})
        status, answer = await self.post("/webhooks/rest/webhook", body)
        if status != 200:
            raise RuntimeError(f"status {status}: {answer[:200]!r}")
        return [str(message.get("text", "")) for message in json.loads(answer)]

    async def post(self, path: str, body: str) -> tuple[int, bytes]:
        """POST JSON; gives status and body."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body.encode())}\r\n\r\n"
        )
        reader, writer = await self._connection()
        try:
            writer.write((head + body).encode())
            status = int((await reader.readline()).split()[1])
            headers: dict[str, str] = {}
            while (line := (await reader.readline()).decode("latin-1").strip()):
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            answer = await reader.readexactly(int(headers["content-length"]))
        except (OSError, EOFError, IndexError, KeyError, asyncio.CancelledError) as error:
            writer.close()
            if isinstance(error, (OSError, asyncio.CancelledError)):
                raise
            raise ConnectionError(f"the server ended the connection: {type(error).__name__}") from error
        if headers.get("connection", "").lower() == "close":
            writer.close()
        else:
            self._idle.append((reader, writer))
        return status, answer

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():  # the server closes what was idle for long
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self.host, self.port)

    async def close(self) -> None:
        """Close all connections."""
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()

    async def ready(self, seconds: float, process: asyncio.subprocess.Process | None = None) -> None:
        """Wait until the port takes connections. Raises `RuntimeError` when it does not, or when the process ended."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while loop.time() < deadline:
            try:
                _, writer = await asyncio.open_connection(self.host, self.port)
                writer.close()
                return
            except OSError:
                if process is not None and process.returncode is not None:
                    raise RuntimeError(f"the server ended with exit code {process.returncode}") from None
                await asyncio.sleep(0.005)
        raise RuntimeError(f"the server was not there within {seconds:g} s")
