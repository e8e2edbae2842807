"""What repeats: the part of iCalendar's RRULE (RFC 5545) that people say to an assistant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, cast

from plugins.when.durations import Span, days_in_month

Frequency = Literal["MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FREQUENCIES = ("MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How often something repeats; `weekdays` (Monday is 0) only with WEEKLY."""

    frequency: Frequency
    weekdays: tuple[int, ...] = ()
    interval: int = 1

    @property
    def rrule(self) -> str:
        """As an RRULE value: `FREQ=WEEKLY;BYDAY=MO,TU`."""
        parts = [f"FREQ={self.frequency}"]
        if self.interval != 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.weekdays:
            parts.append("BYDAY=" + ",".join(DAYS[day] for day in self.weekdays))
        return ";".join(parts)

    @staticmethod
    def parse(rrule: str) -> Recurrence:
        """Read what `rrule` wrote. Raises ValueError on anything else."""
        fields = dict(part.split("=", 1) for part in rrule.split(";") if "=" in part)
        if fields.get("FREQ") not in FREQUENCIES or set(fields) - {"FREQ", "INTERVAL", "BYDAY"}:
            raise ValueError(f"not a recurrence that can be kept: {rrule!r}")
        days = tuple(DAYS.index(day) for day in fields["BYDAY"].split(",")) if "BYDAY" in fields else ()
        return Recurrence(cast(Frequency, fields["FREQ"]), days, max(1, int(fields.get("INTERVAL", "1"))))

    def fits(self, wall: datetime) -> bool:
        """Whether a first occurrence may fall on the day of `wall`."""
        return not self.weekdays or wall.weekday() in self.weekdays

    def next(self, first: datetime, after: datetime) -> datetime:
        """The first occurrence later than `after` of a series that began at `first` (both aware).

        Daily and slower series keep the wall-clock time of `first` in its time zone across changes of summer time.
        """
        zone, limit = first.tzinfo, after.astimezone(UTC)
        if self.frequency in ("MINUTELY", "HOURLY"):
            step = timedelta(minutes=self.interval * (60 if self.frequency == "HOURLY" else 1))
            begun = first.astimezone(UTC)
            count = max(0, (limit - begun) // step + 1) if limit >= begun else 0
            return (begun + count * step).astimezone(zone)
        wall = first.replace(tzinfo=None)
        gap = (after.astimezone(zone).replace(tzinfo=None) - wall).days - 1  # start near, whatever lies between
        turn = 0
        if gap > 0:
            length = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 31, "YEARLY": 366}[self.frequency]
            turn = max(0, gap // (length * self.interval) - 1)
        while True:
            for candidate in self._turn(wall, turn):
                moment = to_zone(candidate, first)
                if candidate >= wall and moment.astimezone(UTC) > limit:
                    return moment
            turn += 1

    def _turn(self, wall: datetime, turn: int) -> Sequence[datetime]:
        """The occurrences of the `turn`-th day, week, month or year of a series that began at `wall`."""
        steps = turn * self.interval
        if self.frequency == "DAILY":
            return [wall + timedelta(days=steps)]
        if self.frequency == "WEEKLY":
            monday = wall - timedelta(days=wall.weekday()) + timedelta(weeks=steps)
            return [monday + timedelta(days=day) for day in sorted(self.weekdays or (wall.weekday(),))]
        months = steps * (12 if self.frequency == "YEARLY" else 1)
        day = Span(months=months).after(wall.replace(day=1))
        # as RFC 5545: a month without that day is skipped
        return [day.replace(day=wall.day)] if wall.day <= days_in_month(day.year, day.month) else []


def to_zone(wall: datetime, like: datetime) -> datetime:
    """The naive `wall` as an aware moment in the time zone of `like`.

    A time that the change to summer time leaves out moves forward by the gap (02:30 becomes 03:30); of a time that
    comes twice the first one is meant.
    """
    local = wall.replace(tzinfo=like.tzinfo, fold=0)
    return local.astimezone(UTC).astimezone(like.tzinfo)
