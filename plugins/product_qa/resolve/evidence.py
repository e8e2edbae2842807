"""How well the words of an utterance name a product: features of each candidate and the span that would be its name.

Words are matched softly, as in the soft TF-IDF of Cohen, Ravikumar and Fienberg (2003), with two similarities of words:
shared letter trigrams, and the weighted distance of their sounds. The span is the stretch of the utterance whose
matched words outweigh its unmatched ones most (Kadane's maximum subarray).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu.phonetics.distance import articulatory
from plugins.product_qa.resolve.names import Name, Names
from plugins.product_qa.resolve.words import (
    BASE,
    FUNCTION,
    GRAMS,
    MAX_PHONES,
    SOUNDS,
    Word,
    grams,
    sound,
    sound_grams,
)

Floats = NDArray[np.float64]
FEATURES = (
    "constant", "title covered", "evidence", "span matched", "utterance matched", "letters", "sounds", "exactness",
    "numbers missed", "code", "title missed", "words",
)  # fmt: skip
#: Neighbours of an utterance or of a title that are compared as one word ("back pack", "w r t 610 n").
_LONGEST_JOIN = 7
#: What a word of the span costs that the name does not have, relative to what one is worth that it has.
_UNMATCHED = 0.6
_SIMILAR = 0.45
_SURE_NUMBER = 0.6


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate: its name, features [len(FEATURES)], and its span as indexes of words (end exclusive)."""

    name: Name
    features: Floats
    start: int
    end: int


def joins(said: Sequence[str]) -> list[tuple[int, int, str]]:
    """Neighbours that may be one word: (start, end, their words); of more than two only letters and digits, spelled."""
    found = []
    for start in range(len(said)):
        for end in range(start + 2, min(start + _LONGEST_JOIN, len(said)) + 1):
            parts = said[start:end]
            if len(parts) > 2 and not all(len(part) == 1 or part.isdigit() for part in parts):
                break
            found.append((start, end, " ".join(parts)))
    return found


def judge(
    said: Sequence[Word], found: Sequence[tuple[Name, float, float]], index: Names, sounds: bool = True
) -> list[Judged]:
    """Features of each candidate that `index.search` found."""
    texts = [word.text for word in said]
    links = joins(texts)
    units = [*texts, *(text for _, _, text in links)]
    vocabulary: dict[str, int] = {}
    columns = []
    for name, _, _ in found:
        pairs = [" ".join(pair) for pair in zip(name.words, name.words[1:], strict=False)]
        columns.append([vocabulary.setdefault(word, len(vocabulary)) for word in (*name.words, *name.nouns, *pairs)])
    if not vocabulary:
        return []
    table = similarities(units, list(vocabulary), sounds)
    weights = np.array([0.0 if " " in word else index.weight(word) for word in vocabulary])  # pairs: in _features
    own = np.array([index.weight(text) for text in texts])
    content = np.array([text not in FUNCTION for text in texts])
    table[: len(texts)][~content] *= np.array([[word in FUNCTION for word in vocabulary]])
    return [
        _features(name, letters, heard, texts, content, own, links, table[:, places], weights[places])
        for (name, letters, heard), places in zip(found, columns, strict=True)
    ]


def _features(
    name: Name, letters: float, heard: float, texts: Sequence[str], content: NDArray[np.bool_], own: Floats,
    links: Sequence[tuple[int, int, str]], table: Floats, weights: Floats,
) -> Judged:  # fmt: skip
    count, n, plain = len(texts), len(name.words), len(name.words) + len(name.nouns)
    weights = weights.copy()
    weights[plain:] = weights[: n - 1] + weights[1:n]  # a pair that is said as one word is worth both
    places = table[:count].argmax(1)
    best = table[np.arange(count), places]
    worth = weights[places] * best
    for row, (start, end, _) in enumerate(links, count):
        place = int(table[row].argmax())
        value = float(table[row, place])
        if value > best[start:end].max() and value > _SIMILAR:
            best[start:end] = value
            worth[start:end] = weights[place] * value / (end - start)
    matched = best >= _SIMILAR
    worth[~matched] = 0
    gains = np.where(matched, worth, np.where(content, -_UNMATCHED * own, -0.01))
    start, end = _span(gains.tolist())
    inside = np.zeros(count, np.bool_)
    inside[start:end] = True
    rows = [*range(start, end)]
    rows += [count + row for row, (first, last, _) in enumerate(links) if first >= start and last <= end]
    covered = table[rows].max(0) if rows else np.zeros(len(weights))
    covered = np.where(covered >= _SIMILAR, covered, 0.0)
    pairs = covered[plain:]
    if len(pairs):
        covered[: n - 1] = np.maximum(covered[: n - 1], pairs)
        covered[1:n] = np.maximum(covered[1:n], pairs)
    title = weights[:n]
    lost = own * content * ~matched
    evidence = float(worth[inside].sum())
    numbers = sum(text[0].isdigit() and best[i] < _SURE_NUMBER for i, text in enumerate(texts) if inside[i])
    code = any(
        covered[j] >= 0.99 and len(word) >= 4 and not word.isalpha() and weights[j] > 0.4
        for j, word in enumerate(name.words)
    )
    exact = float((worth * best)[inside].sum()) / evidence if evidence else 0.0
    missed = float((title * (1 - covered[:n])).sum())
    features = np.array([
        1.0, float((title * covered[:n]).sum() / title.sum()), min(evidence, 6.0) / 2,
        evidence / (evidence + float(lost[inside].sum()) + 1e-9), evidence / (evidence + float(lost.sum()) + 1e-9),
        letters, heard, exact, float(numbers), float(code), min(missed, 6.0) / 2,
        min(float((best * content * matched)[inside].sum()), 5.0) / 2,
    ])  # fmt: skip
    return Judged(name, features, start, end)


def _span(gains: Sequence[float]) -> tuple[int, int]:
    """The stretch of largest sum; empty where nothing is gained."""
    best, start, end = 0.0, 0, 0
    total, began = 0.0, 0
    for place, gain in enumerate(gains):
        if total <= 0:
            total, began = 0.0, place
        total += gain
        if total > best + 1e-9:
            best, start, end = total, began, place + 1
    return start, end


def similarities(units: Sequence[str], vocabulary: Sequence[str], sounds: bool = True) -> Floats:
    """How alike words are [units, vocabulary], in [0, 1]: 1 for the same, else by letters or, where closer, by sound.

    Pairs of a vocabulary ("back pack") are only compared as they are written together."""
    table = np.zeros((len(units), len(vocabulary)))
    single = np.array([column for column, word in enumerate(vocabulary) if " " not in word], np.int64)
    table[:, single] = _alike(units, [vocabulary[column] for column in single], sounds)
    places: dict[str, list[int]] = {}
    for column, word in enumerate(vocabulary):
        places.setdefault(word.replace(" ", ""), []).append(column)
    for row, unit in enumerate(units):
        table[row, places.get(unit.replace(" ", ""), [])] = 1.0
    return table


def _alike(units: Sequence[str], vocabulary: Sequence[str], sounds: bool) -> Floats:
    table = dice([grams(unit) for unit in units], [grams(word) for word in vocabulary])
    table = np.clip((table - 0.25) / 0.75, 0, 0.95)
    if sounds:
        near = dice([sound_grams(unit) for unit in units], [sound_grams(word) for word in vocabulary])
        left = np.array([len(sound(unit)) for unit in units])
        right = np.array([len(sound(word)) for word in vocabulary])
        lengths = np.abs(left[:, None] - right[None]) <= 2
        skeleton = _first_alike(units, vocabulary)
        rows, cols = np.nonzero(lengths & ((near > 0.15) | skeleton) & (left[:, None] > 1) & (right[None] > 1))
        if len(rows):
            far = _distances(units, vocabulary, rows, cols)
            alike = np.exp(-3.0 * far / np.maximum(left[rows], right[cols]))
            table[rows, cols] = np.maximum(table[rows, cols], np.minimum(alike, 0.95))
    digits = np.array([unit[:1].isdigit() for unit in units])
    table[digits] *= 0.6  # a number is the number or another one
    return table


def _first_alike(units: Sequence[str], vocabulary: Sequence[str]) -> NDArray[np.bool_]:
    """Whether two words begin with sounds of one class: their first trigram codes share the middle class."""
    left = np.array([int(sound_grams(unit)[0]) // BASE if len(sound_grams(unit)) else -1 for unit in units])
    right = np.array([int(sound_grams(word)[0]) // BASE if len(sound_grams(word)) else -2 for word in vocabulary])
    return np.asarray(left[:, None] == right[None])


def dice(left: Sequence[NDArray[np.int32]], right: Sequence[NDArray[np.int32]]) -> Floats:
    """Dice coefficients of sets of codes [left, right]."""
    flat = np.concatenate([*right, np.zeros(0, np.int32)])
    sizes = np.array([len(one) for one in right])
    rows = np.repeat(np.arange(len(right)), sizes)
    here = np.zeros(max(GRAMS, SOUNDS), np.bool_)
    table = np.zeros((len(left), len(right)))
    # No matrix product: a thread pool of the linear algebra library would cost more than this takes.
    for row, codes in enumerate(left):
        here[codes] = True
        table[row] = np.bincount(rows[here[flat]], minlength=len(right)) * 2 / np.maximum(sizes + len(codes), 1)
        here[codes] = False
    return np.minimum(table, 1.0)


def _distances(
    units: Sequence[str], vocabulary: Sequence[str], rows: NDArray[np.int64], cols: NDArray[np.int64]
) -> Floats:
    """Weighted edit distances of the sounds of many pairs of words (Wagner and Fischer's recurrence, vectorised)."""
    costs = articulatory()
    left, a = _padded([sound(unit) for unit in units])
    right, b = _padded([sound(word) for word in vocabulary])
    left, a, right, b = left[rows], a[rows], right[cols], b[cols]
    substitute, delete, insert = (x.astype(np.float32) for x in (costs.substitute, costs.delete, costs.insert))
    width, height = int(b.max()), int(a.max())
    pairs = len(rows)
    previous = np.zeros((width + 1, pairs), np.float32)
    previous[1:] = np.cumsum(insert[right[:, :width]].T, 0)
    out = np.zeros(pairs, np.float32)
    every = np.arange(pairs)
    added = insert[right[:, :width]].T
    for i in range(height):
        row = np.empty_like(previous)
        lost = delete[left[:, i]]
        row[0] = previous[0] + lost
        swapped = previous[:-1] + substitute[left[:, i][:, None], right[:, :width]].T
        np.minimum(previous[1:] + lost, swapped, out=row[1:])
        for j in range(1, width + 1):
            np.minimum(row[j], row[j - 1] + added[j - 1], out=row[j])
        done = a == i + 1
        out[done] = row[b[done], every[done]]
        previous = row
    return out.astype(np.float64)


def _padded(sounds: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    table = np.zeros((len(sounds), MAX_PHONES), np.int64)
    for row, phones in enumerate(sounds):
        table[row, : len(phones)] = phones
    return table, np.array([len(phones) for phones in sounds], np.int64)
