"""How close composed answers come to references: BLEU and ROUGE-L."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

_SPLIT = (
    (re.compile(r"([{-~\[-` -&(-+:-@/])"), r" \1 "),
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)


def tokenised(text: str) -> list[str]:
    """Lower-case tokens by the rules of mteval-v13a, which sacreBLEU uses by default."""
    text = f" {text.lower()} "
    for pattern, replacement in _SPLIT:
        text = pattern.sub(replacement, text)
    return text.split()


def counts(answer: str, references: Sequence[str], order: int = 4) -> list[int]:
    """What BLEU sums over a corpus: length, length of the nearest reference, then matches and n-grams of each order."""
    own = tokenised(answer)
    others = [tokenised(text) for text in references]
    row = [len(own), min((abs(len(other) - len(own)), len(other)) for other in others)[1]]
    for n in range(1, order + 1):
        grams = _grams(own, n)
        most: Counter[tuple[str, ...]] = Counter()
        for other in others:
            most |= _grams(other, n)
        row += [sum((grams & most).values()), sum(grams.values())]
    return row


def bleu_of(sums: Sequence[float]) -> float:
    """BLEU in percent from summed `counts`."""
    length, nearest, hits, totals = sums[0], sums[1], sums[2::2], sums[3::2]
    if not length or not hits[0]:
        return 0.0
    logs, smooth = 0.0, 1.0
    for hit, total in zip(hits, totals, strict=True):
        if not total:
            return 0.0
        if not hit:
            smooth *= 2
        logs += math.log(hit / total if hit else 1 / (smooth * total))
    brevity = 1.0 if length > nearest else math.exp(1 - nearest / length)
    return 100 * brevity * math.exp(logs / len(hits))


def bleu(answers: Sequence[str], references: Sequence[Sequence[str]], order: int = 4) -> float:
    """Corpus BLEU in percent, one or more references for each answer (Papineni et al. 2002, ACL, equations 1-3).

    Case is ignored. N-gram orders without a match are smoothed as sacreBLEU's "exp" does. Raises ValueError where the
    numbers of answers and references differ.
    """
    if len(answers) != len(references):
        raise ValueError(f"{len(answers)} answers and {len(references)} lists of references")
    rows = [counts(answer, several, order) for answer, several in zip(answers, references, strict=True)]
    return bleu_of([sum(column) for column in zip(*rows, strict=True)]) if rows else 0.0


def _grams(parts: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(parts[at : at + n]) for at in range(len(parts) - n + 1))


def rouge_l(answer: str, reference: str) -> float:
    """F1 of the longest common subsequence of words, 0 to 1 (Lin 2004, ROUGE, equations 2-4 with beta 1)."""
    own, other = _words(answer), _words(reference)
    if not own or not other:
        return 0.0
    row = [0] * (len(other) + 1)
    for word in own:
        before = 0
        for at, right in enumerate(other, 1):
            before, row[at] = row[at], before + 1 if word == right else max(row[at], row[at - 1])
    common = row[-1]
    if not common:
        return 0.0
    precision, recall = common / len(own), common / len(other)
    return 2 * precision * recall / (precision + recall)


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())
