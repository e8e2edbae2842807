"""Which facts of a product a question asks about: by names, by synonyms, by meaning where an encoder is at hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from plugins.product_qa.facts.fact import Fact
from plugins.product_qa.facts.topics import TOPICS, Topic, Topics

#: Cosines of a question with several short texts, in [-1, 1].
Similarity = Callable[[str, Sequence[str]], Sequence[float]]
#: From this cosine on a name is taken to mean what is asked, where no word of it is said.
MEANT = 0.45
_EMPTY = frozenset(
    {"item", "product", "type", "description", "number", "is", "are", "the", "of", "a", "an", "for", "to"}
)
_EMPTY |= {"has", "with", "includes", "include", "supports", "and", "in"}
_WORD = re.compile(r"[a-z0-9]+")
_COMMON = frozenset({"the", "and", "for", "with", "this", "that", "are", "not", "you", "can", "has", "have", "from"})
_COMMON |= {"use", "used"}
_COUNTED = frozenset({"number", "num", "count", "total", "quantity"})
_PACKAGE = frozenset({"package", "shipping", "packaging", "website"})


@dataclass(frozen=True, slots=True)
class Match:
    """A fact that a question asks about: `score` in [0, 1]; `topic` is the table's where it came by a synonym."""

    fact: Fact
    score: float
    topic: str = ""


def stems(text: str) -> list[str]:
    """Words of a text in lower case, plural endings cut off."""
    return [_stem(word) for word in _WORD.findall(text.lower())]


def _stem(word: str) -> str:
    if word in ("maximum", "minimum"):
        return word[:3]
    for end, put in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x")):
        if word.endswith(end) and len(word) > len(end) + 1:
            return word[: -len(end)] + put
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def lookup(
    question: str, facts: Sequence[Fact], topics: Topics = TOPICS, similarity: Similarity | None = None
) -> list[Match]:
    """Facts that answer a question, the best first; empty where none has to do with it.

    `similarity` is asked only where words and synonyms find nothing.
    """
    asked = topics.asked(question)
    words = frozenset(stems(question))
    matches = []
    for fact in facts:
        by_name = named(fact, words)
        by_topic, topic = max(
            (
                (about(fact, one, words) * (1.0 if index == 0 else 0.6), one.name)
                for index, (one, _) in enumerate(asked)
            ),
            default=(0.0, ""),
        )
        score = max(by_name, by_topic, said(fact, words)) + 0.1 * min(by_name, by_topic)
        if bool(_PACKAGE & set(stems(fact.name))) != bool(_PACKAGE & words):
            score *= 0.8
        if score >= 0.3:
            matches.append(Match(fact, min(score, 1.0), topic if by_topic else ""))
    if not matches and similarity is not None and facts:
        cosines = similarity(question, [fact.name for fact in facts])
        matches = [Match(fact, float(cos)) for fact, cos in zip(facts, cosines, strict=True) if cos >= MEANT]
    return sorted(matches, key=lambda match: -match.score)


def named(fact: Fact, words: frozenset[str]) -> float:
    """How much of a fact's name stands in the question: 0.9 where all of it does, less where a part does."""
    name = [word for word in stems(fact.name) if word not in _EMPTY]
    if not name:
        return 0.0
    found = sum(word in words for word in name)
    if found == len(name):
        return 0.9
    counts = found > 0 and bool(_COUNTED & set(stems(fact.name))) and "many" in words
    return (0.85 if found > 1 or counts else 0.45) * found / len(name)


def said(fact: Fact, words: frozenset[str]) -> float:
    """0.4 where a word of a textual value stands in the question ("does it come in blue"), else 0."""
    if not isinstance(fact.value, str) or "brand" in fact.name:
        return 0.0
    return 0.4 if any(len(word) > 2 and word in words for word in stems(fact.value) if word not in _COMMON) else 0.0


def about(fact: Fact, topic: Topic, asked: frozenset[str] = frozenset()) -> float:
    """How well a fact is of a topic, in [0, 1.1], by its name and by what it measures.

    Of a part ("bowl material") it is best where the part is named in the words that were asked, worse where not.
    """
    name = fact.name
    words = frozenset(stems(name))
    score = 0.0
    for rank, known in enumerate(topic.names):
        # The sides of a box say how long it is, but anything that is called a length says it better.
        whole = 0.7 if "dimensions" in known and topic.name != "size" else 1.0
        if name == known:
            score = max(score, whole * (1.0 - 0.02 * rank))
        elif words >= frozenset(stems(known)):
            part = [word for word in words - frozenset(stems(known)) if word not in _EMPTY]
            fits = 1.1 if part and all(word in asked for word in part) else 0.75
            score = max(score, whole * (fits - 0.02 * rank))
    if topic.measures in ("text", "bool"):
        return score
    kinds = {quantity.kind for quantity in fact.quantities}
    if topic.measures in kinds:
        return score
    if isinstance(fact.value, bool) or (topic.measures == "ingress" and kinds & {"length", "pressure", "count"}):
        return 0.9 * score
    return 0.3 * score if kinds else 0.6 * score
