"""Is a phone stream a re-spelling of the recogniser's words, or evidence of its own? Where words are wrong, whom does
the stream follow: what was said, or what was written?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nlu.phonetics.distance import PHONES, Costs, align
from nlu.phonetics.pronounce import Sound, pronunciations, spoken_words

#: Plain edit counts, so that no side gains by what articulatory costs think likely.
UNIT = Costs(1 - np.eye(len(PHONES)), np.ones(len(PHONES)), np.ones(len(PHONES)))


@dataclass(frozen=True)
class Disagreement:
    """A stretch where the recogniser's words are wrong. said, written: words; heard: the stream there and at one common
    word on either side; to_said, to_written: phone edits from each, with those neighbours, to the stream.
    """

    said: tuple[str, ...]
    written: tuple[str, ...]
    heard: Sound
    to_said: int
    to_written: int


@dataclass(frozen=True)
class Agreement:
    """Phone edits of one utterance: stream against what was said, against what was written, and the two against each
    other; phones said and written; edits and phones of the words that both have; the stretches where they differ.
    """

    said_edits: int
    written_edits: int
    between_edits: int
    said_phones: int
    written_phones: int
    common_edits: int
    common_phones: int
    disagreements: tuple[Disagreement, ...]


def compare(said: str, written: str, stream: Sequence[Sound]) -> Agreement:
    """Compares a phone stream with the pronunciations of the reference text and of the recogniser's text."""
    left, right = spoken_words(said), spoken_words(written)
    heard = [phone for segment in stream for phone in segment]
    left_phones, left_owner = _spell(left, heard)
    right_phones, right_owner = _spell(right, heard)
    to_left, to_right = align(left_phones, heard, UNIT), align(right_phones, heard, UNIT)
    left_spans, right_spans = _spans(to_left, left_owner, len(heard)), _spans(to_right, right_owner, len(heard))
    common_edits = common_phones = 0
    disagreements = []
    parts = blocks(left, right)
    for left_words, right_words, same in parts:
        if same:
            word = _phones(left_phones, left_owner, left_words)
            start, end = left_spans.get(left_words.start, (0, 0))
            common_edits += edits(word, heard[start:end])
            common_phones += len(word)
        elif left_words and right_words:
            # A common word on either side fixes the ends of the stretch; within, neither side chooses it.
            near_left, near_right = _widened(left_words, len(left)), _widened(right_words, len(right))
            places = [left_spans[i] for i in near_left if i in left_spans]
            places += [right_spans[i] for i in near_right if i in right_spans]
            if not places:
                continue
            part = heard[min(start for start, _ in places) : max(end for _, end in places)]
            a = _phones(left_phones, left_owner, near_left)
            b = _phones(right_phones, right_owner, near_right)
            words = tuple(left[i] for i in left_words), tuple(right[i] for i in right_words)
            disagreements.append(Disagreement(*words, tuple(part), edits(a, part), edits(b, part)))
    return Agreement(
        _count(to_left, left_phones, heard), _count(to_right, right_phones, heard), edits(left_phones, right_phones),
        len(left_phones), len(right_phones), common_edits, common_phones, tuple(disagreements),
    )  # fmt: skip


def _phones(phones: Sequence[str], owner: Sequence[int], words: range) -> list[str]:
    return [phone for phone, index in zip(phones, owner, strict=True) if index in words]


def _widened(words: range, length: int) -> range:
    return range(max(words.start - 1, 0), min(words.stop + 1, length))


def edits(a: Sequence[str], b: Sequence[str]) -> int:
    """Levenshtein distance of two phone sequences."""
    return _count(align(a, b, UNIT), a, b)


def _count(links: Sequence[tuple[int | None, int | None]], a: Sequence[str], b: Sequence[str]) -> int:
    return sum(i is None or j is None or a[i] != b[j] for i, j in links)


def _spell(words: Sequence[str], heard: Sequence[str]) -> tuple[list[str], list[int]]:
    """Phones of words and the word of each; of several pronunciations the one that fits `heard` best, word by word."""
    first = [(phone, index) for index, word in enumerate(words) for phone in pronunciations(word)[0]]
    spans = _spans(align([phone for phone, _ in first], heard, UNIT), [index for _, index in first], len(heard))
    phones: list[str] = []
    owner: list[int] = []
    for index, word in enumerate(words):
        known = pronunciations(word)
        start, end = spans.get(index, (0, 0))
        best = known[0] if len(known) == 1 else min(known, key=lambda said: edits(said, heard[start:end]))
        phones += best
        owner += [index] * len(best)
    return phones, owner


def _spans(
    links: Sequence[tuple[int | None, int | None]], owner: Sequence[int], length: int
) -> dict[int, tuple[int, int]]:
    """Stretch of heard phones per word: from the first aligned phone to the last; added phones go to neither side."""
    spans: dict[int, tuple[int, int]] = {}
    for i, j in links:
        if i is not None and j is not None:
            start, _ = spans.get(owner[i], (j, j))
            spans[owner[i]] = (start, j + 1)
    return spans


def blocks(left: Sequence[str], right: Sequence[str]) -> list[tuple[range, range, bool]]:
    """Two texts as stretches (left, right, equal or not): each equal word alone, differing neighbours joined."""
    n, m = len(left), len(right)
    best = np.zeros((n + 1, m + 1), np.int64)
    best[:, 0], best[0] = np.arange(n + 1), np.arange(m + 1)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            swap = best[i - 1, j - 1] + (left[i - 1] != right[j - 1])
            best[i, j] = min(swap, best[i - 1, j] + 1, best[i, j - 1] + 1)
    anchors = []
    i, j = n, m
    while i and j:
        if left[i - 1] == right[j - 1] and best[i, j] == best[i - 1, j - 1]:
            i, j = i - 1, j - 1
            anchors.append((i, j))
        elif best[i, j] == best[i - 1, j - 1] + 1:
            i, j = i - 1, j - 1
        elif best[i, j] == best[i - 1, j] + 1:
            i -= 1
        else:
            j -= 1
    blocks = []
    last_i = last_j = 0
    for i, j in [*anchors[::-1], (n, m)]:
        if i > last_i or j > last_j:
            blocks.append((range(last_i, i), range(last_j, j), False))
        if i < n and j < m:
            blocks.append((range(i, i + 1), range(j, j + 1), True))
        last_i, last_j = i + 1, j + 1
    return blocks
