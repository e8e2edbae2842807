"""The slash commands of the chat."""

from __future__ import annotations

import difflib
import re
from collections.abc import Awaitable, Callable, Mapping

from rich.console import RenderableType
from rich.text import Text

from assistant.repl.chat import Chat
from assistant.repl.why import why
from dialog.errors import AssistantError

#: Does something with the argument and says what; None ends the chat.
Slash = Callable[[Chat, str], Awaitable[RenderableType | None]]
_WORD = re.compile(r"/([\w.-]+)(.*)\Z", re.DOTALL)


async def answer(chat: Chat, line: str) -> tuple[bool, RenderableType | None]:
    """Whether `line` was for the chat itself and not for the assistant, and what is said to it (None: leave).

    `/intent{...}` of a known intent is for the assistant; an unknown slash word gets a hint.
    """
    match = _WORD.match(line.strip())
    if match is None:
        return False, None
    word, rest = match.groups()
    command = COMMANDS.get(word)
    if command is not None and not rest.startswith(("{", "@")):
        try:
            return True, await command[1](chat, rest.strip())
        except AssistantError as error:
            return True, Text(f"Sorry: {error}")
    if rest.startswith(("{", "@")) or chat.knows_intent(word):
        return False, None
    near = difflib.get_close_matches(word, COMMANDS, n=1)
    hint = f"did you mean /{near[0]}? " if near else ""
    return True, Text(f"/{word[:40]} is neither a command nor a known intent; {hint}/help lists the commands")


async def _help(chat: Chat, argument: str) -> RenderableType:
    rows = [f"/{name:<8} {text}" for name, (text, _) in COMMANDS.items()]
    rows.append('/INTENT{"entity": "value"} is sent as that intent, without understanding')
    return Text("\n".join(rows))


async def _why(chat: Chat, argument: str) -> RenderableType:
    turn = chat.last_turn
    return Text("there is no turn to explain yet") if turn is None else why(turn)


async def _good(chat: Chat, argument: str) -> RenderableType:
    await chat.reward(1.0)
    return Text("noted: the last answer was good")


async def _bad(chat: Chat, argument: str) -> RenderableType:
    await chat.reward(0.0)
    return Text("noted: the last answer was bad")


async def _asr(chat: Chat, argument: str) -> RenderableType:
    try:
        rate = float(argument or "0.25")
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 1:
        return Text(f"a word error rate is a number from 0 to 1, not {argument[:40]!r}")
    chat.word_error_rate = rate
    if not rate:
        return Text("lines are sent as typed")
    return Text(f"lines are sent as a recogniser with a word error rate of {rate:g} might hear them; /asr 0 ends it")


async def _reload(chat: Chat, argument: str) -> RenderableType:
    await chat.assistant.reload()
    records = chat.assistant.host.records.values()
    skipped = [
        f"{record.name} is skipped: {record.error}" for record in records if record.error and record.settings.enabled
    ]
    return Text("\n".join(["configuration and plugins are loaded again", *skipped]))


async def _quit(chat: Chat, argument: str) -> None:
    return None


COMMANDS: Mapping[str, tuple[str, Slash]] = {
    "why": ("why the last answer was given: interpretations, candidates, decision, timings", _why),
    "good": ("the last answer was good (a reward in the log)", _good),
    "bad": ("the last answer was bad (a reward in the log)", _bad),
    "asr": ("/asr 0.25: garble lines as a speech recogniser with that word error rate; 0 ends it", _asr),
    "reload": ("load configuration and plugins again", _reload),
    "help": ("this list", _help),
    "quit": ("leave (also Ctrl-D)", _quit),
}
