"""Times, dates and durations as a person would write or say them, in English."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from plugins.when.recurrence import Recurrence
from plugins.when.words import UNITS

WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_SMALL = ("zero", *UNITS)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty")


def nice_time(at: datetime, spoken: bool = False) -> str:
    """ "7:00 AM", or for a voice "seven in the morning"; noon and midnight by name."""
    if at.minute == 0 and at.hour in (0, 12):
        return "midnight" if at.hour == 0 else "noon"
    hour = (at.hour - 1) % 12 + 1
    if not spoken:
        return f"{hour}:{at.minute:02} {'AM' if at.hour < 12 else 'PM'}"
    if at.hour < 12:
        part = "in the morning"
    else:
        part = "in the afternoon" if at.hour < 18 else "in the evening" if at.hour < 22 else "at night"
    if at.minute == 0:
        return f"{_SMALL[hour]} {part}"
    if at.minute == 30:
        return f"half past {_SMALL[hour]} {part}"
    if at.minute == 15:
        return f"a quarter past {_SMALL[hour]} {part}"
    if at.minute == 45:
        return f"a quarter to {_SMALL[hour % 12 + 1]} {part}"
    return f"{_SMALL[hour]} {_minutes(at.minute)} {part}"


def _minutes(value: int) -> str:
    if value < 10:
        return f"oh {_SMALL[value]}"
    if value < 20:
        return _SMALL[value]
    return _TENS[value // 10] + (f" {_SMALL[value % 10]}" if value % 10 else "")


def nice_date(day: date, today: date) -> str:
    """ "today", "tomorrow", "Friday" within a week, else "Friday, July 24", with the year where it differs."""
    named = {0: "today", 1: "tomorrow", -1: "yesterday"}.get((day - today).days)
    if named:
        return named
    if 0 < (day - today).days < 7:
        return WEEKDAY_NAMES[day.weekday()]
    return full_date(day, with_year=day.year != today.year)


def full_date(day: date, with_year: bool = True) -> str:
    """ "Friday, July 24, 2026"."""
    return f"{WEEKDAY_NAMES[day.weekday()]}, {MONTH_NAMES[day.month - 1]} {day.day}" + (
        f", {day.year}" if with_year else ""
    )


def on_date(day: date, today: date) -> str:
    """The date with its preposition: "today", "on Friday"."""
    said = nice_date(day, today)
    return said if said in ("today", "tomorrow", "yesterday") else f"on {said}"


def nice_when(at: datetime, now: datetime, spoken: bool = False) -> str:
    """ "today at 7:00 PM", "on Friday at noon"; `now` decides which day is today."""
    return f"{on_date(at.date(), now.astimezone(at.tzinfo).date())} at {nice_time(at, spoken)}"


def nice_duration(length: timedelta) -> str:
    """ "1 hour and 20 minutes"; whole seconds, "0 seconds" for nothing. Signs are dropped."""
    seconds = round(abs(length.total_seconds()))
    parts = []
    for name, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return joined(parts) or "0 seconds"


def rough_duration(length: timedelta) -> str:
    """Like `nice_duration` with no more than two units: nobody wants the seconds of three days."""
    seconds = abs(length.total_seconds())
    step = 1 if seconds < 600 else 60 if seconds < 86400 else 3600
    return nice_duration(timedelta(seconds=max(step, round(seconds / step) * step) if seconds else 0))


def nice_recurrence(recurrence: Recurrence) -> str:
    """ "every day", "on weekdays", "every Monday and Friday", "every 2 weeks"."""
    days = recurrence.weekdays
    if recurrence.frequency == "WEEKLY" and recurrence.interval == 1 and days:
        if days == (0, 1, 2, 3, 4):
            return "on weekdays"
        if days == (5, 6):
            return "on weekends"
        return "every " + joined([WEEKDAY_NAMES[day] for day in days])
    units = {"MINUTELY": "minute", "HOURLY": "hour", "DAILY": "day", "WEEKLY": "week", "MONTHLY": "month"}
    unit = units.get(recurrence.frequency, "year")
    said = f"every {unit}" if recurrence.interval == 1 else f"every {recurrence.interval} {unit}s"
    return said + (" on " + joined([WEEKDAY_NAMES[day] for day in days]) if days else "")


def joined(parts: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
