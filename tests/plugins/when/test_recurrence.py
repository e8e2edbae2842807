"""What repeats."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.when import Recurrence

ZONE = ZoneInfo("America/New_York")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("rrule", "first", "after", "expected"),
    [
        ("FREQ=DAILY", "2026-07-15T07:00", "2026-07-15T07:00", "2026-07-16T07:00:00-04:00"),
        ("FREQ=DAILY;INTERVAL=2", "2026-07-15T07:00", "2026-07-16T09:00", "2026-07-17T07:00:00-04:00"),
        ("FREQ=WEEKLY;BYDAY=MO,FR", "2026-07-15T07:00", "2026-07-15T08:00", "2026-07-17T07:00:00-04:00"),
        ("FREQ=WEEKLY;BYDAY=MO,FR", "2026-07-15T07:00", "2026-07-17T07:00", "2026-07-20T07:00:00-04:00"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=WE", "2026-07-15T07:00", "2026-07-15T07:00", "2026-07-29T07:00:00-04:00"),
        ("FREQ=MONTHLY", "2026-01-31T07:00", "2026-02-01T07:00", "2026-03-31T07:00:00-04:00"),
        ("FREQ=YEARLY", "2024-02-29T07:00", "2024-03-01T07:00", "2028-02-29T07:00:00-05:00"),
        ("FREQ=MINUTELY;INTERVAL=30", "2026-07-15T07:00", "2026-07-15T07:10", "2026-07-15T07:30:00-04:00"),
        ("FREQ=HOURLY", "2026-11-01T00:30", "2026-11-01T01:30", "2026-11-01T01:30:00-05:00"),
        # the clocks change between: the wall-clock time stays
        ("FREQ=DAILY", "2026-03-07T07:00", "2026-03-07T07:00", "2026-03-08T07:00:00-04:00"),
        ("FREQ=DAILY", "2026-03-07T02:30", "2026-03-07T02:30", "2026-03-08T03:30:00-04:00"),
        ("FREQ=DAILY", "2026-03-07T02:30", "2026-03-08T03:30", "2026-03-09T02:30:00-04:00"),
    ],
)
def test_next(rrule: str, first: str, after: str, expected: str) -> None:
    assert Recurrence.parse(rrule).next(at(first), at(after)).isoformat() == expected


@pytest.mark.parametrize(
    "text", ["", "FREQ=SECONDLY", "FREQ=DAILY;COUNT=3", "FREQ=WEEKLY;BYDAY=XX", "FREQ=DAILY;INTERVAL=x"]
)
def test_what_cannot_be_kept_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Recurrence.parse(text)


RULES = st.builds(
    Recurrence,
    st.sampled_from(["MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.just(()),
    st.integers(1, 5),
) | st.builds(lambda days: Recurrence("WEEKLY", tuple(sorted(days))), st.sets(st.integers(0, 6), min_size=1))


@given(
    RULES, st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.timedeltas(timedelta(), timedelta(days=3000))
)
@settings(max_examples=200, deadline=None)
def test_next_is_later_and_never_skips(rule: Recurrence, wall: datetime, ahead: timedelta) -> None:
    first = wall.replace(tzinfo=ZONE).astimezone(UTC).astimezone(ZONE)
    after = (first.astimezone(UTC) + ahead).astimezone(ZONE)
    found = rule.next(first, after)
    assert found.astimezone(UTC) > after.astimezone(UTC)
    just_before = (found.astimezone(UTC) - timedelta(microseconds=1)).astimezone(ZONE)
    assert rule.next(first, just_before) == found
    assert Recurrence.parse(rule.rrule) == rule
