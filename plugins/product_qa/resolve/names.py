"""The names of products, in inverted lists of letter and sound trigrams: which of many might have been meant.

Segments as in a log-structured index: what is added becomes a small segment, small ones are merged, what is removed is
masked until the next merge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.resolve.words import FUNCTION, GRAMS, SOUNDS, grams, sound_grams, words

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]
#: More segments than this are merged into one.
MOST_SEGMENTS = 6
#: Lists longer than this share of all names say little and cost most: they are left out of the search.
_COMMON = 0.2
#: Names that every catalogue is thought to have besides its own, when it is counted how rare a word is.
_SMOOTH = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """A product's names: its title, other names, and the nouns of its category."""

    id: str
    title: str
    aliases: tuple[str, ...] = ()
    category: str = ""


@dataclass(frozen=True, slots=True)
class Name:
    """One name of a product: words of the name, words of the category that the name lacks, and its trigrams."""

    id: str
    words: tuple[str, ...]
    nouns: tuple[str, ...]
    letters: Ints
    sounds: Ints


def names_of(entry: Entry) -> list[Name]:
    """The names by which a product may be called; without words in any of them, none."""
    nouns = [word.text for word in words(entry.category)]
    found = []
    for text in dict.fromkeys((entry.title, *entry.aliases)):
        said = tuple(word.text for word in words(text))
        if not said:
            continue
        extra = tuple(noun for noun in nouns if noun not in said and noun not in FUNCTION)
        both = (*said, *extra)
        found.append(
            Name(entry.id, said, extra, _codes([grams(w) for w in both]), _codes([sound_grams(w) for w in both]))
        )
    return found


def _codes(parts: Sequence[Ints]) -> Ints:
    return np.unique(np.concatenate(parts)).astype(np.int32) if parts else np.zeros(0, np.int32)


@dataclass(slots=True)
class Lists:
    """Inverted lists: rows of code c are `rows[starts[c]:starts[c + 1]]`."""

    starts: NDArray[np.int64]
    rows: Ints
    lengths: Floats

    @classmethod
    def of(cls, codes: Sequence[Ints], size: int) -> Lists:
        """Lists of the codes of each row."""
        flat = np.concatenate(codes) if codes else np.zeros(0, np.int32)
        rows = np.repeat(np.arange(len(codes), dtype=np.int32), [len(one) for one in codes])
        order = np.argsort(flat, kind="stable")
        counts = np.bincount(flat, minlength=size)
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(starts, rows[order], np.array([len(one) for one in codes], np.float32))

    def score(self, codes: Ints, weights: Floats) -> NDArray[np.float64]:
        """The sum of weights of the codes that each row has [rows]."""
        sizes = self.starts[codes + 1] - self.starts[codes]
        keep = (sizes > 0) & (sizes <= max(_COMMON * len(self.lengths), 64))
        parts = [self.rows[self.starts[code] : self.starts[code + 1]] for code in codes[keep]]
        if not parts:
            return np.zeros(len(self.lengths))
        given = np.repeat(weights[keep], sizes[keep])
        return np.bincount(np.concatenate(parts), given, len(self.lengths)).astype(np.float64)


@dataclass(slots=True)
class Segment:
    """Names that were added together, and which of them are still there."""

    names: list[Name]
    letters: Lists
    sounds: Lists
    alive: NDArray[np.bool_]
    rows: dict[str, list[int]]


class Names:
    """All names, searchable; `add` and `remove` by product id. Not safe against changes from several threads."""

    def __init__(self) -> None:
        self._segments: list[Segment] = []
        self._pending: dict[str, list[Name]] = {}
        self._ids: set[str] = set()
        self._letters = np.zeros(GRAMS, np.int64)
        self._sounds = np.zeros(SOUNDS, np.int64)
        self._words: dict[str, int] = {}
        self._count = 0

    def __len__(self) -> int:
        """Number of names."""
        return self._count

    @property
    def ids(self) -> Set[str]:
        """Ids of all products."""
        return self._ids

    def __contains__(self, id: str) -> bool:
        return id in self._ids

    def add(self, entries: Iterable[Entry]) -> None:
        """Add products; an id that is there already is replaced."""
        for entry in entries:
            self.remove(entry.id)
            found = names_of(entry)
            self._ids.add(entry.id)
            self._pending[entry.id] = found
            for name in found:
                self._tally(name, 1)

    def remove(self, id: str) -> bool:
        """Remove a product; whether it was there."""
        if id not in self._ids:
            return False
        self._ids.discard(id)
        for name in self._pending.pop(id, ()):
            self._tally(name, -1)
        for segment in self._segments:
            for row in segment.rows.pop(id, ()):
                segment.alive[row] = False
                self._tally(segment.names[row], -1)
        return True

    def _tally(self, name: Name, by: int) -> None:
        self._count += by
        self._letters[name.letters] += by
        self._sounds[name.sounds] += by
        for word in dict.fromkeys((*name.words, *name.nouns)):
            self._words[word] = self._words.get(word, 0) + by

    def commit(self) -> None:
        """Make what was added searchable; `search` does so by itself."""
        if self._pending:
            self._segments.append(self._segment([name for names in self._pending.values() for name in names]))
            self._pending = {}
        if len(self._segments) > MOST_SEGMENTS:
            alive = [
                name
                for segment in self._segments
                for name, there in zip(segment.names, segment.alive, strict=True)
                if there
            ]
            self._segments = [self._segment(alive)] if alive else []

    @staticmethod
    def _segment(names: list[Name]) -> Segment:
        letters = Lists.of([name.letters for name in names], GRAMS)
        sounds = Lists.of([name.sounds for name in names], SOUNDS)
        rows: dict[str, list[int]] = {}
        for row, name in enumerate(names):
            rows.setdefault(name.id, []).append(row)
        return Segment(names, letters, sounds, np.ones(len(names), np.bool_), rows)

    def weight(self, word: str) -> float:
        """Inverse document frequency of a word, 1 for one that no name has; smoothed, so that the same word weighs
        alike in a shop of ten products and in one of a hundred thousand."""
        total = self._count + _SMOOTH
        return float(np.log(total / (self._words.get(word, 0) + 0.5)) / np.log(2 * total))

    def known(self, word: str) -> bool:
        """Whether some name has this word."""
        return self._words.get(word, 0) > 0

    def search(
        self, said: Sequence[str], joined: Sequence[str] = (), k: int = 16, sounds: bool = True
    ) -> list[tuple[Name, float, float]]:
        """The k names nearest by letters and the k nearest by sounds: (name, letter cosine, sound cosine).

        said: content words; joined: neighbours written together, which may be one word that was misheard as two.
        """
        self.commit()
        if not said or not self._count:
            return []
        letters = _codes([grams(word) for word in (*said, *joined)])
        heard = _codes([sound_grams(word) for word in (*said, *joined)]) if sounds else np.zeros(0, np.int32)
        first = np.log((self._count + _SMOOTH) / (self._letters[letters] + 0.5)).astype(np.float32)
        second = np.log((self._count + _SMOOTH) / (self._sounds[heard] + 0.5)).astype(np.float32)
        found: list[tuple[Name, float, float]] = []
        for segment in self._segments:
            found += self._of(segment, letters, first, heard, second, k)
        if len(self._segments) > 1:
            found = sorted(found, key=lambda one: -(one[1] + one[2]))[: 2 * k]
        return found

    def _of(
        self, segment: Segment, letters: Ints, first: Floats, heard: Ints, second: Floats, k: int
    ) -> list[tuple[Name, float, float]]:
        by_letters = segment.letters.score(letters, first**2)
        by_sounds = segment.sounds.score(heard, second**2)
        # The length of a name is damped: a short mention of a long title is the usual case, not the exception.
        by_letters /= np.sqrt(float((first**2).sum())) * (10 + segment.letters.lengths) ** 0.5
        by_sounds /= np.sqrt(float((second**2).sum()) or 1.0) * (10 + segment.sounds.lengths) ** 0.5
        by_letters[~segment.alive] = -1
        by_sounds[~segment.alive] = -1
        rows = set(_top(by_letters, k)) | (set(_top(by_sounds, k)) if len(heard) else set())
        return [(segment.names[row], float(by_letters[row]), float(by_sounds[row])) for row in sorted(rows)]


def _top(scores: NDArray[np.float64], k: int) -> list[int]:
    rows = np.argpartition(-scores, k)[:k] if len(scores) > k else np.arange(len(scores))
    return [int(row) for row in rows if scores[row] > 0]
