"""Conditions in questions ("is it under two kilos", "at least IPX7") and whether a product's facts meet them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from plugins.product_qa.facts.fact import Fact
from plugins.product_qa.facts.lookup import Similarity, lookup
from plugins.product_qa.facts.quantity import Quantity, find, plain
from plugins.product_qa.facts.topics import TOPICS, Topics

Operator = Literal["<", "<=", ">", ">=", "=="]
#: Products are stated in round figures: what lies this close counts as equal.
TOLERANCE = Fraction(2, 100)
ABOUT = Fraction(10, 100)
_FIGURES: tuple[tuple[Operator, str], ...] = (
    (">=", r"(?:at least|no (?:less|fewer|lower|shorter|smaller|lighter) than|not (?:less|under) than|minimum(?: of)?"
           r"|a minimum of|starting at|or more|from)"),
    ("<=", r"(?:at most|no (?:more|greater|higher|longer|heavier|bigger|larger|taller|wider) than|maximum(?: of)?"
           r"|a maximum of|within|up to|not (?:more|over) than|in less than or equal to)"),
    ("<", r"(?:under|below|beneath|(?:less|fewer|lower|lighter|smaller|shorter|cheaper|narrower|thinner|slimmer|quieter"
          r"|faster|quicker) than|inside of)"),
    (">", r"(?:over|above|beyond|exceeds?|exceeding|(?:more|greater|higher|longer|heavier|bigger|larger|taller|wider"
          r"|deeper|thicker|louder|brighter|better|stronger) than)"),
)  # fmt: skip
_BEFORE = tuple(
    (operator, re.compile(rf"\b{words}\s+(?:about\s+|roughly\s+|around\s+)?$")) for operator, words in _FIGURES
)
_AFTER: tuple[tuple[Operator, re.Pattern[str]], ...] = (
    (">=", re.compile(r"^\s*(?:or (?:more|better|above|higher|longer|larger|bigger)|and up|minimum|plus\b|\+)")),
    ("<=", re.compile(r"^\s*(?:or (?:less|under|below|fewer|lighter|smaller|shorter)|maximum|max\b|tops)")),
)
#: "last 10 hours", "hold 5 litres", "fit a 15 inch laptop", "support 100 kg": enough is as good as exactly.
_ENOUGH = re.compile(
    r"\b(?:last|hold|carry|support|fit|take|bear|withstand|handle|survive|run for|store|contain|reach|go down to"
    r"|accommodate|stand)s?\b[^,]*$"
)
_ADJECTIVES = {
    "lighter": "weight", "heavier": "weight", "cheaper": "price", "taller": "height", "higher": "height",
    "wider": "width", "narrower": "width", "deeper": "depth", "thicker": "thickness", "thinner": "thickness",
    "slimmer": "thickness", "louder": "noise", "quieter": "noise", "brighter": "brightness",
}  # fmt: skip
#: What a bare quantity is taken to be of.
_BY_KIND = {
    "mass": "weight", "money": "price", "volume": "capacity", "time": "battery life", "ingress": "water resistance",
    "length": "size", "loudness": "noise", "power": "power", "voltage": "voltage", "charge": "battery capacity",
    "data": "storage", "temperature": "temperature", "light": "brightness", "speed": "speed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """What is to hold: the value of `name` (a topic, or words of the question) `operator` `bound`."""

    name: str
    operator: Operator
    bound: Quantity
    question: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a condition holds: `verdict` None where the facts do not say; the fact used, its value in the bound's
    unit, and `margin`, how far the value lies above the bound (negative: below), in that unit."""

    verdict: bool | None
    fact: Fact | None = None
    value: Quantity | None = None
    margin: Fraction | None = None


def condition(question: str, topics: Topics = TOPICS) -> Condition | None:
    """The condition that a yes-or-no question states about a quantity; None where it states none."""
    body = plain(question)
    if re.match(r"\s*(?:what|which|how|why|where|when|who)\b", body):
        return None
    best: tuple[int, Condition] | None = None
    for found in find(question):
        before, after = body[: found.start], body[found.end :]
        operator = _operator(before, after, found.quantity)
        bare = found.quantity.kind == "count"
        if operator is None and bare:
            continue
        quantity = found.quantity if found.quantity.hedge == "about" else replace(found.quantity, hedge="")
        if quantity.kind == "mass" and quantity.unit == "pound" and _money(body, topics):
            quantity = replace(quantity, unit="sterling", kind="money")
        name = _name(body, before, quantity, topics)
        if not name:
            continue
        weight = 2 * (operator is not None) + (not bare)
        read = Condition(name, operator or ("==" if not _ENOUGH.search(before) else ">="), quantity, question)
        if best is None or weight > best[0]:
            best = weight, read
    return best[1] if best else None


def _operator(before: str, after: str, quantity: Quantity) -> Operator | None:
    for operator, words in _AFTER:
        if words.search(after):
            return operator
    if quantity.hedge in ("up to", "at least"):  # read as part of the number
        if quantity.hedge == "at least":
            return ">="
        return ">=" if _ENOUGH.search(before) else "<="
    for operator, words in _BEFORE:
        if words.search(before):
            if operator == "<=" and re.search(r"\bup to\s+$", before) and _ENOUGH.search(before):
                return ">="
            return operator
    return None


def _money(body: str, topics: Topics) -> bool:
    return any(topic.measures == "money" for topic, _ in topics.asked(body))


def _name(body: str, before: str, quantity: Quantity, topics: Topics) -> str:
    """The topic of a condition: one that is asked and measures this, else an adjective's, else the kind's usual one."""
    asked = [topic for topic, _ in topics.asked(body)]
    fitting = [topic for topic in asked if topic.measures == quantity.kind]
    if fitting:
        if (
            fitting[0].name in ("length", "size")
            and len(fitting) > 1
            and fitting[1].name in ("laptop size", "screen size")
        ):
            return fitting[1].name
        return fitting[0].name
    if quantity.kind == "mass" and _ENOUGH.search(before):
        return "load capacity"
    adjective = re.findall(r"\b[a-z]+(?= than\b)", before)
    if adjective and adjective[-1] in _ADJECTIVES:
        return _ADJECTIVES[adjective[-1]]
    if quantity.kind == "length" and any(topic.name == "water resistance" for topic in asked):
        return "water resistance"
    if quantity.kind == "time" and any(topic.name == "charging time" for topic in asked):
        return "charging time"
    if quantity.kind in _BY_KIND:
        return _BY_KIND[quantity.kind]
    rest = re.sub(r"\b(?:more|less|fewer|than|at|least|most|over|under|up|to|have|has|does|do|is|are|it|there|the|a|an"
                  r"|this|these|with|come|comes|include|includes|contain|contains|or)\b", " ", body)  # fmt: skip
    words = re.findall(r"[a-z]{2,}", rest)
    return " ".join(words[:4])


def decide(
    asked: Condition, facts: Sequence[Fact], topics: Topics = TOPICS, similarity: Similarity | None = None
) -> Decision:
    """Whether the facts meet a condition. A range meets it where all of it does, fails it where none does.

    Of unlabelled sides ("12 x 30 x 4 inches") all must agree, but for the size as a whole, where the longest counts.
    "About" widens equality to a tenth; otherwise what lies within 2 % counts as equal.
    Blocks at first use (Pint's registry).
    """
    topic = topics.get(asked.name)
    query = f"{topic.name} {topic.phrases[0].rstrip('*')}" if topic else asked.name
    ranked = lookup(query, facts, topics) or (lookup(asked.question, facts, topics, similarity) if similarity else [])
    fallback: Decision | None = None
    for match in ranked:
        fact = match.fact
        values = [value.to(asked.bound.unit) for value in fact.quantities if value.comparable(asked.bound)]
        if not values:
            if asked.bound.unit == "ingress" and fact.value is False:
                return Decision(False, fact)
            continue
        if len(values) > 1 and (topic is None or topic.name == "size"):
            values = [max(values, key=lambda value: value.top)]
        verdicts = {_holds(asked, value) for value in values}
        value = values[0]
        found = Decision(verdicts.pop() if len(verdicts) == 1 else None, fact, value, _margin(asked, value))
        if found.verdict is not None:
            return found
        fallback = fallback or found
    return fallback or Decision(None)


def _holds(asked: Condition, value: Quantity) -> bool | None:
    low, high, bound = value.number, value.top, asked.bound.number
    if value.hedge == "at least" and asked.operator in ("<", "<=", "=="):
        return False if low > asked.bound.top else None
    if asked.operator == "==":
        slack = abs(bound) * (ABOUT if asked.bound.hedge else TOLERANCE)
        least, most = bound - slack, asked.bound.top + slack
        if most < low or high < least:
            return False
        covers = low - slack <= bound and asked.bound.top <= high + slack  # "does it take 110 volts": 100 to 240
        return True if covers or (least <= low and high <= most) else None
    tests = [_compare(asked.operator, end, bound) for end in (low, high)]
    return tests[0] if tests[0] == tests[1] else None


def _compare(operator: Operator, value: Fraction, bound: Fraction) -> bool:
    if operator == "<":
        return value < bound
    if operator == "<=":
        return value <= bound
    return value > bound if operator == ">" else value >= bound


def _margin(asked: Condition, value: Quantity) -> Fraction:
    end = value.top if asked.operator in ("<", "<=") else value.number
    return end - asked.bound.number
