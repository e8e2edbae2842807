"""Several products beside each other: which is lighter, which is the cheapest, which lasts longest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from plugins.product_qa.facts.fact import Fact
from plugins.product_qa.facts.lookup import lookup
from plugins.product_qa.facts.quantity import Quantity
from plugins.product_qa.facts.topics import TOPICS, Topics, pattern

Direction = Literal["most", "least"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What products are compared in, which end is wanted, and whether of all of them ("the lightest")."""

    name: str
    direction: Direction
    superlative: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two products in one respect: `order` is 1 where the first has more, -1 where it has less, 0 where equal.

    `difference` is how much more the one with more has, in the first's unit; `ratio` their quotient, None for zero.
    """

    name: str
    order: int
    first: Fact
    second: Fact
    difference: Quantity
    ratio: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """A product's place in an order: the fact that decides and its value in the first place's unit; `rank` from 1,
    ties share one."""

    product: str
    fact: Fact
    value: Quantity
    rank: int


def wish(question: str, topics: Topics = TOPICS) -> Wish | None:
    """What a comparing question wants ("which is lighter", "the cheapest one", "the one with the longest battery
    life"); None where it compares nothing. Plain adjectives ("is it heavy") compare nothing."""
    low = question.lower().replace("’", "'")
    found: list[tuple[int, Wish]] = []
    for topic in topics.topics:
        for direction, words in (("most", topic.more), ("least", topic.less)):
            for word in words:
                if word in _PLAIN or not pattern(word).search(low):
                    continue
                end: Direction = "most" if direction == "most" else "least"
                superlative = word.split()[0].endswith("est") or word.startswith(("most ", "least ", "best "))
                superlative = superlative or word.endswith(("est", " the most"))
                found.append((len(word), Wish(topic.name, end, superlative)))
    asked = [topic.name for topic, _ in topics.asked(low)]
    if not found:
        return None
    longest = max(length for length, _ in found)
    wishes = [one for length, one in found if length == longest]
    # "the longest battery": the same word belongs to several topics, the question names one of them.
    named = [one for name in asked for one in _of_topic(found, name) if _mentioned(low, name, topics)]
    return (named or wishes)[0]


_PLAIN = frozenset({"heavy", "light", "lightweight", "expensive", "cheap", "big", "large", "small"})


def _of_topic(found: Sequence[tuple[int, Wish]], name: str) -> list[Wish]:
    return [one for _, one in sorted(found, key=lambda pair: -pair[0]) if one.name == name]


def _mentioned(low: str, name: str, topics: Topics) -> bool:
    topic = topics.get(name)
    if topic is None:
        return False
    comparing = {*topic.more, *topic.less}
    nouns = [phrase for phrase in (name, *topic.phrases) if phrase not in comparing and len(phrase) > 4]
    return any(pattern(phrase).search(low) for phrase in nouns)


def measure(name: str, facts: Sequence[Fact], topics: Topics = TOPICS) -> tuple[Fact, Quantity] | None:
    """The fact by which a product is compared in `name`, and its quantity (of sides their product's longest)."""
    topic = topics.get(name)
    query = f"{name} {topic.phrases[0].rstrip('*')}" if topic else name
    for match in lookup(query, facts, topics):
        quantities = [
            value
            for value in match.fact.quantities
            if topic is None or topic.measures in ("text", "bool") or value.kind == topic.measures
        ]
        if len(quantities) > 1 and topic is not None and topic.name in ("height", "width", "length", "depth"):
            continue  # which of the sides it is nobody says
        if quantities:
            return match.fact, _largest(quantities)
    return None


def _largest(quantities: Sequence[Quantity]) -> Quantity:
    best = quantities[0]
    for other in quantities[1:]:
        if other.comparable(best) and other.to(best.unit).number > best.number:
            best = other
    return best


def compare(name: str, first: Sequence[Fact], second: Sequence[Fact], topics: Topics = TOPICS) -> Comparison | None:
    """Two products in one respect; None where one does not state it or the values measure different things.

    Blocks at first use (Pint's registry).
    """
    left, right = measure(name, first, topics), measure(name, second, topics)
    if left is None or right is None or not right[1].comparable(left[1]):
        return None
    a, b = left[1], right[1].to(left[1].unit)
    order = (a.number > b.number) - (a.number < b.number)
    difference = Quantity(abs(a.number - b.number), a.unit, a.kind)
    small, large = sorted((a.number, b.number))
    ratio = float(large / small) if small > 0 else None
    return Comparison(name, order, left[0], right[0], difference, ratio)


def best(
    name: str, direction: Direction, products: Mapping[str, Sequence[Fact]], topics: Topics = TOPICS
) -> tuple[list[Place], list[str]]:
    """Products in order, the wanted end first, and those that do not state it (or in units that do not compare).

    The unit is that of the first product that states it. Blocks at first use (Pint's registry).
    """
    stated: list[tuple[str, Fact, Quantity]] = []
    missing: list[str] = []
    for product, facts in products.items():
        found = measure(name, facts, topics)
        if found is None or (stated and not found[1].comparable(stated[0][2])):
            missing.append(product)
            continue
        unit = stated[0][2].unit if stated else found[1].unit
        stated.append((product, found[0], found[1].to(unit)))
    sign = -1 if direction == "most" else 1
    ordered = sorted(stated, key=lambda one: sign * one[2].number)
    places: list[Place] = []
    value: Fraction | None = None
    for index, (product, fact, quantity) in enumerate(ordered):
        rank = places[-1].rank if value == quantity.number else index + 1
        places.append(Place(product, fact, quantity, rank))
        value = quantity.number
    return places, missing
