"""A plugin for the server's tests: it understands the first word, and its skills do what channels have to bear."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from dialog.plugin import hookimpl
from dialog.skill import Skill, TurnContext, intent
from dialog.types import Candidate, Entity, Interpretation, Reply, Routing, RoutingContext, Understanding, Utterance

WORDS = ("show", "count", "slow", "broken", "timer", "stop", "who")


class FirstWord:
    version = "first-word 1"
    encoder = "none"

    def fit(self, examples: Mapping[str, Sequence[str]]) -> None:
        pass

    async def understand(self, utterance: Utterance) -> Understanding:
        text = utterance.text
        first, _, rest = text.partition(" ")
        name = first if first in WORDS else "echo"
        start = len(text) - len(rest)
        found = (Entity("rest", rest, start, len(text)),) if rest else ()
        return Understanding(text, (Interpretation(name, 0.9, found),), 0.1, nlu=self.version, encoder=self.encoder)

    async def close(self) -> None:
        pass


class First:
    version = "first 1"

    def route(self, candidates: Sequence[Candidate], context: RoutingContext) -> Routing:
        return Routing((1.0, *(0.0 for _ in candidates[1:])), self.version)


class Robot(Skill):
    name, domain, description = "robot", "robot", "Does as told."

    @intent("echo")
    async def echo(self, turn: TurnContext) -> str:
        return f"you said: {turn.text}"

    @intent("who")
    async def who(self, turn: TurnContext) -> str:
        return f"you are {turn.utterance.user_id} on {turn.utterance.channel}"

    @intent("show")
    async def show(self, turn: TurnContext) -> AsyncIterator[Reply]:
        yield Reply("one\n\ntwo")
        yield Reply("look", image="https://example.com/cat.png")
        yield Reply("choose\n\nwell", buttons=({"title": "Yes", "payload": "/affirm"},))
        yield Reply(data={"key": [1, None]})

    @intent("count")
    async def count(self, turn: TurnContext) -> AsyncIterator[str]:
        for number in ("one", "two", "three"):
            yield number
            await asyncio.sleep(0.02)

    @intent("slow", deadline=30.0)
    async def slow(self, turn: TurnContext) -> AsyncIterator[str]:
        yield "starting"
        yield "working"
        await asyncio.sleep(float(turn.text.split()[1]))
        yield "done"

    @intent("broken")
    async def broken(self, turn: TurnContext) -> str:
        raise RuntimeError(f"cannot do {turn.text}")

    @intent("timer")
    async def timer(self, turn: TurnContext) -> str:
        turn.remind("t", turn.now + timedelta(seconds=0.05), "timer_fired", {"name": "tea"})
        return "timer set"

    @intent("timer_fired")
    async def fired(self, turn: TurnContext) -> str:
        return f"time is up: {turn.entities('name')[0].value}"

    @intent("stop", deadline=30.0)
    def stop(self, turn: TurnContext) -> str:
        time.sleep(0.3)  # a plain function, which runs in a thread
        return "stopped"


@hookimpl
def skills(config: Mapping[str, Any]) -> list[Skill]:
    return [Robot()]


@hookimpl
def nlu(config: Mapping[str, Any]) -> FirstWord:
    return FirstWord()


@hookimpl
def router(config: Mapping[str, Any], seed: int) -> First:
    return First()
