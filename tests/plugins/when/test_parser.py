"""Times as people say them: the table, and what must hold for any text at any moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.when import When, find_duration, parse_duration, parse_when
from tests.plugins.when import cases

ZONE = ZoneInfo(cases.ZONE)
NOW = datetime.fromisoformat(cases.NOW).replace(tzinfo=ZONE)
FOUND = [*cases.CLOCK, *cases.RELATIVE, *cases.DATES, *cases.BOTH, *cases.NOTHING]


def iso(when: When | None) -> str | None:
    """A result in the notation of the table."""
    if when is None:
        return None

    def text(moment: datetime) -> str:
        wall = moment.replace(tzinfo=None)
        return wall.isoformat(timespec="seconds" if wall.second else "minutes")

    if when.grain == "day":
        return when.at.date().isoformat()
    if when.grain == "range":
        assert when.end is not None
        return f"{when.at.date()}/{when.end.date()}"
    return text(when.at) + (f"/{text(when.end)}" if when.end else "")


@pytest.mark.parametrize(("text", "expected"), FOUND, ids=[text for text, _ in FOUND])
def test_table(text: str, expected: str | None) -> None:
    assert iso(parse_when(text, NOW)) == expected


@pytest.mark.parametrize(("text", "expected"), cases.PREFER_MORNING, ids=[text for text, _ in cases.PREFER_MORNING])
def test_a_waker_means_the_morning(text: str, expected: str) -> None:
    assert iso(parse_when(text, NOW, "morning")) == expected


@pytest.mark.parametrize(("text", "expected", "rrule"), cases.RECURRING, ids=[case[0] for case in cases.RECURRING])
def test_recurring(text: str, expected: str, rrule: str) -> None:
    when = parse_when(text, NOW)
    assert when is not None and when.recurrence is not None
    assert (iso(when), when.recurrence.rrule) == (expected, rrule)


@pytest.mark.parametrize(("text", "seconds"), cases.DURATIONS, ids=[text for text, _ in cases.DURATIONS])
def test_durations(text: str, seconds: float | None) -> None:
    found = parse_duration(text)
    assert (found.total_seconds() if found else None) == seconds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wake me at a quarter to eight p. m. tomorrow", ["quarter to eight p. m.", "tomorrow"]),
        ("call mom İ at 5 pm", ["5 pm"]),
        ("😀 on the 22nd of june please", ["the 22nd of june"]),
    ],
)
def test_spans_are_those_of_the_original_text(text: str, said: list[str]) -> None:
    when = parse_when(text, NOW)
    assert when is not None
    spans = " ".join(text[start:end] for start, end in when.spans)
    assert all(part in spans for part in said)


def test_the_span_of_a_duration() -> None:
    text = "a timer for Twenty-Five minutes, please"
    found = find_duration(text)
    assert found is not None
    assert (found[0], text[slice(*found[1])]) == (timedelta(minutes=25), "Twenty-Five minutes")


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ("remind me to take my medicine at two a._m .", "2026-07-16T02:00"),
        ("wake me up at seven thirty p . m .", "2026-07-15T19:30"),
        ("get up at six in morning", "2026-07-16T06:00"),
        ("tomorrow 's meeting at ten", "2026-07-16T10:00"),
        ("set alarm for one thousand one hundred am", "2026-07-15T11:00"),
        ("at one hundred and thirty", "2026-07-15T13:30"),
        ("wake me up at oh six hundred hours", "2026-07-16T06:00"),
    ],
)
def test_what_recognisers_write(heard: str, expected: str) -> None:
    assert iso(parse_when(heard, NOW)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a quarter past midnight", "2026-07-16T00:15"),
        ("half past noon", "2026-07-15T12:30"),
        ("tonight at one", "2026-07-16T01:00"),
        ("friday at midnight", "2026-07-18T00:00"),
        ("10-12 tomorrow", "2026-07-16T10:00/2026-07-16T12:00"),
        ("2 pm - 3 pm today", "2026-07-15T14:00/2026-07-15T15:00"),
        ("from monday to wednesday", "2026-07-20/2026-07-23"),
        ("june 20 to 25", "2027-06-20/2027-06-26"),
        ("seven thirty tomorrow night", "2026-07-16T19:30"),
        ("sat at 10 am", "2026-07-18T10:00"),
        ("friday after next", "2026-07-24"),
        ("the weekend after next", "2026-08-01/2026-08-03"),
        ("in 2 days at 5pm", "2026-07-17T17:00"),
        ("remind me at 3 to call 5 people", "2026-07-15T15:00"),
        ("may fifth two thousand and twenty seven", "2027-05-05"),
        ("call me at 555-1234", None),
        ("thirty two second street", None),
    ],
)
def test_more_than_the_table(text: str, expected: str | None) -> None:
    assert iso(parse_when(text, NOW)) == expected


def test_evening_is_said_or_preferred() -> None:
    assert iso(parse_when("seven tomorrow", NOW, "evening")) == "2026-07-16T19:00"
    assert iso(parse_when("seven in the morning", NOW, "evening")) == "2026-07-16T07:00"


def test_now_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        parse_when("seven", NOW.replace(tzinfo=None))


@pytest.mark.parametrize("iso_text", ["2026-12-24T18:30", "2026-12-24T18:30:00-05:00", "2026-12-24T23:30:00+00:00"])
def test_iso_moments(iso_text: str) -> None:
    when = parse_when(iso_text, NOW)
    assert when is not None and when.at.isoformat() == "2026-12-24T18:30:00-05:00"


# Summer time in New York began on 8 March 2026 at 02:00 and ended on 1 November 2026 at 02:00.


def test_a_time_that_the_clock_leaps_over_moves_on() -> None:
    now = datetime(2026, 3, 7, 22, 0, tzinfo=ZONE)
    when = parse_when("half past two in the morning", now)
    assert when is not None and when.at.isoformat() == "2026-03-08T03:30:00-04:00"


def test_a_time_that_comes_twice_is_the_first_and_then_the_second() -> None:
    before = datetime(2026, 10, 31, 22, 0, tzinfo=ZONE)
    first = parse_when("half past one in the morning", before)
    assert first is not None and first.at.isoformat() == "2026-11-01T01:30:00-04:00"
    between = datetime(2026, 11, 1, 1, 45, tzinfo=ZONE)
    second = parse_when("at 1:30 am", between)
    assert second is not None and second.at.isoformat() == "2026-11-01T01:30:00-05:00"


def test_hours_are_exact_and_days_keep_the_clock_across_the_change() -> None:
    now = datetime(2026, 3, 7, 12, 0, tzinfo=ZONE)
    hours, day = parse_when("in twenty four hours", now), parse_when("tomorrow at noon", now)
    assert hours is not None and hours.at.isoformat() == "2026-03-08T13:00:00-04:00"
    assert day is not None and day.at.isoformat() == "2026-03-08T12:00:00-04:00"


HOSTILE = [
    "", " ", "\x00\x01", "😀" * 50, "7" * 5000, "at 99:99", "at 7:99", "13 pm am", "0", "00:00", "24:00", "-1",
    "in 0 minutes", "in 99999999999 hours", "in 9999 years", "in 99999999 days", "31/31/2026", "february 29 2027",
    "9999-12-31", "the 31st of february", "every 0 days", "every 99999 minutes", "\u202eneves ta", "ⅶ pm", "٧ pm",
    "at at at at", "a m p m", "o'clock", "half past", "quarter to", "from to until", "every", "in an", "every other",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_texts_are_answered(text: str) -> None:
    when = parse_when(text, NOW)
    assert when is None or when.at.tzinfo is ZONE
    parse_duration(text)


def test_long_texts_are_cut_and_not_searched_for_ever() -> None:
    when = parse_when("1 hour " * 3_000 + "at seven", NOW)
    assert when is None or when.at.tzinfo is ZONE


VOCABULARY = """
one two twenty thirty second first at on the every monday friday to and a half hour minutes march may in 5 7:30 am pm
a m . , - 2026-12-24 12/24 tomorrow tonight morning from now of next last week quarter past hundred thousand oh
o'clock 99:99 ago weekend days until between 31st noon midnight 31/31 0
"""
WORDS = st.lists(st.sampled_from(VOCABULARY.split()), max_size=12)
ANYTIME = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1))


@given(WORDS | st.text(max_size=60).map(str.split), ANYTIME, st.sampled_from(["any", "morning", "evening"]))
@settings(max_examples=300, deadline=None)
def test_any_words_at_any_time(words: list[str], wall: datetime, prefer: str) -> None:
    text, now = " ".join(words), wall.replace(tzinfo=ZONE)
    when = parse_when(text, now, prefer)  # type: ignore[arg-type]
    assert when == parse_when(text, now, prefer)  # type: ignore[arg-type]
    if when is not None:
        assert when.at.tzinfo is ZONE
        assert when.end is None or when.end.astimezone(UTC) > when.at.astimezone(UTC)
        assert all(0 <= start < end <= len(text) for start, end in when.spans)
        if when.grain == "time" and not when.dated and not when.relative:
            assert when.at.astimezone(UTC) > now.astimezone(UTC)
