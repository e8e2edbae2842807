"""What a product's typed facts decide: conditions on quantities, comparisons, superlatives. The one door to `facts`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from plugins.product_qa.answer.realise import sentence
from plugins.product_qa.answer.templates import listed
from plugins.product_qa.types import Passage, Product, Ranked

if TYPE_CHECKING:
    from plugins.product_qa.facts import Fact

_OPERATORS = {"<": "under", "<=": "at most", ">": "over", ">=": "at least", "==": "exactly"}
#: The probability of an answer by a typed fact that the ranker has not scored.
PRIOR = 0.9


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the facts of one product say to a condition: `verdict` None where a range leaves it open."""

    verdict: bool | None
    sentence: str
    evidence: Ranked


@dataclass(frozen=True, slots=True)
class Contrast:
    """Products compared: the sentence, what it rests on, and how the products are called in it."""

    form: Literal["comparison", "superlative"]
    sentence: str
    evidence: tuple[Ranked, ...]
    titles: tuple[str, ...]
    verdict: bool | None = None


def rule(question: str, product: Product, passages: Iterable[Passage], ranked: Iterable[Ranked] = ()) -> Ruling | None:
    """Whether a condition in the question ("is it under two kilos") holds; None where it states none, or no fact says.

    Blocks for the first question (units are loaded).
    """
    from plugins.product_qa.facts import condition, decide, facts

    asked = condition(question)
    if asked is None:
        return None
    known = list(passages)
    found = decide(asked, facts(product, known))
    if found.fact is None or found.value is None:
        return None
    plain = sentence(found.fact.attribute, question, "It").rstrip(".")
    if not plain:
        return None
    bound = f"{_OPERATORS[asked.operator]} {asked.bound.say()}"
    if found.verdict is not None and asked.operator != "==":
        plain += f", which is {'' if found.verdict else 'not '}{bound}"
    return Ruling(found.verdict, f"{plain}.", evidence(found.fact, product, known, ranked))


def evidence(fact: Fact, product: Product, passages: Sequence[Passage], ranked: Iterable[Ranked]) -> Ranked:
    """The passage of a fact, with the ranker's score where it has one."""
    scored = {one.passage.key: one for one in ranked if one.passage.key}
    if fact.key in scored:
        return scored[fact.key]
    own = next((one for one in passages if one.key == fact.key and fact.key), None)
    text = f"{fact.attribute.name}: {fact.attribute.value} {fact.attribute.unit}".rstrip()
    return Ranked(own or Passage(fact.key, product.id, "attribute", text, attribute=fact.attribute), PRIOR)


def _word(question: str, name: str, most: bool) -> str:
    """The comparing adjective of the question ("lighter"), or "" where it uses a noun."""
    from plugins.product_qa.facts import TOPICS

    topic = TOPICS.get(name)
    words = [] if topic is None else list(topic.more if most else topic.less)
    low = question.lower()
    held = [word for word in words if re.search(rf"\b{re.escape(word)}\b", low)]
    return max(held, key=len, default="")


def _adjective(word: str) -> bool:
    return bool(re.fullmatch(r"\w+(?:er|est)|(?:more|less|most|least) \w+", word))


def contrast(
    question: str, products: Sequence[Product], passages: Mapping[str, Sequence[Passage]], ranked: Iterable[Ranked] = ()
) -> Contrast | None:
    """Which of several products has more or less of what the question compares them in.

    None where it compares nothing or fewer than two products state it. The first product is the one that "is A lighter
    than B" asks about. Blocks for the first question (units are loaded).
    """
    from plugins.product_qa.facts import best, facts, wish

    wanted = wish(question)
    if wanted is None or len(products) < 2:
        return None
    known = {product.id: facts(product, passages.get(product.id, ())) for product in products}
    places, missing = best(wanted.name, wanted.direction, known)
    if len(places) < 2:
        return None
    by_id = {product.id: product for product in products}
    seen = list(ranked)
    rests = tuple(evidence(one.fact, by_id[one.product], passages.get(one.product, ()), seen) for one in places)
    titles = {product.id: called(product.title) for product in products}
    word = _word(question, wanted.name, wanted.direction == "most")
    first, others = places[0], places[1:]
    leading = [one for one in places if one.rank == 1]
    if len(leading) == len(places):
        text = f"{listed([titles[one.product] for one in places])} are the same in {wanted.name}: {first.value.say()}"
    elif len(leading) > 1:
        text = (
            f"{listed([titles[one.product] for one in leading])} come first in {wanted.name} with {first.value.say()}"
        )
    elif word and _adjective(word):
        the = "the " if word.endswith("est") or word.startswith(("most ", "least ")) else ""
        text = f"{titles[first.product]} is {the}{word}: {first.value.say()}"
    else:
        text = (
            f"{titles[first.product]} has {'more' if wanted.direction == 'most' else 'less'} {wanted.name}: "
            f"{first.value.say()}"
        )
    if len(leading) < len(places):
        rest = [f"{one.value.say()} for {titles[one.product]}" for one in others if one.rank > 1]
        text += f", against {listed(rest)}"
    if missing:
        text += f". The shop's pages do not state it for {listed([titles[one] for one in missing])}"
    verdict = None
    if (
        re.match(r"\W*(?:is|are|does|do|has|have|will|can)\b", question, re.IGNORECASE)
        and " or " not in question.lower()
    ):
        verdict = first.product == products[0].id and len(leading) == 1
    form: Literal["comparison", "superlative"] = (
        "superlative" if wanted.superlative or len(places) > 2 else "comparison"
    )
    named = tuple(product.title for product in products)
    return Contrast(form, f"{text[:1].upper()}{text[1:]}.", rests, named, verdict)


def called(title: str) -> str:
    """How a product is called in a sentence: the title up to its first comma, at most eight words."""
    short = re.split(r"[,(|]|\s[-–]\s", title)[0].strip() or title
    words = short.split()[:8]
    return f"the {' '.join(words)}" if words and words[0].lower() not in ("the", "a", "an") else " ".join(words)
