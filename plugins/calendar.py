"""The calendar skill: events and reminders that are kept, asked for and removed; reminders speak up when due."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from dialog.plugin import hookimpl
from dialog.skill import Skill, Slot, TurnContext, intent
from dialog.types import Candidate, Reply
from plugins.agenda import (
    HOURS,
    Entry,
    names_one,
    pick,
    read_kind,
    read_lead,
    read_title,
    same_name,
    specific,
    whole_day,
    window,
)
from plugins.when import Recurrence, When, parse_duration, parse_when
from plugins.when.correction import corrected
from plugins.when.quiet import postponed
from plugins.when.selection import asks_for_timer, labelled, position
from plugins.when.speech import joined, nice_date, nice_duration, nice_recurrence, nice_when, on_date, rough_duration

ENTRIES = "entries"  # memory: id -> Entry.to_json()
MOST = 500  # entries of one user
_KEPT = timedelta(days=90)  # that past events can still be asked for
_LATE = timedelta(minutes=1)
_ABOUT_ONE = re.compile(r"^\W*(?:when|where|(?:at )?what (?:time|day|date)|which day|tell me (?:the|when))\b", re.I)


def _when(turn: TurnContext, text: str) -> When | None:
    when = parse_when(text, turn.now)
    if when is None and text == turn.text:
        marked = [str(entity.value) for entity in turn.entities("date", "timeofday", "time", "general_frequency")]
        when = parse_when(" ".join(marked), turn.now) if marked else None
    return when


def _title(turn: TurnContext, text: str, requested: bool) -> str | None:
    if requested and turn.slots.get("requested_slot") != "calendar_title":
        return None  # a correction is of the time
    names = [str(entity.value) for entity in turn.entities("event_name")] if text == turn.text else []
    return read_title(text, parse_when(text, turn.now), names)


def _moment(turn: TurnContext, text: str, requested: bool) -> str | None:
    """A date or a moment as ISO text. A part of a day becomes its usual hour, a week or month its first day to come."""
    when = _when(turn, text)
    if when is None:
        length = parse_duration(text) if requested and read_lead(text) is None else None
        if length is not None:
            return datetime.fromtimestamp(turn.now.timestamp() + length.total_seconds(), turn.now.tzinfo).isoformat()
        return None if requested or read_lead(text) is None else _moment_of_named(turn, text)
    if when.grain == "time":
        return when.at.isoformat()
    if when.grain == "part":
        part = "night" if "night" in text.lower() else {6: "morning", 12: "afternoon"}.get(when.at.hour, "evening")
        return when.at.replace(hour=HOURS[part]).isoformat()
    today = whole_day(turn.now.date(), turn.now)
    day = when.at if when.grain == "day" else max(when.at, today)
    kind = turn.slots.get("calendar_kind") or read_kind(turn.text)
    if day == today and kind == "reminder" and when.recurrence is None and turn.now.hour >= HOURS["day"]:
        hours = (HOURS["afternoon"], HOURS["evening"])
        soon = min(turn.now + timedelta(hours=1), turn.now.replace(hour=23, minute=59))
        return next((day.replace(hour=hour) for hour in hours if hour > turn.now.hour), soon).isoformat()
    return day.date().isoformat()


def _moment_of_named(turn: TurnContext, text: str) -> str | None:
    """ "Remind me an hour before the dentist" takes the time from the entry of that name."""
    entries = {key: Entry.from_json(raw) for key, raw in turn.memory.peek("calendar", ENTRIES, {}).items()}
    title = read_title(text, None) or ""
    entry = next((entry for entry in entries.values() if same_name(title, entry.title)), None)
    return None if entry is None else entry.at.date().isoformat() if entry.all_day else entry.at.isoformat()


def _end(turn: TurnContext, text: str, requested: bool) -> str | None:
    when = _when(turn, text)
    return when.end.isoformat() if when is not None and when.grain == "time" and when.end is not None else None


def _repeat(turn: TurnContext, text: str, requested: bool) -> str | None:
    when = _when(turn, text)
    return when.recurrence.rrule if when is not None and when.recurrence is not None else None


def _kind(turn: TurnContext, text: str, requested: bool) -> str | None:
    return None if requested else read_kind(text)


def _lead(turn: TurnContext, text: str, requested: bool) -> float | None:
    lead = read_lead(text)
    return lead[0] if lead is not None else None


def _which(turn: TurnContext, text: str, requested: bool) -> list[str] | None:
    entries = {key: Entry.from_json(raw) for key, raw in turn.memory.peek("calendar", ENTRIES, {}).items()}
    return pick(turn, text, entries, requested) if entries else []


def _confirm_removal(turn: TurnContext, which: Sequence[str]) -> str | None:
    raw: dict[str, Any] = turn.memory.peek("calendar", ENTRIES, {})
    gone = [Entry.from_json(raw[key]) for key in which if key in raw]
    if not gone:
        return None
    if len(gone) > 3:
        return f"Remove {'all ' if len(gone) == len(raw) else ''}{len(gone)} entries from your calendar?"
    return f"Remove {joined([entry.said(turn.now) for entry in gone])}?"


class Calendar(Skill):
    """Keeps entries in the user's memory; a reminder of the assistant lets the due ones speak up."""

    name, domain = "calendar", "calendar"
    description = "I keep your calendar and remind you of what you tell me."

    def propose(self, turn: TurnContext) -> Sequence[Candidate]:
        """As usual, except that a request for a timer is left to the timers."""
        return [] if asks_for_timer(turn.text) and "timer_set" in turn.claims else super().propose(turn)

    @intent(
        "calendar_set",
        slots=[
            Slot("title", ask="What is it about?", parse=_title),
            Slot("when", ask="For when?", parse=_moment),
            Slot("end", parse=_end, required=False),
            Slot("repeat", parse=_repeat, required=False),
            Slot("lead", parse=_lead, required=False),
            Slot("kind", parse=_kind, required=False),
        ],
        examples=[  # a reminder in so many minutes is no timer
            "remind me to check the oven in twenty minutes", "remind me in ten minutes to call anna",
            "in half an hour remind me to turn off the stove", "remind me to take a break in an hour",
            "set a reminder for five minutes from now to stretch", "remind me in two hours that the cake is ready",
        ],
        effects="reversible",
        amendable=True,
    )  # fmt: skip
    async def set(
        self,
        turn: TurnContext,
        title: str,
        when: str,
        end: str | None,
        repeat: str | None,
        lead: float | None,
        kind: str | None,
    ) -> str:
        """Add an event or a reminder; a correction replaces the one that was added just before."""
        entries: dict[str, Any] = await turn.memory.get(ENTRIES, {})
        last = await turn.memory.get("last", {})
        replaced = last.get("id") if turn.amends and last.get("in") == turn.view.conversation_id else None
        at, all_day = _read_moment(when, turn.now)
        if lead and not turn.amends:  # "an hour before the dentist" is about the entry that is there already
            replaced = _twin(entries, title, at)
            title = entries[replaced]["title"] if replaced else title
        if turn.amends and replaced in entries:
            earlier = Entry.from_json(entries[replaced])
            title = earlier.title if title == turn.amends.get("title") else title
            changed = parse_when(turn.text, turn.now)
            all_day = earlier.all_day and (changed is None or changed.grain != "time")
            prior = earlier.at.replace(hour=HOURS["day"]) if earlier.all_day else earlier.at
            moved = corrected(turn.text, turn.now, prior, "any" if earlier.all_day else None)
            at = moved or at
            at = whole_day(at.date(), at) if all_day else at
            end = None if moved and not _end(turn, turn.text, True) else end
        if at.date() < turn.now.date() or (not all_day and at <= turn.now):
            said = on_date(at.date(), turn.now.date()) if all_day else nice_when(at, turn.now)
            return f"I can't add anything in the past: {said} is over."
        if replaced in entries:
            del entries[replaced]
            turn.cancel_reminder(f"entry:{replaced}")
        entries = _pruned(entries, turn.now)
        if len(entries) >= MOST:
            return f"Your calendar is full: it holds {MOST} entries. Remove some first."
        until = datetime.fromisoformat(end).astimezone(turn.now.tzinfo) if end else None
        entry = Entry(
            title, at, "reminder" if kind == "reminder" else "event", all_day, until, repeat, lead or 0.0
        )  # fmt: skip
        due = entry.due()
        if repeat and due is not None and due <= turn.now:  # "every day", said after nine
            entry = replace(entry, at=Recurrence.parse(repeat).next(at, turn.now))
        key = str(await turn.memory.get("next", 1))
        entry, wait = _armed(turn, key, entry, turn.now, await turn.setting("quiet_hours"))
        turn.memory.set("next", int(key) + 1)
        turn.memory.set("last", {"id": key, "in": turn.view.conversation_id})
        turn.memory.set(ENTRIES, {**entries, key: entry.to_json()})
        return _told(entry, turn.now, wait, changed=bool(turn.amends))

    @intent("calendar_query")
    async def query(self, turn: TurnContext) -> str:
        """What is on the calendar in a span of time, or when something takes place."""
        raw: dict[str, Any] = await turn.memory.get(ENTRIES, {})
        entries = {key: Entry.from_json(value) for key, value in raw.items()}
        reminders = "remind" in turn.text.lower()
        if reminders:
            entries = {key: entry for key, entry in entries.items() if entry.kind == "reminder"}
        what = "reminders" if reminders else "on your calendar"
        if not entries:
            return "You have no reminders." if reminders else "Your calendar is empty."
        when = _when(turn, turn.text)
        start, end = window(when) if when is not None else (turn.now, turn.now + timedelta(days=366))
        most = 1 if when is None else 20  # of one that repeats
        times = [(at, entry) for entry in entries.values() for at in entry.occurrences(start, end, most)]
        found = sorted(times, key=lambda pair: pair[0].timestamp())
        wanted = specific(turn.text, when)
        named = labelled(wanted, {str(i): entry.title for i, (_, entry) in enumerate(found)}) if wanted else []
        asked = [str(entity.value) for entity in turn.entities("event_name")]
        if named:
            found = [found[int(i)] for i in named]
        elif when is None and (asked or _ABOUT_ONE.match(turn.text)) and names_one(wanted):
            return f"I found no {(asked[0] if asked else wanted)[:60]} on your calendar."
        if not found:
            return f"You have {'no reminders' if reminders else 'nothing planned'} {_span(turn.text, when, turn.now)}."
        index = position(turn.text)
        if index == 0 or (named and len(found) == 1):
            at, entry = found[0]
            lead = "Next is " if index == 0 else "It is "
            return f"{lead}{entry.said(turn.now, at)}."
        one_day = when is not None and when.grain != "range"
        said = [entry.said(turn.now, at, with_day=not one_day) for at, entry in found[:6]]
        more = [f"{len(found) - 6} more"] if len(found) > 6 else []
        where = f" {_span(turn.text, when, turn.now)}" if when is not None else ""
        if len(found) == 1:
            return f"You have one thing {what if not reminders else 'to be reminded of'}{where}: {said[0]}."
        count = f"{len(found)} {what}" if reminders else f"{len(found)} things {what}"
        return f"You have {count}{where}: {joined(said + more)}."

    @intent(
        "calendar_remove",
        slots=[Slot("which", ask="Which entry? Say its name or its day.", parse=_which)],
        confirm=_confirm_removal,
        effects="costly",
    )
    async def remove(self, turn: TurnContext, which: Sequence[str]) -> str:
        """Remove entries, after a confirmation."""
        entries: dict[str, Any] = await turn.memory.get(ENTRIES, {})
        gone = [Entry.from_json(entries.pop(key)) for key in which if key in entries]
        if not gone:
            return "I found nothing like that on your calendar." if entries else "Your calendar is empty."
        for key in which:
            turn.cancel_reminder(f"entry:{key}")
        turn.memory.set(ENTRIES, entries)
        return f"Removed {gone[0].title}." if len(gone) == 1 else f"Removed {len(gone)} entries."

    @intent("reminder_fired")
    async def fired(self, turn: TurnContext) -> AsyncIterator[Reply]:
        """Speak up for an entry; one that repeats is armed again first."""
        key = next((str(entity.value) for entity in turn.entities("id")), "")
        entries: dict[str, Any] = await turn.memory.get(ENTRIES, {})
        entry = Entry.from_json(entries[key]) if key in entries else None
        if entry is None or entry.heard is None:
            yield Reply("There is no such reminder.")
            return
        if turn.now < entry.heard - timedelta(seconds=1):
            yield Reply(f"That is still to come: {entry.said(turn.now)}.")
            return
        if entry.rrule is not None:
            begins = max(turn.now, entry.at) if not entry.lead else turn.now + timedelta(seconds=entry.lead)
            upcoming = replace(entry, at=Recurrence.parse(entry.rrule).next(entry.at, begins), end=None)
            armed, _ = _armed(turn, key, upcoming, turn.now, await turn.setting("quiet_hours"))
            entries[key] = armed.to_json()
        elif entry.kind == "reminder":
            del entries[key]
        else:
            entries[key] = replace(entry, heard=None).to_json()
        turn.memory.set(ENTRIES, entries)
        late = turn.now - entry.heard
        text = f"Reminder: {entry.title}."
        if entry.lead and not entry.all_day and entry.at > turn.now:
            text = f"Reminder: {entry.title} in {rough_duration(entry.at - turn.now)}."
        elif entry.lead:
            text = f"Reminder: {entry.said(turn.now)}."
        if late > _LATE:
            text += f" Sorry, I am {rough_duration(late)} late."
        yield Reply(text, data={"reminder": key})


def _read_moment(text: str, now: datetime) -> tuple[datetime, bool]:
    """The moment, and whether it stands for a whole day."""
    if len(text) == 10:
        return whole_day(date.fromisoformat(text), now), True
    return datetime.fromisoformat(text).astimezone(now.tzinfo), False


def _armed(turn: TurnContext, key: str, entry: Entry, now: datetime, quiet: object) -> tuple[Entry, datetime | None]:
    """Set the reminder of an entry, at once where its time to speak is over; until when quiet hours hold it back."""
    due = entry.due()
    if due is None:
        return replace(entry, heard=None), None
    due = max(due, now + timedelta(seconds=1), key=datetime.timestamp)
    wait = postponed(due, now, quiet)
    turn.remind(f"entry:{key}", wait or due, "reminder_fired", {"id": key})
    return replace(entry, heard=wait or due), wait


def _twin(entries: Mapping[str, Any], title: str, at: datetime) -> str | None:
    """The entry at the same time with a name like `title`."""
    same = (key for key, raw in entries.items() if datetime.fromisoformat(raw["at"]) == at)
    return next((key for key in same if same_name(title, entries[key]["title"])), None)


def _told(entry: Entry, now: datetime, wait: datetime | None, changed: bool) -> str:
    """The answer to a new entry: what will happen, when."""
    again = f", {nice_recurrence(Recurrence.parse(entry.rrule))}" if entry.rrule else ""
    quiet = f" That is within your quiet hours, so you will hear it {nice_when(wait, now)}." if wait else ""
    if entry.kind == "reminder" and not entry.lead:
        due = entry.due() or entry.at
        return f"Okay, I'll remind you {nice_when(due, now)}{again}: {entry.title}.{quiet}"
    said = replace(entry, rrule=None).said(now)
    if entry.heard is None:
        return f"{'Okay, it is now' if changed else 'Added to your calendar:'} {said}{again}."
    before = nice_duration(timedelta(seconds=entry.lead))
    return f"Okay: {said}{again}. I'll remind you {before} before.{quiet}"


def _pruned(entries: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Without events that are long over."""
    oldest = now - _KEPT
    return {
        key: raw
        for key, raw in entries.items()
        if raw["rrule"] or raw["heard"] or datetime.fromisoformat(raw["at"]) > oldest
    }


def _span(text: str, when: When | None, now: datetime) -> str:
    """The time of a question, as it was asked: "tomorrow", "on Friday", "next week"."""
    if when is None:
        return "in the coming year"
    if when.grain == "day":
        return on_date(when.at.date(), now.date())
    if when.grain == "time":
        return nice_when(when.at, now)
    words = " ".join(text[start:end] for start, end in when.spans).strip()
    return words if len(words) < 60 else nice_date(when.at.date(), now.date())


@hookimpl
def skills(config: Mapping[str, Any]) -> Iterable[Skill]:
    """The calendar."""
    return [Calendar()]
