"""What a conversation keeps of its products: those talked about, what was asked last, and what is being asked back.

It lies in a slot of the conversation, so it survives a restart; it is bounded however long the conversation is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

SLOT = "product_qa"
MOST, LONGEST = 5, 300
#: Seconds after which the products of an earlier conversation are not "it" any more.
FRESH = 1800.0
#: The key of a channel's metadata that says which product is on the page.
PAGE = "product_id"

_LEAD = re.compile(
    r"^\W*(?:(?:(?:and|but|so|ok|okay|then|also|well|now|hm+|um+|uh+)\b[\s,]*)*(?:what|how) about\b|"
    r"(?:and|but|also|same for|what of)\b)[\s,:]*",
    re.IGNORECASE,
)
_DETERMINER = re.compile(r"\b(?:the|your|this|that|my|a|an|these|those|our)\s+$", re.IGNORECASE)
_POINTING = re.compile(
    r"(?:(?:the|this|that|these|those) )?(?:(?:other|first|second|third|last|former|latter) )?"
    r"(?:one|ones|it|this|that|them|product|item)?",
    re.IGNORECASE,
)
_ECHO = re.compile(
    r"\W*(?:(?:really|sure|are you sure|you sure|is it|does it|can it|will it|has it|is that so)\W*)+", re.IGNORECASE
)
_WHY = re.compile(
    r"\W*(?:(?:and|but|ok|okay|so)[\s,]+)?(?:why(?: is that| do you say (?:so|that))?|how do you know(?: that)?|"
    r"says who|who says (?:so|that)|what makes you (?:say|think) (?:so|that)|"
    r"where (?:did|do) you (?:get|have|read|find) (?:that|this|it)(?: from)?|"
    r"where does (?:that|this|it) (?:come from|say (?:so|that))|what(?:'s| is| are) (?:your|the) (?:sources?|evidence)|"
    r"(?:show|tell|give) me (?:your|the) (?:sources?|evidence)|sources?|according to (?:what|whom|who))\W*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class State:
    """recent: products talked about, the newest first; shown: those offered last, in their order; products: those of
    the last answer; question: what was asked last, with "it" for the product; waiting: a question that waits until it
    is clear which product is meant; evidence: keys of the last answer's passages; time: when, in epoch seconds."""

    recent: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    question: str = ""
    waiting: str = ""
    evidence: tuple[str, ...] = ()
    time: float = 0.0

    @classmethod
    def from_json(cls, raw: Any) -> State:
        """The state in a slot; an empty one where there is none, or one of another shape."""
        if not isinstance(raw, Mapping):
            return cls()
        recent, shown, products, evidence = (
            _texts(raw.get(name)) for name in ("recent", "shown", "products", "evidence")
        )
        question, waiting = (str(raw.get(name, ""))[:LONGEST] for name in ("question", "waiting"))
        time = raw.get("time")
        at = float(time) if isinstance(time, int | float) else 0.0
        return cls(recent, shown, products, question, waiting, evidence, at)

    def to_json(self) -> dict[str, Any]:
        """The state as a slot's value."""
        lists = {name: list(getattr(self, name)[:MOST]) for name in ("recent", "shown", "products", "evidence")}
        texts = {name: getattr(self, name)[:LONGEST] for name in ("question", "waiting")}
        return {**lists, **texts, "time": round(self.time, 3)}

    def at(self, now: float) -> State:
        """The state as it counts now: nothing of it after a while."""
        return self if abs(now - self.time) <= FRESH else State()

    def answered(self, question: str, products: Sequence[str], evidence: Sequence[str], now: float) -> State:
        """The state after an answer; a comparison's first product is talked about last."""
        recent = tuple(dict.fromkeys([*products, *self.recent]))[:MOST]
        shown = tuple(products) if len(products) > 1 else self.shown
        kept = replace(self, recent=recent, shown=shown, products=tuple(products), waiting="", time=now)
        return replace(kept, question=question[:LONGEST], evidence=tuple(evidence)[:MOST])

    def asked_back(self, question: str, options: Sequence[str], now: float) -> State:
        """The state while it is asked which product is meant."""
        return replace(self, waiting=question[:LONGEST], shown=tuple(options)[:MOST], time=now)


def _texts(found: Any) -> tuple[str, ...]:
    return tuple(one for one in found if isinstance(one, str))[:MOST] if isinstance(found, list | tuple) else ()


def asks_why(text: str) -> bool:
    """Whether a text asks where the last answer came from."""
    return _WHY.fullmatch(text) is not None


def echoes(text: str) -> bool:
    """Whether a text only asks the last question again ("is it?", "really?")."""
    return bool(text.strip()) and _ECHO.fullmatch(text) is not None


def led(text: str) -> tuple[str, bool]:
    """A text without what ties it to the turn before ("and", "what about"), and whether anything did."""
    match = _LEAD.match(text)
    return (text[match.end() :].strip(), True) if match else (text.strip(), False)


def widened(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """A name's span with the article or pronoun before it."""
    match = _DETERMINER.search(text[: span[0]])
    return (match.start(), span[1]) if match else span


def impersonal(text: str, span: tuple[int, int] | None) -> str:
    """A question with "it" in place of the product's name, so that it can be asked of another one."""
    if span is None:
        return text
    start, end = widened(text, span)
    return " ".join(f"{text[:start]}it{text[end:]}".split())


def only_names(text: str, span: tuple[int, int] | None) -> bool:
    """Whether nothing but a product is in a text: "the tent", "and the other one?"."""
    if span is not None:
        start, end = widened(text, span)
        text = f"{text[:start]} {text[end:]}"
    rest = re.sub(r"[^\w\s]", " ", led(text)[0])
    rest = re.sub(r"\b(?:please|then|and|i mean|i meant)\b", " ", rest, flags=re.IGNORECASE)
    return _POINTING.fullmatch(" ".join(rest.split())) is not None
