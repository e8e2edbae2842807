"""Quiet hours: when nothing but an alarm may speak up unasked."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from plugins.when.recurrence import to_zone

_HOURS = re.compile(r"^\s*(\d{1,2})(?::(\d\d))?\s*(?:-|–|to|until)\s*(\d{1,2})(?::(\d\d))?\s*$")


def quiet_until(at: datetime, hours: object) -> datetime | None:
    """The end of the quiet hours (the setting, such as "22:00-07:00") that `at` falls into, or None."""
    match = _HOURS.match(hours) if isinstance(hours, str) else None
    if match is None:
        return None
    first, last = int(match[1]) * 60 + int(match[2] or 0), int(match[3]) * 60 + int(match[4] or 0)
    if first == last or max(first, last) >= 1440:
        return None
    minute = at.hour * 60 + at.minute
    inside = first <= minute < last if first < last else minute >= first or minute < last
    if not inside:
        return None
    day = at.date() + timedelta(days=1 if minute >= last else 0)
    return to_zone(datetime.combine(day, time(last // 60, last % 60)), at)


def postponed(at: datetime, now: datetime, hours: object) -> datetime | None:
    """When a notification due at `at` will be heard instead, or None where it need not wait.

    Who asks for something within the same quiet hours is awake, and is told at the time that was asked for.
    """
    end = quiet_until(at, hours)
    return None if end is None or quiet_until(now, hours) == end else end
