"""The alarm skill: alarms that ring later, also after a restart, once or again and again."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dialog.plugin import hookimpl
from dialog.skill import Skill, Slot, TurnContext, intent
from dialog.types import Candidate, Reply
from plugins.when import Recurrence, parse_duration, parse_when
from plugins.when.clock import Prefer
from plugins.when.correction import corrected
from plugins.when.parser import When
from plugins.when.selection import asks_for_timer, at_time, in_order, labelled, position, wants_all, words_of
from plugins.when.speech import joined, nice_recurrence, nice_time, nice_when, rough_duration

ALARMS = "alarms"  # memory: id -> {"at": ISO, "zone": name, "rrule": RRULE or None, "label": text or None}
MOST = 50  # alarms of one user
_LATE = timedelta(minutes=1)
_RINGING = timedelta(minutes=10)
_LABEL = re.compile(r"\b(?:called|named|labell?ed|titled|saying)\s+(?P<label>[^,.;!?]{1,60})", re.I)
_STOP = re.compile(r"\b(?:turn|switch|shut|stop|silence|set)\b.*\b(?:off|alarm|it)\b", re.I)
_PLURAL = re.compile(r"\balarms\b", re.I)


def read_when(turn: TurnContext, text: str, prefer: Prefer) -> When | None:
    """The time in the text, or else in what the recogniser marked as time and date."""
    when = parse_when(text, turn.now, prefer)
    if when is None and text == turn.text:
        marked = [str(entity.value) for entity in turn.entities("time", "date", "timeofday", "general_frequency")]
        when = parse_when(" ".join(marked), turn.now, prefer) if marked else None
    return when


def _time(turn: TurnContext, text: str, requested: bool) -> str | None:
    """The moment as ISO text. A day that was said before ("tomorrow evening") completes an answer like "seven"."""
    day = turn.slots.get("alarms_day")
    if requested and day and (when := parse_when(f"{text} {day}", turn.now, "morning")) and when.grain == "time":
        return when.at.isoformat()
    when = read_when(turn, text, "morning")
    if when is not None and when.grain == "time":
        return when.at.isoformat()
    if requested and when is None and (length := parse_duration(text)):
        return (turn.now + length).isoformat()
    return None


def _day(turn: TurnContext, text: str, requested: bool) -> str | None:
    """The day as a text that can be read again: "2026-07-16", "in the evening 2026-07-16"."""
    when = read_when(turn, text, "morning")
    if when is None or when.relative or (not when.dated and when.grain != "part"):
        return None
    part = {6: "morning", 12: "afternoon", 18: "evening"}.get(when.at.hour) if when.grain == "part" else None
    return (f"in the {part} " if part else "") + when.at.date().isoformat()


def _repeat(turn: TurnContext, text: str, requested: bool) -> str | None:
    when = read_when(turn, text, "morning")
    return when.recurrence.rrule if when is not None and when.recurrence is not None else None


def _label(turn: TurnContext, text: str, requested: bool) -> str | None:
    found = _LABEL.search(text)
    label = found["label"] if found else None
    if label is None and text == turn.text:
        label = next((str(entity.value) for entity in turn.entities("event_name", "alarm_type")), None)
    if label is None:
        return None
    when = parse_when(label, turn.now)
    for start, end in reversed(when.spans if when is not None else ()):
        label = label[:start] + label[end:]
    label = re.sub(r"(?:\s+(?:at|on|for|in|by))+$|\balarm\b", "", label.strip(" '\"").strip())
    return label.strip()[:60] or None


def _which(turn: TurnContext, text: str, requested: bool) -> list[str] | None:
    """Ids of the alarms that are meant; [] for none there, None where it must be asked."""
    alarms: dict[str, Any] = turn.memory.peek("alarms", ALARMS, {})
    order = in_order({key: _at(alarm) for key, alarm in alarms.items()})
    if not order or _silences(turn, text, turn.memory.peek("alarms", "rang")):
        return []
    named = labelled(text, {key: alarm["label"] for key, alarm in alarms.items() if alarm["label"]})
    timed = at_time(text, turn.now, {key: (_at(alarm), alarm["rrule"]) for key, alarm in alarms.items()})
    if timed is not None:
        return [key for key in order if key in timed]
    if named:
        return [key for key in order if key in named]
    names = [str(entity.value) for entity in turn.entities("event_name", "alarm_type", "person")]
    if any(words_of(name) - {"wake", "up"} for name in names):
        return []  # "the yoga alarm", where none is called so
    if wants_all(text):
        return list(order)
    index = position(text)
    if index is not None:
        return [order[index]] if index < len(order) else []
    if "just set" in text.lower():
        last = turn.memory.peek("alarms", "last", {}).get("id")
        return [last] if last in alarms else []
    if len(order) == 1:
        return list(order) if not requested else None
    return list(order) if _PLURAL.search(text) else None


def _silences(turn: TurnContext, text: str, rang: Mapping[str, Any] | None) -> bool:
    """Whether "turn it off" means the alarm that has just rung, and not one that is still set."""
    if rang is None or turn.now - datetime.fromisoformat(rang["at"]) > _RINGING:
        return False
    return _STOP.search(text) is not None and not wants_all(text) and parse_when(text, turn.now) is None


def _confirm_removal(turn: TurnContext, which: Sequence[str]) -> str | None:
    alarms: dict[str, Any] = turn.memory.peek("alarms", ALARMS, {})
    if len(which) < 2:
        return None
    if len(which) == len(alarms) or len(which) > 4:
        return f"Cancel {'all ' if len(which) == len(alarms) else ''}{len(which)} alarms?"
    return f"Cancel the alarms {joined([_said(alarms[key], turn.now) for key in which if key in alarms])}?"


def _at(alarm: Mapping[str, Any]) -> datetime:
    at = datetime.fromisoformat(alarm["at"])
    return at.astimezone(ZoneInfo(alarm["zone"])) if alarm.get("zone") else at


def _said(alarm: Mapping[str, Any], now: datetime, spoken: bool = False) -> str:
    """ "tomorrow at 7:00 AM", "at 7:00 AM on weekdays", with its label."""
    at = _at(alarm).astimezone(now.tzinfo)
    if alarm["rrule"]:
        when = f"at {nice_time(at, spoken)} {nice_recurrence(Recurrence.parse(alarm['rrule']))}"
    else:
        when = nice_when(at, now, spoken)
    return f"{when} ({alarm['label']})" if alarm["label"] else when


class Alarms(Skill):
    """Keeps alarms in the user's memory and lets a reminder of the assistant ring them."""

    name, domain = "alarms", "alarm"
    description = "I wake you with alarms, once or on days that repeat."

    def propose(self, turn: TurnContext) -> Sequence[Candidate]:
        """As usual, except that a request for a timer is left to the timers."""
        return [] if asks_for_timer(turn.text) and "timer_set" in turn.claims else super().propose(turn)

    @intent(
        "alarm_set",
        slots=[
            Slot("time", ask="For when?", parse=_time),
            Slot("day", parse=_day, required=False),
            Slot("repeat", parse=_repeat, required=False),
            Slot("label", parse=_label, required=False),
        ],
        effects="reversible",
        amendable=True,
    )
    async def set(
        self, turn: TurnContext, time: str, day: str | None, repeat: str | None, label: str | None
    ) -> Reply | str:
        """Set an alarm; a correction replaces the one that was set just before."""
        alarms: dict[str, Any] = await turn.memory.get(ALARMS, {})
        at = datetime.fromisoformat(time).astimezone(turn.now.tzinfo)
        last = await turn.memory.get("last", {})
        replaced = last.get("id") if turn.amends and last.get("in") == turn.view.conversation_id else None
        earlier = alarms.get(replaced) if replaced else None
        if earlier is not None:
            at = corrected(turn.text, turn.now, _at(earlier)) or at
        if at <= turn.now:
            return f"I can't set an alarm in the past: {nice_when(at, turn.now)} is over."
        if earlier is not None and replaced is not None:
            del alarms[replaced]
            turn.cancel_reminder(f"alarm:{replaced}")
        if len(alarms) >= MOST:
            return f"You have {MOST} alarms already. Cancel some first."
        alarm = {"at": at.isoformat(), "zone": getattr(turn.now.tzinfo, "key", None), "rrule": repeat, "label": label}
        if any(other == alarm for other in alarms.values()):
            return f"You already have an alarm {_said(alarm, turn.now)}."
        key = str(await turn.memory.get("next", 1))
        turn.memory.set("next", int(key) + 1)
        turn.memory.set("last", {"id": key, "in": turn.view.conversation_id})
        turn.memory.set(ALARMS, {**alarms, key: alarm})
        turn.remind(f"alarm:{key}", at, "alarm_fired", {"id": key})
        first = f", first {nice_when(at, turn.now)}" if repeat else ""
        verb = "Okay, the alarm is now set" if earlier is not None else "Alarm set"
        return Reply(
            f"{verb} {_prepared(alarm, turn.now)}{first}.", spoken=f"{verb} {_prepared(alarm, turn.now, True)}{first}."
        )

    @intent("alarm_query")
    async def query(self, turn: TurnContext) -> str:
        """The alarms that are set, or those on the day or at the time that is named."""
        alarms: dict[str, Any] = await turn.memory.get(ALARMS, {})
        order = list(in_order({key: _at(alarm) for key, alarm in alarms.items()}))
        if not order:
            return "You have no alarms set."
        picked = at_time(turn.text, turn.now, {key: (_at(alarms[key]), alarms[key]["rrule"]) for key in order})
        if picked is None:
            picked = labelled(turn.text, {key: alarms[key]["label"] for key in order if alarms[key]["label"]}) or None
        index = position(turn.text)
        if picked is None and index is not None and index < len(order):
            return f"Your {'last' if index < 0 else 'next'} alarm is {_said(alarms[order[index]], turn.now)}."
        chosen = order if picked is None else [key for key in order if key in picked]
        if not chosen:
            return f"No alarm is set for that. Your next one is {_said(alarms[order[0]], turn.now)}."
        if len(chosen) == 1:
            return f"You have one alarm, {_said(alarms[chosen[0]], turn.now)}."
        said = [_said(alarms[key], turn.now) for key in chosen[:5]]
        more = [f"{len(chosen) - 5} more"] if len(chosen) > 5 else []
        return f"You have {len(chosen)} alarms: {joined(said + more)}."

    @intent(
        "alarm_remove",
        slots=[Slot("which", ask="Which alarm? Say its time, or all of them.", parse=_which)],
        confirm=_confirm_removal,
        effects="reversible",
    )
    async def remove(self, turn: TurnContext, which: Sequence[str]) -> str:
        """Cancel the alarms that are meant; several of them only after a confirmation."""
        alarms: dict[str, Any] = await turn.memory.get(ALARMS, {})
        if _silences(turn, turn.text, await turn.memory.get("rang")):
            turn.memory.set("rang", None)
            return "Okay, the alarm is off."
        gone = [alarms[key] for key in which if key in alarms]
        if not gone:
            return "You have no alarms set." if not alarms else "I found no such alarm."
        for key in which:
            if alarms.pop(key, None) is not None:
                turn.cancel_reminder(f"alarm:{key}")
        turn.memory.set(ALARMS, alarms)
        if len(gone) == 1:
            return f"Cancelled the alarm {_said(gone[0], turn.now)}."
        return f"Cancelled {len(gone)} alarms."

    @intent("alarm_fired", effects="none")
    async def fired(self, turn: TurnContext) -> AsyncIterator[Reply]:
        """Ring. A repeating alarm is armed again before anything is said."""
        key = next((str(entity.value) for entity in turn.entities("id")), "")
        alarms: dict[str, Any] = await turn.memory.get(ALARMS, {})
        alarm = alarms.get(key)
        if alarm is None:
            yield Reply("No such alarm is set.")
            return
        at = _at(alarm)
        late = turn.now - at
        if late < timedelta(seconds=-1):
            yield Reply(f"That alarm is still to come, {_said(alarm, turn.now)}.")
            return
        if alarm["rrule"]:
            upcoming = Recurrence.parse(alarm["rrule"]).next(at, turn.now)
            alarms[key] = {**alarm, "at": upcoming.isoformat()}
            turn.remind(f"alarm:{key}", upcoming, "alarm_fired", {"id": key})
        else:
            del alarms[key]
        turn.memory.set(ALARMS, alarms)
        turn.memory.set("rang", {"id": key, "at": turn.now.isoformat()})
        label = f": {alarm['label']}" if alarm["label"] else ""
        local = at.astimezone(turn.now.tzinfo)
        data = {"alarm": key, "ring": True}
        if late > _LATE:
            due = nice_when(local, turn.now) if local.date() != turn.now.date() else f"at {nice_time(local)}"
            text = f"Your alarm{label} was due {due}. Sorry, I am {rough_duration(late)} late."
            yield Reply(text, data=data)
            return
        yield Reply(
            f"It's {nice_time(local)}, your alarm{label}!", data=data, spoken=f"It's {nice_time(local, True)}{label}!"
        )


def _prepared(alarm: Mapping[str, Any], now: datetime, spoken: bool = False) -> str:
    """ "for tomorrow at 7:00 AM", "for 7:00 AM on weekdays"."""
    said = _said(alarm, now, spoken)
    return "for " + said.removeprefix("at ").removeprefix("on ")


@hookimpl
def skills(config: Mapping[str, Any]) -> Iterable[Skill]:
    """The alarms."""
    return [Alarms()]
