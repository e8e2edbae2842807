"""The chat on a terminal: history, completion, and timers that speak up between prompts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory
from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console, RenderableType
from rich.text import Text

from assistant.repl import slash
from assistant.repl.chat import Chat, excuse
from assistant.repl.completion import PhraseCompleter
from assistant.repl.history import history_file
from assistant.repl.text import lines, printable
from dialog.errors import AssistantError
from dialog.types import Hypothesis, Reply

_PROMPT: StyleAndTextTuples = [("bold", "you> ")]


class Terminal:
    """Shows one chat on the terminal until the user leaves."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        chat.heard = self.heard
        self._name = chat.assistant.config.assistant.name
        self._completer = PhraseCompleter(lambda: chat.assistant.host.examples())
        self._prompt: PromptSession[str] = PromptSession(
            history=FileHistory(str(_private(history_file(chat.assistant.config.assistant.data_dir, chat.user_id)))),
            completer=self._completer,
            complete_while_typing=Condition(self._typing_command),
            auto_suggest=AutoSuggestFromHistory(),
        )

    async def run(self) -> None:
        """Prompt, send, show, until Ctrl-D or /quit."""
        with patch_stdout(raw=True), _messages():
            hint = f"{self._name} listens to {self._chat.user_id!r}. /help lists commands, Ctrl-D leaves."
            self._show(Text(hint, style="dim"))
            unsubscribe = self._chat.assistant.dialog.subscribe(self._chat.conversation_id, self.say)
            try:
                while await self._step():
                    pass
            finally:
                unsubscribe()

    async def _step(self) -> bool:
        """One line; false when the user leaves."""
        try:
            line = await self._prompt.prompt_async(_PROMPT)
        except KeyboardInterrupt:
            return True  # Ctrl-C drops the line
        except EOFError:
            return False
        if not line.strip():
            return True
        ours, said = await slash.answer(self._chat, line)
        if ours and said is None:
            return False
        if said is not None:
            self._show(said)
            self._completer.refresh()
        elif not ours:
            await self._converse(line)
        return True

    async def _converse(self, line: str) -> None:
        with _on_interrupt(self._chat):
            try:
                async for reply in self._chat.say(line):
                    self.say(reply)
            except AssistantError as error:
                self._show(Text(printable(excuse(error)), style="yellow"))

    def say(self, reply: Reply) -> None:
        """Show a reply part, asked for or not."""
        for text in lines(reply):
            self._show(Text.assemble((f"{self._name}: ", "bold cyan"), text))

    def heard(self, hypotheses: list[Hypothesis]) -> None:
        """Show what the assistant gets to hear."""
        for hypothesis in hypotheses:
            self._show(Text(f"  heard {hypothesis.confidence:.2f}: {printable(hypothesis.text)}", style="dim"))

    def _show(self, what: RenderableType) -> None:
        console = Console(file=sys.stdout, force_terminal=True, markup=False, highlight=False, emoji=False)
        console.print(what)

    def _typing_command(self) -> bool:
        return self._prompt.default_buffer.text.startswith("/")


@contextlib.contextmanager
def _on_interrupt(chat: Chat) -> Iterator[None]:
    """Let Ctrl-C cancel the running turn instead of the program."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, chat.cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)


@contextlib.contextmanager
def _messages() -> Iterator[None]:
    """Let the program's own messages appear above the prompt instead of in it."""
    handlers = [one for one in logging.getLogger().handlers if type(one) is logging.StreamHandler]
    earlier = [(handler, handler.setStream(sys.stderr)) for handler in handlers]
    try:
        yield
    finally:
        for handler, before in earlier:
            handler.setStream(before or sys.stderr)


def _private(path: Path) -> Path:
    """The file, made for its owner's eyes alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    return path
