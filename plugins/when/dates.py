"""Calendar days in canonical words: "the day after tomorrow", "next friday", "december 3th", "rest of the week"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from plugins.when.durations import DURATION, days_in_month, read_span
from plugins.when.holidays import HOLIDAY, holiday, nth_weekday
from plugins.when.words import MONTHS

WEEKDAYS = {
    "monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5, "sunday": 6,
    "mon": 0, "tue": 1, "tues": 1, "wed": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4, "sat": 5, "sun": 6,
}  # fmt: skip
_WEEKDAY = "(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|mon|tues?|wed|thurs?|thur?|fri)"
_ANY_WEEKDAY = "(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|mon|tues?|wed|thurs?|thur?|fri|sat|sun)"
MONTH = "(?:" + "|".join(sorted(MONTHS, key=len, reverse=True)) + ")"
_SURE_MONTH = "(?:january|february|april|june|july|august|september|october|november|december)"
_YEAR = r"(?: (?:of |in (?:the year )?)?(?P<year>(?:19|20)\d\d|20 \d\d)(?! ?(?:am|pm|hours)\b|:))?"
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])(?:th)?(?! ?(?:am|pm|oclock)\b)(?![\d:.])"


@dataclass(frozen=True, slots=True)
class Days:
    """One day, or the days up to `end` (exclusive)."""

    start: date
    end: date | None = None
    vague: bool = False  # a week or month: gives way to a day said beside it ("on the fifth this month")


Rule = tuple[re.Pattern[str], Callable[[re.Match[str], date], Days | None]]


def find_days(text: str, today: date) -> tuple[Days, tuple[int, int]] | None:
    """The first day or range of days in canonical `text` with its offsets; of several readings the longest."""
    best: tuple[bool, int, int, Days] | None = None
    for pattern, read in _RULES:
        for match in pattern.finditer(text):
            try:
                days = read(match, today)
            except (ValueError, OverflowError):  # february 30, the year 10000
                continue
            if days is not None:
                if best is None or (days.vague, match.start(), -match.end()) < best[:3]:
                    best = days.vague, match.start(), -match.end(), days
                break
    return (best[3], (best[1], -best[2])) if best else None


def _upcoming(month: int, day: int, today: date, year: str | None) -> Days | None:
    if year:
        return Days(date(int(year.replace(" ", "")), month, day))
    if month > 12:
        return None
    for offset in range(9):  # 29 February comes back within eight years
        if day <= days_in_month(today.year + offset, month):
            found = date(today.year + offset, month, day)
            if found >= today:
                return Days(found)
    return None


def _iso(match: re.Match[str], today: date) -> Days | None:
    return Days(date.fromisoformat(match[0]))


def _slashed(match: re.Match[str], today: date) -> Days | None:
    first, second, year = int(match[1]), int(match[3]), match[4]
    month, day = (first, second) if match[2] == "/" and first <= 12 else (second, first)
    if year and len(year) == 2:
        year = "20" + year
    return _upcoming(month, day, today, year)


def _month_day(match: re.Match[str], today: date) -> Days | None:
    return _upcoming(MONTHS[match["month"]], int(match["day"]), today, match["year"])


def _day_range(match: re.Match[str], today: date) -> Days | None:
    first = _month_day(match, today)
    last = first.start.replace(day=int(match["last"])) if first else None
    return Days(first.start, last + timedelta(days=1)) if first and last and last > first.start else None


def _month(match: re.Match[str], today: date) -> Days | None:
    month, which = MONTHS[match["month"]], match["which"]
    year = int(match["year"].replace(" ", "")) if match["year"] else today.year
    if not match["year"]:
        if which == "last":
            year -= month >= today.month
        elif which != "this":
            year += month < today.month or (which == "next" and month == today.month)
    return Days(date(year, month, 1), date(year + month // 12, month % 12 + 1, 1), vague=True)


def _nth_weekday(match: re.Match[str], today: date) -> Days | None:
    nth = -1 if match["nth"] == "last" else int(match["nth"][:-2])
    weekday = WEEKDAYS[match["weekday"]]
    if match["month"]:
        month = MONTHS[match["month"]]
        years = [int(match["year"].replace(" ", ""))] if match["year"] else [today.year, today.year + 1]
        months = [(year, month) for year in years]
    else:
        following = today.year + today.month // 12, today.month % 12 + 1
        months = [following] if match["which"] == "next" else [(today.year, today.month), following]
    found = [day for year, month in months if (day := nth_weekday(year, month, weekday, nth))]
    return Days(next((day for day in found if day >= today), found[0])) if found else None


def _weekday_nth(match: re.Match[str], today: date) -> Days | None:
    day, weekday = int(match["day"]), WEEKDAYS[match["weekday"]]
    year, month = today.year, today.month
    for _ in range(400):  # the days of the week repeat within 28 years
        if day <= days_in_month(year, month):
            found = date(year, month, day)
            if found >= today and found.weekday() == weekday:
                return Days(found)
        year, month = year + month // 12, month % 12 + 1
    return None


def _day_of_month(match: re.Match[str], today: date) -> Days | None:
    day, (year, month) = int(match["day"]), (today.year, today.month)
    if match["which"] == "next" or (match["which"] != "this" and day < today.day):
        year, month = year + month // 12, month % 12 + 1
    while day > days_in_month(year, month):
        year, month = year + month // 12, month % 12 + 1
    return Days(date(year, month, day))


_NAMED = {"today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1, "last night": -1}


def _named(match: re.Match[str], today: date) -> Days | None:
    if match["of"]:
        return Days(today + timedelta(days=2 if match["of"] == "after" else -2))
    return Days(today + timedelta(days=_NAMED[match["name"]]))


def _weekday(match: re.Match[str], today: date) -> Days | None:
    """ "friday" is the first one after today, "next friday" the one of the next calendar week (from Monday on)."""
    weekday = WEEKDAYS[match["weekday"]]
    which, week = match["which"], match["week"] or match["week2"]
    monday = today - timedelta(days=today.weekday())
    ahead = (weekday - today.weekday() - 1) % 7 + 1
    if week or which == "next":
        weeks = {"next": 1, "following": 1, "last": -1}.get(week or "next", 0)
        return Days(monday + timedelta(days=weekday, weeks=weeks))
    if which in ("last", "past"):
        return Days(today + timedelta(days=ahead - 7 - (7 if ahead == 7 else 0)))
    if which == "this" and weekday == today.weekday():
        return Days(today)
    return Days(today + timedelta(days=ahead))


def _after_next(match: re.Match[str], today: date) -> Days:
    if match["weekday"]:
        ahead = (WEEKDAYS[match["weekday"]] - today.weekday() - 1) % 7 + 1
        return Days(today + timedelta(days=ahead + 7))
    monday = today + timedelta(days=14 - today.weekday())
    start = monday + timedelta(days=5 if match["unit"] == "weekend" else 0)
    return Days(start, monday + timedelta(days=7))


def _period(match: re.Match[str], today: date) -> Days | None:
    which, unit = match["which"] or "this", match["unit"] or "weekend"
    step = {"next": 1, "following": 1, "last": -1, "past": -1}.get(which, 0)
    monday = today - timedelta(days=today.weekday())
    if unit == "weekend":
        start = monday + timedelta(days=5, weeks=step)
        return Days(start, start + timedelta(days=2), vague=True)
    if unit == "week":
        start = monday + timedelta(weeks=step)
        end = start + timedelta(days=7)
    elif unit == "month":
        index = today.year * 12 + today.month - 1 + step
        start, end = date(index // 12, index % 12 + 1, 1), date((index + 1) // 12, (index + 1) % 12 + 1, 1)
    elif unit == "year":
        start, end = date(today.year + step, 1, 1), date(today.year + step + 1, 1, 1)
    else:
        start, end = today, today + timedelta(days=1)
    return Days(max(today, start) if match["rest"] else start, end, vague=True)


def _next_days(match: re.Match[str], today: date) -> Days | None:
    span = read_span(match["span"])
    if span is None or span.exact:
        return None
    if match["which"] in ("past", "last"):
        return Days(span.after(datetime.combine(today, time()), -1).date(), today)
    return Days(today, span.after(datetime.combine(today, time())).date())


def _relative(match: re.Match[str], today: date) -> Days | None:
    """Days, weeks and months from today or another day; hours and less are moments, not days."""
    span = read_span(match["span"])
    if span is None or span.exact:
        return None
    base = today
    if match["base"]:
        found = find_days(match["base"], today)
        if found is None:
            return None
        base = found[0].start
    sign = -1 if match["ago"] else 1
    return Days(span.after(datetime.combine(base, time()), sign).date())


def _holiday(match: re.Match[str], today: date) -> Days | None:
    if match["year"] or match["which"]:
        step = {"this": 0, "next": 1, "last": -1}.get(match["which"], 0)
        years = [int(match["year"].replace(" ", "")) if match["year"] else today.year + step]
    else:
        years = [today.year, today.year + 1]
    found = [day for year in years if (day := holiday(match["name"], year))]
    return Days(next((day for day in found if day >= today), found[-1])) if found else None


def _rule(pattern: str, read: Callable[[re.Match[str], date], Days | None]) -> Rule:
    return re.compile(rf"\b{pattern}"), read


_LEAD = rf"(?:{_ANY_WEEKDAY},? )?(?:the )?"
_NUMBER = r"(?P<day>3[01]|[12]\d|[1-9])th\b"
_TO_DAY = r"(?:to|until|through) (?:the )?(?P<last>3[01]|[12]\d|[1-9])(?:th)?"
#: What may follow "the 5th" when it is a day and not "the 5th floor".
_FOLLOW = (
    r"(?= ?$| (?:at|in|on|and|for|from|to|please|fall|falls|every|until|with|by|this|next|noon|my|that|i|the|\d|#)|"
    rf" {_ANY_WEEKDAY}\b)"
)
_WHICH = "(?P<which>this|next|last|past|coming|following|current|upcoming)"
_RULES: list[Rule] = [
    _rule(r"\d{4}-\d\d-\d\d\b", _iso),
    _rule(r"(\d{1,2})([./])(\d{1,2})[./](\d{4}|\d\d)\b", _slashed),
    _rule(r"(\d{1,2})(/)(\d{1,2})()\b", _slashed),
    _rule(rf"{_LEAD}(?P<month>{MONTH}) (?:the )?{_DAY}{_YEAR}\b", _month_day),
    _rule(rf"{_LEAD}{_DAY} (?:of )?(?P<month>{MONTH})\b{_YEAR}", _month_day),
    _rule(
        rf"(?:the )?(?P<nth>[1-5]th|last) (?P<weekday>{_ANY_WEEKDAY}) (?:of|in) "
        rf"(?:(?P<month>{MONTH})\b|(?:the )?(?:(?P<which>this|next|current) )?month\b){_YEAR}",
        _nth_weekday,
    ),
    _rule(rf"(?P<weekday>{_ANY_WEEKDAY}),? the {_NUMBER}(?! (?:of )?{MONTH}\b)", _weekday_nth),
    _rule(rf"(?:on )?the {_NUMBER} (?:of|in) (?:the )?(?:(?P<which>this|next|current) )?month\b", _day_of_month),
    _rule(rf"(?:on the|on|the|for the|is) {_NUMBER}(?P<which>){_FOLLOW}", _day_of_month),
    _rule(
        r"(?:(?:the )?day (?P<of>after|before) (?:tomorrow|yesterday)"
        r"|(?P<name>today|tonight|tomorrow|yesterday|last night))\b",
        _named,
    ),
    _rule(
        rf"(?:(?P<week2>this|next|last|following) week (?:on )?)?(?:(?:this |the )?{_WHICH} )?"
        rf"(?P<weekday>{_WEEKDAY})\b(?: (?:of )?(?P<week>this|next|last|following) week\b)?",
        _weekday,
    ),
    _rule(r"(?P<week2>)(?:on |(?P<which>this|next|last|past) )(?P<weekday>sat|sun)\b(?P<week>)", _weekday),
    _rule(r"(?<!the )(?P<week2>)(?P<which>)(?P<weekday>sat|sun)(?= (?:at )?\d)(?P<week>)", _weekday),
    _rule(rf"(?:the )?(?:(?P<weekday>{_WEEKDAY})|(?P<unit>week|weekend)) after next\b", _after_next),
    _rule(rf"(?P<rest>)(?:the |this )?{_WHICH} (?P<unit>week|weekend|month|year)s?\b", _period),
    _rule(r"(?P<rest>)(?P<which>)(?:(?:the |this )?weekend|for the (?P<unit>day|week|month|year))\b(?! of)", _period),
    _rule(
        rf"{_LEAD}{_DAY} {_TO_DAY} (?:of )?(?P<month>{MONTH})\b{_YEAR}",
        _day_range,
    ),
    _rule(
        rf"(?P<month>{MONTH}) (?:the )?{_DAY} {_TO_DAY}\b(?! ?(?:am|pm)){_YEAR}",
        _day_range,
    ),
    _rule(
        r"(?:the )?(?P<rest>rest|remainder) of (?:the |this )?(?P<which>)(?P<unit>day|weekend|week|month|year)\b",
        _period,
    ),
    _rule(rf"(?:the )?{_WHICH} (?P<span>(?:\d+|couple of|few) (?:days?|weeks?|months?))\b", _next_days),
    _rule(rf"(?:in|after|within) (?P<span>{DURATION})(?P<base>)(?P<ago>)", _relative),
    _rule(
        rf"(?P<span>{DURATION}) (?:(?P<ago>ago|back)|later|hence|from now|from today|"
        rf"(?:from|after) (?P<base>(?:next |this )?(?:tomorrow|today|{_ANY_WEEKDAY})))\b",
        _relative,
    ),
    _rule(rf"(?:in|during|month of|for) (?:(?P<which>this|next|last) )?(?P<month>{MONTH})\b{_YEAR}(?! \d)", _month),
    _rule(rf"(?:(?P<which>this|next|last) )?(?P<month>{_SURE_MONTH})\b{_YEAR}(?! \d)", _month),
    _rule(rf"(?P<which>this|next|last) (?P<month>march|may)\b{_YEAR}(?! \d)", _month),
    _rule(rf"(?P<name>{HOLIDAY})\b(?: (?:of )?(?P<which>this|next|last) year)?{_YEAR}", _holiday),
]
