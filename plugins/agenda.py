"""Calendar entries as they are kept, and how requests name them: titles, kinds, lead times."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from dialog.skill import TurnContext
from plugins.when import Recurrence, When, parse_when
from plugins.when.durations import DURATION, read_span
from plugins.when.recurrence import to_zone
from plugins.when.selection import bare_time, day_of, labelled, position, wants_all, words_of
from plugins.when.speech import nice_recurrence, nice_time, on_date
from plugins.when.words import Canonical

#: The hour at which an entry of a whole day, or of a part of it, speaks up.
HOURS = {"day": 9, "morning": 9, "afternoon": 14, "evening": 19, "night": 20}
MOST_TITLE = 120  # characters
_LOOKED_AT = 600  # characters of a request in which its title is looked for
_LEAD = re.compile(
    rf"\b(?:(?P<span>{DURATION})|(?P<day>the day)) (?:before|prior(?: to)?|in advance|ahead(?: of)?|beforehand|early)\b"
)
_REMIND = re.compile(
    r"\b(?:remind|reminds?|reminders?|remember|notify|notifications?|alert|forget|let me know|tell me)\b", re.I
)
_ON_CALENDAR = re.compile(
    r"\b(?:(?:on|to|in|into|from|off|of)\s+)?(?:(?:my|the|our)\s+)?(?:\w+\s+)?"
    r"(?:calendar|agenda|diary|planner)\b|\b(?:(?:on|to|in|into|from|off|of)\s+)?(?:my|the|our)\s+(?:\w+\s+)?schedule\b",
    re.I,
)
_OPENING = re.compile(
    r"^(?:(?:hey|hi|ok|okay|please|olly|siri|alexa|google|can|could|would|will|you|i'd|i'll|i|want|wanna|need|like|to|"
    r"just|also|and|then|go ahead|actually|no|don'?t forget to|make sure to)\b[\s,]*)+", re.I
)  # fmt: skip
_VERB = re.compile(
    r"^(?:remind|remember|notify|alert|tell|let me know|let|don'?t let|set|add|create|make|schedule|put|save|mark|book|"
    r"enter|note|plan|arrange|organi[sz]e|have|got|there(?:'s| is)|it'?s|place|insert|start|new|give|send|block|open|"
    r"i(?:'ve| have)(?: got)?|(?:i'?m|we are|we're) having)\b\s*(?:up\b|down\b|know\b|that\b)?\s*", re.I
)  # fmt: skip
_NOUN = re.compile(
    r"^(?:(?:me|us|my|an?|the|another|new|repeating|recurring|one|calendar|event|entry|reminder|remainder|notification|alert|"
    r"forget|item)\b\s*)+(?:(?:to|for me to|for|about|of|that|on|called|named|titled|saying|:)\s+"
    r"(?:(?:i|we)\s+(?:have|need)\s+(?:to\s+)?|there\s+is\s+)?(?:(?:an?|the|my)\s+)?)?", re.I
)  # fmt: skip
_LINK = re.compile(r"^(?:(?:to|about|of|for|as|that|the|an?|my|i|have|on|at|in|by|with|it)\b\s*)+", re.I)
_CLOSING = re.compile(
    r"\bplease\b|\bnext weeks?\b"
    r"|(?:\band )?\b(?:remind (?:me|it)|(?:create|set|make) (?:an? |the )?(?:reminder|event))[\s.!]*$",
    re.I,
)
_TAIL = re.compile(
    r"(?:[\s,;.!?]+(?:on|at|in|for|by|from|to|of|the|a|an|my|and|please|starting|until|this|is|be|it|every))*[\s,;.!?]*$",
    re.I,
)
_GENERIC = re.compile(
    r"(?:(?:events?|reminders?|notifications?|alerts?|something|anything|everything|it|this|that|entry|entries|item|thing|"
    r"things|calendar|schedule|agenda|appointments|meetings|plans|dates?|all|next|one|new|upcoming|repeating|"
    r"repeat)\b\s*)+", re.I
)  # fmt: skip
_NOUNS = re.compile(
    r"\b(?:meetings?|appointments?|plans?|activit(?:y|ies)|dates?|stuff|notes?|items?|data|information|no)\b", re.I
)
_CLEAR = re.compile(
    r"^(?!.*\b(?:that|this|it|event)\b).*\b(?:clear|wipe|empty|erase|clean)\b.*\b(?:calendar|schedule|agenda|diary|day|week|month)\b",
    re.I,
)
_ASIDE = re.compile(
    r"\b(?:what|when|where|which|who|how|many|is|are|was|were|do|does|did|i|have|has|got|my|the|an?|any|on|at|in|for|of|to|me|"
    r"show|tell|list|give|check|read|please|can|you|there|going|coming|up|next|planned|scheduled?|set|all|upcoming|be|will|"
    r"it|and|from|with|about|cancel|delete|remove|clear|erase|wipe|get|rid|take|off|every|everything|anything|"
    r"first|last|time|start|starts|begin|happening|hey|olly|siri|alexa|google|ok|that|this|know|let|if|would|like|need|want|out|each|put|whole|"
    r"calendars?|schedules?|agenda|events?|reminders?|entries|entry|diary|planner|things?|look|today|pending|"
    r"todays)\b", re.I
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One calendar entry or reminder. `at` is aware; `heard` is when it speaks up next, None for never."""

    title: str
    at: datetime
    kind: Literal["event", "reminder"] = "event"
    all_day: bool = False
    end: datetime | None = None
    rrule: str | None = None
    lead: float = 0.0  # seconds before `at`
    heard: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """For the memory: ISO texts, and the name of the zone that repeats follow."""
        raw = asdict(self)
        for name in ("at", "end", "heard"):
            raw[name] = raw[name].isoformat() if raw[name] is not None else None
        return {**raw, "zone": getattr(self.at.tzinfo, "key", None)}

    @staticmethod
    def from_json(raw: Mapping[str, Any]) -> Entry:
        """What `to_json` wrote."""
        zone = ZoneInfo(raw["zone"]) if raw.get("zone") else None

        def read(text: str | None) -> datetime | None:
            if text is None:
                return None
            moment = datetime.fromisoformat(text)
            return moment.astimezone(zone) if zone else moment

        at = read(raw["at"])
        assert at is not None
        return Entry(
            raw["title"],
            at,
            raw["kind"],
            raw["all_day"],
            read(raw["end"]),
            raw["rrule"],
            raw["lead"],
            read(raw["heard"]),
        )

    def due(self) -> datetime | None:
        """When it should speak up: reminders at their time, events only where a lead time was asked for."""
        if self.kind == "event" and not self.lead:
            return None
        at = to_zone(datetime.combine(self.at.date(), time(HOURS["day"])), self.at) if self.all_day else self.at
        return at - timedelta(seconds=self.lead) if self.lead < 86400 else _days_before(at, self.lead)

    def occurrences(self, start: datetime, end: datetime, most: int = 50) -> list[datetime]:
        """The times within [start, end) at which it takes place; a whole day counts while it lasts."""
        opens = start.replace(hour=0, minute=0, second=0, microsecond=0) if self.all_day else start
        found: list[datetime] = []
        at: datetime | None = self.at
        if self.rrule is not None and self.at.timestamp() < opens.timestamp():
            before = datetime.fromtimestamp(opens.timestamp() - 1e-3, opens.tzinfo)
            at = Recurrence.parse(self.rrule).next(self.at, before)
        while at is not None and at.timestamp() < end.timestamp() and len(found) < most:
            if at.timestamp() >= opens.timestamp():
                found.append(at)
            at = Recurrence.parse(self.rrule).next(self.at, at) if self.rrule else None
        return found

    def said(self, now: datetime, at: datetime | None = None, with_day: bool = True) -> str:
        """ "dentist on Friday at 3:00 PM", "birthday on Monday", "swimming at 6:00 PM every Tuesday"."""
        local = (at or self.at).astimezone(now.tzinfo)
        parts = [self.title]
        if with_day and (at is not None or self.rrule is None):
            parts.append(on_date(local.date(), now.date()))
        if not self.all_day:
            until = f" to {nice_time(self.end.astimezone(now.tzinfo))}" if self.end is not None and at is None else ""
            parts.append(("from " if until else "at ") + nice_time(local) + until)
        if self.rrule is not None and at is None:
            parts.append(nice_recurrence(Recurrence.parse(self.rrule)))
        return " ".join(parts)


def _days_before(at: datetime, seconds: float) -> datetime:
    """Whole days before keep the time of day."""
    days, rest = divmod(seconds, 86400)
    return to_zone(at.replace(tzinfo=None) - timedelta(days=days, seconds=rest), at)


def read_kind(text: str) -> Literal["event", "reminder"]:
    """Whether the text asks to be reminded, or tells of an event."""
    return "reminder" if _REMIND.search(text) else "event"


def read_lead(text: str) -> tuple[float, tuple[int, int]] | None:
    """Seconds of "an hour before" and where it stands in the text; None where there is none."""
    canonical = Canonical(text)
    found = _LEAD.search(canonical.text)
    if found is None:
        return None
    span = read_span(found["span"]) if found["span"] else None
    seconds = span.delta().total_seconds() if span is not None else 86400.0
    return seconds, canonical.span(*found.span())


def read_title(text: str, when: When | None, entities: Sequence[str] = ()) -> str | None:
    """What an entry is about: the text without its time and without "add ... to my calendar"; None for nothing."""
    text = text[:_LOOKED_AT]
    spans = [span for span in when.spans if span[1] <= len(text)] if when is not None else []
    lead = read_lead(text)
    if lead is not None and lead[1][1] <= len(text):
        spans.append(lead[1])
    for start, end in sorted(spans, reverse=True):
        text = f"{_TAIL.sub('', text[:start])} \0 {text[end:]}"
    text = _ON_CALENDAR.sub(" ", text)
    text = _CLOSING.sub(" ", text)
    title = ""
    for i, piece in enumerate(text.split("\0")):
        # "dinner [on thursday] at the bistro" keeps its "at", "remind me [tomorrow] to call" loses its "to"
        title = f"{title} {piece.strip()}" if title else _stripped(piece, first=i == 0)
    title = re.sub(r"\s+", " ", _TAIL.sub("", _LINK.sub("", title))).strip(" ,.;:!?'\"")
    if not title or _GENERIC.fullmatch(title):
        title = next((name for name in entities if not _GENERIC.fullmatch(name.strip())), "")
    return title[:MOST_TITLE].strip() or None


def _stripped(piece: str, first: bool) -> str:
    piece = _OPENING.sub("", piece.strip()) if first else piece.strip()
    bare = _VERB.sub("", piece)
    if bare != piece or not first or _GENERIC.match(piece):
        piece = _NOUN.sub("", bare)
    return _LINK.sub("", piece.strip(" ,.;:!?")).strip()


def specific(text: str, when: When | None) -> str:
    """The words of a question that could name an entry: no time, no "what is on my calendar"."""
    for start, end in sorted(when.spans if when is not None else (), reverse=True):
        text = f"{text[:start]} {text[end:]}"
    return " ".join(re.findall(r"[^\W_]+(?:'\w+)?", _ASIDE.sub(" ", text)))


def names_one(words: str) -> bool:
    """Whether the words of `specific` name a certain entry, and not just "meetings" or "appointments"."""
    return bool(_NOUNS.sub("", words).strip())


def same_name(one: str, other: str) -> bool:
    """Whether one name is the other or a part of it: "the dentist" and "dentist appointment"."""
    first, second = words_of(one), words_of(other)
    return bool(first and second) and (first <= second or second <= first)


def pick(turn: TurnContext, text: str, entries: Mapping[str, Entry], requested: bool) -> list[str] | None:
    """Keys of the entries that a request means, by time and name; [] for none, None where it must be asked."""
    order = sorted(entries, key=lambda key: entries[key].at.timestamp())
    when, found = parse_when(text, turn.now), bare_time(text, turn.now)
    if found is not None:
        order = [key for key in order if _falls(entries[key], *found)]
    wanted = specific(text, when)
    named = labelled(wanted, {key: entries[key].title for key in order})
    if named:
        return [key for key in order if key in named]
    if names_one(wanted):
        return [] if found is not None or not requested else None
    index = position(text)
    if found is not None and (index is None or not order):
        return order
    if wants_all(text):
        return order
    ahead = [key for key in order if entries[key].rrule or entries[key].at.timestamp() >= turn.now.timestamp()]
    if index is not None and ahead:
        return [ahead[index]] if index < len(ahead) else []
    if _CLEAR.search(text):
        return order
    return None if requested or len(order) != 1 else order


def _falls(entry: Entry, when: When, hours: frozenset[int]) -> bool:
    """Whether an entry takes place on the day, or at the time of day, that was said."""
    if when.grain != "time" or when.relative:
        return bool(entry.occurrences(*window(when)))
    local = entry.at.astimezone(when.at.tzinfo)
    same = not entry.all_day and local.hour in hours and local.minute == when.at.minute
    return same and (not when.dated or bool(entry.occurrences(*day_of(when.at))))


def window(when: When) -> tuple[datetime, datetime]:
    """The span of time that a question is about; a clock time stands for itself and the hour after it."""
    if when.end is not None:
        return when.at, when.end
    if when.grain == "time":
        return when.at - timedelta(minutes=1), when.at + timedelta(hours=1)
    return when.at, when.at + timedelta(days=1)


def whole_day(day: date, now: datetime) -> datetime:
    """The beginning of a day in the zone of `now`."""
    return to_zone(datetime.combine(day, time()), now)
