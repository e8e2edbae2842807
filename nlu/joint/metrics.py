"""Error rates of frames (an intent and its slots), and the geometry of labelled vectors (numpy only)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu.metrics import exact_f1

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Frame:
    """What a sentence means: its intent and its slots as (name, value), in order."""

    intent: str
    slots: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Tally:
    """Counts of one sentence or of many; the intent is one of the items."""

    correct: int = 0
    deletions: int = 0
    insertions: int = 0
    substitutions: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.correct + other.correct,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
            self.substitutions + other.substitutions,
        )

    @property
    def errors(self) -> int:
        """Deletions, insertions and substitutions."""
        return self.deletions + self.insertions + self.substitutions

    @property
    def gold(self) -> int:
        """Items of the gold frames, intents included: correct + deletions + substitutions."""
        return self.correct + self.deletions + self.substitutions


def tally(gold: Frame, predicted: Frame) -> Tally:
    """Compares two frames. A slot of the right name with a wrong value is one substitution, as is a wrong intent."""
    right_intent = gold.intent == predicted.intent
    ours, theirs = Counter(predicted.slots), Counter(gold.slots)
    hits = ours & theirs
    extra, missed = ours - hits, theirs - hits
    extra_names = Counter(name for name, _ in extra.elements())
    missed_names = Counter(name for name, _ in missed.elements())
    swapped = sum((extra_names & missed_names).values())
    return Tally(
        correct=sum(hits.values()) + right_intent,
        deletions=sum(missed.values()) - swapped,
        insertions=sum(extra.values()) - swapped,
        substitutions=swapped + (not right_intent),
    )


@dataclass(frozen=True)
class Rates:
    """SEMER, ICER, IRER (errors, lower is better), intent accuracy's complement being ICER, and slot F1; n
    sentences.
    """

    semer: float
    icer: float
    irer: float
    slot_f1: float
    n: int


def rates(gold: Sequence[Frame], predicted: Sequence[Frame]) -> Rates:
    """Semantic, intent classification and intent recognition error rates, and micro F1 of (name, value).

    SEMER = (D + I + S) / (C + D + S) over slots and intents; ICER = wrong intents / sentences; IRER = sentences with
    any error / sentences. Raises ValueError for no sentences.
    """
    if not gold:
        raise ValueError("no sentences to measure")
    each = [tally(a, b) for a, b in zip(gold, predicted, strict=True)]
    total = sum(each, Tally())
    return Rates(
        semer=total.errors / total.gold,
        icer=float(np.mean([a.intent != b.intent for a, b in zip(gold, predicted, strict=True)])),
        irer=float(np.mean([one.errors > 0 for one in each])),
        slot_f1=exact_f1([Counter(f.slots) for f in predicted], [Counter(f.slots) for f in gold]),
        n=len(gold),
    )


def unit(vectors: Floats) -> Floats:
    """Rows scaled to length 1; a zero row stays zero."""
    norms = np.sqrt((vectors.astype(np.float64) ** 2).sum(1, keepdims=True))
    return np.asarray(vectors / np.maximum(norms, 1e-12), np.float32)


def alignment(vectors: Floats, labels: Sequence[str]) -> dict[str, tuple[float, int]]:
    """Label -> (mean squared distance of two different tokens of the label, tokens), labels of one token left out.

    Vectors are L2-normalised here. Alpha = 2 (Wang and Isola 2020, over all same-label pairs): with unit vectors the
    mean over pairs follows from the length of their sum.
    """
    points, names = unit(vectors).astype(np.float64), np.array(labels)
    out = {}
    for name in sorted(set(labels)):
        chosen = points[names == name]
        n = len(chosen)
        if n > 1:
            total = chosen.sum(0)
            lengths = (chosen**2).sum()  # n, but for zero rows
            pairs = (total @ total - lengths) / (n * (n - 1))
            out[name] = (float(2 * lengths / n - 2 * pairs), n)
    return out


def mean_alignment(by_label: dict[str, tuple[float, int]]) -> float:
    """Average of `alignment` weighted by tokens; nan where no label has two."""
    tokens = sum(n for _, n in by_label.values())
    return sum(value * n for value, n in by_label.values()) / tokens if tokens else float("nan")


def uniformity(vectors: Floats, limit: int = 2000, seed: int = 0) -> float:
    """log mean exp(-2 |x - y|^2) over pairs of different L2-normalised vectors (Wang and Isola 2020, t = 2).

    At most `limit` vectors, drawn with `seed`; nan for fewer than two.
    """
    points = unit(vectors).astype(np.float64)
    if len(points) > limit:
        points = points[np.random.default_rng(seed).choice(len(points), limit, replace=False)]
    n = len(points)
    if n < 2:
        return float("nan")
    lengths = (points**2).sum(1)
    squares = np.maximum(lengths[:, None] + lengths[None] - 2 * points @ points.T, 0)
    total = np.exp(-2 * squares).sum() - n
    return float(np.log(total / (n * (n - 1))))
