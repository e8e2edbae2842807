"""Speaking of times, durations and quiet hours."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plugins.when import Recurrence
from plugins.when.quiet import postponed, quiet_until
from plugins.when.speech import (
    nice_date,
    nice_duration,
    nice_recurrence,
    nice_time,
    nice_when,
    rough_duration,
)

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 7, 15, 10, 20, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("hour", "minute", "written", "spoken"),
    [
        (0, 0, "midnight", "midnight"),
        (12, 0, "noon", "noon"),
        (7, 0, "7:00 AM", "seven in the morning"),
        (0, 30, "12:30 AM", "half past twelve in the morning"),
        (12, 15, "12:15 PM", "a quarter past twelve in the afternoon"),
        (18, 45, "6:45 PM", "a quarter to seven in the evening"),
        (22, 5, "10:05 PM", "ten oh five at night"),
        (13, 42, "1:42 PM", "one forty two in the afternoon"),
    ],
)
def test_time(hour: int, minute: int, written: str, spoken: str) -> None:
    moment = NOW.replace(hour=hour, minute=minute)
    assert (nice_time(moment), nice_time(moment, spoken=True)) == (written, spoken)


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, "today"), (1, "tomorrow"), (-1, "yesterday"), (2, "Friday"), (6, "Tuesday"), (7, "Wednesday, July 22"),
        (-3, "Sunday, July 12"), (200, "Sunday, January 31, 2027"),
    ],
)  # fmt: skip
def test_date(days: int, said: str) -> None:
    assert nice_date(NOW.date() + timedelta(days=days), NOW.date()) == said


def test_when_is_in_the_zone_of_the_moment() -> None:
    tokyo = datetime(2026, 7, 16, 0, 30, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert nice_when(tokyo, NOW) == "tomorrow at 12:30 AM"  # where it is 23:20 now
    assert nice_when(NOW.replace(hour=19, minute=0), NOW) == "today at 7:00 PM"


@pytest.mark.parametrize(
    ("seconds", "exact", "rough"),
    [
        (0, "0 seconds", "0 seconds"),
        (1, "1 second", "1 second"),
        (90, "1 minute and 30 seconds", "1 minute and 30 seconds"),
        (4800, "1 hour and 20 minutes", "1 hour and 20 minutes"),
        (3661, "1 hour, 1 minute and 1 second", "1 hour and 1 minute"),
        (90061, "1 day, 1 hour, 1 minute and 1 second", "1 day and 1 hour"),
    ],
)
def test_durations(seconds: int, exact: str, rough: str) -> None:
    assert (nice_duration(timedelta(seconds=seconds)), rough_duration(timedelta(seconds=seconds))) == (exact, rough)


@pytest.mark.parametrize(
    ("rrule", "said"),
    [
        ("FREQ=DAILY", "every day"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "on weekdays"),
        ("FREQ=WEEKLY;BYDAY=SA,SU", "on weekends"),
        ("FREQ=WEEKLY;BYDAY=MO,TH", "every Monday and Thursday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "every 2 weeks on Monday"),
        ("FREQ=YEARLY", "every year"),
    ],
)
def test_recurrence(rrule: str, said: str) -> None:
    assert nice_recurrence(Recurrence.parse(rrule)) == said


@pytest.mark.parametrize(
    ("hours", "at", "until"),
    [
        ("22:00-07:00", "2026-07-15T23:00", "2026-07-16T07:00"),
        ("22:00-07:00", "2026-07-15T03:00", "2026-07-15T07:00"),
        ("22:00-07:00", "2026-07-15T07:00", None),
        ("22:00-07:00", "2026-07-15T21:59", None),
        ("13-15", "2026-07-15T14:30", "2026-07-15T15:00"),
        ("22:00 to 7:00", "2026-07-15T22:00", "2026-07-16T07:00"),
        ("10:00-10:00", "2026-07-15T10:00", None),
        ("99:00-07:00", "2026-07-15T03:00", None),
        ("at night", "2026-07-15T03:00", None),
        (None, "2026-07-15T03:00", None),
        (7, "2026-07-15T03:00", None),
    ],
)
def test_quiet_hours(hours: object, at: str, until: str | None) -> None:
    end = quiet_until(datetime.fromisoformat(at).replace(tzinfo=ZONE), hours)
    assert (end.replace(tzinfo=None).isoformat(timespec="minutes") if end else None) == until


def test_who_is_up_in_quiet_hours_is_not_made_to_wait() -> None:
    late = NOW.replace(hour=23, minute=0)
    assert postponed(late, NOW, "22:00-07:00") == datetime(2026, 7, 16, 7, tzinfo=ZONE)
    assert postponed(late, late - timedelta(minutes=10), "22:00-07:00") is None
