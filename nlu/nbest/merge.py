"""Merging the parses of an n-best list into one understanding (numpy only): what serving does with several readings.

Each hypothesis is parsed on its own; its weight is its confidence, tempered. Intents are mixed by weight. The entities
of an intent come from one hypothesis, so that their offsets belong to one text, and each must be supported by the list:
its confidence is what all hypotheses together say for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nlu.nbest.posterior import posterior
from nlu.types import Entity, Parse

Key = tuple[str, str]


@dataclass(frozen=True)
class Rule:
    """How to merge.

    temperature: of the recogniser's confidences; 1 takes them as probabilities, more trusts them less. power: of the
    mean of the intent probabilities; 1 is the arithmetic mean, towards 0 the geometric one, which rewards what all
    hypotheses agree on. support: an entity for which less of the list speaks is dropped.
    """

    temperature: float = 1.0
    power: float = 1.0
    support: float = 0.0

    def __post_init__(self) -> None:
        if not (self.temperature > 0 and 0 < self.power <= 1 and 0 <= self.support <= 1):
            raise ValueError(f"temperature must be positive, power in (0, 1], support in [0, 1]: {self}")


@dataclass(frozen=True)
class Reading:
    """An intent with its probability and the hypothesis (index) whose entities it takes."""

    intent: str
    probability: float
    hypothesis: int
    entities: tuple[Entity, ...]


@dataclass(frozen=True)
class Merged:
    """Readings, most probable first; with all intents that are not listed, `out_of_scope` and they sum to 1."""

    readings: tuple[Reading, ...]
    out_of_scope: float


def merge(parses: Sequence[Parse], confidences: Sequence[float], rule: Rule | None = None, ranked: int = 5) -> Merged:
    """One understanding of the parses of an n-best list, best hypothesis first.

    confidences: the recogniser's, not negative, on any common scale (all 0: equal weights). One parse comes back as it
    is. ranked: how many readings are wanted. Raises ValueError where the numbers differ, the list is empty, or a
    confidence is negative or not finite.
    """
    if len(parses) != len(confidences) or not parses:
        raise ValueError(f"merging needs a confidence for each parse: {len(parses)} parses, {len(confidences)} given")
    given = np.asarray(confidences, np.float64)
    if not np.isfinite(given).all() or (given < 0).any():
        raise ValueError(f"confidences must be finite and not negative: {given.tolist()}")
    if len(parses) == 1:
        only = parses[0]
        found = tuple(Reading(name, chance, 0, only.entities) for name, chance in only.intents[:ranked])
        return Merged(found, only.out_of_scope)
    rule = RULE if rule is None else rule
    with np.errstate(divide="ignore"):
        weights = posterior(np.log(given).tolist(), rule.temperature)
    names, table = _table(parses)
    mixed = _mean(table, weights, rule.power)
    keys = [_keys(parse.entities) for parse in parses]
    order = [int(column) for column in np.argsort(-mixed[:-1], kind="stable")[:ranked]]
    readings = tuple(
        _reading(names[column], float(mixed[column]), weights * table[:, column], parses, keys, rule.support)
        for column in order
    )
    return Merged(readings, float(mixed[-1]))


def _table(parses: Sequence[Parse]) -> tuple[list[str], NDArray[np.float64]]:
    """Names of the intents, and probabilities [parses, intents + 1]; the last column is out of scope."""
    names = list(dict.fromkeys(name for parse in parses for name, _ in parse.intents))
    place = {name: column for column, name in enumerate(names)}
    table = np.zeros((len(parses), len(names) + 1))
    for row, parse in enumerate(parses):
        for name, chance in parse.intents:
            table[row, place[name]] = chance
        table[row, -1] = parse.out_of_scope
    return names, np.maximum(table, 0.0)  # rounding may leave a tiny negative rest


def _mean(table: NDArray[np.float64], weights: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Power mean over the hypotheses, normalised."""
    if power == 1.0:
        return np.asarray(weights @ table)
    mean = (weights @ table**power) ** (1.0 / power)
    return np.asarray(mean / mean.sum())


def _key(entity: Entity) -> Key:
    return entity.name, " ".join(entity.value.lower().split())


def _keys(entities: Sequence[Entity]) -> dict[Key, float]:
    out: dict[Key, float] = {}
    for entity in entities:
        out[_key(entity)] = max(out.get(_key(entity), 0.0), entity.confidence)
    return out


def _reading(
    intent: str, probability: float, shares: NDArray[np.float64], parses: Sequence[Parse],
    keys: Sequence[dict[Key, float]], least: float,
) -> Reading:  # fmt: skip
    """The hypothesis that speaks most for the intent. shares [n]: weight x probability of it under each hypothesis."""
    total = float(shares.sum())
    shares = shares / total if total > 0 else np.full(len(parses), 1 / len(parses))
    chosen = int(np.argmax(shares))
    entities = []
    for entity in parses[chosen].entities:
        support = float(sum(share * found.get(_key(entity), 0.0) for share, found in zip(shares, keys, strict=True)))
        if support >= least:
            entities.append(replace(entity, confidence=min(1.0, support)))
    return Reading(intent, probability, chosen, tuple(entities))


#: Chosen on one half of SLURP devel, spoken by a synthesiser; `assistant bench nbest` states the other half.
RULE = Rule(temperature=1.5, power=0.5, support=0.4)
