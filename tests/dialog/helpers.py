"""A keyword understanding and a few skills, to drive the real core without a model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from dialog.clock import Clock
from dialog.engine import Dialog
from dialog.events import slot
from dialog.host import Host
from dialog.log import Log
from dialog.plugin import hookimpl
from dialog.settings import DialogSettings, PluginSettings
from dialog.skill import Skill, Slot, intent
from dialog.types import Hypothesis, Interpretation, Routing, RoutingContext, Understanding, Utterance


class KeywordNLU:
    """Intent by the first word that matches; a real `NLU` by contract."""

    version, encoder = "keyword-1", "none"

    def __init__(self, words: Mapping[str, str]) -> None:
        self.words = words

    def fit(self, examples: Mapping[str, Sequence[str]]) -> None:
        self.examples = examples

    async def understand(self, utterance: Utterance) -> Understanding:
        found = [name for word, name in self.words.items() if word in utterance.text.lower().split()]
        readings = tuple(Interpretation(name, 0.9 / (2**rank)) for rank, name in enumerate(found))
        return Understanding(utterance.text, readings, 0.05 if found else 0.95, None, self.version, self.encoder)

    async def close(self) -> None:
        return None


class Greedy:
    version = "greedy-1"

    def route(self, candidates: Sequence[Any], context: RoutingContext) -> Routing:
        best = max(range(len(candidates)), key=lambda index: candidates[index].features["probability"])
        return Routing(tuple(1.0 if index == best else 0.0 for index in range(len(candidates))), self.version)


def number(turn: Any, text: str, requested: bool) -> int | None:
    digits = [int(word) for word in text.split() if word.isdigit()]
    return digits[0] if digits else None


class Echo(Skill):
    name, domain, description = "echo", "test", "Says things back."

    @intent("echo", examples=["echo this"])
    async def echo(self, turn):
        yield turn.text

    @intent("parts")
    async def parts(self, turn):
        yield "one"
        yield "two"
        yield "three"

    @intent("sync")
    def sync(self, turn):
        return ["plain", "function"]


class Pot(Skill):
    name, domain, description = "pot", "kitchen", "Sets the oven."

    @intent("pot_set", slots=[Slot("degrees", ask="How hot?", parse=number)], amendable=True)
    async def heat(self, turn, degrees):
        count = await turn.memory.get("count", 0)
        turn.memory.set("count", count + 1)
        was = f" instead of {turn.amends['degrees']}" if turn.amends else ""
        yield f"{degrees} degrees{was}."

    @intent("pot_off", confirm="Really off?", effects="costly")
    async def off(self, turn):
        turn.effect("switch", {"on": False})
        yield "It is off."

    @intent("pot_count")
    async def count(self, turn):
        yield str(await turn.memory.get("count", 0))


def word(*known: str):
    def parse(turn: Any, text: str, requested: bool) -> str | None:
        return next((found for found in text.split() if found in known), None)

    return parse


class Trip(Skill):
    name, domain, description = "trip", "travel", "Books."

    @intent(
        "trip_book",
        slots=[
            Slot("to", ask="Where?", parse=word("rome", "oslo")),
            Slot("by", ask="How?", parse=word("train", "bus")),
        ],
        confirm=lambda turn, to, by: f"To {to} by {by}?",
        effects="costly",
    )
    async def book(self, turn, to, by):
        yield f"Booked {to} by {by}."


class Bad(Skill):
    name, domain, description = "bad", "test", "Misbehaves."

    @intent("raise")
    async def broken(self, turn):
        turn.memory.set("half", "done")
        turn.effect("switch", {"on": True})
        raise RuntimeError("no")
        yield

    @intent("hang", deadline=0.05)
    async def hang(self, turn):
        await asyncio.sleep(60)
        yield "late"

    @intent("hangsync", deadline=0.05)
    def hang_in_thread(self, turn):
        time.sleep(0.5)

    @intent("nonsense")
    async def nonsense(self, turn):
        yield 42

    @intent("block")
    async def block(self, turn):
        time.sleep(0.6)  # noqa: ASYNC251 - this is the fault under test
        yield "done blocking"

    @intent("notjson")
    async def notjson(self, turn):
        yield slot("x", 1)
        turn.memory.set("x", object())


class Backup(Skill):
    name, domain, description = "backup", "test", "Answers what others cannot."

    @intent("raise")
    async def instead(self, turn):
        yield "backup answers"


class Fallback(Skill):
    name, domain, description = "fallback", "core", ""

    @intent("fallback")
    async def sorry(self, turn):
        yield "I do not know."

    def propose(self, turn):
        from dialog.types import Candidate

        mass = turn.understanding.out_of_scope
        reading = Interpretation("fallback", mass)
        return [Candidate(self.name, "fallback", "core", reading, {"probability": mass})]


WORDS = {
    "echo": "echo", "parts": "parts", "sync": "sync", "oven": "pot_set", "off": "pot_off", "count": "pot_count",
    "raise": "raise", "hang": "hang", "hangsync": "hangsync", "nonsense": "nonsense", "block": "block",
    "notjson": "notjson", "ring": "ring_set", "trip": "trip_book",
}  # fmt: skip


class Ring(Skill):
    name, domain, description = "ring", "time", "Rings later."

    @intent("ring_set")
    async def set(self, turn):
        from datetime import timedelta

        turn.remind("ring", turn.now + timedelta(seconds=60), "ring_fired", {"label": "tea"})
        yield "I will ring."

    @intent("ring_fired")
    async def fired(self, turn):
        yield f"Ring: {turn.entities('label')[0].value}"


def plugin(*skills: Skill, dispatched: list[Any] | None = None) -> Any:
    @hookimpl
    def bring() -> list[Skill]:
        return list(skills)

    @hookimpl
    def dispatchers() -> Mapping[str, Any]:
        async def switch(key: str, payload: Mapping[str, Any]) -> None:
            if dispatched is not None:
                dispatched.append((key, dict(payload)))

        return {"switch": switch}

    return SimpleNamespace(skills=bring, dispatchers=dispatchers)


def core_plugin(words: Mapping[str, str] = WORDS, router: Any = None) -> Any:
    @hookimpl
    def nlu() -> KeywordNLU:
        return KeywordNLU(words)

    @hookimpl
    def make_router() -> Any:
        return router or Greedy()

    return SimpleNamespace(nlu=nlu, router=make_router)


@asynccontextmanager
async def running(
    path: Path,
    *skills: Skill,
    dispatched: list[Any] | None = None,
    clock: Clock | None = None,
    router: Any = None,
    folder: Path | None = None,
    plugins: Sequence[PluginSettings] = (),
    **settings: Any,
):
    objects = {"core": core_plugin(router=router)}
    objects |= {skill.name: plugin(skill, dispatched=dispatched) for skill in (*skills, Fallback())}
    host = Host(plugins, folder, 7, objects)
    bounds = DialogSettings(seed=7, **settings)
    async with await Log.open(f"sqlite:///{path}") as log, Dialog(host, log, bounds, clock) as dialog:
        yield dialog


_count = iter(range(10**9))


def utterance(text: str, conversation: str = "c", message_id: str | None = None, at: float | None = None) -> Utterance:
    name = message_id or f"m{next(_count)}"
    return Utterance(conversation, (Hypothesis(text),), name, "anna", "test", time=at or time.time())


async def say(dialog: Dialog, text: str, conversation: str = "c", **more: Any) -> list[str]:
    async with asyncio.timeout(20):
        return [reply.text async for reply in dialog.send(utterance(text, conversation, **more))]
