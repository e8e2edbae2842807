"""The passages of a product: the pieces of its page that can be evidence for an answer."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator

from plugins.product_qa.catalogue.sentences import LONGEST, sentences
from plugins.product_qa.types import Attribute, Passage, Product, Source

#: Begins the ids of the shop's own pages.
PAGE = "shop:"
#: Counts up when products would have other passages than before, so that a new import makes them anew.
VERSION = 1
_MOST_SENTENCES = {"description": 400, "review": 40}
_LONGEST_ANSWER = 2 * LONGEST


def is_page(product: Product) -> bool:
    """Whether this is a page of the shop (FAQ, policy), and no product."""
    return product.id.startswith(PAGE)


def passages_of(product: Product) -> list[Passage]:
    """The passages in the order of the page: title, attributes, bullets, description, FAQ, answers, reviews.

    Descriptions and reviews are parted into sentences of at most 300 characters. The first eight characters of a key
    are the same for sentences of one review (`unit_of`), so that opinions can be counted by reviewer. A page of the
    shop has passages with product "". Nobody's words are there twice, except the same review by two people.
    """
    found: dict[str, Passage] = {}
    for unit, source, text, question, attribute in _pieces(product):
        key = _hash(product.id, source, unit) + _hash(product.id, source, unit, text, question)
        owner = "" if is_page(product) else product.id
        found.setdefault(key, Passage(key, owner, source, text, question, attribute))
    return list(found.values())


def unit_of(key: str) -> str:
    """What a passage is part of: the same for all sentences of one review."""
    return key[:8]


_Piece = tuple[str, Source, str, str, Attribute | None]


def _pieces(product: Product) -> Iterator[_Piece]:
    """(text of the whole that it is part of, source, text, question, attribute)"""
    if is_page(product) and not product.faq:
        for part in _packed(product.description):
            text = f"{product.title}: {part}"
            yield text, "policy", text, "", None
        return
    if not is_page(product):
        yield product.title, "title", product.title, "", None
    for attribute in product.attributes:
        text = f"{attribute.name}: {attribute.value} {attribute.unit}".rstrip()
        yield text, "attribute", text, "", attribute
    for bullet in product.bullets:
        for text in _packed(bullet):
            yield bullet, "bullet", text, "", None
    for text in sentences(product.description)[: _MOST_SENTENCES["description"]]:
        yield "", "description", text, "", None
    yield from _answers("faq", product.faq)
    yield from _answers("answer", product.answers)
    seen: Counter[str] = Counter()
    for review in product.reviews:
        seen[review] += 1
        for text in sentences(review)[: _MOST_SENTENCES["review"]]:
            yield f"{review}\n{seen[review]}", "review", text, "", None


def _answers(source: Source, pairs: tuple[tuple[str, str], ...]) -> Iterator[_Piece]:
    for question, answer in pairs:
        for text in _packed(answer, _LONGEST_ANSWER):
            yield f"{question}\n{answer}", source, text, question, None


def _packed(text: str, longest: int = LONGEST) -> list[str]:
    """Neighbouring sentences together, as long as they are not too long: an answer is more than its first sentence."""
    parts: list[str] = []
    for sentence in sentences(text):
        if parts and len(parts[-1]) + len(sentence) < longest:
            parts[-1] += f" {sentence}"
        else:
            parts.append(sentence)
    return parts


def _hash(*parts: str) -> str:
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=4).hexdigest()
