"""What a customer means: which question, about which products, in the light of what was talked about before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from plugins.product_qa.answers import SHOP
from plugins.product_qa.facts.lookup import stems
from plugins.product_qa.hints import Hints
from plugins.product_qa.resolve.references import reference
from plugins.product_qa.session import State, echoes, impersonal, led, only_names
from plugins.product_qa.types import Kind

if TYPE_CHECKING:
    from plugins.product_qa.catalogue import Title
    from plugins.product_qa.resolve import Resolved
    from plugins.product_qa.shop import Shop

#: How much of a text must stand in the headings of the shop's own pages.
OF_SHOP = 0.5
MOST_COMPARED = 5
_DEFINITE = re.compile(r"\b(?:the|your|that)\s+(?!one\b|other\b|same\b)[a-z]", re.IGNORECASE)
ASKING = re.compile(
    r"(?:is|are|was|does|do|did|has|have|can|could|will|would|should|how|what|which|when|where|who|why)\b",
    re.IGNORECASE,
)
_PERSONAL = re.compile(r"\b(?:it|its|it's|this|that|these|those|they|them)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Context:
    """What was before a question: the conversation's products, the product on the page, and whether the turn before
    was about products too."""

    state: State = field(default_factory=State)
    page: str | None = None
    following: bool = False


@dataclass(frozen=True)
class Meant:
    """question: what is asked of the sources, with "it" for a single product; products: ids, `SHOP` for the shop;
    none where it has to be asked which of `options` (or any) is meant."""

    question: str
    products: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    kind: Kind = "question"


def chosen(shop: Shop, question: str, choice: str, shown: Sequence[str]) -> Meant:
    """A question that waited, about the product that `choice` names among those shown (or any other)."""
    titles = shop.titles(shown)
    product = pick(choice, titles) or shop.resolve(choice, (), None, shown).product
    return Meant(question, (product,) if product else (), tuple(one.id for one in titles))


def meant(shop: Shop, text: str, context: Context) -> Meant:
    """Which question about which products a text stands for. Blocks for some milliseconds."""
    state, hints = context.state, shop.hints or Hints()
    if echoes(text) and state.question and state.products:
        return Meant(state.question, state.products)
    resolved = shop.resolve(text, state.recent, context.page, state.shown)
    return _products(_question(shop, text, context, resolved, hints), text, context, resolved, hints)


def _question(shop: Shop, text: str, context: Context, resolved: Resolved, hints: Hints) -> Meant:
    """The question, without its product: keywords become one, and "and the tent?" is the one before."""
    from plugins.product_qa.gate import question_of

    state, (body, tied) = context.state, led(text)
    kind: Kind = shop.gate(text, None).kind if shop.gate is not None else "question"
    span = _span(text, resolved, hints)
    if state.question and (tied or context.following) and (only_names(text, span) or _called(body, hints)):
        return Meant(state.question, kind=kind)
    if resolved.how == "compared":
        return Meant(body, kind=kind)
    short = tied and len(body.split()) <= 4 and not ASKING.match(body)
    if kind == "keywords" or short:
        made = question_of(_without(text, span) if short else body)
        question = made.text if made.confidence > 0 else f"What is {body.rstrip(' ?')}?" if short else body
    else:
        question = led(impersonal(text, span))[0]
    return Meant(question, kind=kind)


def _span(text: str, resolved: Resolved, hints: Hints) -> tuple[int, int] | None:
    """Where a text says which product it means: there it is asked of "it", as the product's own pages speak of it."""
    if resolved.span is not None and resolved.how != "none":
        return resolved.span
    nouns = [match.span() for match in re.finditer(r"[\w'-]+", text) if hints.kin(match.group())]
    return nouns[0] if len(nouns) == 1 and _DEFINITE.search(text[: nouns[0][1]]) else None


def _products(found: Meant, text: str, context: Context, resolved: Resolved, hints: Hints) -> Meant:
    """The products, by name, by what they are called, or those talked about; several for a comparison."""
    from plugins.product_qa.facts import wish

    state, groups = context.state, hints.kin(text)
    pool = tuple(dict.fromkeys(id for group in groups for id in group))
    # "which one is lighter, the tent or the backpack": not the two that were compared before.
    if resolved.how == "compared" and (not pool or set(pool) & set(resolved.products)):
        return replace(found, products=resolved.products[:MOST_COMPARED])
    if wish(found.question) is not None and resolved.how != "named":
        if len(pool) > 1 and resolved.how in ("none", "ambiguous", "compared"):
            return replace(found, products=pool[:MOST_COMPARED])
        if len(state.products) > 1 and not pool:
            return replace(found, products=state.products)
    if resolved.product is not None:
        others = resolved.how in ("recent", "page") and _strangers(text, resolved.product, groups)
        if not others:
            return replace(found, products=(resolved.product,))
    elif resolved.how == "ambiguous":
        return replace(found, options=tuple(id for id, _ in resolved.candidates))
    near = [id for id in state.recent if id in pool]
    if near or len(pool) == 1:
        return replace(found, products=(near[0] if near else pool[0],))
    if hints.of_shop(text) >= OF_SHOP or not (pool or _PERSONAL.search(text)):
        return replace(found, products=(SHOP,))
    return replace(found, options=pool)


def _strangers(text: str, current: str, groups: Sequence[Sequence[str]]) -> bool:
    """Whether a definite noun means others ("the kettle") than the product that is talked about."""
    return bool(groups) and all(current not in group for group in groups) and _DEFINITE.search(text) is not None


def _without(text: str, span: tuple[int, int] | None) -> str:
    """A text without a product's name, and without what ties it to the turn before."""
    return led(text if span is None else f"{text[: span[0]]} {text[span[1] :]}")[0]


def _called(body: str, hints: Hints) -> bool:
    """Whether a text is nothing but what a product is called ("the tent")."""
    words = [word for word in stems(body) if word not in ("the", "your", "that", "this", "a", "one")]
    known = all(word in hints.names or word in hints.nouns for word in words)
    return 0 < len(words) <= 4 and known and words[-1] in hints.nouns


def chooses(text: str, hints: Hints) -> bool:
    """Whether a text may be an answer to "which one do you mean?"; quick."""
    words = stems(text)
    asks = re.match(r"\W*(?:what|how|why|when|where|who|set|play|add)\b", text, re.IGNORECASE)
    pointed = reference(text).pointing in ("ordinal", "described", "this")
    return 0 < len(words) <= 8 and not asks and (pointed or any(word in hints.names for word in words))


def pick(text: str, titles: Sequence[Title]) -> str | None:
    """The product among those shown that a choice means: by its place, or by words that only one of them has."""
    pointed = reference(text)
    if pointed.pointing == "ordinal" and -len(titles) <= pointed.rank < len(titles):
        return titles[pointed.rank].id
    said = set(stems(text))
    counts = [len(said & set(stems(" ".join((one.title, *one.aliases))))) for one in titles]
    best = max(counts, default=0)
    return titles[counts.index(best)].id if best and counts.count(best) == 1 else None
