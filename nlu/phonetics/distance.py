"""How unlike two phones and two phone sequences sound: articulatory features, weighted edit distance, alignment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

#: The 39 phones of the CMU dictionary, stress left out.
PHONES = [
    "AA",
    "AE",
    "AH",
    "AO",
    "AW",
    "AY",
    "B",
    "CH",
    "D",
    "DH",
    "EH",
    "ER",
    "EY",
    "F",
    "G",
    "HH",
    "IH",
    "IY",
    "JH",
    "K",
    "L",
    "M",
    "N",
    "NG",
    "OW",
    "OY",
    "P",
    "R",
    "S",
    "SH",
    "T",
    "TH",
    "UH",
    "UW",
    "V",
    "W",
    "Y",
    "Z",
    "ZH",
]
INDEX = {phone: index for index, phone in enumerate(PHONES)}
#: Consonants: place (front of the mouth 0 to throat 10), manner (closure 0 to vowel-like 5), voiced, nasal, sibilant.
_CONSONANTS = {
    "P": (0, 0, 0, 0, 0), "B": (0, 0, 1, 0, 0), "M": (0, 1, 1, 1, 0), "F": (1, 2, 0, 0, 0), "V": (1, 2, 1, 0, 0),
    "TH": (2, 2, 0, 0, 0), "DH": (2, 2, 1, 0, 0), "T": (3, 0, 0, 0, 0), "D": (3, 0, 1, 0, 0), "N": (3, 1, 1, 1, 0),
    "S": (3, 2, 0, 0, 1), "Z": (3, 2, 1, 0, 1), "L": (3, 4, 1, 0, 0), "R": (4, 4, 1, 0, 0), "SH": (5, 2, 0, 0, 1),
    "ZH": (5, 2, 1, 0, 1), "CH": (5, 1, 0, 0, 1), "JH": (5, 1, 1, 0, 1), "Y": (6, 5, 1, 0, 0), "W": (0, 5, 1, 0, 0),
    "K": (8, 0, 0, 0, 0), "G": (8, 0, 1, 0, 0), "NG": (8, 1, 1, 1, 0), "HH": (10, 3, 0, 0, 0),
}  # fmt: skip
#: Vowels: height (open 0 to close 4), backness (front 0 to back 4), rounded, glide (0 none, 1 to the front, 2 back), r.
_VOWELS = {
    "IY": (4, 0, 0, 0, 0), "IH": (3.3, 0.7, 0, 0, 0), "EY": (2.5, 0.3, 0, 1, 0), "EH": (1.8, 0.7, 0, 0, 0),
    "AE": (0.7, 0.7, 0, 0, 0), "AH": (1.8, 2, 0, 0, 0), "ER": (2, 2, 0, 0, 1), "AA": (0, 3.5, 0, 0, 0),
    "AO": (1, 4, 1, 0, 0), "OW": (2.5, 3.7, 1, 2, 0), "UH": (3.3, 3.3, 1, 0, 0), "UW": (4, 3.7, 1, 0, 0),
    "AY": (0.3, 2, 0, 1, 0), "AW": (0.3, 2.2, 0, 2, 0), "OY": (1.3, 4, 1, 1, 0),
}  # fmt: skip
#: Pairs of a vowel and a consonant that differ in little but their place in the syllable.
_GLIDES = {("W", "UW"): 0.4, ("Y", "IY"): 0.4, ("R", "ER"): 0.25, ("L", "OW"): 0.7, ("W", "OW"): 0.6, ("Y", "IH"): 0.6}
_UNLIKE = 1.0


def phone_distance(a: str, b: str) -> float:
    """Distance of two phones, 0 (the same) to 1 (nothing in common), from place, manner and voicing.

    Raises KeyError for what is no phone of `PHONES`.
    """
    return float(articulatory().substitute[INDEX[a], INDEX[b]])


def _pair(a: str, b: str) -> float:
    if a == b:
        return 0.0
    if a in _VOWELS and b in _VOWELS:
        high, back, rounded, glide, rhotic = (abs(x - y) for x, y in zip(_VOWELS[a], _VOWELS[b], strict=True))
        value = 0.15 + 0.13 * high + 0.1 * back + 0.08 * rounded + 0.12 * min(glide, 1) + 0.2 * rhotic
        return min(value, 0.9)
    if a in _CONSONANTS and b in _CONSONANTS:
        place, manner, voiced, nasal, hiss = (abs(x - y) for x, y in zip(_CONSONANTS[a], _CONSONANTS[b], strict=True))
        value = 0.15 + 0.05 * place + 0.12 * manner + 0.1 * voiced + 0.2 * nasal + 0.25 * hiss
        return min(value, 0.95)
    return _GLIDES.get((a, b), _GLIDES.get((b, a), _UNLIKE))


@dataclass(frozen=True)
class Costs:
    """Costs of edits: substitute [39, 39] (row: intended), delete [39] (intended, lost), insert [39] (added)."""

    substitute: NDArray[np.float64]
    delete: NDArray[np.float64]
    insert: NDArray[np.float64]


@lru_cache(maxsize=1)
def articulatory() -> Costs:
    """Costs from articulatory features alone; losing or adding a weak sound (schwa, h, a final stop) is cheaper."""
    substitute = np.array([[_pair(a, b) for b in PHONES] for a in PHONES])
    weak = {"AH": 0.45, "IH": 0.5, "HH": 0.5, "D": 0.55, "T": 0.55, "R": 0.6, "ER": 0.6, "DH": 0.55, "N": 0.6, "Y": 0.5}
    single = np.array([weak.get(phone, 0.7) for phone in PHONES])
    return Costs(substitute, single, single)


def codes(phones: Sequence[str]) -> NDArray[np.int64]:
    """Numbers of phones; KeyError for what is no phone of `PHONES`."""
    return np.array([INDEX[phone] for phone in phones], np.int64)


def distance(a: Sequence[str], b: Sequence[str], costs: Costs | None = None) -> float:
    """Weighted edit distance from `a` (intended) to `b` (heard)."""
    return float(distances(codes(a), [codes(b)], costs)[0])


def distances(
    a: NDArray[np.int64], others: Sequence[NDArray[np.int64]], costs: Costs | None = None
) -> NDArray[np.float64]:
    """Weighted edit distances from one coded sequence to many, all at once [n]."""
    table, lengths = stack(others)
    return distances_to(a, table, lengths, costs)


def stack(sequences: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Coded sequences side by side [n, T], padded with 0, and their lengths [n]."""
    lengths = np.array([len(sequence) for sequence in sequences], np.int64)
    table = np.zeros((len(sequences), int(lengths.max(initial=0))), np.int64)
    for row, sequence in enumerate(sequences):
        table[row, : len(sequence)] = sequence
    return table, lengths


def distances_to(
    a: NDArray[np.int64], table: NDArray[np.int64], lengths: NDArray[np.int64], costs: Costs | None = None
) -> NDArray[np.float64]:
    """`distances` to what `stack` made (Wagner and Fischer's recurrence, vectorised over the words)."""
    costs = costs or articulatory()
    count, width = table.shape
    added = costs.insert[table]
    previous = np.concatenate([np.zeros((count, 1)), np.cumsum(added, 1)], 1)
    for phone in a:
        row = np.empty_like(previous)
        row[:, 0] = previous[:, 0] + costs.delete[phone]
        row[:, 1:] = np.minimum(
            previous[:, 1:] + costs.delete[phone], previous[:, :-1] + costs.substitute[phone][table]
        )
        for column in range(1, width + 1):
            row[:, column] = np.minimum(row[:, column], row[:, column - 1] + added[:, column - 1])
        previous = row
    return previous[np.arange(count), lengths]


def align(a: Sequence[str], b: Sequence[str], costs: Costs | None = None) -> list[tuple[int | None, int | None]]:
    """The cheapest alignment: pairs of positions in `a` and `b`, None where a phone was lost or added."""
    costs = costs or articulatory()
    left, right = codes(a), codes(b)
    substitute = costs.substitute[np.ix_(left, right)].tolist()
    lost, added = costs.delete[left].tolist(), costs.insert[right].tolist()
    n, m = len(left), len(right)
    best = [[0.0] * (m + 1) for _ in range(n + 1)]
    for i in range(1, n + 1):
        best[i][0] = best[i - 1][0] + lost[i - 1]
    for j in range(1, m + 1):
        best[0][j] = best[0][j - 1] + added[j - 1]
    for i in range(1, n + 1):
        up, here, row = best[i - 1], best[i], substitute[i - 1]
        for j in range(1, m + 1):
            here[j] = min(up[j - 1] + row[j - 1], up[j] + lost[i - 1], here[j - 1] + added[j - 1])
    pairs: list[tuple[int | None, int | None]] = []
    i, j = n, m
    while i or j:
        if i and j and best[i][j] == best[i - 1][j - 1] + substitute[i - 1][j - 1]:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif i and best[i][j] == best[i - 1][j] + lost[i - 1]:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]
