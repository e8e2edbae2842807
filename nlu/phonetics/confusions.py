"""What a word may be mistaken for: by its sound, by what was seen, and by both, so that words never seen confused are
covered too.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from nlu.phonetics.channel import Lexicon
from nlu.phonetics.distance import Costs, articulatory, codes
from nlu.phonetics.pronounce import Sound, pronunciations

#: Mistakes of one word, likeliest first: (text of one or two words, weight), weights summing to one.
Mistakes = list[tuple[str, float]]
#: Cost of the word boundary that a recogniser puts into a word.
_SPLIT = 0.6
_SHORTEST_SPLIT = 4


class SoundAlikes:
    """The `k` texts nearest to a word by weighted phone edit distance, among `vocabulary`.

    vocabulary: words a recogniser writes, with how often (a common word is the likelier mistake; exponent `common`).
    splits: also two words, as `in red` for `unread`. sharpness: weight of a mistake = exp(-sharpness x distance).
    """

    def __init__(
        self,
        vocabulary: Mapping[str, float],
        costs: Costs | None = None,
        *,
        sharpness: float = 3.0,
        common: float = 0.5,
        splits: bool = True,
    ) -> None:
        self._costs = costs or articulatory()
        self._sharpness, self._splits = sharpness, splits
        self._counts = {word: math.log(count) * common for word, count in vocabulary.items() if count > 0}
        entries = [(word, said) for word in sorted(self._counts) for said in pronunciations(word) if said]
        if not entries:
            raise ValueError("the vocabulary has no word that can be said")
        self._lexicon = Lexicon.of(entries)

    def of(self, words: Sequence[str], k: int = 10) -> dict[str, Mistakes]:
        """The mistakes of each of `words`; empty for what cannot be said."""
        sounds = {word: [said for said in pronunciations(word) if said] for word in dict.fromkeys(words)}
        parts = {said for options in sounds.values() for said in options}
        if self._splits:
            parts |= {half for said in list(parts) for cut in _cuts(said) for half in (said[:cut], said[cut:])}
        ordered = sorted(parts)
        near = dict(zip(ordered, self._nearest(ordered, 2 * k), strict=True))
        return {word: self._rank(word, options, near, k) for word, options in sounds.items()}

    def _nearest(self, sounds: Sequence[Sound], k: int) -> list[list[tuple[float, str]]]:
        found = self._lexicon.nearest([codes(sound) for sound in sounds], self._costs, 2 * k, shortlist=120)
        out = []
        for near in found:
            best: dict[str, float] = {}
            for cost, entry in near:
                word = self._lexicon.words[entry]
                score = self._sharpness * cost - self._counts[word]
                best[word] = min(score, best.get(word, math.inf))
            out.append(sorted((score, word) for word, score in best.items())[:k])
        return out

    def _rank(
        self, word: str, options: Sequence[Sound], near: Mapping[Sound, list[tuple[float, str]]], k: int
    ) -> Mistakes:
        scores: dict[str, float] = {}

        def add(text: str, score: float) -> None:
            if text != word:
                scores[text] = min(score, scores.get(text, math.inf))

        for said in options:
            for score, other in near[said]:
                add(other, score)
            for cut in _cuts(said) if self._splits else ():
                for left, first in near[said[:cut]][:3]:
                    for right, second in near[said[cut:]][:3]:
                        # Both halves must be common together: the mean of their scores of frequency, the sum of sound.
                        add(
                            f"{first} {second}", left + right + self._sharpness * _SPLIT + self._frequent(first, second)
                        )
        ranked = sorted((score, text) for text, score in scores.items())[:k]
        if not ranked:
            return []
        lowest = ranked[0][0]
        weights = np.exp([lowest - score for score, _ in ranked])
        return [(text, float(weight)) for (_, text), weight in zip(ranked, weights / weights.sum(), strict=True)]

    def _frequent(self, first: str, second: str) -> float:
        return max(self._counts[first], self._counts[second])


def _cuts(said: Sound) -> range:
    return range(2, len(said) - 1) if len(said) >= _SHORTEST_SPLIT else range(0)


class ConfusionSets:
    """Seen mistakes, smoothed by sound: weight = (count + belief x sound-alike weight) / (all counts + belief).

    heard: word -> {text heard instead: count}, as `nlu.asr_noise.table()["heard"]`. belief: how many sightings a
    sound-alike set is worth.
    """

    def __init__(self, heard: Mapping[str, Mapping[str, float]], alikes: SoundAlikes, belief: float = 4.0) -> None:
        if belief < 0:
            raise ValueError(f"belief must not be negative, got {belief}")
        self._heard, self._alikes, self._belief = heard, alikes, belief

    def of(self, words: Sequence[str], k: int = 10) -> dict[str, Mistakes]:
        """The `k` likeliest mistakes of each of `words`."""
        out: dict[str, Mistakes] = {}
        for word, near in self._alikes.of(words, 2 * k).items():
            scores = {text: float(count) for text, count in self._heard.get(word, {}).items()}
            scores.pop(word, None)
            for text, weight in near:
                scores[text] = scores.get(text, 0.0) + self._belief * weight
            total = sum(scores.values()) or 1.0
            ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:k]
            out[word] = [(text, score / total) for text, score in ranked]
        return out


def lcs_sets(pairs: Iterable[tuple[Sequence[str], Sequence[str]]]) -> dict[str, list[str]]:
    """Confusion sets without alignment (the paper on multi-grained contrast, Algorithms 1 and 2).

    For each said word that the recogniser did not write: all words that it wrote and nobody said in the same
    sentence, by length of the longest common subsequence of letters, longest first.
    """
    sets: dict[str, set[str]] = defaultdict(set)
    for said, written in pairs:
        extra = set(written) - set(said)
        for word in set(said) - set(written):
            sets[word] |= extra
    return {
        word: sorted(others, key=lambda other: (-common_letters(word, other), other)) for word, others in sets.items()
    }


def common_letters(a: str, b: str) -> int:
    """Length of the longest common subsequence of two words."""
    row = [0] * (len(b) + 1)
    for left in a:
        last = 0
        for j, right in enumerate(b, 1):
            last, row[j] = row[j], last + 1 if left == right else max(row[j], row[j - 1])
    return row[-1]
