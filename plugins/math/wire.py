"""One chat completion over HTTP: the `openai` client, imported on first use, and a reader that trusts no answer."""

from __future__ import annotations

import asyncio
import importlib
import json
import math
from collections.abc import AsyncIterator
from typing import Any

MISSING = "the package `openai` is not installed (pip install learning-assistant[llm])"

_MARK = b"\xef\xbb\xbf"  # a byte order mark, which some servers send
_SHORT = 16_384  # bytes that are parsed in well under a millisecond, whatever they are


class Failure:
    """Why there is no completion.

    `again`: another attempt may help, after `after` seconds where the server says so; `gone`: nobody seems to be there;
    `tokens`: what it cost all the same.
    """

    def __init__(
        self, reason: str, *, again: bool = False, gone: bool = False, after: float | None = None, tokens: int = 0
    ) -> None:
        self.reason, self.again, self.gone, self.after, self.tokens = reason, again, gone, after, tokens

    def __str__(self) -> str:
        return self.reason


class _TooMuch(Exception):
    """A body that is not read to its end."""


def _bounded(response: Any, limit: int) -> Any:
    """The body's stream, ended by an error where it grows beyond `limit` bytes."""
    library = importlib.import_module(type(response).__module__.partition(".")[0])
    inner = response.stream

    async def parts() -> AsyncIterator[bytes]:
        read = 0
        async for part in inner:
            read += len(part)
            if read > limit:
                raise _TooMuch(f"it is larger than {limit} bytes")
            yield part

    async def close(_: Any) -> None:
        await inner.aclose()

    members = {"__aiter__": lambda _: parts(), "aclose": close}
    return type("Bounded", (library.AsyncByteStream,), members)()


class Wire:
    """The connection to one server. `max_bytes` bounds an answer before it is read into memory."""

    def __init__(self, base_url: str, key: str, timeout: float, max_bytes: int) -> None:
        self._base_url, self._key, self._timeout, self._max_bytes = base_url, key, timeout, max_bytes
        self._client: Any = None
        self._openai: Any = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        """Close the connections; the next request opens them again."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()

    async def _open(self) -> Any:
        """The client. Its import takes most of a second, so a thread does it."""
        async with self._opening:
            if self._client is None:
                self._openai = await asyncio.to_thread(importlib.import_module, "openai")
                await asyncio.to_thread(importlib.import_module, "openai.resources.chat.completions")
                client = self._openai.DefaultAsyncHttpxClient(event_hooks={"response": [self._bound]})
                self._client = self._openai.AsyncOpenAI(
                    http_client=client,
                    base_url=self._base_url,
                    api_key=self._key,
                    timeout=self._timeout,
                    max_retries=0,
                    default_headers={"Accept-Encoding": "identity"},
                )
            return self._client

    async def send(self, body: dict[str, Any]) -> tuple[str, int] | Failure:
        """The text of one completion and the tokens reported for it (0: none were), or a Failure."""
        try:
            client = await self._open()
        except ImportError:
            return Failure(MISSING)
        openai = self._openai
        try:
            async with asyncio.timeout(self._timeout):
                answer = await client.chat.completions.with_raw_response.create(**body)
                raw: bytes = answer.http_response.content
        except TimeoutError:
            return Failure(f"no answer within {self._timeout:g} s", gone=True)
        except openai.APIStatusError as error:
            return _status(error.status_code, error.response.headers.get("retry-after"))
        except openai.APITimeoutError:
            return Failure(f"no answer within {self._timeout:g} s", gone=True)
        except openai.APIConnectionError as error:
            if isinstance(error.__cause__, _TooMuch):
                return Failure(f"the answer is refused: {error.__cause__}")
            return Failure("no connection", again=True, gone=True)
        except _TooMuch as reason:
            return Failure(f"the answer is refused: {reason}")
        except (openai.OpenAIError, OSError, ValueError) as error:
            return Failure(f"the answer cannot be read: {type(error).__name__}", again=True)
        return completion(raw) if len(raw) < _SHORT else await asyncio.to_thread(completion, raw)

    async def _bound(self, response: Any) -> None:
        """Put a limit on a body before anybody reads it, an error's too; a compressed one could unfold to any size."""
        if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
            await response.aclose()
            raise _TooMuch("it is compressed, though that was not asked for")
        response.stream = _bounded(response, self._max_bytes)


def _status(code: int, retry_after: str | None) -> Failure:
    again = code in (408, 409, 429) or code >= 500
    after = None
    try:
        seconds = float(retry_after or "nan")
        after = seconds if math.isfinite(seconds) and seconds >= 0 else None
    except ValueError:  # an HTTP date: our own pause will do
        after = None
    return Failure(f"the server says {code}", again=again, after=after if again else None, gone=code >= 500)


def completion(raw: bytes) -> tuple[str, int] | Failure:
    """The text and the reported tokens of an answer in the protocol of chat completions, whatever was really sent."""
    try:
        answer = json.loads(raw.removeprefix(_MARK).decode())  # UTF-8 alone: other codecs would be looked for on disk
    except (ValueError, RecursionError):
        return Failure("the answer is not JSON", again=True)
    match answer:
        case {"choices": [{"message": {"content": str(text)}}, *_]}:
            usage = answer.get("usage")
            total = usage.get("total_tokens") if isinstance(usage, dict) else None
            whole = isinstance(total, int) and not isinstance(total, bool) and 0 < total < 10**9
            return text, total if whole and isinstance(total, int) else 0
        case _:
            return Failure("the answer is not a chat completion", again=True)
