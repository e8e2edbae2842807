from __future__ import annotations

from typing import Any

import pytest

from policies.bounds import Bounds
from policies.errors import PolicyError


def test_ranges_by_domain_and_default() -> None:
    bounds = Bounds.parse(
        {"default": {"min": 0.98}, "by_domain": {"music": {"min": 0.85, "max": 0.95}, "alarm": {"max": 1}}}
    )
    assert bounds.of("weather") == (0.98, 1.0)
    assert bounds.of("music") == (0.85, 0.95)
    assert bounds.of("alarm") == (0.0, 1.0)  # takes nothing from the default
    cmin, cmax = bounds.arrays(["music", "weather"])
    assert cmin.tolist() == [0.85, 0.98] and cmax.tolist() == [0.95, 1.0]


def test_nothing_demanded_where_nothing_is_said() -> None:
    assert Bounds.parse(None) == Bounds.parse({}) == Bounds.parse({"default": None, "by_domain": None}) == Bounds()
    assert Bounds().of("music") == (0.0, 1.0)
    assert [side.shape for side in Bounds().arrays([])] == [(0,), (0,)]


def test_json_is_read_back() -> None:
    bounds = Bounds.parse({"default": {"min": 0.9}, "by_domain": {"music": {"max": 0.95}}})
    assert Bounds.parse(bounds.to_json()) == bounds
    assert bounds != Bounds.parse({"default": {"min": 0.91}, "by_domain": {"music": {"max": 0.95}}})


def test_bounds_of_unknown_domains_are_named() -> None:
    assert Bounds.parse({"by_domain": {"musik": {"min": 0.9}, "alarm": {}}}).unknown(["music", "alarm"]) == ["musik"]


@pytest.mark.parametrize(
    ("mapping", "named"),
    [
        ({"default": {"min": 0.9, "max": 0.8}}, "replication.default: min 0.9 is above max 0.8"),
        ({"default": {"min": 1.2}}, "replication.default.min"),
        ({"by_domain": {"music": {"max": -0.1}}}, "replication.by_domain.music.max"),
        ({"by_domain": {"music": {"min": "high"}}}, "replication.by_domain.music.min"),
        ({"by_domain": {"music": {"min": True}}}, "replication.by_domain.music.min"),
        ({"by_domain": {"music": {"min": float("nan")}}}, "replication.by_domain.music.min"),
        ({"by_domain": {"music": {"least": 0.9}}}, "replication.by_domain.music.least"),
        ({"by_domain": {"music": 0.9}}, "replication.by_domain.music"),
        ({"by_domain": {3: {}}}, "replication.by_domain.3"),
        ({"domains": {}}, "replication.domains"),
        ([], "replication: must be a mapping"),
    ],
)
def test_a_wrong_key_is_named(mapping: Any, named: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Bounds.parse(mapping)
    assert named in str(caught.value)
