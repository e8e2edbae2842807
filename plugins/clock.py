"""The clock skill: time and date, here and elsewhere, and conversion between time zones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dialog.plugin import hookimpl
from dialog.skill import Skill, TurnContext, intent
from dialog.types import Reply
from plugins.when import When, parse_when
from plugins.when.speech import MONTH_NAMES, WEEKDAY_NAMES, full_date, nice_duration, nice_time, on_date
from plugins.when.zones import Place, closest_place, find_places, folded

_DATE = re.compile(
    r"\b(?:date|day|days|weekday|month|year|weeks?|when (?:is|was|will|does)|fall|falls|calendar week)\b(?! ?time zone)"
)
_TIME = re.compile(r"\b(?:time|clock|hour|o'?clock)\b")
_UNTIL = re.compile(r"\bhow (?:many (?P<unit>days?|weeks?|sleeps)|long)\b.*\b(?:until|till?|to|before|left|for)\b")
_IS_IT = re.compile(r"^(?:\w+ )?(?:is|isn't) (?:it|today)\b")
_OF_DAY = re.compile(r"\bis it (?:still |already )?(?:the )?(?P<part>morning|afternoon|evening|night)\b")
_DIFFERENCE = re.compile(r"\b(?:difference|distance|time between|hours between|ahead|behind)\b")
_CHANGE = re.compile(r"\b(?:set|change|switch|use|update|move)\b.*\btime ?zone\b")
_HERE = re.compile(r"\b(?:here|my (?:place|location|time|city|home|time ?zone)|local time|home)\b")
_SOMEWHERE = re.compile(
    r"\b(?:in|for|at|on the) "
    r"(?!the (?:moment|morning|afternoon|evening|clock)|this moment|military|my |it\b|hours?\b|\d)"
    r"(?P<place>[a-z][a-z' -]*?)"
    r"(?:,? (?:right now|now|at (?:the|this) moment|at present|please|currently|today|time|is|when\b.*))*$"
)
_VAGUE = re.compile(r"^(?:a|this|that|another|some|any|which|what|other)\b|^(?:someplace|somewhere)")


class Clock(Skill):
    """Answers from the system clock and the embedded time-zone database."""

    name, domain = "clock", "datetime"
    description = "I tell the time and the date, here and around the world, and convert between time zones."

    @intent("datetime_query")
    async def query(self, turn: TurnContext) -> Reply | str:
        """Time, date or day of the week, now or on a day that is named, here or at a place."""
        text, words = turn.text, folded(turn.text)
        places = _places(turn)
        if places and _CHANGE.search(words):
            return await self.convert(turn)
        when = parse_when(text, turn.now)
        if when is not None and when.grain == "time" and not when.relative and places:
            return await self.convert(turn)
        now = turn.now.astimezone(places[0].zone) if places else turn.now
        dated = _date_answer(words, when, now)
        if dated is not None:
            return dated
        if not places:
            unknown = _unknown_place(turn, words)
            if unknown is not None:
                return unknown
            return Reply(f"It's {nice_time(now)}.", spoken=f"It's {nice_time(now, True)}.")
        return _there(places[0], turn.now)

    @intent("datetime_convert")
    async def convert(self, turn: TurnContext) -> Reply | str:
        """A time at one place as the time at another, or how far two places are apart."""
        words = folded(turn.text)
        places = _places(turn)
        if _CHANGE.search(words):
            return await _change_zone(turn, places)
        when = parse_when(turn.text, turn.now)
        home = Place("here", turn.now.tzinfo or ZoneInfo("UTC"))
        if _DIFFERENCE.search(words) and places:
            return _difference(places[0], places[1] if len(places) > 1 else home, turn.now)
        if not places:
            return (
                _unknown_place(turn, words) or "Tell me a time and two places, such as: five PM in London in New York."
            )
        if when is None or when.grain != "time":
            if len(places) == 1:
                return _there(places[0], turn.now)
            return _converted(turn.now, places[0], places[1])
        source, target = _ends(words, places, home)
        at = _at_place(turn, when, source)
        return _converted(at, source, target)


def _places(turn: TurnContext) -> list[Place]:
    """Places in the text; where there is none, those that the recogniser's entities name."""
    found = find_places(turn.text)
    if not found:
        found = find_places(" ".join(str(entity.value) for entity in turn.entities("place_name", "time_zone")))
    return [place for i, place in enumerate(found) if i == 0 or place.start > found[i - 1].end or _joint(turn, place)]


def _joint(turn: TurnContext, place: Place) -> bool:
    """Whether a place right behind another one is a second place, and not "dallas texas"."""
    before = folded(turn.text).split()[: place.start]
    return bool(before) and before[-1] in ("time", "to", "and", "in")


def _there(place: Place, now: datetime) -> Reply:
    there = now.astimezone(place.zone)
    day = "" if there.date() == now.date() else f" {on_date(there.date(), now.date())}"
    return Reply(
        f"It's {nice_time(there)}{day} in {place.name}.", spoken=f"It's {nice_time(there, True)}{day} in {place.name}."
    )


def _date_answer(words: str, when: When | None, now: datetime) -> Reply | str | None:
    """The answer to a question for a date; None when the time is asked for."""
    part = _OF_DAY.search(words)
    if part:
        hour = now.hour
        current = (
            "night" if hour < 5 or hour >= 22 else "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"
        )
        said = "Yes" if current == part["part"] else "No"
        return f"{said}, it's {nice_time(now)}."
    day = when.at if when is not None and when.grain != "time" else None
    until = _UNTIL.search(words)
    if until and day is not None:
        return _countdown(day, now, until["unit"] or "days")
    if _IS_IT.match(words) and not _TIME.search(words):
        return _is_it(words, now)
    if not _DATE.search(words) and (day is None or _TIME.search(words)):
        return None
    if day is None or day.date() == now.date():
        if re.search(r"\bwhat year\b", words):
            return f"It's {now.year}."
        if re.search(r"\bwhat month\b", words):
            return f"It's {MONTH_NAMES[now.month - 1]} {now.year}."
        if re.search(r"\b(?:what|which) (?:calendar )?week\b", words):
            return f"It's calendar week {now.isocalendar().week}."
        if not re.search(r"\b(?:date|day|today|month|year)\b", words):
            return None
        clock = f"{nice_time(now)} on " if re.search(r"\btime\b(?! ?zone)", words) else ""
        return f"It's {clock}{full_date(now.date())}."
    assert when is not None
    if when.grain == "range" and when.end is not None:
        last = when.end - timedelta(days=1)
        return f"That is from {full_date(day.date())} to {full_date(last.date())}."
    verb = "was" if day < now else "is"
    return f"That {verb} {full_date(day.date())}."


def _countdown(day: datetime, now: datetime, unit: str) -> str:
    days = (day.date() - now.date()).days
    if unit.startswith("week"):
        weeks, rest = divmod(abs(days), 7)
        count = f"{weeks} week{'' if weeks == 1 else 's'}" + (
            f" and {rest} day{'' if rest == 1 else 's'}" if rest else ""
        )
    else:
        count = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    ago = "since" if days < 0 else "until"
    return f"It's {count} {ago} {full_date(day.date())}."


def _is_it(words: str, now: datetime) -> str | None:
    """ "Is it Monday today?": yes or no, and the date."""
    asked = re.sub(r"\btoday\b", " ", words)
    when = parse_when(asked, now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1))
    if when is None or when.grain not in ("day", "range"):
        return f"It's {nice_time(now) if when is not None else full_date(now.date())}."
    weekday = any(name.lower() in words for name in WEEKDAY_NAMES)
    same = (
        when.at.weekday() == now.weekday() if weekday and not re.search(r"\d", words) else when.at.date() == now.date()
    )
    return f"{'Yes' if same else 'No'}, it's {full_date(now.date())}."


def _unknown_place(turn: TurnContext, words: str) -> Reply | str | None:
    """What to say when a place was named that no table knows, or only misspelt; None when none was named."""
    named = [str(entity.value) for entity in turn.entities("place_name", "time_zone")]
    found = _SOMEWHERE.search(words)
    place = named[0] if named else found["place"].strip() if found else ""
    if not place or _HERE.search(place) or place in ("time", "the time"):
        return None
    if _VAGUE.match(place):
        return "Tell me which city or country, and I'll tell you the time there."
    meant = closest_place(place)
    if meant is not None:
        return _there(meant, turn.now)
    return f"I don't know the time zone of {place[:60]}. Try a bigger city nearby, or the country."


async def _change_zone(turn: TurnContext, places: list[Place]) -> Reply | str:
    if not places:
        return (
            _unknown_place(turn, folded(turn.text))
            or "To which time zone? Name a city, such as: change my time zone to Berlin."
        )
    zone = places[-1].zone
    if not isinstance(zone, ZoneInfo):
        return "Please name a city in that time zone, so that summer time is right too."
    await turn.set_setting("timezone", zone.key)
    return f"Okay, from now on your time zone is {zone.key}. It's {nice_time(turn.now.astimezone(zone))} there."


def _difference(one: Place, other: Place, now: datetime) -> str:
    first, second = now.astimezone(one.zone).utcoffset(), now.astimezone(other.zone).utcoffset()
    apart = (first or timedelta()) - (second or timedelta())
    where = "you" if other.name == "here" else other.name
    if not apart:
        return f"There is no difference: {one.name} has the same time as {where} now."
    return f"{one.name} is {nice_duration(apart)} {'ahead of' if apart > timedelta() else 'behind'} {where} now."


def _ends(words: str, places: list[Place], home: Place) -> tuple[Place, Place]:
    """Which place the time was said for, and which one is asked for: "5 pm london time in new york"."""
    tokens = words.split()
    if len(places) == 1:
        before = tokens[places[0].start - 1] if places[0].start else ""
        after = tokens[places[0].end] if places[0].end < len(tokens) else ""
        asked = re.search(r"\bwhat time (?:is it|will it be) (?:in|at) ", words)
        its_own = (after in ("time", "standard") and before not in ("to", "in", "into")) or before == "from"
        its_own = its_own or re.search(r"\b(?:it is|its|it s|if|when)\b", words) is not None
        here = _HERE.search(words)
        if here and here.start() < len(" ".join(tokens[: places[0].start])):
            return home, places[0]
        return (places[0], home) if (its_own or here) and not asked else (home, places[0])
    # "what time is it in tokyo when it is noon in london": the place of the time comes last
    first, second = places[0], places[1]
    if re.search(r"\bwhat (?:time is it|is the time|time will it be|time)\b(?!.*\bwhat\b).*\b(?:when|if)\b", words):
        asked_first = words.find("what") < max(words.find(" when "), words.find(" if "))
        return (second, first) if asked_first else (first, second)
    return first, second


def _at_place(turn: TurnContext, when: When, source: Place) -> datetime:
    """The moment that the words mean at `source`, on the day that it is there."""
    now = turn.now.astimezone(source.zone)
    read = parse_when(turn.text, now) or when
    if read.dated or read.relative:
        return read.at
    return read.at.replace(year=now.year, month=now.month, day=now.day)


def _converted(at: datetime, source: Place, target: Place) -> Reply:
    start, end = at.astimezone(source.zone), at.astimezone(target.zone)
    day = "" if start.date() == end.date() else " the next day" if end.date() > start.date() else " the day before"

    def said(spoken: bool) -> str:
        whose = "here" if target.name == "here" else f"in {target.name}"
        whence = "here" if source.name == "here" else f"in {source.name}"
        first = nice_time(start, spoken)
        return f"{first[0].upper()}{first[1:]} {whence} is {nice_time(end, spoken)}{day} {whose}."

    return Reply(said(False), spoken=said(True))


@hookimpl
def skills(config: Mapping[str, Any]) -> Iterable[Skill]:
    """The clock."""
    return [Clock()]
