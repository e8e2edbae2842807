"""The benchmarks of bounds on replication, in the form of the configuration; the paper's are only in its picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.simulator.seeds import stream

#: Domains a mistake in which costs a user most: home automation, shopping, notifications.
CRITICAL = ("iot_light", "iot_appliance", "takeaway", "lists", "alarm", "calendar")
#: Domains that are to change: knowledge and music.
EXPLORED = ("qa_knowledge", "qa_finance", "qa_maths", "play_music", "music")
#: How many sets of random bounds `tight` has.
DRAWS = 20
_RANGE = (0.90, 0.999)
_BOTH = 1 / 3  # share of domains with an upper bound too
_APART = 0.005
Bounds = dict[str, Any]


def constant(least: float) -> Bounds:
    """The same least replication in every domain."""
    return {"default": {"min": least, "max": 1.0}, "by_domain": {}}


def critical() -> Bounds:
    """At least .995 where a mistake costs most, .98 elsewhere."""
    return {"default": {"min": 0.98, "max": 1.0}, "by_domain": _each(CRITICAL, 0.995, 1.0)}


def explore() -> Bounds:
    """`critical`, but knowledge and music are to change: between .85 and .95."""
    return {"default": {"min": 0.98, "max": 1.0}, "by_domain": critical()["by_domain"] | _each(EXPLORED, 0.85, 0.95)}


def tight(draw: int, domains: Sequence[str]) -> Bounds:
    """Random bounds in [.90, .999] for each domain, an upper one too in a third of them; the same for every seed.

    Raises `ValueError` for a draw outside 0 to `DRAWS` - 1.
    """
    if not 0 <= draw < DRAWS:
        raise ValueError(f"there are draws 0 to {DRAWS - 1}, not {draw}")
    by_domain = {}
    for domain in domains:
        rng = stream("tight", draw, domain)
        low, high = sorted(rng.uniform(*_RANGE, 2))
        both = rng.random() < _BOTH and high - low >= _APART
        by_domain[domain] = {"min": round(float(low), 4), "max": round(float(high), 4) if both else 1.0}
    return constant(_RANGE[0]) | {"by_domain": by_domain}


def benchmarks(domains: Sequence[str]) -> dict[str, Bounds]:
    """All benchmarks by name. `shift` has the bounds of `global`; it is evaluated on `World.shifted` traffic."""
    tights = {f"tight-{draw}": tight(draw, domains) for draw in range(DRAWS)}
    return {"global": constant(0.99), "critical": critical(), "explore": explore(), **tights, "shift": constant(0.99)}


def _each(domains: Iterable[str], low: float, high: float) -> dict[str, dict[str, float]]:
    return {domain: {"min": low, "max": high} for domain in domains}
