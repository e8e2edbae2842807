"""Asks when two interpretations are close: "Do you want to set an alarm, or put something in your calendar?"

The question is a candidate like any other. Options:
  margin: the two are close when their probabilities differ by at most this.
  floor: the second one must be at least this probable.
  cost: what a question costs, as a share of the value of a right answer.
Features of the question: `probability` = (first + second) * second / first * (1 - cost): the mass it settles, less the
further apart the two are; `first` and `second` are their probabilities. Features of the answer that it leads to:
`probability`, `prior` (as for a text read in full) and `clarified` = 1.0; that candidate belongs to the skill that was
meant, and carries the first text.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from dialog.errors import ConfigError
from dialog.events import Event, slot
from dialog.plugin import hookimpl
from dialog.skill import Skill, TurnContext, intent
from dialog.types import Candidate, Entity, Interpretation, Reply
from plugins.phrases import phrase
from plugins.proposals import TRUST

ASKED = "clarify_options"  # the slot that holds what was asked about
CERTAIN = 0.99
_DEFAULTS = {"margin": 0.15, "floor": 0.2, "cost": 0.15}
_FIRST = re.compile(r"^(?:the )?(?:first|1st|1|one|former|option (?:a|one|1)|a)(?: (?:one|thing|option))?[.!]?$")
_SECOND = re.compile(
    r"^(?:the )?(?:second|2nd|2|two|latter|last|other|option (?:b|two|2)|b)(?: (?:one|thing|option))?[.!]?$"
)
_NEITHER = re.compile(r"^(?:neither|none|no|nope|nothing|cancel|stop|never ?mind|forget it)\b")
_SMALL_WORDS = """
the a an to i want please my your me it is of in on and or that one for something hear
"""
_SMALL = frozenset(_SMALL_WORDS.split())
MAX_ANSWER = 60


def closeness(first: float, second: float, cost: float) -> float:
    """How much a question is worth, on the scale of the two probabilities."""
    return (first + second) * (second / first) * (1.0 - cost) if first > 0 else 0.0


def resolve(text: str, options: Sequence[Mapping[str, Any]]) -> int | None:
    """Which option an answer names, -1 for neither, None where it says something else."""
    answer = " ".join(text.lower().split())
    if len(answer) > MAX_ANSWER:
        return None
    if _FIRST.match(answer):
        return 0
    if _SECOND.match(answer):
        return 1
    if _NEITHER.match(answer):
        return -1
    said = _words(answer)
    names = [_words(f"{option['words']} {option['intent'].replace('_', ' ')}") for option in options]
    scores = [len(said & (name - names[1 - place])) for place, name in enumerate(names)]
    if not said or max(scores) == 0 or scores[0] == scores[1] or len(said) > 4:
        return None
    return scores.index(max(scores))


def _words(text: str) -> set[str]:
    return {word.removesuffix("s") for word in re.findall(r"\w+", text.lower())} - _SMALL


class Clarify(Skill):
    """Settles what was meant."""

    name, domain, description = "clarify", "core", ""

    def __init__(self, margin: float, floor: float, cost: float) -> None:
        self._margin, self._floor, self._cost = margin, floor, cost

    def propose(self, turn: TurnContext) -> Sequence[Candidate]:
        """The question when two claimed intents are close; the answer's candidate right after it."""
        if turn.utterance.text.startswith("/") or turn.view.active_loop:
            return []
        if turn.view.last_skill == self.name and (asked := turn.slots.get(ASKED)):
            return self._answer(turn, asked)
        readings = turn.understanding.interpretations[:2]
        if len(readings) < 2 or any(reading.intent not in turn.claims for reading in readings):
            return []
        first, second = (reading.probability for reading in readings)
        if first - second > self._margin or second < self._floor or readings[0].intent == readings[1].intent:
            return []
        features = {"probability": closeness(first, second, self._cost), "first": first, "second": second}
        return [Candidate(self.name, "clarify", self.domain, readings[0], features)]

    def _answer(self, turn: TurnContext, asked: Sequence[Mapping[str, Any]]) -> list[Candidate]:
        place = resolve(turn.text, asked)
        if place is None:
            return []
        features = {"probability": CERTAIN, "prior": TRUST, "clarified": 1.0}
        if place < 0:
            nothing = Interpretation("clarify_neither", CERTAIN)
            return [Candidate(self.name, "clarify_neither", self.domain, nothing, features)]
        option = asked[place]
        owner = turn.claims.get(option["intent"])
        if owner is None:  # its plugin was removed in the meantime
            return []
        carried = Entity("text", option["text"], 0, len(option["text"]), extractor="explicit")
        entities = (carried, *(Entity(name, value, start, end) for name, value, start, end in option["entities"]))
        meaning = Interpretation(option["intent"], CERTAIN, entities)
        return [Candidate(owner, option["intent"], self.domain, meaning, features, "reversible")]

    @intent("clarify")
    async def ask(self, turn: TurnContext) -> AsyncIterator[Reply | Event]:
        """Asks which of the two is meant."""
        options, buttons = [], []
        for reading in turn.understanding.interpretations[:2]:
            entities = [[entity.name, entity.value, entity.start, entity.end] for entity in reading.entities]
            words = phrase(reading.intent)
            options.append({"intent": reading.intent, "words": words, "text": turn.text, "entities": entities})
            payload = {"text": turn.text} | {name: value for name, value, *_ in entities if name != "text"}
            buttons.append({"title": _upper(words), "payload": f"/{reading.intent}{json.dumps(payload)}"})
        if len(options) < 2:
            yield Reply("What would you like me to do?")
            return
        yield slot(ASKED, options)
        yield Reply(f"Do you want to {options[0]['words']}, or {options[1]['words']}?", tuple(buttons))

    @intent("clarify_neither")
    async def neither(self, turn: TurnContext) -> AsyncIterator[str | Event]:
        """Gives up politely."""
        yield slot(ASKED, None)
        yield "Okay, neither. Please say it in other words."


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


@hookimpl
def skills(config: Mapping[str, Any]) -> Iterable[Skill]:
    """The skill. Raises `ConfigError` for an unknown option or one outside [0, 1]."""
    for key, value in config.items():
        if key not in _DEFAULTS:
            raise ConfigError(f"plugins.clarify.options: unknown key {key}; known are {', '.join(_DEFAULTS)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ConfigError(f"plugins.clarify.options.{key}: {value!r} is not a number between 0 and 1")
    return [Clarify(**{**_DEFAULTS, **{key: float(value) for key, value in config.items()}})]
