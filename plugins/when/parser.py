"""A spoken or typed time as a moment: a function of the text, the present moment and a preference, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Literal, cast

from plugins.when.clock import MASK, PARTS, Clock, Part, Prefer, find_clock, halves
from plugins.when.dates import MONTH, WEEKDAYS, Days, find_days
from plugins.when.durations import DURATION, Span, read_span
from plugins.when.recurrence import Frequency, Recurrence, to_zone
from plugins.when.words import Canonical

Grain = Literal["time", "part", "day", "range"]


@dataclass(frozen=True, slots=True)
class When:
    """A time that was found in a text.

    `at` and `end` are aware, in the time zone of the `now` given; `end` is exclusive. `grain`: a clock time, a part of
    a day, a day, or a range of days. `dated`: a day was said. `spans`: the characters of the text that say all this.
    """

    at: datetime
    end: datetime | None = None
    grain: Grain = "time"
    dated: bool = False
    relative: bool = False
    recurrence: Recurrence | None = None
    spans: tuple[tuple[int, int], ...] = ()


_WEEKDAY = "(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_EVERY = re.compile(
    r"\b(?:every|each) ?(?:(?P<interval>other|2th|\d+) )?(?:single )?(?:(?P<unit>minute|hour|day|week|month|year)s?"
    r"|(?P<part>morning|afternoon|evening|night)s?|(?P<set>weekday|week day|working day|workday|weekend)s?"
    rf"|(?P<days>{_WEEKDAY}s?(?:(?: and)? {_WEEKDAY}s?)*)(?: (?:to|through|thru) (?P<last>{_WEEKDAY}))?)\b"
    r"(?: (?P<with>morning|afternoon|evening|night)s?\b)?"
    rf"|\b(?P<annual>every|each) (?=(?:the )?(?:\d+th (?:of )?)?{MONTH}\b)"
    rf"|\b(?P<ly>hourly|daily|nightly|weekly|monthly|yearly|annually)\b"
    rf"|\b(?:on )?(?P<plural>(?:{_WEEKDAY}s)(?:(?: and)? {_WEEKDAY}s)*|weekdays|weekends|workdays)\b"
    rf"|\b(?:from )?(?P<from>{_WEEKDAY}) (?:to|through|thru) (?P<to>{_WEEKDAY})\b"
)
_LY: dict[str, Frequency] = {
    "hourly": "HOURLY", "daily": "DAILY", "nightly": "DAILY", "weekly": "WEEKLY", "monthly": "MONTHLY",
    "yearly": "YEARLY", "annually": "YEARLY", "minute": "MINUTELY", "hour": "HOURLY", "day": "DAILY",
    "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY",
}  # fmt: skip
_MOMENT = re.compile(
    rf"\b(?:(?:in|after|within) (?P<ahead>{DURATION})(?! (?:ago|before|after|early|advance))"
    rf"|(?P<later>{DURATION}) (?:from now|later|hence)\b|(?P<ago>{DURATION}) (?:ago|back)\b)"
)
_PART = re.compile(
    r"\b(?:(?:in|during|for|over) the |in |this |at |(?:early|late) (?:in the )?)?(?:early |late )?"
    r"(?P<part>morning|afternoon|evening|night)\b(?! (?:run|walk|meeting|program|out|club|person|routine|pill|train))"
)
_ISO = re.compile(r"\s*\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*\s*$")
_TONIGHT = re.compile(r"\b(?:tonight|last night)\b")


def parse_when(text: str, now: datetime, prefer: Prefer = "any") -> When | None:
    """The first time, day or range of days that `text` speaks of, or None.

    now: aware; its time zone is the one that the text is meant in. prefer: the half of the day of a bare hour that
      the words around it leave open. Results may lie in the past ("yesterday at five").
    Raises ValueError for a `now` without time zone.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware of its time zone")
    return _parse(text, now, now.tzinfo, prefer)


@lru_cache(maxsize=512)  # several slots of one turn read the same text; times of two zones compare equal, hence `zone`
def _parse(text: str, now: datetime, zone: tzinfo, prefer: Prefer) -> When | None:
    if _ISO.match(text):
        try:
            exact = datetime.fromisoformat(text.strip())
        except ValueError:
            exact = None
        if exact is not None:
            exact = exact.astimezone(zone) if exact.tzinfo else to_zone(exact, now)
            return When(exact, dated=True, spans=((0, len(text)),))
    try:
        return _Reading(text, now, prefer).when()
    except OverflowError:  # a date beyond the year 9999
        return None


class _Reading:
    """One pass over a text: what is understood is masked, so that no word counts twice."""

    def __init__(self, text: str, now: datetime, prefer: Prefer) -> None:
        self.canonical = Canonical(text)
        self.words = self.canonical.text
        self.now, self.prefer = now, prefer
        self.today = now.date()
        self.found: list[tuple[int, int]] = []
        self.today_said = False  # "this morning" names a day without being one

    def when(self) -> When | None:
        recurrence, part = self._recurrence()
        moment = None if recurrence else self._moment()
        if moment is not None:
            return self._make(moment, None, "time", relative=True)
        tonight = _TONIGHT.search(self.words)
        days = self._days()
        clock = self._clock()
        part = "night" if tonight else self._part(days, clock) or part
        if recurrence is not None and recurrence.frequency in ("MINUTELY", "HOURLY") and clock is None:
            step = timedelta(minutes=recurrence.interval * (60 if recurrence.frequency == "HOURLY" else 1))
            return self._make(_plus(self.now, step), None, "time", recurrence=recurrence)
        if clock is not None:
            at, end = self._at(clock, days, part, recurrence, late=tonight is not None)
            return self._make(at, end, "time", days, recurrence=recurrence)
        if part is not None:
            return self._part_of_day(part, days, recurrence)
        if days is not None:
            start = self._midnight(days.start)
            return self._make(
                start,
                self._midnight(days.end or days.start + timedelta(days=1)),
                "range" if days.end else "day",
                days,
                recurrence=recurrence,
            )
        if recurrence is not None:
            first = next(day for day in self._coming() if recurrence.fits(datetime.combine(day, time())))
            return self._make(self._midnight(first), None, "day", recurrence=recurrence)
        return None

    # finding ---------------------------------------------------------------------------------------------------

    def _take(self, span: tuple[int, int]) -> None:
        start, end = span
        self.found.append(self.canonical.span(start, end))
        masked = "".join(" " if letter == " " else MASK for letter in self.words[start:end])
        self.words = self.words[:start] + masked + self.words[end:]

    def _recurrence(self) -> tuple[Recurrence | None, Part | None]:
        match = _EVERY.search(self.words)
        if match is None or (match["from"] and find_clock(self.words) is None):
            return None, None
        part = match["part"] or match["with"] or ("night" if match["ly"] == "nightly" else None)
        interval = {None: 1, "other": 2, "2th": 2}.get(match["interval"]) or min(int(match["interval"]), 1000) or 1
        if match["annual"]:
            made = Recurrence("YEARLY")
        elif match["unit"] or match["ly"]:
            made = Recurrence(_LY[match["unit"] or match["ly"]], (), interval)
        elif match["part"]:
            made = Recurrence("DAILY", (), interval)
        elif match["from"] or match["last"]:
            first, last = (match["from"], match["to"]) if match["from"] else (match["days"].split()[0], match["last"])
            start, stop = WEEKDAYS[first.removesuffix("s")], WEEKDAYS[last]
            made = Recurrence("WEEKLY", tuple(sorted((start + i) % 7 for i in range((stop - start) % 7 + 1))))
        else:
            names = match["set"] or match["days"] or match["plural"]
            if "weekend" in names:
                days = {5, 6}
            elif "week" in names or "work" in names:
                days = {0, 1, 2, 3, 4}
            else:
                days = {WEEKDAYS[name.removesuffix("s")] for name in names.split() if name != "and"}
            made = Recurrence("WEEKLY", tuple(sorted(days)), interval)
        self._take(match.span())
        return made, cast("Part | None", part)

    def _moment(self) -> datetime | None:
        for match in _MOMENT.finditer(self.words):
            words = match["ahead"] or match["later"] or match["ago"]
            span = read_span(words)
            if span is None or not span.exact:
                continue
            self._take(match.span())
            sign = -1 if match["ago"] else 1
            wall = span.after(self.now.replace(tzinfo=None), sign) if span != Span(seconds=span.seconds) else None
            base = to_zone(wall, self.now) if wall is not None else self.now
            return _plus(base, timedelta(seconds=sign * span.seconds))
        return None

    def _days(self) -> Days | None:
        found = find_days(self.words, self.today)
        if found is None:
            return None
        days, span = found
        joined = re.compile(r" (?:to|until|through|thru|and(?: the)?) ").match(self.words, span[1])
        before = self.words[: span[0]].split()[-1:]
        self._take(span)
        if joined and days.end is None and (before in (["from"], ["between"]) or joined[0] != " and "):
            second = find_days(self.words, days.start)
            if second and second[1][0] <= joined.end() and second[0].start > days.start and second[0].end is None:
                self._take(second[1])
                return Days(days.start, second[0].start + timedelta(days=1))
        return days

    def _clock(self) -> Clock | None:
        found = find_clock(self.words)
        if found is None:
            return None
        self._take(found[1])
        return found[0]

    def _part(self, days: Days | None, clock: Clock | None) -> Part | None:
        for match in _PART.finditer(self.words):
            lead = self.words[: match.start()].split()[-1:]
            beside = bool(lead) and lead[0].startswith(MASK)
            marked = beside or match[0].startswith(("in the", "for the", "over", "during", "this", "early", "late"))
            alone = self.words.strip() == match[0] or (days is not None and match[0] != "night")
            if clock is not None or marked or alone:
                self.today_said = match[0].startswith("this ") and days is None
                self._take(match.span())
                return cast(Part, match["part"])
        return None

    # resolving -------------------------------------------------------------------------------------------------

    def _make(
        self,
        at: datetime,
        end: datetime | None,
        grain: Grain,
        days: Days | None = None,
        relative: bool = False,
        recurrence: Recurrence | None = None,
    ) -> When:
        dated = days is not None or self.today_said
        return When(at, end, grain, dated, relative, recurrence, tuple(sorted(self.found)))

    def _midnight(self, day: date) -> datetime:
        return to_zone(datetime.combine(day, time()), self.now)

    def _coming(self) -> Sequence[date]:
        return [self.today + timedelta(days=ahead) for ahead in range(9)]

    def _moment_on(self, day: date, hour: int, clock: Clock) -> datetime:
        wall = datetime.combine(day, time(0, clock.minute, clock.second)) + timedelta(hours=hour)
        moment = to_zone(wall, self.now)
        if _later(self.now, moment):  # the second pass of an hour that comes twice may still be ahead
            second = wall.replace(tzinfo=self.now.tzinfo, fold=1)
            moment = second if _later(second, self.now) and second.utcoffset() != moment.utcoffset() else moment
        return moment

    def _at(
        self, clock: Clock, days: Days | None, part: Part | None, recurrence: Recurrence | None, late: bool
    ) -> tuple[datetime, datetime | None]:
        dated = days is not None or self.today_said
        repeated = recurrence is not None
        order = halves(clock, part, self.canonical.text, self.prefer, dated or repeated)
        hours = clock.hours(order or ("am", "pm"))
        if part in ("evening", "night") and clock.hour % 12 == 0 and not (clock.fixed and clock.hour == 12):
            hours = [24]  # "twelve at night" ends the day
        elif late and clock.hour < 5 and clock.half != "pm":
            hours = [24 + clock.hour]  # "tonight at one" is after midnight
        if days is not None or self.today_said:
            options = [days.start if days else self.today]
            if days is not None and days.end is not None:
                options = [days.start + timedelta(days=i) for i in range(min((days.end - days.start).days, 366))]
        else:
            options = [self.today - timedelta(days=1), *self._coming()]
            if repeated:
                hours = hours[:1]  # the less likely half of the day would only win by coming sooner
            if recurrence is not None and recurrence.weekdays:
                options = [day for day in options if recurrence.fits(datetime.combine(day, time()))]
        moments = [self._moment_on(day, hour, clock) for day in options for hour in hours]
        ahead = [moment for moment in moments if _later(moment, self.now)]
        if not dated and order is None:
            ahead.sort(key=lambda moment: moment.astimezone(UTC))
        at = ahead[0] if ahead else moments[0]
        return at, self._end(clock, at)

    def _end(self, clock: Clock, at: datetime) -> datetime | None:
        if clock.end is None:
            return None
        day = at.date()
        ends = [
            self._moment_on(day + timedelta(days=ahead), hour, clock.end)
            for ahead in (0, 1)
            for hour in clock.end.hours(("am", "pm"))
        ]
        return next((end for end in ends if _later(end, at)), None)

    def _part_of_day(self, part: Part, days: Days | None, recurrence: Recurrence | None) -> When:
        first, last = PARTS[part]
        day = days.start if days else self.today
        if days is None and recurrence is None and not self.today_said and self.now.hour >= first:
            day += timedelta(days=1)  # "in the morning", said during the morning, is tomorrow's
        if recurrence is not None and days is None:
            fitting = (day for day in self._coming() if recurrence.fits(datetime.combine(day, time())))
            day = next(day for day in fitting if day != self.today or self.now.hour < first)
        start = to_zone(datetime.combine(day, time(first)), self.now)
        end = to_zone(datetime.combine(day, time()) + timedelta(hours=last), self.now)
        return self._make(start, end, "part", days, recurrence=recurrence)


def _later(one: datetime, other: datetime) -> bool:
    """Whether `one` is after `other`; within one zone Python would compare the wall clocks, and not see summer time."""
    return one.astimezone(UTC) > other.astimezone(UTC)


def _plus(moment: datetime, delta: timedelta) -> datetime:
    """`moment` and an exact time more, whatever the clocks are changed in between."""
    return (moment.astimezone(UTC) + delta).astimezone(moment.tzinfo)
