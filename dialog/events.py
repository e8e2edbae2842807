"""Dialog events with Rasa's names and fields (Rasa 3.x tracker events), as one small value type.

An event is a name, a time and its fields. `FIELDS` is the whole vocabulary; constructors below cover what skills use.
Events of one turn that can be derived from the turn's record (user, bot, action_listen) are not stored twice: the
log makes them again on export.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dialog.errors import AssistantError

#: event name -> its fields (all optional on input except those without which it says nothing)
FIELDS: Mapping[str, tuple[str, ...]] = {
    "user": ("text", "parse_data", "input_channel", "message_id"),
    "bot": ("text", "data"),
    "action": ("name", "policy", "confidence", "action_text", "hide_rule_turn"),
    "slot": ("name", "value"),
    "entities": ("entities",),
    "user_featurization": ("use_text_for_featurization",),
    "session_started": (),
    "active_loop": ("name",),
    "loop_interrupted": ("is_interrupted",),
    "action_execution_rejected": ("name", "policy", "confidence"),
    "followup": ("name",),
    "reminder": ("intent", "entities", "date_time", "name", "kill_on_user_msg"),
    "cancel_reminder": ("name", "intent", "entities"),
    "restart": (),
    "reset_slots": (),
    "rewind": (),
    "undo": (),
    "pause": (),
    "resume": (),
    "export": ("path",),
    "agent": ("text", "data"),
}
#: Notes about the decision of a turn, in the log only: they change no state and no skill or Rasa client sees them.
NOTES = frozenset({"hotfix", "policy_shadow"})
_LEGACY = {"form": "active_loop", "form_validation": "loop_interrupted"}


@dataclass(frozen=True, slots=True)
class Event:
    """One tracker event. `time` in epoch seconds; `data` holds the fields of `FIELDS[name]`."""

    name: str
    time: float = 0.0
    data: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def to_rasa(self) -> dict[str, Any]:
        """The event as Rasa's tracker JSON."""
        out: dict[str, Any] = {"event": self.name, "timestamp": self.time, **self.data}
        if self.metadata:
            out["metadata"] = dict(self.metadata)
        return out


def from_rasa(raw: Mapping[str, Any]) -> Event:
    """Read one event of Rasa's tracker JSON; unknown extra keys are tolerated.

    Raises `AssistantError` when the event has no name or a name outside the vocabulary.
    """
    name = raw.get("event")
    if name in _LEGACY:
        raw = dict(raw)
        if name == "form_validation":
            raw["is_interrupted"] = not raw.get("validate", True)
        name = _LEGACY[name]
    if not isinstance(name, str) or name not in FIELDS:
        raise AssistantError(f"unknown event {name!r}; known are {', '.join(FIELDS)}")
    data = {key: raw[key] for key in FIELDS[name] if key in raw}
    return Event(name, float(raw.get("timestamp") or 0.0), data, dict(raw.get("metadata") or {}))


def slot(name: str, value: Any) -> Event:
    """Set a slot of the conversation to a JSON value; None clears it."""
    return Event("slot", data={"name": name, "value": value})


def active_loop(name: str | None) -> Event:
    """Start the form `name`, or end the active one with None."""
    return Event("active_loop", data={"name": name})


def loop_interrupted(interrupted: bool) -> Event:
    """Tell that the active form was left for another request, or taken up again."""
    return Event("loop_interrupted", data={"is_interrupted": interrupted})


def rejected(name: str, reason: str, policy: str = "", confidence: float = 0.0) -> Event:
    """The typed failure event of a skill that raised, hung, crashed or is quarantined."""
    data = {"name": name, "policy": policy, "confidence": confidence}
    return Event("action_execution_rejected", data=data, metadata={"reason": reason})


def hotfix(rule: str) -> Event:
    """The rule that overrode the policy's draw."""
    return Event("hotfix", data={"rule": rule})


def policy_shadow(policy: str, propensities: Sequence[float]) -> Event:
    """The propensities that another policy would have given the candidates."""
    return Event("policy_shadow", data={"policy": policy, "propensities": list(propensities)})


def reminder(name: str, date_time: str, intent: str, entities: Mapping[str, Any]) -> Event:
    """Ask for the intent `intent` to be triggered in this conversation at `date_time` (ISO 8601 with offset)."""
    listed = [{"entity": key, "value": value} for key, value in entities.items()]
    fields = {"name": name, "date_time": date_time, "intent": intent, "entities": listed, "kill_on_user_msg": False}
    return Event("reminder", data=fields)


def cancel_reminder(name: str) -> Event:
    """Call off the reminder of that name."""
    return Event("cancel_reminder", data={"name": name})


session_started = Event("session_started")
restart = Event("restart")
