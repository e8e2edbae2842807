"""What the weights of beams say for an answer: how much of a channel's probability it has, and whom it is shared with.

Only channels with an opinion of their own count here: those of whose derivations some weigh less than 1. For all others
there are no such features, so that votes on them are what they were.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Sequence
from itertools import combinations

from plugins.math.dimensions import marks
from plugins.math.groups import Group
from plugins.math.types import Template

#: A share of this size counts as next to none; logarithms of shares run from 0 there to 1.
_LEAST = 1e-3
_SPAN = math.log((1 + _LEAST) / _LEAST)


def weighing(groups: Sequence[Group]) -> list[str]:
    """The channels that weigh their derivations, by name."""
    return sorted({item.channel for group in groups for item in group.derivations if item.weight < 1.0})


def masses(groups: Sequence[Group], channel: str) -> list[float]:
    """The probability that a channel gives to each answer: equal answers of different formulas add up."""
    return [math.fsum(item.weight for item in group.derivations if item.channel == channel) for group in groups]


def evidence(index: int, groups: Sequence[Group], template: Template) -> Iterator[tuple[str, float]]:
    """Name and value of each feature of one group that comes from weights."""
    channels = weighing(groups)
    if not channels:
        return
    share = {name: masses(groups, name) for name in channels}
    logs = {name: [_log(mass) for mass in share[name]] for name in channels}
    best = {name: logs[name].index(max(logs[name])) if max(logs[name]) > 0 else -1 for name in channels}
    for name in channels:
        others = [value for place, value in enumerate(share[name]) if place != index]
        yield f"{name}: mass", share[name][index]
        yield f"{name}: log mass", logs[name][index]
        yield f"{name}: lead", share[name][index] - max(others, default=0.0)
        yield f"{name}: first", float(best[name] == index)
        yield f"against {name}: log mass", _log(max(others, default=0.0))
    for one, two in combinations(channels, 2):
        yield f"{one} & {two}: log mass", min(logs[one][index], logs[two][index])
        yield f"{one} & {two}: first", float(best[one] == best[two] == index)
    yield "first of all", float(all(best[name] == index for name in channels))
    yield "first of some", float(any(best[name] == index for name in channels))
    heaviest = max(
        (item for item in groups[index].derivations if item.channel in channels),
        key=lambda item: item.weight,
        default=None,
    )
    if heaviest is not None and heaviest.program is not None:
        nodes = [node for statement in heaviest.program.body for node in ast.walk(statement)]
        yield "operators", sum(isinstance(node, ast.BinOp) for node in nodes) / 4
        yield "constants", sum(isinstance(node, ast.Constant) for node in nodes) / 2
        units = marks(heaviest.program, template)
        yield "product of like units", float(units.like_product)
        yield "sum of unlike units", float(units.unlike_sum)
        yield "asked unit", 0.0 if units.asked is None else 1.0 if units.asked else -1.0


def _log(mass: float) -> float:
    return math.log((min(mass, 1.0) + _LEAST) / _LEAST) / _SPAN
