"""Which of several kept things (alarms, timers, events) a text means: all of them, the first, the one called so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from plugins.when.clock import PARTS
from plugins.when.parser import When, parse_when
from plugins.when.recurrence import Recurrence
from plugins.when.words import Canonical

_ALL = re.compile(
    r"\b(?:all|every|everything|any|both|each|whole|entire|entirely|completely|clean)\b(?! (?:day|week|month)\b)"
)
_NTH = re.compile(r"\b(?P<nth>[1-9])th\b(?! (?:of|at|on|in)\b)")
_PERIOD = r"\b(?! (?:week|month|year|night|\d|few|couple|(?:mon|tues|wednes|thurs|fri|satur|sun)day))"
_NEXT = re.compile(rf"\b(?:next|earliest|soonest|upcoming|succeeding|coming){_PERIOD}")
_LAST = re.compile(rf"\b(?:last|latest){_PERIOD}")
_THE_ONE = re.compile(r"^(?:no,? )?(?:the )?(.+) ones?[.!]?$", re.I)
_COMMAND = re.compile(
    r"\b(?:please|can|could|would|you|i|want|need|to|cancel|delete|remove|turn|switch|off|disable|stop|kill|clear|erase|get|rid|"
    r"of|my|the|that|which|is|was|are|were|set|alarms?|timers?|a|an|any|there|do|have|does|what|show|me|go|goes|going|"
    r"ring|rings|hey|olly|no|it|one|called|named|up|wake)\b"
)  # fmt: skip
_WORD = re.compile(r"[^\W_]+")


_TIMER = re.compile(r"\b(?:timers?|countdowns?)\b", re.I)
_OTHER = re.compile(r"\b(?:alarms?|remind|reminders?|buy|get|appointment|meeting)\b(?! rid)", re.I)


def asks_for_timer(text: str) -> bool:
    """Whether a text that may be taken for an alarm or a calendar entry is about a timer."""
    return _TIMER.search(text) is not None and _OTHER.search(text) is None


def wants_all(text: str) -> bool:
    """Whether the text says all, everything or any."""
    return _ALL.search(text.lower()) is not None


def position(text: str) -> int | None:
    """Which one of an ordered list: 0 the first or next, -1 the last, None where the text does not say."""
    words = Canonical(text).text
    found = _NTH.search(words)
    if found:
        return int(found["nth"]) - 1
    if _NEXT.search(words):
        return 0
    return -1 if _LAST.search(words) else None


def labelled(text: str, labels: Mapping[str, str]) -> list[str]:
    """Keys of the labels that share most words with the text; empty where none shares any."""
    said = words_of(text)
    scores = {}
    for key, label in labels.items():
        words = words_of(label)
        shared = len(words & said)
        if shared:
            scores[key] = (shared, shared / len(words))
    best = max(scores.values(), default=None)
    return [key for key, score in scores.items() if score == best]


def words_of(text: str) -> frozenset[str]:
    """The words of a name without articles and plurals."""
    return frozenset(_stem(word) for word in _WORD.findall(text.lower())) - _EMPTY


_EMPTY = frozenset(
    ("the", "a", "an", "my", "with", "and", "of", "to", "at", "in", "for", "on", "alarm", "timer", "event")
)


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def bare_time(text: str, now: datetime) -> tuple[When, frozenset[int]] | None:
    """The time that picks something out ("the seven thirty alarm") and the hours of the day that it may mean."""
    one = _THE_ONE.match(text.strip())
    text = one[1] if one else text  # "the nine thirty one" is not 9:31
    when = parse_when(text, now)
    if when is None or when.grain != "time":
        rest = parse_when(" ".join(_COMMAND.sub(" ", text.lower()).split()), now)
        when = rest if rest is not None and (when is None or rest.grain == "time") else when
        text = _COMMAND.sub(" ", text.lower())
    if when is None:
        return None
    readings = [parse_when(text, now, "morning"), parse_when(text, now, "evening")]
    return when, frozenset(reading.at.hour for reading in readings if reading is not None) | {when.at.hour}


def at_time(text: str, now: datetime, moments: Mapping[str, tuple[datetime, str | None]]) -> list[str] | None:
    """Keys of the (moment, rrule) that fall on the time, day or part of a day in the text; None where it has none."""
    found = bare_time(text, now)
    if found is None:
        return None
    when, hours = found
    picked = []
    for key, (at, rrule) in moments.items():
        local = at.astimezone(now.tzinfo)
        if when.grain == "time" and not when.relative:
            fits = local.hour in hours and local.minute == when.at.minute
            if when.dated:
                fits = fits and occurs(local, rrule, *day_of(when.at)) is not None
        elif when.grain == "part" and not when.dated:
            first, last = next(span for span in PARTS.values() if span[0] == when.at.hour)
            fits = first <= local.hour < last
        else:
            end = when.end or when.at
            fits = occurs(local, rrule, when.at, end) is not None
        if fits:
            picked.append(key)
    return picked


def day_of(at: datetime) -> tuple[datetime, datetime]:
    """The first and the last moment of the day of `at`."""
    start = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return start, at.replace(hour=23, minute=59, second=59, microsecond=999999)


def occurs(at: datetime, rrule: str | None, start: datetime, end: datetime) -> datetime | None:
    """The first occurrence within [start, end) of something at `at` that may repeat."""
    if start.timestamp() <= at.timestamp() < end.timestamp():
        return at
    if rrule is None or at.timestamp() >= end.timestamp():
        return None
    first = Recurrence.parse(rrule).next(at, datetime.fromtimestamp(start.timestamp() - 1e-3, start.tzinfo))
    return first if first.timestamp() < end.timestamp() else None


def in_order(moments: Mapping[str, datetime]) -> Sequence[str]:
    """Keys by time, earliest first."""
    return sorted(moments, key=lambda key: moments[key].timestamp())
