"""Corrections of a time: "no, at eight" keeps the day, "no, on friday" the time of day."""

from __future__ import annotations

from datetime import datetime

from plugins.when.clock import Prefer
from plugins.when.parser import parse_when


def corrected(text: str, now: datetime, prior: datetime, prefer: Prefer | None = None) -> datetime | None:
    """The moment that a correction of `prior` means, in the zone of `now`; None where the text holds no time.

    prefer: the half of the day of a bare hour; without it that of `prior`.
    """
    prior = prior.astimezone(now.tzinfo)
    half = prefer or ("morning" if prior.hour < 12 else "evening")
    when = parse_when(text, now, half)
    if when is None:
        return None
    if when.grain == "time":
        if when.dated or when.relative or when.recurrence is not None:
            return when.at
        moved = parse_when(f"{text} {prior.date().isoformat()}", now, half)
        return moved.at if moved is not None and moved.grain == "time" and moved.at > now else when.at
    if when.recurrence is not None:
        begun = prior.replace(year=now.year, month=now.month, day=now.day)
        return when.recurrence.next(begun, now)
    if when.grain == "part" and not when.dated:
        return when.at
    day = when.at.date().isoformat()
    moved = parse_when(f"{day} {prior:%H:%M}", now)
    return moved.at if moved is not None else when.at
