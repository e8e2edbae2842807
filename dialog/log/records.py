"""What goes into the log with a turn and what comes back out of it, as value types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dialog.events import Event
from dialog.types import Decision, Reply, Understanding, Utterance


@dataclass(frozen=True, slots=True)
class MemoryWrite:
    """One value that a skill keeps about a user; None removes it."""

    skill: str
    key: str
    value: Any


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """An effect that happens after the commit, once; `key` is its idempotency key, `due` epoch seconds."""

    key: str
    kind: str
    payload: Mapping[str, Any]
    due: float = 0.0
    conversation_id: str = ""
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """Everything that one transaction makes durable. `events` leaves out what the record itself says
    (the user's message, replies, action_listen): export makes those again."""

    utterance: Utterance
    understanding: Understanding
    decision: Decision
    replies: tuple[Reply, ...]
    events: tuple[Event, ...] = ()
    memory: tuple[MemoryWrite, ...] = ()
    outbox: tuple[OutboxItem, ...] = ()
    cancelled: tuple[str, ...] = ()  # outbox keys that must not be dispatched any more
    timings: Mapping[str, float] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    new_session: bool = False
    sequence: int = 0  # number of this turn in its conversation, from 0


@dataclass(frozen=True, slots=True)
class LoadedConversation:
    """What is needed to go on with a conversation after a restart: bounded, whatever its length."""

    user_id: str | None  # None: the conversation is new
    next_sequence: int
    last_time: float
    events: tuple[Event, ...]  # the current session's stored events, last ones first capped, oldest first
    slots: Mapping[str, Any]  # as folded up to the last turn
    message_ids: tuple[str, ...]  # the most recent ones
    last_skill: str | None = None
    last_intent: str | None = None
