"""One measurement of the replay: a set with some channels, voted on across folds or by weights from other sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cells import bits
from benchmarks.math_replay_data import CHANNELS, SETS, masked
from benchmarks.math_replay_vote import (
    PAIRS,
    RIDGE,
    Item,
    Voted,
    best,
    crossed,
    example,
    folds,
    items,
    thresholds,
)
from plugins.math.consensus import unanimous
from plugins.math.groups import grouped
from plugins.math.types import Answer
from plugins.math.vote import fit, pack, probabilities, threshold

PRECISIONS = (0.95, 0.98, 0.99)
#: A tie of a majority goes to the channel that does best on GSM8K.
ORDER = ("pot-few", "plan", "pot", "cot", "zero-shot")
Rule = Callable[[Item, Sequence[str]], Answer | None]


def measure(cell: Mapping[str, Any], data: Path) -> dict[str, Any]:
    """The result of a cell: `kind` is "rules", "cross" (folds of one set) or "transfer" (weights from other sets)."""
    channels = tuple(cell["channels"])
    if cell["kind"] == "rules":
        return rules(items(cell["set"], data), channels)
    if cell["kind"] == "cross":
        found = items(cell["set"], data)
        fold = folds(found, cell["seed"])
        voted = crossed(pack([example(item, channels) for item in found]), fold, RIDGE, PAIRS)
        chosen = {str(wish): _numbers(thresholds(voted, fold, wish)) for wish in PRECISIONS}
        return {**_plain(voted), "thresholds": chosen}
    return transfer(cell["set"], channels, cell["seed"], data)


def rules(found: Sequence[Item], channels: Sequence[str]) -> dict[str, Any]:
    """Single channels and the rules without training: who answered, who was right, item by item."""
    result: dict[str, Any] = {"channels": {}, "rules": {}}
    for channel in CHANNELS:
        there = [item for item in found if channel in item.problem.records]
        if there:
            own = [_single(item, channel) for item in found]
            recorded = [
                item.problem.records[channel].recorded if channel in item.problem.records else None for item in found
            ]
            result["channels"][channel] = {
                "of": len(there),
                "answered": bits(answer is not None for answer in own),
                "right": bits(item.right(answer) for item, answer in zip(found, own, strict=True)),
                "recorded right": bits(item.right(answer) for item, answer in zip(found, recorded, strict=True)),
                "with formula": sum(_has_formula(item, channel) for item in found),
                "repaired": sum(one.checks.get("repaired", 0) > 0 for item in found for one in item.of([channel])),
            }
    two = [channel for channel in ("plan", "pot") if channel in result["channels"]]
    wanted: dict[str, tuple[Rule, Sequence[str]]] = {"majority": (_majority, channels), "all agree": (_all, channels)}
    if len(two) == 2:
        wanted["two agree"] = _all, two
        wanted["two agree on draws"] = _published, two
    for name, (rule, used) in wanted.items():
        answers = [rule(item, used) for item in found]
        result["rules"][name] = {
            "channels": list(used),
            "answered": bits(answer is not None for answer in answers),
            "right": bits(item.right(answer) for item, answer in zip(found, answers, strict=True)),
        }
    result["any right"] = bits(any(item.right(one.answer) for one in item.of(channels)) for item in found)
    return result


def transfer(name: str, channels: Sequence[str], seed: int, data: Path) -> dict[str, Any]:
    """A set voted on by weights and thresholds from the other sets, questions it shares with them left out there."""
    target = items(name, data)
    known = {masked(item.problem.question) for item in target}
    everything = {other: items(other, data) for other in SETS if other != name}
    others = {
        other: [item for item in found if masked(item.problem.question) not in known]
        for other, found in everything.items()
    }
    sources = [item for found in others.values() for item in found]
    packed = pack([example(item, channels) for item in sources])
    mine = pack([example(item, channels) for item in target], packed.names)
    voted = best(probabilities(fit(packed, RIDGE, pairs=PAIRS), mine), mine)
    outside = crossed(packed, folds(sources, seed), RIDGE, PAIRS)
    chosen, start = {}, 0
    for other, found in others.items():
        part = slice(start, start + len(found))
        chosen[other] = _wished(Voted(outside.chances[part], outside.right[part]))
        start += len(found)
    chosen["all others"] = _wished(outside)
    left_out = {other: len(everything[other]) - len(found) for other, found in others.items()}
    return {**_plain(voted), "thresholds": chosen, "left out": left_out}


def _wished(voted: Voted) -> dict[str, float]:
    return {str(wish): threshold(list(voted.chances), list(voted.right), wish) for wish in PRECISIONS}


def _plain(voted: Voted) -> dict[str, Any]:
    return {"chances": _numbers(voted.chances), "right": bits(voted.right)}


def _numbers(values: Sequence[float] | np.ndarray[Any, Any]) -> list[float]:
    return [round(float(value), 6) for value in values]


def _single(item: Item, channel: str) -> Answer | None:
    found = item.of([channel])
    return found[0].answer if found else None


def _has_formula(item: Item, channel: str) -> bool:
    return any(one.program is not None and bool(one.program.variables) for one in item.of([channel]))


def _all(item: Item, channels: Sequence[str]) -> Answer | None:
    """The answer that every channel gives on the question's own numbers."""
    groups = grouped(item.of(channels), item.template)
    agreed = len(groups) == 1 and len(groups[0].channels) == len(channels)
    return groups[0].answer if agreed else None


def _published(item: Item, channels: Sequence[str]) -> Answer | None:
    """The published rule in one round: programs over letters that answer alike on every random draw."""
    found = item.of(channels)
    formulas = [one for one in found if one.program is not None and one.program.variables]
    agreed = len(formulas) == len(channels) and unanimous(formulas, item.template, len(channels))
    return formulas[0].answer if agreed else None


def _majority(item: Item, channels: Sequence[str]) -> Answer | None:
    """The most frequent answer; a tie goes to the better channel."""
    groups = grouped(item.of(channels), item.template)
    if not groups:
        return None
    votes = Counter({place: len(group.derivations) for place, group in enumerate(groups)})
    most = max(votes.values())
    tied = [groups[place] for place, count in votes.items() if count == most]
    return min(tied, key=lambda group: min(ORDER.index(name) for name in group.channels)).answer
