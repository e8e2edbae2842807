"""The value types of product questions: what a catalogue holds, what was asked, and an answer with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from dialog.errors import AssistantError

#: Where a passage stands on a product page. `faq` and `policy` may belong to the shop instead of to a product.
Source = Literal["title", "attribute", "bullet", "description", "review", "answer", "faq", "policy"]
SOURCES: tuple[Source, ...] = ("title", "attribute", "bullet", "description", "review", "answer", "faq", "policy")
#: The gate's classes (Generate-then-Retrieve, section 3.1): what a text in a shop is.
Kind = Literal["question", "keywords", "chat"]
#: How the evidence answers: a sentence of its own, a value, yes or no, a count of opinions, a ranking of products.
Form = Literal["statement", "value", "polar", "count", "comparison", "superlative", "none"]


class CatalogueError(AssistantError):
    """A catalogue that cannot be read or written; the text names file, row and field."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a product: `name` in words ("item weight"), `value` as given, `unit` where it has one."""

    name: str
    value: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """A product as it is imported. Texts are plain (no markup); `reviews` and `answers` in the order of the file.

    `answers` are pairs of a customer's question and an answer to it, `faq` pairs of question and answer by the shop.
    """

    id: str
    title: str
    attributes: tuple[Attribute, ...] = ()
    bullets: tuple[str, ...] = ()
    description: str = ""
    reviews: tuple[str, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()
    faq: tuple[tuple[str, str], ...] = ()
    aliases: tuple[str, ...] = ()
    category: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of evidence: `text` as shown, `question` where it answers one (community answers, FAQ).

    `key` is stable over re-imports of the same content; `product` is "" for the shop's own FAQ and policies;
    `attribute` is set for source "attribute".
    """

    key: str
    product: str
    source: Source
    text: str
    question: str = ""
    attribute: Attribute | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage with its scores: `score` is the ranker's probability that it answers fully; `parts` say why
    (bm25, cosine, ...)."""

    passage: Passage
    score: float
    parts: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said, and on what it rests.

    `text` to read and `spoken` to say; `evidence` every passage it rests on, the best first (never empty unless
    `form` is "none"); `probability` calibrated, that it answers the question; `relaxed` how the question was changed
    where the answer is not to the one that was asked; `considered` what was looked at besides.
    """

    text: str
    spoken: str
    form: Form
    evidence: tuple[Ranked, ...]
    probability: float
    relaxed: str = ""
    considered: tuple[Ranked, ...] = ()
