"""Keywords become a question: "kettle capacity" is "What is the capacity of the kettle?".

The first step of Generate-then-Retrieve (section 3.2) with typed slots and templates in place of a sequence model: the
kind of the words (attribute, property, action, matter of the shop, ...) chooses the template.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from plugins.product_qa.gate.features import words
from plugins.product_qa.gate.lexicon import (
    ACTIONS,
    ATTRIBUTES,
    AUXILIARIES,
    CONDITIONS,
    FUNCTION,
    MATTERS,
    PROPERTIES,
    PROPERTY_PAIRS,
    WH,
    listed,
)

#: Longer than this, a text is no keyword query.
MOST_WORDS = 12
_DETERMINERS = listed("the this that these those my your a an")
_PLURAL_EXCEPTIONS = ("ss", "us", "is", "ics")
_INCLUDED = listed("included include includes")


@dataclass(frozen=True, slots=True)
class Question:
    """`confidence` is 1.0 where the text was a question already, 0.0 where no template fits (`text` is as given)."""

    text: str
    confidence: float


def question_of(keywords: str) -> Question:
    """The question that keywords stand for. Never fails."""
    parts = words(keywords)
    if not parts or len(parts) > MOST_WORDS:
        return Question(keywords.strip(), 0.0)
    if parts[0] in WH | AUXILIARIES:
        text = keywords.strip()
        return Question(text if text.endswith("?") else f"{text}?", 1.0)
    for rule in _RULES:
        if found := rule(parts):
            return Question(_cased(found, keywords), _CONFIDENCE[rule.__name__])
    return Question(keywords.strip(), 0.0)


def _matter(parts: list[str]) -> str:
    """The whole query is a matter of the shop, in either order of its words."""
    return _MATTERS.get(frozenset(parts), "")


def _attribute(parts: list[str]) -> str:
    """An attribute at the end or the start, the product in the rest."""
    for size in (3, 2, 1):
        for start in (len(parts) - size, 0):
            if start < 0 or (template := ATTRIBUTES.get(" ".join(parts[start : start + size]))) is None:
                continue
            rest = _without_edges(parts[:start] + parts[start + size :])
            if size == len(parts) or rest:
                if "difference" in parts[start : start + size]:
                    return template.replace("{of}", _between(rest)) if rest else ""
                return _agreed(template, rest)
    return ""


def _property(parts: list[str]) -> str:
    """A property at the start or the end: "waterproof backpack"."""
    for size in (3, 2, 1):
        for start in (0, len(parts) - size):
            name = " ".join(parts[start : start + size]) if start >= 0 else ""
            if name in PROPERTY_PAIRS or (size == 1 and name in PROPERTIES):
                rest = _without_edges(parts[:start] + parts[start + size :])
                # "compatible iphone" asks what it goes with, "universal remote" whether the remote is.
                if name == "compatible" and rest:
                    return f"is it compatible with {' '.join(rest)}?"
                return f"{_be(rest)} {_noun(rest)} {name}?"
    return ""


def _included(parts: list[str]) -> str:
    """ "batteries included", "come charger"."""
    if parts[-1] in _INCLUDED or parts[0] in _INCLUDED:
        rest = _without_edges([part for part in parts if part not in _INCLUDED])
        return f"{_be(rest)} {_noun(rest)} included?" if rest else "what is included?"
    if parts[0] in ("come", "comes"):
        rest = _without_edges(parts[1:])
        return f"does it come with {' '.join(rest)}?" if rest else ""
    return ""


def _relation(parts: list[str]) -> str:
    """ "fit 2010 civic", "work with alexa", "need batteries"."""
    if parts[0] in _RELATIONS and (rest := _without_edges(parts[1:])):
        return f"{_RELATIONS[parts[0]]} {' '.join(rest)}?"
    return ""


def _action(parts: list[str]) -> str:
    """A verb of the customer's and what it is done to: "return package"."""
    if parts[0] not in ACTIONS or len(parts) < 2:
        return ""
    rest = parts[1:]
    article = ACTIONS[parts[0]]
    if rest[0] in FUNCTION or (article == "a" and _plural(rest[-1])):
        article = ""
    if article == "a" and rest[0][0] in "aeiou":
        article = "an"
    return "how do i " + " ".join([parts[0], *([article] if article else []), *rest]) + "?"


def _condition(parts: list[str]) -> str:
    """Fees, documents, limits: "home loan documents"."""
    for size in (2, 1):
        for start in (len(parts) - size, 0):
            name = " ".join(parts[start : start + size]) if start >= 0 else ""
            if name in CONDITIONS:
                rest = _without_edges(parts[:start] + parts[start + size :])
                return f"what {'are' if CONDITIONS[name] else 'is'} the {name}" + (
                    f" for {_noun(rest)}?" if rest else "?"
                )
    return ""


def _meaning(parts: list[str]) -> str:
    """One word that is no attribute: what it is."""
    return f"what is {parts[0]}?" if len(parts) == 1 and not parts[0][0].isdigit() else ""


def _agreed(template: str, rest: list[str]) -> str:
    """The template about `rest`, the verb in the number of its noun."""
    if rest and _plural(rest[-1]):
        template = template.replace("does {of}", "do {of}").replace(" is {of}", " are {of}")
    if not rest and template.endswith(" of {of}?"):
        return template.replace(" the ", " its ", 1).replace(" of {of}?", "?")
    return template.replace("{of}", _noun(rest))


def _noun(parts: list[str]) -> str:
    if not parts:
        return "it"
    return " ".join(parts if parts[0] in _DETERMINERS or len(parts) > 4 else ["the", *parts])


def _between(parts: list[str]) -> str:
    half = next((place for place, part in enumerate(parts) if part in ("and", "vs", "versus", "or")), 0)
    if half:
        return f"{' '.join(parts[:half])} and {' '.join(parts[half + 1 :])}"
    again = parts.index(parts[0], 1) if parts[0] in parts[1:] else 1 if len(parts) == 2 else 0
    return f"{' '.join(parts[:again])} and {' '.join(parts[again:])}" if again else " ".join(parts)


def _cased(question: str, keywords: str) -> str:
    """The question with the capitals of the keywords ("NEFT", "iPhone"), its first letter and "I"."""
    given = {word.strip(",.;:!?").lower(): word.strip(",.;:!?") for word in keywords.split()}
    text = " ".join(given.get(word.rstrip("?"), word.rstrip("?")) for word in question.split()) + "?"
    return text[0].upper() + text[1:].replace(" i ", " I ")


def _be(parts: list[str]) -> str:
    return "are" if parts and _plural(parts[-1]) else "is"


def _plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith(_PLURAL_EXCEPTIONS) and len(word) > 3


def _without_edges(parts: list[str]) -> list[str]:
    """Without prepositions and the like at either end."""
    while parts and parts[0] in FUNCTION:
        parts = parts[1:]
    while parts and parts[-1] in FUNCTION:
        parts = parts[:-1]
    return parts


_MATTERS = {frozenset(query.split()): question for query, question in MATTERS.items()}
_RELATIONS = {
    "fit": "does it fit", "fits": "does it fit", "work": "does it work with", "works": "does it work with",
    "need": "does it need", "needs": "does it need", "require": "does it require", "requires": "does it require",
    "support": "does it support", "supports": "does it support", "hold": "does it hold", "holds": "does it hold",
}  # fmt: skip
_RULES: tuple[Callable[[list[str]], str], ...] = (
    _matter, _included, _attribute, _property, _condition, _action, _relation, _meaning,
)  # fmt: skip
#: How often a reader would have asked that: judged by hand, not measured.
_CONFIDENCE = {
    "_matter": 0.95, "_included": 0.9, "_attribute": 0.9, "_property": 0.8, "_condition": 0.7, "_action": 0.8,
    "_relation": 0.7, "_meaning": 0.5,
}  # fmt: skip
