"""What questions ask about, and what catalogues call it: "how much does it weigh", "is it heavy" -> item weight."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

TABLE = Path(__file__).with_name("topics.txt")


@dataclass(frozen=True, slots=True)
class Topic:
    """A thing to ask about. `measures` is a kind of unit, "text", "bool" or "count"; `more` and `less` are the words by
    which products are compared in it."""

    name: str
    measures: str
    names: tuple[str, ...]
    phrases: tuple[str, ...]
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()


@dataclass(frozen=True)
class Topics:
    """A table of topics; `extended` makes one with a shop's own words."""

    topics: tuple[Topic, ...]
    _phrases: tuple[tuple[re.Pattern[str], int, Topic], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        patterns = [
            (pattern(phrase), len(phrase.rstrip("*")), topic)
            for topic in self.topics
            for phrase in (*topic.phrases, *topic.more, *topic.less)
        ]
        object.__setattr__(self, "_phrases", tuple(patterns))

    def asked(self, text: str) -> list[tuple[Topic, int]]:
        """Topics whose phrases stand in a question, with the length of the longest phrase, the longest first."""
        low = text.lower().replace("’", "'")
        best: dict[str, tuple[Topic, int]] = {}
        for phrase, length, topic in self._phrases:
            if length > best.get(topic.name, (topic, 0))[1] and phrase.search(low):
                best[topic.name] = (topic, length)
        return sorted(best.values(), key=lambda one: -one[1])

    def get(self, name: str) -> Topic | None:
        """The topic of that name."""
        return next((topic for topic in self.topics if topic.name == name), None)

    def extended(self, more: Mapping[str, Iterable[str]]) -> Topics:
        """With further phrases by topic; an unknown name becomes a topic of its own, named so in the catalogue too."""
        known = {topic.name: topic for topic in self.topics}
        for name, phrases in more.items():
            old = known.get(name) or Topic(name, "text", (name,), (name,))
            added = tuple(phrase.lower() for phrase in phrases)
            known[name] = Topic(old.name, old.measures, old.names, (*old.phrases, *added), old.more, old.less)
        return Topics(tuple(known.values()))


def pattern(phrase: str) -> re.Pattern[str]:
    """A phrase as whole words; a `*` at its end lets the last word go on."""
    end = r"\w*" if phrase.endswith("*") else ""
    return re.compile(rf"(?<!\w){re.escape(phrase.rstrip('*'))}{end}(?!\w)")


def _read() -> Topics:
    def listed(text: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in text.split(",") if part.strip())

    topics = []
    for line in TABLE.read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        name, measures, names, phrases, more, less = (field.strip() for field in line.split("|"))
        topics.append(Topic(name, measures, listed(names), listed(phrases), listed(more), listed(less)))
    return Topics(tuple(topics))


TOPICS = _read()
