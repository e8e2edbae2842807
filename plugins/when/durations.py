"""Spans of time: "an hour and twenty minutes", "90 seconds", "two and a half hours", "1h30m"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from plugins.when.words import Canonical

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "f": 1209600}
_QUANTITY = (
    r"(?:\d+(?:\.\d+)?(?: and (?:a|1) (?:half|quarter))?|(?:a )?couple(?: of)?|(?:a )?few|(?:a )?half(?: an?)?"
    r"|(?:an? |1 )?quarter(?: of)? an?|3 quarters? of an?|an?|1 and a half)"
)
_UNIT = r"(?:seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|fortnights?|weeks?|months?|mos?|years?|yrs?)"
_ITEM = rf"{_QUANTITY} {_UNIT}(?: and (?:a|1) (?:half|quarter))?\b"
#: One or more quantities with units, in canonical words.
DURATION = rf"{_ITEM}(?: (?:and )?{_ITEM})*"
_PART = re.compile(rf"({_QUANTITY}) ({_UNIT})( and (?:a|1) (?:half|quarter))?\b")
_DURATION = re.compile(rf"\b{DURATION}")
_CLOCKED = re.compile(r"^(?:for )?(\d{1,3}):(\d\d):(\d\d)$")
#: No span that a timer or a date can use is longer (years).
MAX_YEARS = 1000


@dataclass(frozen=True, slots=True)
class Span:
    """Calendar months, calendar days and exact seconds: months and days have no fixed length."""

    months: int = 0
    days: int = 0
    seconds: float = 0.0

    @property
    def exact(self) -> bool:
        """Whether it counts in hours or less, so that it leads to a moment and not to a day."""
        return self.seconds > 0

    def delta(self) -> timedelta:
        """The length with months of 30 and years of 365 days."""
        years, months = divmod(self.months, 12)
        return timedelta(days=self.days + 30 * months + 365 * years, seconds=self.seconds)

    def after(self, wall: datetime, sign: int = 1) -> datetime:
        """The naive wall-clock time `months` and `days` away from `wall`; a day that a month lacks becomes its last.

        Raises OverflowError outside the years 1 to 9999.
        """
        month = wall.year * 12 + wall.month - 1 + sign * self.months
        year, index = divmod(month, 12)
        if not 1 <= year <= 9999:
            raise OverflowError("year out of range")
        day = min(wall.day, days_in_month(year, index + 1))
        return wall.replace(year=year, month=index + 1, day=day) + timedelta(days=sign * self.days)


def days_in_month(year: int, month: int) -> int:
    """28 to 31."""
    return 29 if month == 2 and (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)) else _DAYS[month - 1]


_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def read_span(words: str) -> Span | None:
    """The span that the canonical `words` spell out; None when it is empty or beyond `MAX_YEARS`."""
    months, days, seconds = 0.0, 0.0, 0.0
    for quantity, unit, fraction in _PART.findall(words):
        amount = _amount(quantity) + (0.0 if not fraction else 0.25 if "quarter" in fraction else 0.5)
        if unit.startswith("mo") or unit.startswith("y"):
            months += amount * (12 if unit.startswith("y") else 1)
        elif unit[0] in "dwf":
            days += amount * _SECONDS[unit[0]] / 86400
        else:
            seconds += amount * _SECONDS[unit[0]]
    if max(months / 12, days / 365, seconds / 31536000) > MAX_YEARS:
        return None
    days += 30 * (months % 1)
    seconds += 86400 * (days % 1)
    span = Span(int(months), int(days), seconds)
    return span if span != Span() else None


def _amount(quantity: str) -> float:
    digits = re.match(r"\d+(?:\.\d+)?", quantity)
    if quantity.startswith("3 quarter"):
        return 0.75
    if "quarter" in quantity and "and" not in quantity.split():
        return 0.25
    if digits:
        return float(digits[0]) + (0.5 if "half" in quantity else 0.25 if "quarter" in quantity else 0.0)
    for word, value in (("couple", 2.0), ("few", 3.0), ("half", 0.5)):
        if word in quantity:
            return value
    return 1.0


def find_duration(text: str) -> tuple[timedelta, tuple[int, int]] | None:
    """The first span of time in `text` and its character offsets, or None. Bare numbers are not durations."""
    canonical = Canonical(text)
    clocked = _CLOCKED.match(canonical.text)
    if clocked and int(clocked[2]) < 60 and int(clocked[3]) < 60:
        hours, minutes, seconds = (int(part) for part in clocked.groups())
        delta = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        return (delta, (0, len(text))) if delta else None
    for match in _DURATION.finditer(canonical.text):
        span = read_span(match[0])
        if span is not None and not _is_idiom(match[0], canonical.text[match.end() :]):
            return span.delta(), canonical.span(*match.span())
    return None


def parse_duration(text: str) -> timedelta | None:
    """The first span of time in `text` ("set a timer for ten minutes"), or None."""
    found = find_duration(text)
    return found[0] if found else None


def _is_idiom(words: str, rest: str) -> bool:
    """ "A day" and "a second" as in "have a nice day": only numbers, halves and pairs count before such units."""
    return words in ("a day", "a week", "a month", "a year") and not rest.startswith((" from", " later", " after"))
