"""Places and their time zones."""

from __future__ import annotations

import pytest

from plugins.when.zones import find_place, find_places


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("what time is it in tokyo", "Asia/Tokyo"),
        ("New York", "America/New_York"),
        ("new york city please", "America/New_York"),
        ("São Paulo", "America/Sao_Paulo"),
        ("dallas texas", "America/Chicago"),
        ("orlando fl", "America/New_York"),
        ("germany", "Europe/Berlin"),
        ("the united kingdom", "Europe/London"),
        ("the u.k.", "Europe/London"),
        ("the united states", "America/New_York"),
        ("india", "Asia/Kolkata"),
        ("australia", "Australia/Sydney"),
        ("washington d.c.", "America/New_York"),
        ("los angels", "America/Los_Angeles"),
        ("eastern standard time", "America/New_York"),
        ("pst", "America/Los_Angeles"),
        ("g. m. t.", "UTC"),
        ("g. m. t. plus five", "UTC+05:00"),
        ("gmt plus five thirty", "UTC+05:30"),
        ("utc minus 3", "UTC-03:00"),
        ("papua new guinea", "Pacific/Port_Moresby"),
        ("bosnia and herzegovina", "Europe/Sarajevo"),
        ("ho chi minh city", "Asia/Ho_Chi_Minh"),
        ("beijing", "Asia/Shanghai"),
    ],
)
def test_places(text: str, zone: str) -> None:
    place = find_place(text)
    assert place is not None and str(place.zone) == zone


@pytest.mark.parametrize(
    "text", ["", "atlantis", "what time is it", "how long until christmas", "gmt plus 99", "😀", "\x00"]
)
def test_nowhere(text: str) -> None:
    assert [place for place in find_places(text) if str(place.zone) != "UTC"] == []


def test_several_in_the_order_of_the_text() -> None:
    assert [place.name for place in find_places("from london time to new york")] == ["London", "New York"]
