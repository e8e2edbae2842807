"""Gazetteers: lists of entity values, and the words of a sentence that they recognise.

The lists may change at any time: a model only sees flags of words, never an entry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlu.data import Row, normalise
from nlu.formats.rasa import read_rasa

Value = tuple[str, ...]  # a value's normalised words


def words_of_value(value: str) -> Value:
    """The normalised words of a value; () where it has no letter or digit."""
    return tuple(normalise(value).split())


class Gazetteer:
    """Values by entity type. `support` counts in how many sentences a value was seen, where it was learned from
    some.
    """

    def __init__(self, values: Mapping[str, Iterable[str]]) -> None:
        self._entries: dict[Value, set[str]] = {}
        self.support: Counter[Value] = Counter()
        for name, listed in values.items():
            for value in listed:
                self._add(name, words_of_value(value))
        self._longest = max((len(words) for words in self._entries), default=0)

    def _add(self, name: str, words: Value) -> None:
        if words:
            self._entries.setdefault(words, set()).add(name)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def types(self) -> tuple[str, ...]:
        """All entity types that have a value, sorted."""
        return tuple(sorted({name for names in self._entries.values() for name in names}))

    def values(self) -> dict[str, list[str]]:
        """Type -> its normalised values, sorted: what `Gazetteer` takes."""
        out: dict[str, list[str]] = {}
        for words, names in sorted(self._entries.items()):
            for name in names:
                out.setdefault(name, []).append(" ".join(words))
        return dict(sorted(out.items()))

    @classmethod
    def of_rows(cls, rows: Iterable[Row]) -> Gazetteer:
        """The values annotated in training sentences, with their support."""
        made = cls({})
        for row in rows:
            for words in {made._learn(row.text[span.start : span.end], span.name) for span in row.spans or ()}:
                made.support[words] += 1
        made._longest = max((len(words) for words in made._entries), default=0)
        return made

    def _learn(self, value: str, name: str) -> Value:
        words = words_of_value(value)
        self._add(name, words)
        return words

    def own(self, row: Row) -> frozenset[Value]:
        """The values that no sentence but this one supports.

        Leaving them out when this sentence is trained on makes the flag as reliable in training as it will be on a
        sentence never seen.
        """
        found = {words_of_value(row.text[span.start : span.end]) for span in row.spans or ()}
        return frozenset(words for words in found if self.support[words] <= 1)

    def thinned(self, share: float, rng: np.random.Generator) -> Gazetteer:
        """A copy with `share` of the entries left out at random. Raises ValueError outside [0, 1)."""
        if not 0 <= share < 1:
            raise ValueError(f"the share of entries to drop must be in [0, 1), not {share}")
        kept = Gazetteer({})
        draws = rng.random(len(self._entries))
        kept._entries = {
            k: v for (k, v), draw in zip(sorted(self._entries.items()), draws, strict=True) if draw >= share
        }
        kept.support = self.support
        kept._longest = self._longest
        return kept

    def flags(
        self, words: Sequence[str], types: Sequence[str] | None = None, skip: Collection[Value] = ()
    ) -> NDArray[np.float32]:
        """Which words belong to a listed value: [W, 1], or [W, len(types)] by type; 1.0 or 0.0.

        Longest match on normalised words, from the left, without overlaps; words without a letter or digit do not
        interrupt a value. Types that `types` does not name are not looked at. Entries in `skip` do not count.
        """
        out = np.zeros((len(words), 1 if types is None else len(types)), np.float32)
        column = None if types is None else {name: index for index, name in enumerate(types)}
        spoken: list[tuple[str, int]] = []
        for place, word in enumerate(words):
            spoken += [(part, place) for part in normalise(word).split()]
        first = 0
        while first < len(spoken):
            step = 1
            for length in range(min(self._longest, len(spoken) - first), 0, -1):
                value = tuple(part for part, _ in spoken[first : first + length])
                names = self._entries.get(value)
                if names is None or value in skip:
                    continue
                columns = [0] if column is None else [column[name] for name in names if name in column]
                if columns:
                    out[spoken[first][1] : spoken[first + length - 1][1] + 1, columns] = 1.0
                    step = length
                    break
            first += step
        return out


def read_lists(path: Path) -> dict[str, list[str]]:
    """Value lists from a file or folder: type -> values.

    `TYPE.txt` holds one value a line; `.yml` files hold Rasa training data, of which the lookup tables (and synonyms of
    annotated values) are read; of a folder all such files are. Raises FileNotFoundError, or ValueError with file and
    line at fault.
    """
    if path.is_dir():
        merged: dict[str, list[str]] = {}
        for part in sorted([*path.glob("*.txt"), *path.glob("*.yml"), *path.glob("*.yaml")]):
            for name, values in read_lists(part).items():
                merged.setdefault(name, []).extend(values)
        return merged
    if not path.exists():
        raise FileNotFoundError(f"gazetteer is missing: {path}")
    if path.suffix not in (".yml", ".yaml"):
        lines = path.read_text(encoding="utf-8").splitlines()
        return {path.stem: [line.strip() for line in lines if line.strip()]}
    return {name: list(values) for name, values in read_rasa(path).gazetteer().items()}
