"""A plugin with everything that a chat needs and no model: understanding by keyword, a greedy policy, one skill."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

from dialog.plugin import hookimpl
from dialog.skill import Output, Skill, TurnContext, intent
from dialog.types import Candidate, Entity, Interpretation, Routing, RoutingContext, Understanding, Utterance

WORDS = {"hi": "greet", "timer": "timer_set", "slow": "slow_down", "parts": "speak_parts", "escape": "say_escape"}


class Keywords:
    """`NLU` that knows five words."""

    version, encoder = "keywords-1", "none"

    def fit(self, examples: Mapping[str, Sequence[str]]) -> None:
        """There is nothing to learn."""

    async def understand(self, utterance: Utterance) -> Understanding:
        """The intent of the first known word, else out of scope."""
        text = utterance.text
        for word, name in WORDS.items():
            at = text.find(word)
            if at >= 0:
                found = (Entity("word", word, at, at + len(word)),)
                reading = Interpretation(name, 0.9, found)
                return Understanding(text, (reading,), 0.1, nlu=self.version, encoder=self.encoder)
        reading = Interpretation("echo", 0.4)
        return Understanding(text, (reading,), 0.6, nlu=self.version, encoder=self.encoder)

    async def close(self) -> None:
        """There is nothing to free."""


class First:
    """`Router` that takes the first candidate."""

    version = "first-1"

    def route(self, candidates: Sequence[Candidate], context: RoutingContext) -> Routing:
        """One for the first, zero for the others."""
        return Routing((1.0, *[0.0] * (len(candidates) - 1)), self.version)


class Talker(Skill):
    """Answers everything that the understanding knows."""

    name, domain, description = "talker", "talk", "Talks."

    @intent("greet", examples=["hi there", "hello"])
    async def greet(self, turn: TurnContext) -> Output:
        """Greet."""
        yield "Hello."

    @intent("echo")
    async def echo(self, turn: TurnContext) -> Output:
        """Say it again."""
        yield f"You said {turn.text!r}."

    @intent("speak_parts")
    async def parts(self, turn: TurnContext) -> Output:
        """Two parts."""
        yield "One."
        yield "Two."

    @intent("say_escape")
    async def escape(self, turn: TurnContext) -> Output:
        """An escape sequence that would clear a terminal."""
        yield "\x1b[2Jgone?"

    @intent("slow_down", deadline=60.0)
    async def slow(self, turn: TurnContext) -> Output:
        """Take a long time."""
        yield "Starting."
        yield "Still at it."
        await asyncio.sleep(60)
        yield "Done."

    @intent("timer_set")
    async def timer(self, turn: TurnContext) -> Output:
        """A timer that is due at once."""
        turn.remind("timer", turn.now + timedelta(seconds=0.2), "timer_fired", {})
        yield "Timer set."

    @intent("timer_fired")
    async def fired(self, turn: TurnContext) -> Output:
        """What the timer says."""
        yield "Your timer is up."


@hookimpl
def nlu() -> Keywords:
    """The understanding."""
    return Keywords()


@hookimpl
def router() -> First:
    """The policy."""
    return First()


@hookimpl
def skills() -> list[Skill]:
    """The one skill."""
    return [Talker()]
