"""A word trigram model of in-domain text: what is likely to be said."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

START, END = "<s>", "</s>"
_DISCOUNT = 0.75


class Trigrams:
    """Interpolated absolute discounting, with Kneser-Ney's count of contexts for single words (Ney et al. 1994).

    sentences: words of each. others: further known words, with the count (below one) to give each.
    """

    def __init__(self, sentences: Iterable[Sequence[str]], others: Mapping[str, float] | None = None) -> None:
        self._pairs: dict[str, Counter[str]] = defaultdict(Counter)
        self._triples: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        before: dict[str, set[str]] = defaultdict(set)
        for sentence in sentences:
            words = [START, START, *sentence, END]
            for a, b, c in zip(words, words[1:], words[2:], strict=False):
                self._triples[a, b][c] += 1
                self._pairs[b][c] += 1
                before[c].add(b)
        single = {word: len(contexts) - 0.25 for word, contexts in before.items()}
        single |= {word: count for word, count in (others or {}).items() if word not in single}
        total = sum(single.values()) + 0.5
        self._single = {word: count / total for word, count in single.items()}
        self._unknown = 0.5 / total
        self._sums = {context: sum(said.values()) for context, said in self._pairs.items()}
        self._sums3 = {context: sum(said.values()) for context, said in self._triples.items()}
        self._memory: dict[tuple[str, str, str], float] = {}

    def cost(self, first: str, second: str, word: str) -> float:
        """-log P(word | first second)."""
        key = (first, second, word)
        known = self._memory.get(key)
        if known is None:
            known = self._memory[key] = -math.log(self._chance(first, second, word))
        return known

    def _chance(self, first: str, second: str, word: str) -> float:
        chance = self._single.get(word, self._unknown)
        said = self._pairs.get(second)
        if said:
            total = self._sums[second]
            chance = (max(said[word] - _DISCOUNT, 0) + _DISCOUNT * len(said) * chance) / total
        triple = self._triples.get((first, second))
        if triple:
            total = self._sums3[first, second]
            chance = (max(triple[word] - _DISCOUNT, 0) + _DISCOUNT * len(triple) * chance) / total
        return chance
