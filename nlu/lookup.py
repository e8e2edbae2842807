"""Values of entities that are known by name: lists that plugins bring, found in a sentence without training."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence

from nlu.data import normalise
from nlu.types import Entity

MAX_WORDS = 12
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class Lookup:
    """Values by entity name. A value is found by its normalised words (case, accents and punctuation do not count).

    `key` is a hash of the lists: whatever was read with other lists was read by another understanding. `ignored` are
    the values that cannot be found: without a Latin letter or digit, or with more than MAX_WORDS words.
    """

    def __init__(self, values: Mapping[str, Iterable[str]]) -> None:
        self._names: dict[tuple[str, ...], list[str]] = {}
        self.ignored: list[tuple[str, str]] = []
        for name in sorted(values):
            for value in values[name]:
                words = tuple(normalise(value).split())
                if not 0 < len(words) <= MAX_WORDS:
                    self.ignored.append((name, value))
                    continue
                listed = self._names.setdefault(words, [])
                if name not in listed:
                    listed.append(name)
        self._longest = max(map(len, self._names), default=0)
        known = sorted((list(words), names) for words, names in self._names.items())
        self.key = hashlib.sha256(json.dumps(known).encode()).hexdigest() if known else ""

    def __len__(self) -> int:
        return len(self._names)

    def find(self, text: str) -> list[Entity]:
        """Listed values in a text, from the left, the longest first, without overlaps; confidence 1."""
        parts = [(part, match) for match in _WORD.finditer(text) for part in normalise(match.group()).split()]
        found: list[Entity] = []
        at = 0
        while at < len(parts):
            for length in range(min(self._longest, len(parts) - at), 0, -1):
                names = self._names.get(tuple(part for part, _ in parts[at : at + length]))
                if names:
                    start, end = parts[at][1].start(), parts[at + length - 1][1].end()
                    found += [Entity(name, text[start:end], start, end, 1.0) for name in names]
                    at += length
                    break
            else:
                at += 1
        return found

    def joined(self, text: str, entities: Sequence[Entity]) -> tuple[Entity, ...]:
        """What a model found and what the lists hold, in the order of the text.

        A listed value replaces a model's entity of the same name that it overlaps (the model cut a name it cannot
        know) and stands beside entities of other names.
        """
        listed = self.find(text)
        kept = [
            entity
            for entity in entities
            if not any(one.name == entity.name and one.start < entity.end and entity.start < one.end for one in listed)
        ]
        return tuple(sorted([*kept, *listed], key=lambda entity: (entity.start, -entity.end, entity.name)))
