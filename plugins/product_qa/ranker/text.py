"""What the ranker reads of a passage: the same words in training and in serving."""

from __future__ import annotations

import re

from plugins.product_qa.types import Attribute, Passage, Source

#: Sources as the ranker was taught to call them. Those that no training set has go by the most similar one.
SPOKEN: dict[Source, str] = {
    "title": "feature",
    "attribute": "attribute",
    "bullet": "feature",
    "description": "description",
    "review": "review",
    "answer": "answer",
    "faq": "answer",
    "policy": "description",
}
#: Beyond this nothing is read: no pair of 96 tokens holds more.
_MOST = 1000
_SPACE = re.compile(r"\s+")


def evidence(passage: Passage) -> str:
    """Source and words of a passage; a community answer with the question that it was given to."""
    if passage.attribute is not None:
        return f"{SPOKEN['attribute']} - {plain(attribute(passage.attribute))}"
    text = f"{SPOKEN[passage.source]} - {plain(passage.text)}"
    return f"{text} (question: {plain(passage.question)})" if passage.question else text


def attribute(found: Attribute) -> str:
    """`item weight: 0.2 pounds`."""
    value = " ".join(part for part in (found.value, found.unit) if part)
    return f"{found.name}: {value}" if found.name else value


def plain(text: str) -> str:
    """Small letters, single spaces, at most 1000 characters: training texts have no capitals."""
    return _SPACE.sub(" ", text[:_MOST]).strip().lower()
