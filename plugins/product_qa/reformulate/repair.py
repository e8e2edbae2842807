"""Repair (REP of SURF, section 3.2): hesitations, repetitions and restarts are taken out, spellings made regular.

A restart is read as reparandum, interregnum ("no sorry", "i mean"), repair. The interregnum is found by a list; how far
the reparandum reaches back, or that nothing is to be repaired, is decided by a log-linear choice among all places
(`fit.py` learns its weights).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dialog.errors import AssistantError
from plugins.product_qa.gate.lexicon import listed
from plugins.product_qa.reformulate.restarts import FEATURES, Edit, choices

WEIGHTS = Path(__file__).with_name("restarts.json")
#: Restarts that are repaired in one text.
MOST_EDITS = 3
LONGEST = 60
_FILLERS = re.compile(r"(?<![\w-])(?:um+|uh+|erm+|er+|hmm+|ah+m*|you know|ugh)(?![\w-])\s*,?", re.IGNORECASE)
_AGAIN = re.compile(r"\b((?:[a-z']+\s+){0,2}[a-z']+)[\s,]+\1\b", re.IGNORECASE)
_DOUBLES = listed("that had very really so no bye")
_OPENERS = re.compile(
    r"^(?:(?:hi|hello|hey|ok|okay|so|well|and|also|please|yes|yeah)\b[\s,!.]*)+(?=\w)"
    r"|^(?:(?:can|could|would|will) (?:you|anyone|someone|somebody|anybody)(?: please)? (?:please )?tell me"
    r"|(?:does|do|would) (?:anyone|anybody|someone|you) know|i(?:'d| would) like to know|i (?:was|am|'m) wondering"
    r"|i'm wondering|i (?:need|want) to know|just wondering|wondering|curious|any idea) ?(?:if|whether)?[\s,]*(?=\w)",
    re.IGNORECASE,
)
#: What is left of "i was wondering if it is waterproof".
_STATED = re.compile(
    r"^(it|this|they|these|that|i|you) (is|are|can|will|would|has|does|do|could|should|was)\b", re.IGNORECASE
)
_CLOSERS = re.compile(
    r"[\s,.!?-]*\b(?:thanks?(?: you)?(?: in advance| so much)?|please|pls|thx)[\s.!?]*$", re.IGNORECASE
)
_SPELLINGS = {
    "whats": "what's", "hows": "how's", "wheres": "where's", "dont": "don't", "doesnt": "doesn't", "isnt": "isn't",
    "arent": "aren't", "cant": "can't", "wont": "won't", "im": "i'm", "ive": "i've", "u": "you", "ur": "your",
    "pls": "please",
    "thru": "through", "alot": "a lot", "didnt": "didn't", "wanna": "want to", "gonna": "going to",
}  # fmt: skip
_SPELLED = re.compile(r"(?<![\w'/.-])(" + "|".join(_SPELLINGS) + r")(?![\w'/.-])")


@dataclass(frozen=True)
class Restarts:
    """The learned choice: weights over FEATURES."""

    weights: NDArray[np.float64]

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> Restarts:
        """Raises `AssistantError` naming the file and what is wrong with it."""
        try:
            held = json.loads(path.read_text(encoding="utf-8"))["weights"]
            return cls(np.array([float(held[name]) for name in FEATURES]))
        except FileNotFoundError:
            raise AssistantError(f"{path}: the file is missing") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AssistantError(f"{path}: cannot be read: {error}") from error

    def best(self, tokens: list[str]) -> Edit | None:
        """The likeliest edit, None where the text is best left as it is."""
        for edits in choices(tokens):
            scores = [sum(self.weights[place] for place in edit.features) for edit in edits]
            found = edits[int(np.argmax(scores))]
            if found.kept != tokens:
                return found
        return None


def repaired(question: str) -> str:
    """The question without what its speaker took back. Its kind and its content stay; never fails on any text."""
    tokens = question.split()
    if not tokens or len(tokens) > LONGEST:
        return " ".join(tokens)
    text = _restarted(" ".join(tokens))
    text = _FILLERS.sub("", text)
    text = _once(" ".join(text.split()))
    text = _CLOSERS.sub("?" if text.rstrip().endswith("?") else "", text)
    shorter = _OPENERS.sub("", _OPENERS.sub("", text))  # a greeting, then "i was wondering if"
    text = _STATED.sub(r"\2 \1", shorter) if shorter != text else text
    text = _SPELLED.sub(lambda match: _SPELLINGS[match[1]], text)
    text = re.sub(r"\s+([,.?!])", r"\1", " ".join(text.split())).strip(" ,")
    return text or question


def _restarted(text: str) -> str:
    tokens = text.split()
    for _ in range(MOST_EDITS):
        edit = _shipped().best(tokens)
        if edit is None or not edit.kept:
            break
        tokens = edit.kept
    return " ".join(tokens)


def _once(text: str) -> str:
    """Words and short phrases said twice in a row, once."""
    while True:
        shorter = _AGAIN.sub(lambda match: match[0] if match[1].lower() in _DOUBLES else match[1], text)
        if shorter == text:
            return text
        text = shorter


@lru_cache(maxsize=1)
def _shipped() -> Restarts:
    return Restarts.load()
