"""The part of a passage that answers: its best sentence, then the best clauses of that."""

from __future__ import annotations

import re

from plugins.product_qa.answer.question import Question
from plugins.product_qa.answer.words import content, number, series, straight, tokens

_SENTENCE = re.compile(
    r"(?<=[a-z0-9)\"'][.!?])\s+(?=\S)|\.\.+|(?<=[!?])(?=[A-Za-z])|\s*\n+\s*|(?<=[a-z]{3}\.)(?=[A-Za-z]{2})"
)
_CLAUSE = re.compile(
    r"\s*(?:;|\s-\s|\s--\s|,?\s+(?:but|because|although|though|which is why|so that|while|however)\b|, "
    r"(?:and |so )(?=(?:i|we|it|they|the|my|you)\b)|\()\s*",
    re.IGNORECASE,
)
_HEADING = re.compile(r"\A[A-Z0-9][^:.]{2,40}:\s+(?=[A-Za-z0-9])")
_PERSON = frozenset(["i", "we", "my", "our", "me", "us"])
_QUANTITY = frozenset(
    series("""how many much long tall wide big heavy old large size weight dimensions dimension age""")
)
#: Sentences and clauses shorter than this say too little to stand alone (words).
LEAST, MOST = 3, 60


def sentences(text: str) -> list[str]:
    """The sentences of a passage; also those that lack the blank behind the full stop."""
    return [
        part.lstrip(" ,;-").rstrip(" .,;-") for part in _SENTENCE.split(straight(text)) if len(part.split()) > 1
    ] or [text.strip()]


def relevance(asked: Question, part: str) -> float:
    """How well a sentence answers: what it repeats of the question, and a number where one is asked for."""
    found = set(content(part))
    shared = sum(1.0 for word in asked.properties if word in found)
    words = tokens(part)
    if _QUANTITY & set(tokens(asked.core)) and any(number(word) for word in words):
        shared += 1.0
    if any(number(word) for word in tokens(asked.core)) and any(number(word) for word in words):
        shared += 0.5
    return shared / (1 + len(asked.properties)) - 0.002 * len(words)


def answering(asked: Question, text: str) -> str:
    """The sentence of a passage that answers best; the first where none is better."""
    parts = sentences(text)
    best = max(range(len(parts)), key=lambda at: (relevance(asked, parts[at]) - (len(parts[at].split()) < LEAST), -at))
    chosen = parts[best]
    # a lone yes belongs to what follows it
    if len(chosen.split()) < LEAST and best + 1 < len(parts):
        chosen = f"{chosen}, {parts[best + 1]}"
    return " ".join(chosen.split()[:MOST])


def clause(asked: Question, sentence: str) -> str:
    """The clause of a sentence that answers, where one does clearly; otherwise the whole."""
    parts = [part.lstrip(" ,)").rstrip(" ,.)") for part in _CLAUSE.split(sentence) if part]
    parts = [part for part in parts if len(part.split()) >= LEAST]
    if len(parts) < 2:
        return sentence
    scored = sorted(((relevance(asked, part), -at) for at, part in enumerate(parts)), reverse=True)
    if scored[0][0] <= scored[1][0] + 0.01:
        return parts[0] if len(sentence.split()) > 25 else sentence
    return parts[-scored[0][1]]
