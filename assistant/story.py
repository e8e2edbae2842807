"""Conversation tests: what a user says and what must come back, in the form of Rasa's test stories.

    stories:
    - story: a timer
      steps:
      - user: set a timer for ten minutes
        intent: alarm_set                  # if given, must be what is understood
      - bot: Timer set for 10 minutes ...  # each part that is said, in order; `...` stands for anything
      - slot_was_set: [{timer: "10"}]      # by the last turn
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.document import Document, InvalidDocument, Problem, Route, dotted, read
from assistant.parse import to_rasa
from assistant.sections import nearest
from dialog.errors import AssistantError
from dialog.types import Turn

if TYPE_CHECKING:
    from assistant.app import Assistant

_FILE_KEYS = ("version", "stories", "test_cases")
_STORY_KEYS = ("story", "test_case", "metadata", "steps")
_STEP_KEYS = ("user", "intent", "entities", "metadata", "bot", "slot_was_set")


@dataclass
class Exchange:
    """One line of the user and what must follow it. `bot` None: whatever is said."""

    line: int
    user: str
    intent: str | None = None
    bot: list[tuple[int, str]] = field(default_factory=list)
    slots: list[tuple[int, str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Story:
    """A conversation that must go as written."""

    file: str
    line: int
    name: str
    exchanges: list[Exchange]


def load_stories(path: Path) -> list[Story]:
    """The stories of one file. Raises `InvalidDocument` with everything that is wrong in it."""
    document = read(path)
    reader = _Reader(document)
    stories = reader.stories()
    problems = [*document.problems, *reader.problems]
    if problems:
        raise InvalidDocument(sorted(problems, key=lambda problem: problem.line))
    return stories


async def play(assistant: Assistant, story: Story, conversation_id: str) -> list[Problem]:
    """Hold the conversation as a user of its own; what went otherwise, nothing where all went well."""
    problems = []
    for exchange in story.exchanges:
        for line, message in await _exchange(assistant, exchange, conversation_id):
            problems.append(Problem(story.file, line, story.name, message))
    return problems


async def _exchange(assistant: Assistant, exchange: Exchange, conversation_id: str) -> list[tuple[int, str]]:
    utterance = assistant.utterance(exchange.user, conversation_id, conversation_id, "test")
    try:
        handle = assistant.dialog.send(utterance)
        said = [reply.text async for reply in handle]
        turn = await handle.turn()
    except AssistantError as error:
        return [(exchange.line, f"no answer: {error}")]
    found = [(exchange.line, failure) for failure in turn.failures]
    intent = to_rasa(turn.understanding)["intent"]["name"]
    if exchange.intent is not None and exchange.intent != intent:
        found.append((exchange.line, f"understood as {intent!r}, not as {exchange.intent!r}"))
    if exchange.bot:
        for index, (line, expected) in enumerate(exchange.bot):
            if index >= len(said):
                found.append((line, f"nothing was said, expected {expected!r}"))
            elif not _pattern(expected).fullmatch(_spaced(said[index])):
                found.append((line, f"said {said[index]!r}, expected {expected!r}"))
        found += [(exchange.bot[-1][0], f"also said {more!r}") for more in said[len(exchange.bot) :]]
    return found + _missing_slots(exchange, turn)


def _missing_slots(exchange: Exchange, turn: Turn) -> list[tuple[int, str]]:
    was_set = {event.data["name"]: event.data.get("value") for event in turn.events if event.name == "slot"}
    return [
        (line, f"slot {name!r} was {'set to ' + repr(was_set[name]) if name in was_set else 'not set'}, not {value!r}")
        for line, name, value in exchange.slots
        if name not in was_set or was_set[name] != value
    ]


def _pattern(expected: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in _spaced(expected).split("...")), re.DOTALL)


def _spaced(text: str) -> str:
    return " ".join(text.split())


class _Reader:
    """Reads stories out of a document; collects problems."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.problems: list[Problem] = []

    def stories(self) -> list[Story]:
        data = self._document.data
        if not self._keys(data, (), _FILE_KEYS):
            return []
        found = []
        for group in ("stories", "test_cases"):
            for index, raw in enumerate(self._list(data.get(group), (group,))):
                route: Route = (group, index)
                if self._keys(raw, route, _STORY_KEYS):
                    name = str(raw.get("story") or raw.get("test_case") or "")
                    file, line = self._document.place(route)
                    found.append(Story(file, line, name, self._steps(raw.get("steps"), (*route, "steps"))))
        return found

    def _steps(self, raw: Any, route: Route) -> list[Exchange]:
        exchanges: list[Exchange] = []
        for index, step in enumerate(self._list(raw, route)):
            here = (*route, index)
            line = self._document.place(here)[1]
            if not self._keys(step, here, _STEP_KEYS):
                continue
            if "user" in step:
                exchanges.append(Exchange(line, self._text(step, "user", here)))
                if "intent" in step:
                    exchanges[-1].intent = self._text(step, "intent", here)
            elif not exchanges:
                self._problem(here, "a story begins with a line of the user")
            elif "bot" in step:
                exchanges[-1].bot.append((line, self._text(step, "bot", here)))
            elif "slot_was_set" in step:
                for slot in self._list(step["slot_was_set"], (*here, "slot_was_set")):
                    pairs = slot.items() if isinstance(slot, Mapping) else ()
                    exchanges[-1].slots += [(line, name, value) for name, value in pairs]
            elif set(step) <= set(_STEP_KEYS):
                self._problem(here, "a step has one of the keys user, bot, slot_was_set")
        return exchanges

    def _text(self, step: Mapping[str, Any], key: str, route: Route) -> str:
        if not isinstance(step[key], str):
            self._problem((*route, key), f"must be text, not {step[key]!r}; put it in quotes")
        return str(step[key])

    def _list(self, raw: Any, route: Route) -> list[Any]:
        if raw is not None and not isinstance(raw, list):
            self._problem(route, "must be a list")
        return raw if isinstance(raw, list) else []

    def _keys(self, raw: Any, route: Route, known: tuple[str, ...]) -> bool:
        if not isinstance(raw, Mapping):
            self._problem(route, f"must have keys such as '{known[0]}:'")
            return False
        for key in raw:
            if key not in known:
                self._problem((*route, key), f"unknown key{nearest(key, known)}")
        return True

    def _problem(self, route: Route, message: str) -> None:
        self.problems.append(Problem(*self._document.place(route), dotted(route), message))
