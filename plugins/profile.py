"""Reading what users say of themselves: name, time zone, units, quiet hours."""

from __future__ import annotations

import re

from plugins import numbers

MAX_NAME, MAX_TEXT = 40, 200
SKIP = "skip"
SKIPS = re.compile(
    r"^(?:please )?(?:skip(?: it| this| that)?|leave it|keep it|next|pass|no change|as it is|rather not say)\b", re.I
)
_OFF = re.compile(r"\b(?:no|off|without|disable|delete|remove|cancel|end|stop)\b", re.I)
_NAME = re.compile(
    r"^(?:(?:hi|hello|hey)[, ]+)?(?:please )?(?:my (?:first )?name(?:'s| is)|call me|you (?:can|may) call me|"
    r"i(?:'m| am) called|change my name to|set my name to|i go by|remember (?:that )?my name is|it'?s|i am|i'm)\s+"
    r"(?P<name>.+?)(?: please| from now on)?[.!]*$",
    re.I,
)
_NAMED = re.compile(r"\b(?:name|call me|called|i go by)\b", re.I)
_NOT_NAME_WORDS = """
a an the not in at on so very going here fine good well tired happy sorry sad ok okay what who when where later back
"""
_NOT_NAMES = frozenset(_NOT_NAME_WORDS.split())
_ZONE = re.compile(
    r"(?:i (?:live|am living|'m living)|i'?m (?:from|based)|i am (?:from|based)|i(?:'ve| have)? (?:just )?moved|"
    r"we live|my time ?zone is|(?:set|change|switch|update)(?: my| the)? time ?zone|use \w+(?: \w+)? time\b|"
    r"my (?:home )?(?:city|location|town) is|my home is)",
    re.I,
)
_UNITS = re.compile(
    r"\b(?:(?P<imperial>imperial|american|us customary|customary|miles and pounds|fahrenheit)|"
    r"(?P<metric>metric|si units|kilometers|celsius))\b",
    re.I,
)
_QUESTION = re.compile(
    r"(?:what(?:'s| is| are| do)?|whats|which|who|when|show|tell me|do you (?:know|remember)|are|is)\b.*"
    r"\b(?:my (?:name|settings|preferences|time ?zone|units|quiet hours)|who am i|quiet hours|units do you use|"
    r"time ?zone am i|do you call me|settings)\b|who am i\b",
    re.I,
)
_UNITS_REQUEST = re.compile(r"\b(?:units?|measure\w*|system|imperial|metric)\b", re.I)
_CHOICE = re.compile(r"(?:please )?(?:use|switch to|set|change|i (?:prefer|want|use))\b", re.I)
_QUIET = re.compile(
    r"\b(?:quiet hours?|quiet time|do not disturb|don'?t disturb me|no notifications|be quiet|stay quiet)\b", re.I
)
_CLOCK = (
    r"(?P<{0}>midnight|noon|\d{{1,2}})(?:(?::|\s)(?P<{0}m>[0-5]\d))?\s*"
    r"(?P<{0}h>a\.? ?m\.?|p\.? ?m\.?|in the (?:morning|evening|afternoon)|at night|o'?clock)?"
)
_RANGE = re.compile(
    _CLOCK.format("a") + r"\s*(?:to|until|till|through|and(?: end at)?|-|–)\s*" + _CLOCK.format("b"), re.I
)


def gives_setting(text: str) -> str:
    """The settings intent of a text that plainly states or asks for a setting, or the empty string."""
    text = text.strip()
    if len(text) > MAX_TEXT:
        return ""
    if _QUESTION.match(text) and len(text) <= 60:
        return "settings_query"
    if _NAMED.search(text) and _NAME.match(text) and read_name(text):
        return "settings_name"
    if _QUIET.search(text) and read_quiet(text) not in (None, "off"):
        return "settings_quiet"
    if _CHOICE.match(text) and _UNITS_REQUEST.search(text) and read_units(text):
        return "settings_units"
    return "settings_timezone" if _ZONE.match(text) and read_zone(text) else ""


def read_name(text: str, requested: bool = False) -> str | None:
    """The name that somebody gives."""
    found = _NAME.match(text.strip())
    name = found["name"] if found else text if requested else ""
    name = " ".join("".join(letter if letter.isalpha() or letter in " '-." else " " for letter in name).split()).strip(
        " .-'"
    )
    words = name.split()
    if not words or len(words) > 4 or len(name) > MAX_NAME or words[0].lower() in _NOT_NAMES:
        return None
    return name if any(letter.isupper() for letter in name) else name.title()


def read_zone(text: str) -> str | None:
    """The IANA name of the time zone of a place that a text names."""
    from plugins.when.zones import find_places

    places = find_places(text)
    if not places:
        return None
    found = places[-1]  # from there to here
    key = getattr(found.zone, "key", None)
    if key is None:  # an offset: only whole hours have a name, with the sign turned round
        offset = found.zone.utcoffset(None)
        hours = offset.total_seconds() / 3600 if offset is not None else 0.5
        return f"Etc/GMT{-int(hours):+d}" if hours == int(hours) and hours else "Etc/UTC" if hours == 0 else None
    return str(key)


def read_units(text: str) -> str | None:
    """`metric` or `imperial`."""
    found = _UNITS.search(text)
    return None if found is None else "imperial" if found["imperial"] else "metric"


def read_quiet(text: str) -> str | None:
    """Quiet hours as `22:00-07:00`, `off` to end them."""
    found = _RANGE.search(numbers.digits(text.lower()))
    if found is None:
        return "off" if _OFF.search(text) else None
    start, end = _minutes(found, "a", evening=True), _minutes(found, "b", evening=False)
    if start is None or end is None or start == end:
        return None
    return f"{start // 60:02d}:{start % 60:02d}-{end // 60:02d}:{end % 60:02d}"


def _minutes(found: re.Match[str], name: str, evening: bool) -> int | None:
    """Minutes since midnight; without a half of the day, quiet hours begin in the evening and end in the morning."""
    if found[name] in ("midnight", "noon"):
        return 0 if found[name] == "midnight" else 720
    hour, minute, half = int(found[name]), int(found[f"{name}m"] or 0), (found[f"{name}h"] or "").lower()
    if hour > 23:
        return None
    if hour <= 12:
        late = half.startswith("p") or "evening" in half or "afternoon" in half or ("night" in half and hour != 12)
        early = half.startswith("a") or "morning" in half
        if late or (not early and evening and 5 <= hour < 12):
            hour = hour % 12 + 12
        elif early or hour == 12:
            hour %= 12
    return hour * 60 + minute


def said_quiet(hours: str) -> str:
    """`22:00-07:00` as `from 22:00 to 07:00`."""
    return "from {} to {}".format(*hours.split("-", 1)) if "-" in hours else hours
