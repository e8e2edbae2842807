"""The state of one conversation, folded from its events one at a time (never from the whole history)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from dialog.events import NOTES, Event

REQUESTED = "requested_slot"
_REWINDABLE = 20  # user turns that `rewind` can take back


@dataclass
class State:
    """Slots, active form and session of one conversation. `apply` is the only way to change it."""

    conversation_id: str
    user_id: str
    cap: int = 100
    slots: dict[str, Any] = field(default_factory=dict)
    active_loop: str | None = None
    interrupted: bool = False
    paused: bool = False
    followup: str | None = None
    last_skill: str | None = None
    last_intent: str | None = None
    tail: deque[Event] = field(default_factory=deque)
    _marks: deque[tuple[dict[str, Any], str | None]] = field(default_factory=lambda: deque(maxlen=_REWINDABLE))

    def __post_init__(self) -> None:
        self.tail = deque(self.tail, maxlen=self.cap)

    def mark(self) -> None:
        """Remember the state before a user's message, for `rewind`."""
        self._marks.append((dict(self.slots), self.active_loop))

    def apply(self, event: Event) -> None:
        """Fold one event. Events without an effect on the state are only kept for the view, notes not even that."""
        if event.name in NOTES:
            return
        data = event.data
        match event.name:
            case "slot":
                if data.get("value") is None:
                    self.slots.pop(data["name"], None)
                else:
                    self.slots[data["name"]] = data["value"]
            case "active_loop":
                self.active_loop = data.get("name")
                self.interrupted = False
                if self.active_loop is None:
                    self.slots.pop(REQUESTED, None)
            case "loop_interrupted":
                self.interrupted = bool(data.get("is_interrupted"))
            case "session_started" | "restart":
                self._reset()
            case "reset_slots":
                self.slots.clear()
            case "rewind" if self._marks:
                slots, self.active_loop = self._marks.pop()
                self.slots = dict(slots)
            case "pause" | "resume":
                self.paused = event.name == "pause"
            case "followup":
                self.followup = data.get("name")
        self.tail.append(event)

    def _reset(self) -> None:
        self.slots.clear()
        self.tail.clear()
        self._marks.clear()
        self.active_loop = self.followup = self.last_skill = self.last_intent = None
        self.interrupted = self.paused = False


@dataclass(frozen=True, slots=True)
class StateView:
    """The read-only, bounded view that a skill gets of a `State`."""

    _state: State

    @property
    def conversation_id(self) -> str:
        """Id of the conversation."""
        return self._state.conversation_id

    @property
    def slots(self) -> Mapping[str, Any]:
        """Slots, read-only."""
        return MappingProxyType(self._state.slots)

    @property
    def active_loop(self) -> str | None:
        """Name of the active form."""
        return self._state.active_loop

    @property
    def last_skill(self) -> str | None:
        """The skill that answered the last turn."""
        return self._state.last_skill

    @property
    def last_intent(self) -> str | None:
        """The intent of the last turn."""
        return self._state.last_intent

    def events(self) -> Sequence[Event]:
        """The session's last events, oldest first, at most `cap`."""
        return tuple(self._state.tail)
