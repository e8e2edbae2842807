"""Days that people name instead of their date."""

from __future__ import annotations

import re
from datetime import date, timedelta

from plugins.when.durations import days_in_month

_FIXED = {
    "christmas eve": (12, 24), "christmas day": (12, 25), "christmas": (12, 25), "xmas": (12, 25),
    "boxing day": (12, 26),
    "new year eve": (12, 31), "new years eve": (12, 31), "new year day": (1, 1), "new years day": (1, 1),
    "new years": (1, 1), "new year": (1, 1), "valentine day": (2, 14), "valentines day": (2, 14), "valentine": (2, 14),
    "valentines": (2, 14), "saint patricks day": (3, 17), "st patricks day": (3, 17), "saint patrick day": (3, 17),
    "st patrick day": (3, 17), "april fools day": (4, 1), "april fool day": (4, 1), "earth day": (4, 22),
    "halloween": (10, 31), "independence day": (7, 4), "4th of july": (7, 4), "veterans day": (11, 11),
}  # fmt: skip
#: month, weekday (Monday is 0), which one of the month (-1 is the last)
_NTH = {
    "thanksgiving": (11, 3, 4), "thanksgiving day": (11, 3, 4), "labor day": (9, 0, 1), "memorial day": (5, 0, -1),
    "mothers day": (5, 6, 2), "mother day": (5, 6, 2), "fathers day": (6, 6, 3), "father day": (6, 6, 3),
}  # fmt: skip
_EASTER = {"easter": 0, "easter sunday": 0, "good friday": -2, "easter monday": 1}
HOLIDAY = "|".join(sorted(map(re.escape, [*_FIXED, *_NTH, *_EASTER]), key=len, reverse=True))


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date | None:
    """The `nth` (1-5, or -1 for the last) `weekday` of a month; None where the month has no such day."""
    days = days_in_month(year, month)
    if nth == -1:
        last = date(year, month, days)
        return last - timedelta(days=(last.weekday() - weekday) % 7)
    day = 1 + (weekday - date(year, month, 1).weekday()) % 7 + 7 * (nth - 1)
    return date(year, month, day) if day <= days else None


def holiday(name: str, year: int) -> date | None:
    """The date of the holiday `name` (canonical words, no apostrophes) in `year`."""
    if name in _FIXED:
        return date(year, *_FIXED[name])
    if name in _NTH:
        return nth_weekday(year, *_NTH[name])
    if name in _EASTER:
        return easter(year) + timedelta(days=_EASTER[name])
    return None


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (anonymous algorithm, Meeus 1991, chapter 8)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)
