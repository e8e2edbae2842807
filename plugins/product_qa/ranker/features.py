"""What can be counted of a question and a candidate without a network: for the final layer, and for baselines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.ranker.text import plain
from plugins.product_qa.types import Passage, Source

Floats = NDArray[np.float32]
#: Sources that the final layer tells apart; the others stand with the one they are most like (see `text.SPOKEN`).
_KINDS: tuple[Source, ...] = ("attribute", "bullet", "description", "review", "answer")
_AS: Mapping[Source, Source] = {"title": "bullet", "faq": "answer", "policy": "description"}
#: Names of the columns of `features`.
FEATURES = (
    *(f"source_{kind}" for kind in _KINDS),
    "overlap",
    "overlap_question",
    "overlap_name",
    "number_shared",
    "number_given",
    "length",
    "question_length",
)
#: Names of the two log-odds of the network that stand before them in the final layer, and of `answerable_features`.
CROSS = ("fully", "relevant")
ANSWERABLE = ("best", "second", "none")
_TOKEN = re.compile(r"[a-z]+|\d+(?:\.\d+)?")
#: Words that questions are made of, and that say nothing of what is asked.
_WORDS = """
    a an and any are as at be been but by can come comes could did do does for from get had has have how i if in
    is it its just me my need of on one or please product so some that the them there these they this to use used
    using was we were what whats when where which who will with work would you your s t m
"""
_COMMON = frozenset(_WORDS.split())
#: Probabilities are kept this far from 0 and 1 where logarithms are taken.
_LEAST = 1e-4
#: How much a question wants a number.
_HOW_MUCH = re.compile(
    r"\b(how (many|much|big|long|tall|wide|heavy|high|deep|thick|old|far|large)|what (size|length|width|weight|height)|"
    r"dimensions?|diameter|weigh|capacity|measurements?)\b"
)


def tokens(text: str) -> list[str]:
    """Words and numbers, in small letters, with the plural's s taken off."""
    found = _TOKEN.findall(text.lower())
    return [token[:-1] if len(token) > 3 and token.endswith("s") and token[-2] != "s" else token for token in found]


def features(question: str, passages: Sequence[Passage]) -> Floats:
    """One row for each passage, columns as FEATURES: [N, 12]. Shares lie in [0, 1], lengths are logarithms."""
    asked = plain(question)
    content = {token for token in tokens(asked) if token not in _COMMON}
    numbers = {token for token in content if token[0].isdigit()}
    wants = _HOW_MUCH.search(asked) is not None
    rows = np.zeros((len(passages), len(FEATURES)), np.float32)
    for place, passage in enumerate(passages):
        kind = _AS.get(passage.source, passage.source)
        text = tokens(plain(passage.text))
        words = set(text)
        other = set(tokens(plain(passage.question)))
        name = set(tokens(plain(passage.attribute.name))) if passage.attribute is not None else set()
        has_number = any(token[0].isdigit() for token in text)
        rows[place, _KINDS.index(kind)] = 1.0
        rows[place, len(_KINDS) :] = (
            _share(content & words, content),
            _share(content & other, content),
            _share(content & name, name),
            _share(numbers & words, numbers),
            float(wants and has_number),
            np.log1p(len(text)),
            np.log1p(len(content)),
        )
    return rows


def cross_features(logits: Floats) -> Floats:
    """Logits [N, 3] of irrelevant, partly, fully -> log-odds [N, 2] of fully, and of partly or fully."""
    exact = logits.astype(np.float64)
    fully = exact[:, 2] - np.logaddexp(exact[:, 0], exact[:, 1])
    relevant = np.logaddexp(exact[:, 1], exact[:, 2]) - exact[:, 0]
    return np.stack([fully, relevant], 1).astype(np.float32)


def answerable_features(scores: Sequence[float]) -> Floats:
    """Of the probabilities of a question's candidates: log-odds of the best and the second best, and the logarithm of
    the chance that none answers, as if they were independent: [3].
    """
    ordered = np.clip(np.sort(np.asarray(scores, np.float64))[::-1], _LEAST, 1 - _LEAST)
    odds = np.log(ordered) - np.log1p(-ordered)
    second = odds[1] if len(odds) > 1 else np.log(_LEAST)
    return np.array([odds[0], second, np.log1p(-ordered).sum()], np.float32)


def _share(part: set[str], whole: set[str]) -> float:
    return len(part) / len(whole) if whole else 0.0
