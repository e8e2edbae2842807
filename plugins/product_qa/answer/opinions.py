"""Opinions counted: how many reviewers who mention a property say that the product has it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from plugins.product_qa.answer.extract import sentences
from plugins.product_qa.answer.polarity import mentions
from plugins.product_qa.answer.question import Question
from plugins.product_qa.answer.words import content, negations, stem, tokens
from plugins.product_qa.types import Passage

_GOOD = """good great excellent perfect nice love loves loved amazing awesome fantastic wonderful happy pleased
satisfied best quiet sturdy durable strong comfortable easy soft bright clear crisp sharp reliable
accurate solid light fast quick simple warm fine impressive beautiful smooth stable worth recommend
generous roomy cozy"""
_BAD = """bad poor terrible awful horrible disappointing disappointed worst hate hated loud noisy flimsy weak
uncomfortable hard difficult heavy dim dull unreliable inaccurate cheap slow broken broke breaks
useless annoying cold rough wobbly unstable tight stiff leaks leaked leaking complaint problem
problems issue issues drains dead short"""
GOOD, BAD = ({stem(word) for word in words.split()} for words in (_GOOD, _BAD))
_TURN = re.compile(r"\s*(?:[,;]?\s+\b(?:but|although|though|however|while|except)\b|;|\s-\s)\s*", re.IGNORECASE)
_UNSURE = re.compile(
    r"\b(?:if|would be|hope|hoping|wish|wonder|supposed to|should be|not sure|i'll see|we'll see|expected?)\b|\?",
    re.IGNORECASE,
)
#: Part of what is asked about that a clause must speak of to count.
MENTION = 0.5
#: Fewer than this are quoted, not counted.
LEAST = 3
Side = Literal["for", "against"]


@dataclass(frozen=True, slots=True)
class Count:
    """Reviews that mention a property: passages by reviewer that speak for it and against it."""

    favour: tuple[Passage, ...]
    against: tuple[Passage, ...]

    @property
    def total(self) -> int:
        """How many reviewers take a side."""
        return len(self.favour) + len(self.against)


def side(asked: Question, sentence: str) -> Side | None:
    """What a review's sentence says about what is asked; None where it does not mention it or takes no side."""
    score = 0.0
    for clause in _TURN.split(sentence):
        if not clause.strip() or _UNSURE.search(clause):
            continue
        if asked.opinion:
            score += _feeling(asked, clause, sentence)
            continue
        plain, denied, opposed = mentions(asked, clause)
        if plain + denied + opposed >= MENTION:
            score += plain - denied - opposed
    return "for" if score > 0.01 else "against" if score < -0.01 else None


def _feeling(asked: Question, clause: str, sentence: str) -> float:
    """Whether a clause speaks well (positive) or ill of a topic that its sentence mentions."""
    if asked.properties and not _touches(asked, sentence):
        return 0.0
    parts = tokens(clause)
    places = negations(parts)
    total = 0.0
    for at, part in enumerate(parts):
        one = stem(part)
        value = 1.0 if one in GOOD else -1.0 if one in BAD else 0.0
        if value and sum(1 for place in places if 0 < at - place <= 3) % 2:
            value = -value
        total += value
    return total


#: Adjectives by which a topic is spoken of without its name.
_BY = {
    "noise": "quiet loud noisy silent", "weight": "heavy light lightweight", "comfort": "comfortable uncomfortable",
    "price": "cheap expensive worth value", "quality": "sturdy flimsy durable cheap",
    "size": "big small large tiny roomy",
    "battery": "charge lasts drains", "sound": "loud quiet clear crisp bass", "speed": "fast slow quick",
}  # fmt: skip
_STEMS_BY = {stem(topic): {stem(word) for word in words.split()} for topic, words in _BY.items()}


def _touches(asked: Question, sentence: str) -> bool:
    found = set(content(sentence))
    return any(one in found or _STEMS_BY.get(one, set()) & found for one in asked.properties)


def count(asked: Question, passages: Iterable[Passage]) -> Count:
    """Count the reviews among passages, one voice for each reviewer.

    Sentences of one review share the first eight characters of their key (`catalogue.passages.unit_of`); a reviewer who
    says both is counted on neither side. Passages without keys are reviewers of their own.
    """
    sides: dict[str, dict[Side, Passage]] = {}
    for place, passage in enumerate(passages):
        if passage.source != "review":
            continue
        reviewer = f"{passage.product} {passage.key[:8]}" if passage.key else f"#{place}"
        for sentence in sentences(passage.text):
            taken = side(asked, sentence)
            if taken is not None:
                sides.setdefault(reviewer, {}).setdefault(taken, passage)
    alone = [found for found in sides.values() if len(found) == 1]
    favour = tuple(found["for"] for found in alone if "for" in found)
    against = tuple(found["against"] for found in alone if "against" in found)
    return Count(favour, against)


def said(asked: Question, found: Count, statement: str) -> str:
    """The count as a sentence: "14 of 17 reviewers who mention it say that it is quiet." """
    total, yes = found.total, len(found.favour)
    if asked.opinion:
        topic = asked.topic or "it"
        who = "reviewers" if topic == "it" else f"reviewers who mention the {topic}"
        head = _head(yes, total, who)
        return f"{head} {'is' if _one(yes, total) else 'are'} positive about it."
    head = _head(yes, total, "reviewers who mention it")
    return f"{head} {'says' if _one(yes, total) else 'say'} that {statement}."


def _head(yes: int, total: int, who: str) -> str:
    if yes == total:
        return f"{'Both' if total == 2 else 'All'} {total} {who}" if total > 2 else f"Both {who}"
    if not yes:
        return f"None of the {total} {who}"
    return f"{yes} of {total} {who}"


def _one(yes: int, total: int) -> bool:
    return yes == 1 or (yes == 0 and total > 0)
