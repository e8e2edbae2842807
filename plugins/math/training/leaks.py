"""Which training questions stand in a test set: the same but for numbers, or nearly the same."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_TENS = (
    "seventeen eighteen nineteen twenty thirty forty fourty fifty sixty seventy eighty ninety hundred hundreds thousand"
)
_REST = "million billion dozen dozens half halves third thirds quarter quarters fourth fourths fifth fifths twice"
NUMBER_WORDS = frozenset(f"{_ONES} {_TENS} {_REST}".split())
_TOKEN = re.compile(r"\d[\d,]*(?:\.\d+)?|\.\d+|[a-z]+")


def tokens(question: str) -> list[str]:
    """The words of a question in small letters, every number (digits or words) as one `#`."""
    found: list[str] = []
    for word in _TOKEN.findall(question.lower().replace("'", "").replace("’", "")):
        masked = "#" if word in NUMBER_WORDS or not word.isalpha() else word
        if masked != "#" or found[-1:] != ["#"]:
            found.append(masked)
    return found


def masked_key(question: str) -> str:
    """What two questions share that differ in numbers, case, blanks and punctuation alone."""
    return "".join(tokens(question))


class Nearest:
    """Finds questions whose sets of masked words overlap (Jaccard index at least `least`) with one of a collection.

    Two sets of that overlap share one of the |x| - ceil(least |x|) + 1 rarest words of each (prefix filtering), so that
    only few pairs are compared.
    """

    def __init__(self, questions: Sequence[str], least: float = 0.8) -> None:
        self.least = least
        self.sets = [frozenset(tokens(question)) for question in questions]
        self.rarity = Counter(word for words in self.sets for word in words)
        self.places: dict[str, list[int]] = defaultdict(list)
        for place, words in enumerate(self.sets):
            for word in self._rarest(words):
                self.places[word].append(place)

    def _rarest(self, words: Iterable[str]) -> list[str]:
        ranked = sorted(words, key=lambda word: (self.rarity[word], word))
        return ranked[: len(ranked) - math.ceil(self.least * len(ranked) - 1e-9) + 1]

    def find(self, question: str) -> list[int]:
        """The places of all near questions of the collection."""
        words = frozenset(tokens(question))
        candidates = {place for word in self._rarest(words) for place in self.places.get(word, ())}
        found: list[int] = []
        for place in sorted(candidates):
            both = len(words & self.sets[place])
            if both >= self.least * (len(words) + len(self.sets[place]) - both) - 1e-9:
                found.append(place)
        return found


def clusters(questions: Sequence[str], least: float = 0.8) -> list[int]:
    """A number for each question, the same for those that are near each other, directly or through others."""
    parent = list(range(len(questions)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    near = Nearest(questions, least)
    keys: dict[str, int] = {}
    for place, question in enumerate(questions):
        for other in [keys.setdefault(masked_key(question), place), *near.find(question)]:
            parent[root(place)] = root(other)
    return [root(place) for place in range(len(questions))]


class Leaks:
    """The two rules that keep test questions out of training."""

    def __init__(self, texts: dict[str, list[str]], least: float = 0.8) -> None:
        self.keys: dict[str, str] = {}
        everything: list[str] = []
        for name, questions in texts.items():
            for question in questions:
                self.keys.setdefault(masked_key(question), name)
            everything += questions
        self.near = Nearest(everything, least)

    def rule(self, question: str) -> str:
        """Which rule removes a question: "masked", "near", or empty where none does."""
        if masked_key(question) in self.keys:
            return "masked"
        return "near" if self.near.find(question) else ""
