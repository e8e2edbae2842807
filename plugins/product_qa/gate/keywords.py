"""Keywords of a question, as people type them into a search box: RAKE with our own stop words."""

from __future__ import annotations

import re
from collections import Counter

from plugins.product_qa.gate.lexicon import FUNCTION

_TOKEN = re.compile(r"[A-Za-z0-9]+(?:['./-][A-Za-z0-9]+)*|[^\sA-Za-z0-9]")


def phrases(text: str) -> list[tuple[str, float]]:
    """Candidate phrases in the order of the text with their scores.

    Runs of words between stop words and marks; a word scores degree over frequency, a phrase the sum of its words
    (Rose et al. 2010, Automatic keyword extraction from individual documents, section 1.2).
    """
    runs: list[list[str]] = [[]]
    for token in _TOKEN.findall(text.lower().replace("’", "'")):
        if token in FUNCTION or not token[0].isalnum():
            runs.append([])
        else:
            runs[-1].append(token)
    kept = list(dict.fromkeys(tuple(run) for run in runs if run))
    frequency = Counter(word for run in kept for word in run)
    degree = Counter[str]()
    for run in kept:
        for word in run:
            degree[word] += len(run)
    return [(" ".join(run), sum(degree[word] / frequency[word] for word in run)) for run in kept]


def keywords_of(text: str, most: int = 0) -> str:
    """The phrases of a text as one query, in their order; only the best `most` where that is above zero."""
    found = phrases(text)
    if most and len(found) > most:
        places = sorted(range(len(found)), key=lambda place: (-found[place][1], place))[:most]
        found = [found[place] for place in sorted(places)]
    return " ".join(phrase for phrase, _ in found)
