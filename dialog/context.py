"""What a handler sees and does in one turn: `TurnContext` of dialog.skill, with every effect buffered."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dialog.errors import PluginError
from dialog.events import Event, cancel_reminder, reminder
from dialog.log.records import MemoryWrite, OutboxItem
from dialog.memory import TurnMemory, UserMemory
from dialog.state import StateView
from dialog.types import Entity, Interpretation, Understanding, Utterance

SETTINGS = "settings"  # the skill under whose name user settings are kept


@dataclass
class Buffered:
    """Effects of a handler that wait for the commit."""

    events: list[Event] = field(default_factory=list)
    memory: dict[tuple[str, str], MemoryWrite] = field(default_factory=dict)
    outbox: dict[str, OutboxItem] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)


@dataclass
class Context:
    """The context of one handler in one turn. One is made for each candidate that is tried."""

    utterance: Utterance
    understanding: Understanding
    interpretation: Interpretation
    view: StateView
    claims: Mapping[str, str]
    skills: Mapping[str, str]
    skill: str
    user: UserMemory
    defaults: Mapping[str, Any]
    take_lock: Callable[[], Awaitable[None]]
    key: str  # prefix of this turn's idempotency keys
    amends: Mapping[str, Any] | None = None
    buffered: Buffered = field(default_factory=Buffered)

    @cached_property
    def memory(self) -> TurnMemory:
        """This skill's memory of the user."""
        memory = TurnMemory(self.user, self.skill, self.take_lock)
        memory.writes = self.buffered.memory
        return memory

    @property
    def text(self) -> str:
        """The interpreted text; of an explicit `/intent{...}` message its `text`, or else the entity values."""
        for entity in self.interpretation.entities:
            if entity.name == "text" and entity.extractor == "explicit":  # a button, or an answer to a clarification
                return str(entity.value)
        text = self.understanding.text
        if self.utterance.text.startswith("/"):
            return " ".join(str(entity.value) for entity in self.interpretation.entities)
        if 0 < self.interpretation.hypothesis < len(self.utterance.hypotheses):
            return self.utterance.hypotheses[self.interpretation.hypothesis].text
        return text

    @property
    def slots(self) -> Mapping[str, Any]:
        """Slots of the conversation."""
        return self.view.slots

    @cached_property
    def now(self) -> datetime:
        """The time of the utterance in the user's time zone."""
        name = self.memory.peek(SETTINGS, "timezone") or self.defaults.get("timezone")
        try:
            zone = ZoneInfo(name) if name else datetime.fromtimestamp(0, UTC).astimezone().tzinfo
        except (ZoneInfoNotFoundError, ValueError):
            zone = UTC
        return datetime.fromtimestamp(self.utterance.time, zone)

    def handed_to(self, skill: str) -> Context:
        """The same context for the next skill that proposes: what was worked out already is kept."""
        self.skill = skill
        self.__dict__.pop("memory", None)
        return self

    def entities(self, *names: str) -> list[Entity]:
        """Entities with one of these names (all without names), in the order of the text."""
        found = [entity for entity in self.interpretation.entities if not names or entity.name in names]
        return sorted(found, key=lambda entity: entity.start)

    async def setting(self, name: str) -> Any:
        """A user setting, or its default."""
        value = self.memory.peek(SETTINGS, name)
        return self.defaults.get(name) if value is None else value

    async def set_setting(self, name: str, value: Any) -> None:
        """Keep a user setting."""
        self.memory.set(name, value, SETTINGS)

    def remind(self, name: str, at: datetime, intent: str, entities: Mapping[str, Any]) -> None:
        """Trigger `intent` in this conversation at `at` (aware); the same name replaces."""
        if at.tzinfo is None:
            raise PluginError(f"skill {self.skill!r}: remind({name!r}) needs a time with a time zone")
        key = self._reminder_key(name)
        self.cancel_reminder(name)
        payload = {"intent": intent, "entities": dict(entities), "user_id": self.utterance.user_id}
        conversation = self.utterance.conversation_id
        unique = f"{key}:{self.key}"  # the same name may be set again later
        self.buffered.outbox[key] = OutboxItem(unique, "reminder", payload, at.timestamp(), conversation)
        self.memory.set(f"reminder:{name}", unique)
        self.buffered.events.append(reminder(name, at.isoformat(), intent, entities))

    def cancel_reminder(self, name: str) -> None:
        """Call off a reminder; unknown names are ignored."""
        self.buffered.outbox.pop(self._reminder_key(name), None)
        unique = self.memory.peek(self.skill, f"reminder:{name}")
        if unique is not None:
            self.buffered.cancelled.append(unique)
            self.memory.set(f"reminder:{name}", None)
            self.buffered.events.append(cancel_reminder(name))

    def fired(self, key: str) -> None:
        """Forget the reminder that caused this turn; the handler may set it again under the same name."""
        for (skill, name), text in list(self.user.values.items()):
            if skill == self.skill and name.startswith("reminder:") and json.loads(text) == key:
                self.memory.set(name, None)

    def effect(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Put an effect into the outbox."""
        try:
            payload = json.loads(json.dumps(payload, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise PluginError(f"skill {self.skill!r}: the payload of effect {kind!r} is not JSON: {error}") from None
        key = f"{kind}:{self.key}:{len(self.buffered.outbox)}"
        self.buffered.outbox[key] = OutboxItem(key, kind, payload, 0.0, self.utterance.conversation_id)

    def _reminder_key(self, name: str) -> str:
        return f"reminder:{self.utterance.conversation_id}:{self.skill}:{name}"
