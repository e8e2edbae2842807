from __future__ import annotations

import asyncio
import os
import signal
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from assistant.app import Assistant
from assistant.config import load
from assistant.repl.chat import Chat
from assistant.repl.completion import PhraseCompleter
from assistant.repl.history import history_file
from assistant.repl.terminal import Terminal
from assistant.repl.text import lines, printable
from dialog.types import Reply
from tests.assistant.command_line import light

Typed = Callable[[str], None]


@pytest.fixture
async def chat(tmp_path: Path) -> AsyncIterator[Chat]:
    async with Assistant(load(light(tmp_path))) as assistant:
        yield Chat(assistant, "ada", "chat-ada")


class Screen:
    """A terminal whose keys the test types, and what the chat shows on it."""

    def __init__(self, keys: PipeInput, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
        self._keys = keys
        self.shown: list[str] = []
        self._more = asyncio.Event()
        monkeypatch.setattr(terminal, "_show", self._show)

    def _show(self, what: object) -> None:
        self.shown.append(str(getattr(what, "plain", what)))
        self._more.set()

    async def type(self, text: str, until: str) -> None:
        """Type, and wait until something that contains `until` is shown."""
        seen = len(self.shown)
        self._keys.send_text(text)
        await self.wait(until, seen)

    async def wait(self, until: str, seen: int = 0) -> None:
        async with asyncio.timeout(20):
            while not any(until in line for line in self.shown[seen:]):
                self._more.clear()
                await self._more.wait()


async def test_a_chat_on_a_terminal(chat: Chat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        terminal = Terminal(chat)
        screen = Screen(keys, terminal, monkeypatch)
        running = asyncio.create_task(terminal.run())
        await screen.wait("/help lists commands")
        await screen.type("hi\r", "Assistant: Hello.")
        await screen.type("parts\r", "Assistant: Two.")
        await screen.type("drop this\x03hi\r", "Assistant: Hello.")  # Ctrl-C drops the line
        await screen.type("\r \rtimer\r", "Your timer is up.")  # empty lines are not sent; the timer speaks unasked
        await screen.type("slow\r", "Assistant: Starting.")
        os.kill(os.getpid(), signal.SIGINT)  # Ctrl-C while a turn runs
        await screen.wait("(cancelled)")
        await screen.type("/asr 0.4\r", "word error rate of 0.4")
        await screen.type("turn on the light\r", "Assistant: You said")
        assert any(line.startswith("  heard 0.") for line in screen.shown)
        await screen.type("/nix\r", "/nix is neither")
        keys.send_text("\x04")  # Ctrl-D
        async with asyncio.timeout(20):
            await running
    history = history_file(tmp_path / "data", "ada")
    assert "+parts" in history.read_text().splitlines()
    assert stat.S_IMODE(history.stat().st_mode) == 0o600


async def test_completion(chat: Chat) -> None:
    completer = PhraseCompleter(chat.assistant.host.examples)

    def offers(text: str) -> list[str]:
        return [found.text for found in completer.get_completions(Document(text), CompleteEvent())]

    assert offers("/w") == ["/why"]
    assert offers("/zzz") == []
    assert offers("He") == ["hello"]
    assert offers("hello") == []
    assert set(offers("")) == {"hello", "hi there"}


def test_history_files_stay_in_their_folder(tmp_path: Path) -> None:
    for user in ("..", "a/b", "/etc/passwd", "", "x" * 1000, "ü\n"):
        file = history_file(tmp_path, user)
        assert file.parent == tmp_path / "history"
        assert len(file.name) <= 255
    assert history_file(tmp_path, "a" * 1000) != history_file(tmp_path, "a" * 1001)


def test_replies_as_lines() -> None:
    reply = Reply("Which?", buttons=({"title": "Yes", "payload": "/yes"}, {"title": "No", "payload": "/no"}))
    assert list(lines(reply)) == ["Which?", "[Yes] [No]"]
    assert list(lines(Reply(image="http://x/y.png"))) == ["http://x/y.png"]
    assert list(lines(Reply(data={"a": 1}))) == ['{"a": 1}']
    assert printable("a\x1b[0m\tb\nc\x9b\ud800") == "a�[0m\tb\nc��"
