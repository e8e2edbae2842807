"""The chat without a terminal: one line in, the reply out. Only replies go to stdout."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterable, Iterator

from rich.console import Console

from assistant.repl import slash
from assistant.repl.chat import Chat, excuse
from assistant.repl.text import lines, printable
from dialog.errors import AssistantError
from dialog.types import Hypothesis

_LINE_LIMIT = 1 << 20  # bytes of one line that are kept; the assistant refuses much less than that
_CHUNK = 1 << 16
_WIDTH = 160


async def run(chat: Chat, source: int) -> None:
    """Answer every line of the file descriptor `source`, one after the other, until it ends or says /quit."""
    chat.heard = heard
    unsubscribe = chat.assistant.dialog.subscribe(chat.conversation_id, lambda reply: _print(lines(reply)))
    try:
        async for line in read_lines(source):
            ours, said = await slash.answer(chat, line)
            if ours and said is None:
                return
            if said is not None:
                console = Console(file=sys.stdout, width=_WIDTH, markup=False, highlight=False, emoji=False)
                console.print(said, soft_wrap=True)
                sys.stdout.flush()
            elif not ours:
                await _converse(chat, line)
    finally:
        unsubscribe()


async def _converse(chat: Chat, line: str) -> None:
    try:
        async for reply in chat.say(line):
            _print(lines(reply))
    except AssistantError as error:
        _print([printable(excuse(error))])


def _print(texts: Iterable[str]) -> None:
    for text in texts:
        print(text, flush=True)


def heard(hypotheses: list[Hypothesis]) -> None:
    """Tell on stderr what the assistant gets to hear."""
    for hypothesis in hypotheses:
        print(f"heard {hypothesis.confidence:.2f}: {printable(hypothesis.text)}", file=sys.stderr)


async def read_lines(source: int) -> AsyncIterator[str]:
    """The lines of a file descriptor without blocking the event loop; invalid UTF-8 is replaced.

    A thread reads one line ahead at most. It is a daemon, so that a read that never ends does not hold up the exit,
    and reads without Python's buffers, whose locks would crash an interpreter that shuts down meanwhile.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()
    wanted = threading.Semaphore(1)

    def put(line: bytes | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is interested any more
            loop.call_soon_threadsafe(queue.put_nowait, line)

    def read() -> None:
        with contextlib.suppress(OSError):  # closed under us: the same as its end
            for line in _lines(source):
                wanted.acquire()
                put(line)
        put(None)

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while (line := await queue.get()) is not None:
        wanted.release()
        yield line.decode("utf-8", "replace").removesuffix("\r")


def _lines(source: int) -> Iterator[bytes]:
    """Lines without their end, the last one also where it has none; what goes beyond the limit is dropped."""
    line = bytearray()
    while chunk := os.read(source, _CHUNK):
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            yield bytes(line + end[: _LINE_LIMIT - len(line)])
            line.clear()
        line += rest[: _LINE_LIMIT - len(line)]
    if line:
        yield bytes(line)
