"""Pseudo-recognised text made from clean text: insertions, deletions and substitutions (MCLF, algorithms 1 and 2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

KINDS = ("insertion", "deletion", "substitution")
#: Substitutes are drawn from the first this many of a confusion set.
NEAREST = 4
#: The commonest this many inserted words are inserted, by how often the recogniser did.
COMMON = 200

#: Further substitutes of a word, best first (for instance words that sound alike); used after those seen in training.
Source = Callable[[str], Sequence[str]]


def common_subsequence(left: str, right: str) -> int:
    """Length of the longest common subsequence of two words' characters (algorithm 2)."""
    row = [0] * (len(right) + 1)
    for char in left:
        corner = 0
        for column, other in enumerate(right, 1):
            above = row[column]
            row[column] = corner + 1 if char == other else max(above, row[column - 1])
            corner = above
    return row[-1]


def positions(length: int) -> int:
    """How many edits a text of `length` words gets: none below 5 words, one up to 10, then two."""
    return 0 if length < 5 else 1 if length <= 10 else 2


@dataclass(frozen=True)
class Confusions:
    """What a recogniser invents, and what it may write instead of a word (algorithm 1).

    inserted: (word, count), commonest first; confused: word -> substitutes, longest common subsequence first.
    """

    inserted: tuple[tuple[str, int], ...]
    confused: dict[str, tuple[str, ...]]
    extra: Source | None = None

    @classmethod
    def learn(cls, clean: Sequence[str], heard: Sequence[str], extra: Source | None = None) -> Confusions:
        """From parallel texts, without alignment: words of one side that the other side of the same pair lacks.

        Raises ValueError for lists of different lengths.
        """
        inserted: Counter[str] = Counter()
        confused: dict[str, Counter[str]] = {}
        for said, understood in zip(clean, heard, strict=True):
            ours, theirs = words(said), words(understood)
            new = [word for word in dict.fromkeys(theirs) if word not in ours]
            inserted.update(new)
            for word in dict.fromkeys(ours):
                if word not in theirs and new:
                    confused.setdefault(word, Counter()).update(new)
        ranked = sorted(inserted.items(), key=lambda item: (-item[1], item[0]))
        return cls(tuple(ranked), {word: _sorted(word, found) for word, found in confused.items()}, extra)

    def substitutes(self, word: str) -> tuple[str, ...]:
        """The NEAREST substitutes: those seen in training, then those of the extra source; () where none is known."""
        seen = self.confused.get(word, ())[:NEAREST]
        if len(seen) < NEAREST and self.extra is not None:
            more = [other for other in self.extra(word) if other != word and other not in seen]
            seen += tuple(more[: NEAREST - len(seen)])
        return seen

    def apply(self, text: str, rng: np.random.Generator, kinds: Sequence[str] = KINDS) -> str:
        """`text` with as many edits as its length allows, the kind of each drawn uniformly from `kinds`.

        A kind that cannot be applied (no substitute known, nothing ever inserted) leaves its place alone.
        """
        left = words(text)
        for place in sorted(rng.permutation(len(left))[: positions(len(left))], reverse=True):
            kind = kinds[int(rng.integers(len(kinds)))]
            if kind == "deletion":
                del left[place]
            elif kind == "insertion" and self.inserted:
                left.insert(place, self._invented(rng))
            elif kind == "substitution" and (options := self.substitutes(left[place])):
                left[place] = options[int(rng.integers(len(options)))]
        return " ".join(left)

    def _invented(self, rng: np.random.Generator) -> str:
        common = self.inserted[:COMMON]
        counts = np.array([count for _, count in common], float)
        return common[rng.choice(len(common), p=counts / counts.sum())][0]


def words(text: str) -> list[str]:
    """Lower-case words, split at white space, without punctuation standing alone or at a word's edges."""
    return [word for word in (piece.strip('.,;:!?"`()') for piece in text.lower().split()) if word]


def _sorted(word: str, found: Counter[str]) -> tuple[str, ...]:
    """Longest common subsequence first, then how often confused, then the alphabet."""
    return tuple(sorted(found, key=lambda other: (-common_subsequence(word, other), -found[other], other)))
