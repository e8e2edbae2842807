"""Recogniser noise: what a speech recogniser with a given word error rate might have heard.

Confusions come from a table learned from real recogniser output on synthetic speech (`nlu.train_confusions`);
words it does not know are replaced by words that sound alike after the CMU pronouncing dictionary (package
`pronouncing`, imported on first use and not required: without it, such words are left to the table's
commonest words).
"""

from __future__ import annotations

import gzip
import json
import math
import random
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent / "models" / "confusions" / "confusions.json.gz"
WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
#: Shares of lost and invented words among all errors; the rest are substitutions (table of
#: `slurp_synth_asr`).
LOST, INVENTED = 0.15, 0.10
#: Phones a recogniser mixes up easily cost less than others.
CLOSE = [
    set(group.split())
    for group in (
        "P B",
        "T D",
        "K G",
        "F V TH",
        "S Z SH",
        "DH D TH",
        "M N NG",
        "L R W",
        "CH JH SH",
        "IH IY EH",
        "AE EH AH",
        "AA AO AH",
        "UH UW",
        "OW AO",
        "EY EH",
        "AY AA",
    )
]


@lru_cache(maxsize=1)
def table() -> dict[str, Any]:
    """The confusion table; raises FileNotFoundError where the package data is incomplete."""
    loaded: dict[str, Any] = json.loads(gzip.decompress(TABLE.read_bytes()))
    return loaded


@lru_cache(maxsize=65536)
def phones(word: str) -> tuple[str, ...]:
    """First pronunciation without stress marks; () where unknown or the dictionary is not installed."""
    try:
        import pronouncing  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        return ()
    found = pronouncing.phones_for_word(word)
    return tuple(phone.rstrip("012") for phone in found[0].split()) if found else ()


@lru_cache(maxsize=1)
def vocabulary() -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """Words the recogniser has been seen to write, with pronunciations, grouped by first phone."""
    words = sorted({word for heard in table()["heard"].values() for text in heard for word in text.split()})
    groups: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for word in words:
        sound = phones(word)
        if sound:
            groups.setdefault(sound[0], []).append((word, sound))
    return groups


def phone_cost(a: str, b: str) -> float:
    """0 for the same phone, 0.4 for a close pair, else 1."""
    return 0.0 if a == b else 0.4 if any(a in group and b in group for group in CLOSE) else 1.0


def distance(a: Sequence[str], b: Sequence[str]) -> float:
    """Weighted edit distance of two pronunciations."""
    row = [float(j) for j in range(len(b) + 1)]
    for i, left in enumerate(a, 1):
        last, row[0] = row[0], float(i)
        for j, right in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + phone_cost(left, right))
    return row[-1]


@lru_cache(maxsize=8192)
def sound_alikes(word: str) -> tuple[tuple[str, float], ...]:
    """Up to 8 (word, weight) that sound like `word`, nearest first."""
    sound = phones(word)
    if not sound:
        return ()
    near = [group for first, group in vocabulary().items() if phone_cost(first, sound[0]) < 1]
    ranked = sorted(
        (distance(sound, other), name)
        for group in near
        for name, other in group
        if name != word and abs(len(other) - len(sound)) <= 2
    )
    return tuple((name, math.exp(-2 * far)) for far, name in ranked[:8])


def options_for(words: Sequence[str]) -> list[tuple[str, float]]:
    """What `words` (one or two) may be heard as, with weights; never the words themselves."""
    said = " ".join(words)
    found = list(table()["heard"].get(said, {}).items())
    if len(words) == 1 and len(found) < 4:
        found += [(name, weight) for name, weight in sound_alikes(said) if name not in dict(found)]
    if not found and len(words) == 1:
        found = list(table()["invented"].items())
    return [(text, float(weight)) for text, weight in found if text != said]


def pick(options: Sequence[tuple[str, float]], rng: random.Random) -> str:
    """One option, by weight."""
    return rng.choices([text for text, _ in options], [weight for _, weight in options])[0]


def damage(words: Sequence[str], budget: int, rng: random.Random) -> list[str]:
    """Makes about `budget` word errors in `words` and returns what was heard."""
    heard: list[str] = list(words)
    free = set(range(len(words)))
    inserted: dict[int, list[str]] = {}
    while budget > 0 and (free or rng.random() < 0.5):
        draw = rng.random()
        if not free or draw < INVENTED:
            inserted.setdefault(rng.randint(0, len(words)), []).append(
                pick(list(table()["invented"].items()), rng)
            )
            budget -= 1
            continue
        place = rng.choice(sorted(free))
        if draw < INVENTED + LOST and len(free) > 1:
            heard[place] = ""
            free.discard(place)
            budget -= 1
            continue
        width = (
            2
            if budget > 1 and place + 1 in free and " ".join(words[place : place + 2]) in table()["heard"]
            else 1
        )
        choices = [
            (text, weight)
            for text, weight in options_for(words[place : place + width])
            if max(len(text.split()), width) <= budget
        ]
        if not choices:
            choices = options_for([words[place]])[:1] or [("the", 1.0)]
            width = 1
        text = pick(choices, rng)
        heard[place : place + width] = [text] + [""] * (width - 1)
        free -= set(range(place, place + width))
        budget -= max(len(text.split()), width)
    out = []
    for index in range(len(words) + 1):
        out += inserted.get(index, [])
        out += heard[index].split() if index < len(words) else []
    return out


def misrecognise(text: str, wer: float, rng: random.Random, n_best: int = 5) -> list[tuple[str, float]]:
    """Up to `n_best` distinct (hypothesis, confidence), best first, confidences falling and summing to at
    most 1.

    `wer` is the expected word error rate of the first hypothesis, 0 to 1. With 0 the text comes back
    unchanged with confidence 1; otherwise hypotheses are lower-case words without punctuation, as recognisers
    write. The same state of `rng` gives the same answer. Raises ValueError for a `wer` outside [0, 1] or
    `n_best` below 1.
    """
    if not 0 <= wer <= 1 or n_best < 1:
        raise ValueError(f"wer must be in [0, 1] and n_best at least 1, got {wer} and {n_best}")
    words = WORD.findall(text.lower())
    if wer == 0 or not words:
        return [(text, 1.0)]

    def budget() -> int:
        return sum(rng.random() < wer for _ in words)

    errors = budget()
    first = damage(words, errors, rng)
    found: dict[str, float] = {" ".join(first): 0.0}
    for _ in range(4 * (n_best - 1)):
        if len(found) >= n_best:
            break
        # Alternatives of a real recogniser differ from its best guess in a word or two, the truth among them
        # at times.
        fresh = rng.random() < 0.3
        other = damage(words, max(errors - 1, 0), rng) if fresh else damage(first or words, 1, rng)
        found.setdefault(" ".join(other), -1.0 - rng.random() * 2)
    # A recogniser is less sure where it errs, but not always.
    sure = min(0.97, max(0.2, 0.92 - 0.9 * errors / len(words) + rng.gauss(0, 0.08)))
    rest = sorted((score for score in found.values() if score < 0), reverse=True)
    total = sum(math.exp(score) for score in rest) or 1.0
    ranked = sorted(found.items(), key=lambda item: -item[1])
    left = min(1 - sure, sure * 0.99)
    shares = [sure] + [min(sure, left * math.exp(score) / total) for score in rest]
    return [(hypothesis, round(share, 4)) for (hypothesis, _), share in zip(ranked, shares, strict=True)]
