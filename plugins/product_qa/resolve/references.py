"""Words that point at a product without naming it: "it", "this one", "the second one", "the other kettle"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Pointing = Literal["this", "it", "ordinal", "other", "described", "both", ""]
_ORDINALS = {"first": 0, "former": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3,
             "fifth": 4, "5th": 4, "last": -1, "latter": -1, "one": 0, "two": 1, "three": 2, "four": 3,
             "five": 4}  # fmt: skip
_RANK = r"first|second|third|fourth|fifth|1st|2nd|3rd|4th|5th|last"
_ORDINAL = re.compile(
    rf"\bthe\s+(?P<rank>{_RANK})\s+(?:one|product|item|option|(?=is|was|does|has|weigh|$))|\bthe\s+(?P<end>former|latter)\b"
    rf"|^\W*(?:the\s+)?(?P<alone>{_RANK})(?:\s+(?:one|please))*\W*$"
    r"|\b(?:number|option)\s+(?P<number>one|two|three|four|five|[1-5])\b"
)
_OTHER = re.compile(r"\bthe\s+other\s+(?P<noun>[a-z]+)|\bthe\s+other\W*$")
_BOTH = re.compile(
    r"\b(?:both|either|these two|those two|the two|compare (?:them|these|those)|between (?:them|the two)|each of them"
    r"|which (?:one|of (?:them|these|those|the two)|is|has|would|weighs|costs|lasts|holds|do you))\b"
)
_DESCRIBED = re.compile(r"\bthe\s+(?P<words>(?:[a-z0-9-]+\s+){1,3})ones?\b")
_THIS = re.compile(r"\b(?:this|these|here)\b(?!\s+(?:morning|week|month|year|evening|afternoon))")
_IT = re.compile(r"\b(?:it|it's|its|they|them|their|that|that's|those|the (?:product|item|thing))\b")
_NOT_DESCRIBED = frozenset({"other", "same", "only", "right", "best", "whole", "new"})


@dataclass(frozen=True, slots=True)
class Reference:
    """How an utterance points: `rank` of an ordinal (-1: the last), `words` of a description or the noun after "other",
    and the span of characters."""

    pointing: Pointing
    rank: int = 0
    words: str = ""
    span: tuple[int, int] = (0, 0)


def reference(text: str) -> Reference:
    """What an utterance points with; the most explicit where it does so in several ways."""
    low = text.lower().replace("’", "'") if len(text.lower()) == len(text) else text
    if match := _ORDINAL.search(low):
        word = match["rank"] or match["end"] or match["alone"] or match["number"]
        rank = int(word) - 1 if word.isdigit() else _ORDINALS[word]
        return Reference("ordinal", rank, span=match.span())
    if match := _OTHER.search(low):
        noun = match["noun"] or ""
        return Reference("other", words="" if noun in ("one", "ones", "product", "item") else noun, span=match.span())
    described = _DESCRIBED.search(low)
    if described and not _NOT_DESCRIBED & set(described["words"].split()):
        return Reference("described", words=described["words"].strip(), span=described.span())
    if match := _BOTH.search(low):
        return Reference("both", span=match.span())
    if match := _THIS.search(low):
        return Reference("this", span=match.span())
    if match := _IT.search(low):
        return Reference("it", span=match.span())
    return Reference("")
