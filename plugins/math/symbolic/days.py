"""Questions about the calendar: days between dates, a date some days on, weekdays, ages, leap years."""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from functools import partial

from plugins.expression import Refused
from plugins.math.symbolic.asked import Asked
from plugins.math.symbolic.types import Kind, Reading, Symbolic
from plugins.math.symbolic.wording import listed, symbolic
from plugins.when.dates import MONTH, find_days
from plugins.when.durations import DURATION, Span, days_in_month, read_span
from plugins.when.speech import MONTH_NAMES, WEEKDAY_NAMES, full_date
from plugins.when.words import MONTHS, Canonical

_YEAR = re.compile(r"(?:,? (?:of |in )?)(?P<year>\d{4}|(?:19|20) \d\d)\Z")
_UNIT = r"(?P<unit>days?|weeks?|months?|years?|hours?|weekdays|working days|business days|sleeps|nights)"
_WAS = r"(?:is|was|will be|would be|falls?|will it be|is it|was it|would it be|will|does)"
_BETWEEN = re.compile(
    rf"(?:how many {_UNIT} (?:are there |are |is it |is there |will pass |passed |lie )?"
    rf"|(?:the )?(?:number of )?{_UNIT.replace('unit', 'other')} |how (?P<long>long) is it |how much"
    rf" (?P<time>time) is )"
    r"(?:from|between) (?P<a>.+?) (?:to|and|until|through) (?P<b>.+)\Z"
)
_BEFORE_AFTER = re.compile(r"(?:how many days (?:is|are|was) )(?P<b>.+?) (?:after|from) (?P<a>.+)\Z")
_UNTIL = re.compile(
    r"(?:how many )?(?P<unit>days|weeks|months|sleeps) (?:are (?:there )?(?:left )?|is it |left |do we have )?"
    r"(?P<way>until|to|before|since|to go (?:until|to)) (?P<a>.+)\Z"
)
_OFFSET = re.compile(
    rf"(?:(?:what|which|the) )?(?:(?:exact )?(?:date|day|weekday|day of the week) )?(?:{_WAS} )?"
    rf"(?:the (?:date|day) )?(?:it )?(?P<span>{DURATION}) (?P<way>after|before|from|ago|later than"
    rf"|prior to)(?: (?P<a>.+))?\Z"
)
_OFFSET_IN = re.compile(
    rf"(?:what|which) (?:date|day|weekday|day of the week) {_WAS} (?:it )?in (?P<span>{DURATION})\Z"
)
_WEEKDAY = re.compile(
    rf"(?:(?:what|which) )?(?:weekday|day of the week|day of week|day) (?:{_WAS} )?(?:it )?(?:on )?(?P<a>.+?)"
    r"(?: on| be| fall on| be on| fall)?\Z"
)
_FALL = re.compile(
    r"(?:on )?(?:what|which) (?:weekday|day of the week|day) (?:does|did|will) (?P<a>.+?) (?:fall(?: on)?|land on|be)\Z"
)
_SOMEBODY = (
    r"(?:i|a person|a man|a woman|a child|you|they|he|she|we|now|be|today|"
    r"my (?:son|daughter|brother|sister|mother|father|mom|dad|wife|husband))"
)
_AGE = re.compile(
    rf"how old (?:is|am|are|was|would|will)(?: {_SOMEBODY})*(?: if)?"
    r"(?: (?:i|someone|somebody|you|they|he|she|who|whose|was|were|am|is|a person|they're))*"
    r" born (?:on |in )?(?P<a>.+?)(?: now| today)?\Z"
)
_LEAP = re.compile(r"(?:is|was|will) (?P<year>\d{1,4}) (?:be )?a leap year\Z")
_LENGTH = re.compile(
    rf"(?:how many )?days (?:are there |are |there are )?(?:in |does )(?P<month>{MONTH})"
    r"(?: (?:of )?(?P<year>\d{4}))?(?: have)?\Z"
)


def _day(said: str, today: date) -> tuple[date, bool] | None:
    """The day that words name in full, and whether its year was said; None where they say anything else.

    Without a year it is the next such day from `today` on.
    """
    words = Canonical(said).text.strip()
    words = re.sub(r"^(?:on|the date|date) ", "", words)
    found = _YEAR.search(words)
    year: int | None = None
    if found and found.start():
        year = int(found["year"].replace(" ", ""))
        words = words[: found.start()]
    if year is not None and not 1 <= year <= 9999:
        return None
    base = today if year is None else date(year, 1, 1)
    made = find_days(words, base)
    if made is None or made[0].end is not None or made[1] != (0, len(words)):
        return None
    day = made[0].start
    if year is not None and day.year != year:
        return None
    relative = re.search(r"\b(?:today|tomorrow|yesterday|ago|from now|next|last|this|in)\b", words) is not None
    if year is not None and relative:
        return None
    return day, year is not None or relative or bool(re.search(r"\d{4}|\d/\d+/\d", said))


def _two_days(one: str, other: str, today: date) -> tuple[date, date] | None:
    """Two days in the order they were named; a year said once holds for both, the second then follows the first."""
    first = _day(one, today)
    if first is None:
        return None
    second = _day(other, today) if re.search(r"\b(?:today|now|tomorrow)\b", other) else _day(other, first[0])
    if second is None:
        return None
    if second[1] and not first[1]:
        try:
            earlier = _day(one, second[0].replace(day=1) - timedelta(days=364))
        except OverflowError:
            return None
        first = earlier or first
        if first[0] > second[0]:
            return None
    return first[0], second[0]


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def _calendar(first: date, second: date) -> tuple[int, int]:
    """Whole months from one day to a later one, and the days that are left."""
    months = (second.year - first.year) * 12 + second.month - first.month
    start = datetime.combine(first, time())
    while months > 0 and Span(months=months).after(start).date() > second:
        months -= 1
    return months, (second - Span(months=months).after(start).date()).days


def _working(first: date, second: date) -> int:
    """Days from Monday to Friday from one day (counted) to a later one (not counted)."""
    weeks, rest = divmod((second - first).days, 7)
    return 5 * weeks + sum((first.weekday() + place) % 7 < 5 for place in range(rest))


def _distance(first: date, second: date, unit: str) -> Symbolic:
    low, high = min(first, second), max(first, second)
    days = (high - low).days
    steps = (f"From {full_date(low)} to {full_date(high)}",)
    answer = Fraction(days)
    if unit.startswith("week") and not unit.startswith("weekday"):
        weeks, rest = divmod(days, 7)
        said, answer = _count(weeks, "week") + (f" and {_count(rest, 'day')}" if rest else ""), Fraction(days, 7)
    elif unit.startswith(("month", "year")):
        months, rest = _calendar(low, high)
        years, over = divmod(months, 12) if unit.startswith("year") or months > 24 else (0, months)
        parts = [(years, "year"), (over, "month"), (rest, "day")]
        said = listed([_count(number, name) for number, name in parts if number]) or "0 days"
        answer = Fraction(months, 12 if unit.startswith("year") else 1)
    elif unit.startswith("hour"):
        said, answer = _count(days * 24, "hour"), Fraction(days * 24)
    elif unit.startswith(("weekday", "working", "business")):
        working = _working(low, high)
        said, answer = f"{_count(working, 'day')} from Monday to Friday, the last day not counted", Fraction(working)
    else:
        said = _count(days, "day")
    name = "days" if unit.startswith(("weekday", "working", "business", "sleep", "night")) else unit.rstrip("s") + "s"
    text = f"from {full_date(low)} to {full_date(high)} it's {said}."
    return symbolic("date", answer, text, name, steps=steps)


def _countdown(day: date, today: date, unit: str) -> Symbolic:
    days = (day - today).days
    count = _count(abs(days), "day")
    answer = Fraction(abs(days))
    if unit.startswith("week"):
        weeks, rest = divmod(abs(days), 7)
        count = _count(weeks, "week") + (f" and {_count(rest, 'day')}" if rest else "")
        answer = Fraction(abs(days), 7)
    elif unit.startswith("month"):
        months, rest = _calendar(min(day, today), max(day, today))
        count = listed([_count(months, "month"), *([_count(rest, "day")] if rest else [])])
        answer = Fraction(months)
    text = f"it's {count} {'since' if days < 0 else 'until'} {full_date(day)}."
    return symbolic("countdown", answer, text, "days" if unit == "sleeps" else unit)


def _offset(span: Span, base: date, sign: int, today: date) -> Symbolic:
    try:
        found = span.after(datetime.combine(base, time()), sign).date()
    except OverflowError:
        raise Refused("That date is too far away for me.") from None
    verb = "was" if found < today else "is"
    return symbolic("date", found, f"that {verb} {full_date(found)}.")


def _weekday(day: date, today: date) -> Symbolic:
    verb = "was" if day < today else "is"
    return symbolic("weekday", WEEKDAY_NAMES[day.weekday()], f"that {verb} {full_date(day)}.")


def _age(said: str, today: date) -> Callable[[], Symbolic] | None:
    if re.fullmatch(r"\d{4}|(?:19|20) \d\d", words := Canonical(said).text):
        year = int(words.replace(" ", ""))
        if not today.year - 130 <= year <= today.year:
            return lambda: _refuse("Nobody who lives was born then.")
        years = today.year - year
        text = (
            f"they turn {years} in {today.year}: {years - 1 if years else 0} before the birthday and {years} after it."
        )
        return lambda: symbolic("date", Fraction(years), text, "years")
    found = _day(said, today)
    if found is None or not found[1]:
        return None
    born = found[0]
    if not 0 <= today.year - born.year <= 130 or born > today:
        return lambda: _refuse("Nobody who lives was born then.")
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    text = f"someone born on {full_date(born)} is {_count(years, 'year')} old."
    return lambda: symbolic("date", Fraction(years), text, "years")


def _refuse(reason: str) -> Symbolic:
    raise Refused(reason)


def _leap(year: int) -> Symbolic:
    if not 1 <= year <= 9999:
        raise Refused("I know the years from 1 to 9999.")
    true = isleap(year)
    return symbolic("date", true, f"{'yes' if true else 'no'}, {year} has {366 if true else 365} days.")


def _month(name: str, year: int, said: bool) -> Symbolic:
    days = days_in_month(year, MONTHS[name])
    return symbolic(
        "date", Fraction(days), f"{MONTH_NAMES[MONTHS[name] - 1]}"
            f" {year if said or (days > 27 and MONTHS[name] == 2) else ''}"
        .rstrip() + f" has {days} days.", "days",
    )  # fmt: skip


def read(request: Asked, now: datetime) -> Reading | None:
    """A question about dates, or None. `now` decides what today is."""
    today = now.date()
    made = _find(request, today)
    return Reading(*made) if made else None


def _find(request: Asked, today: date) -> tuple[Kind, Callable[[], Symbolic]] | None:
    text = Canonical(request.body).text if not request.body[:1].isdigit() else request.body
    text = Canonical(text).text
    if match := _BETWEEN.match(text):
        two = _two_days(match["a"], match["b"], today)
        unit = match["unit"] or match["other"] or ("months" if match["long"] or match["time"] else "days")
        return ("date", partial(_distance, two[0], two[1], unit)) if two else None
    if match := _BEFORE_AFTER.match(text):
        two = _two_days(match["a"], match["b"], today)
        return ("date", partial(_distance, two[0], two[1], "days")) if two else None
    if match := _UNTIL.match(text):
        day = _day(match["a"], today - timedelta(days=366) if match["way"] == "since" else today)
        unit = match["unit"]
        kind: Kind = "countdown" if text.startswith("how") else "date"  # the clock counts where it hears "how many"
        return (kind, partial(_countdown, day[0], today, unit)) if day else None
    if match := _OFFSET_IN.match(text):
        span = read_span(match["span"])
        return ("date", lambda: _offset(span, today, 1, today)) if span and not span.exact else None
    if match := _OFFSET.match(text):
        return _shifted(match, request, today)
    for pattern in (_FALL, _WEEKDAY):
        if match := pattern.match(text):
            day = _day(match["a"], today)
            if day:
                return "weekday", partial(_weekday, day[0], today)
    if match := _AGE.match(text):
        age = _age(match["a"], today)
        return ("date", age) if age else None
    if match := _LEAP.match(text):
        year = int(match["year"])
        return "date", lambda: _leap(year)
    if match := _LENGTH.match(text):
        name, said = match["month"], match["year"]
        return "date", lambda: _month(name, int(said or today.year), bool(said))
    return None


def _shifted(match: re.Match[str], request: Asked, today: date) -> tuple[Kind, Callable[[], Symbolic]] | None:
    """A day before or after another; only where a day is asked for, for "two days before christmas" alone answers
    somebody else's question."""
    if not re.search(r"\b(?:what|what's|which|date|when)\b", request.raw):
        return None
    span = read_span(match["span"])
    if span is None or span.exact:
        return None
    way, said = match["way"], match["a"]
    if (way == "ago") != (said is None):
        return None
    day = (today, True) if said in (None, "now") else _day(str(said), today)
    sign = -1 if way in ("before", "ago", "prior to") else 1
    return ("date", lambda: _offset(span, day[0], sign, today)) if day else None
