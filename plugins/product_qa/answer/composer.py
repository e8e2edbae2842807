"""An answer out of evidence: decided by facts, counted from reviews, or the statement of the best passage."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from plugins.product_qa.answer import decisions, opinions, person
from plugins.product_qa.answer.extract import answering, clause
from plugins.product_qa.answer.grounding import grounded
from plugins.product_qa.answer.polarity import verdict
from plugins.product_qa.answer.question import VERBS, Question, indirect, question, statement
from plugins.product_qa.answer.realise import sentence
from plugins.product_qa.answer.sources import BEFORE, BEHIND, safe, spoken, suspicious
from plugins.product_qa.answer.structure import split
from plugins.product_qa.answer.words import series, tokens
from plugins.product_qa.types import Answer, Attribute, Form, Passage, Product, Ranked

#: Below the threshold, and above this, a passage is offered as the nearest thing there is.
NEAR = 0.05
_WHOLE = 80
_OPENING = re.compile(
    r"(?:it|its|this|that|these|those|they|the|there|you|your|each|all|both|one|two|some|no)\b", re.IGNORECASE
)
_FINITE = frozenset(
    series(
        """is are was were be been isn't aren't wasn't has have had do does did doesn't don't didn't can could
        will would should may might must can't won't couldn't wouldn't comes came fits fit works work worked
        includes included holds hold supports measures weighs requires needs need contains features uses use
        used takes lasts makes made runs stands keeps looks feels feel love loves like likes bought got get
        gets went goes go said says say put puts came seems seemed charges stays stay broke turned found
        think recommend returned keep fell gave took plays play lets"""
    )
)


@dataclass(frozen=True, slots=True)
class _Said:
    """The parts of an answer in the making; `core` is the statement without its attribution."""

    core: str
    text: str
    form: Form
    evidence: tuple[Ranked, ...]
    probability: float
    derived: tuple[str, ...] = ()


def compose(
    asked: str,
    ranked: Sequence[Ranked],
    product: Product | None = None,
    *,
    passages: Sequence[Passage] = (),
    others: Mapping[str, Sequence[Passage]] | None = None,
    compared: Sequence[Product] = (),
    threshold: float = 0.5,
    relaxed: str = "",
) -> Answer:
    """Answer `asked` from `ranked` evidence (best first) about `product`.

    passages: all passages of the product, for counting opinions and for the keys of its facts. compared: two products
    or more that the question compares, with their passages in `others` by product id. threshold: the ranker's
    probability from which a passage counts as an answer. relaxed: the question that was asked of the sources instead,
    where it is not `asked`. Blocks for a few milliseconds, longer for the first question (units are loaded).

    The answer's every number, name and content word stands in its evidence (`grounding.grounded`).
    """
    clean = [one for one in ranked if not suspicious(f"{one.passage.question} {one.passage.text}")]
    words = _names(product)
    parts = question(relaxed or asked, words)
    found = _decided(relaxed or asked, parts, clean, product, passages, others or {}, compared)
    if found is None:
        found = _counted(parts, clean, passages, threshold, words)
    if found is None and clean and clean[0].score >= threshold:
        found = _stated(parts, clean[0])
    if found is not None and not _supported(found, relaxed or asked):
        found = _quoted(found.evidence[0])
        if not _supported(found, relaxed or asked):
            found = None
    if found is None:
        return _nothing(asked, clean, words, relaxed)
    text = found.text
    if relaxed:
        text = f'I did not find that, but on "{relaxed.strip(" ?")}": {text}'
    rest = tuple(one for one in ranked if one not in found.evidence)
    return Answer(text, spoken(text), found.form, found.evidence, found.probability, relaxed, rest)


def core(asked: str, passage: Passage, product: Product | None = None) -> str:
    """The answer of one passage without its source, as a short statement: what `compose` would say of it, bare."""
    parts = question(asked, _names(product))
    attribute = _attribute(passage)
    if attribute is not None:
        text = sentence(attribute, asked, "It") or safe(passage.text)
    else:
        text = _statement(parts, passage)
    taken = verdict(parts, passage.text, passage.source, passage.question)
    text = text.strip()
    text = text if text.endswith((".", "!", "?")) else f"{text}."
    return text[:1].upper() + text[1:] if taken is None else f"{'Yes' if taken else 'No'}, {_lower(text)}"


def _names(product: Product | None) -> frozenset[str]:
    if product is None:
        return frozenset()
    return frozenset(tokens(f"{product.title} {product.category} {' '.join(product.aliases)}"))


def _decided(
    asked: str, parts: Question, ranked: Sequence[Ranked], product: Product | None, passages: Sequence[Passage],
    others: Mapping[str, Sequence[Passage]], compared: Sequence[Product],
) -> _Said | None:  # fmt: skip
    """What typed facts decide."""
    if len(compared) > 1:
        contrast = decisions.contrast(asked, compared, others, ranked)
        if contrast is not None:
            head = "" if contrast.verdict is None else "Yes. " if contrast.verdict else "No. "
            text = f"{head}{_attributed(contrast.sentence, BEHIND['attribute'])}"
            chance = min(one.score for one in contrast.evidence)
            return _Said(contrast.sentence, text, contrast.form, contrast.evidence, chance, contrast.titles)
        return None
    if product is None or not parts.polar:
        return None
    ruling = decisions.rule(asked, product, passages, ranked)
    if ruling is None:
        return None
    head = "" if ruling.verdict is None else "Yes. " if ruling.verdict else "No. "
    text = f"{head}{_attributed(ruling.sentence, BEHIND['attribute'])}"
    form: Form = "value" if ruling.verdict is None else "polar"
    return _Said(ruling.sentence, text, form, (ruling.evidence,), ruling.evidence.score)


def _counted(
    parts: Question, ranked: Sequence[Ranked], passages: Sequence[Passage], threshold: float, words: frozenset[str]
) -> _Said | None:
    """Opinions counted, where the question asks for them or the best evidence is a review."""
    if not (parts.polar or parts.opinion) or (not parts.properties and not parts.opinion):
        return None
    best = ranked[0] if ranked and ranked[0].score >= threshold else None
    if not parts.opinion and (best is None or best.passage.source not in ("review", "answer")):
        return None
    scored = {one.passage.key: one for one in ranked if one.passage.key}
    whole = passages or [one.passage for one in ranked]
    found = opinions.count(parts, (one for one in whole if not suspicious(one.text)))
    if found.total < (2 if parts.opinion else opinions.LEAST):
        return None
    claim = "" if parts.opinion else statement(parts.core, words)
    if not claim and not parts.opinion:
        return None
    counted = [*found.favour, *found.against]
    evidence = sorted(
        (scored.get(one.key) or Ranked(one, best.score if best else threshold) for one in counted),
        key=lambda one: -one.score,
    )  # fmt: skip
    text = opinions.said(parts, found, claim)
    share = max(len(found.favour), len(found.against)) / found.total
    chance = min(evidence[0].score, 0.5 + share / 2)
    return _Said(text, text[:1].upper() + text[1:], "count", tuple(evidence), chance, (" ".join(sorted(words)),))


def _attribute(passage: Passage) -> Attribute | None:
    if passage.attribute is not None:
        return passage.attribute
    if passage.source != "attribute":
        return None
    name, value = split(passage.text)
    if not name and ":" in passage.text:
        name, _, value = passage.text.partition(":")
    return Attribute(name.strip(), value.strip()) if name and value.strip() else None


def _stated(parts: Question, best: Ranked) -> _Said:
    """The statement of one passage, with yes or no before it where it is clear."""
    passage = best.passage
    taken = verdict(parts, passage.text, passage.source, passage.question)
    attribute = _attribute(passage)
    form: Form = "statement"
    if attribute is not None:
        said = safe(sentence(attribute, parts.core, "It"))
        if not said:
            return _quoted(best)
        text, form = _attributed(said, BEHIND["attribute"]), "value"
    else:
        said = _statement(parts, passage)
        text = _with_source(said, passage)
    if taken is not None:
        text, form = f"{'Yes' if taken else 'No'}. {text}", "polar"
    return _Said(said, text, form, (best,), best.score)


def _statement(parts: Question, passage: Passage) -> str:
    """The answering part of a passage, reported."""
    if passage.source in ("faq", "policy"):  # the shop answers as a whole: how, until when, at whose cost
        return " ".join(safe(passage.text).split()[:_WHOLE]).rstrip(" .,;:")
    chosen = clause(parts, person.without_preface(answering(parts, safe(passage.text))))
    chosen = person.without_reply(person.without_preface(chosen))
    if passage.source in ("review", "answer"):
        chosen = person.reported(chosen)
    return person.complete(chosen).lstrip(" ,;:").rstrip(" .,;:")


def _with_source(said: str, passage: Passage) -> str:
    """A statement with its source; what is no sentence is quoted."""
    source = passage.source
    whole = any(one in _FINITE or one.removesuffix("s") in VERBS for one in tokens(said)[1:])
    if source in ("review", "answer") and whole:
        verb = "says in a review" if source == "review" else "answered"
        one = person.third(answering_first(passage), "One reviewer") if source == "review" else ""
        if one and len(one.split()) > 3:
            return f"{one.rstrip(' .')}."
        return f"A customer {verb} that {_lower(said)}."
    if whole and _OPENING.match(said):
        return _attributed(f"{said}.", BEHIND[source])
    return f"{BEFORE[source]}: ‘{said}’."


def answering_first(passage: Passage) -> str:
    """A review of one short sentence, as it is; nothing for a longer text."""
    text = safe(passage.text).strip(" .!")
    return text if len(text.split()) <= 18 and not re.search(r"[.!?;]\s", text) else ""


def _attributed(said: str, source: str) -> str:
    text = said.strip()
    text = text[:1].upper() + text[1:]
    bare = text.rstrip(".")
    if ". " in bare or len(bare) > 160:
        return f"{source[:1].upper()}{source[1:]}: {bare}."
    return f"{bare}, {source}."


def _lower(text: str) -> str:
    """A statement for the middle of a sentence: its first letter small, unless the word is a name or all capitals."""
    first = text.split(" ", 1)[0]
    if len(first) > 1 and (first[1:] != first[1:].lower() or any(sign.isdigit() for sign in first)):
        return text
    return text[:1].lower() + text[1:]


def _quoted(best: Ranked) -> _Said:
    """A passage as it stands."""
    text = " ".join(safe(best.passage.text).split()[:60])
    return _Said(text, f"{BEFORE[best.passage.source]}: ‘{text.rstrip(' .')}’.", "statement", (best,), best.score)


def _supported(found: _Said, asked: str) -> bool:
    return bool(found.text) and not grounded(found.text, asked, found.evidence, found.derived)


def _nothing(asked: str, ranked: Sequence[Ranked], words: frozenset[str], relaxed: str) -> Answer:
    """Not stated, and the nearest thing that is."""
    parts = question(asked, words)
    inner = indirect(parts.core, words)
    text = (
        f"The shop's pages do not say {inner}."
        if inner and len(inner) < 160
        else "The shop's pages do not answer that."
    )
    if ranked and ranked[0].score >= NEAR:
        near = _stated(replace(parts, polar=False), ranked[0])
        if _supported(near, asked):
            text += f" The nearest thing they say: {near.text}"
    chance = 1.0 - (ranked[0].score if ranked else 0.0)
    return Answer(text, spoken(text), "none", (), chance, relaxed, tuple(ranked))
