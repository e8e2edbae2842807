"""Labelled sentences of any format, each with the line it came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nlu.data import Row, Span, normalise
from nlu.formats.errors import Note, Place

Table = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Mention:
    """An entity in a text: offsets in characters, end exclusive.

    `value` is what it stands for where that differs from the text; `role` and `group` are Rasa's.
    """

    name: str
    start: int
    end: int
    value: str | None = None
    role: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled sentence.

    `mentions` is None where entities were never annotated (not: has none). `alternatives` are what a recogniser heard
    instead of `text`, best first, with weights that sum to at most 1.
    """

    text: str
    intent: str
    mentions: tuple[Mention, ...] | None
    place: Place
    alternatives: tuple[tuple[str, float], ...] = ()

    @property
    def row(self) -> Row:
        """The sentence as the trainer's row; of several entities on one span the first one counts."""
        if self.mentions is None:
            spans = None
        else:
            first = {(found.start, found.end): found for found in reversed(self.mentions)}
            spans = tuple(Span(found.name, found.start, found.end) for _, found in sorted(first.items()))
        return Row(self.text, self.intent, spans, "own", normalise(self.text))


@dataclass(frozen=True)
class Corpus:
    """Everything that was read: sentences, Rasa's synonyms, regexes and lookups, and notes for the reader."""

    samples: tuple[Sample, ...]
    synonyms: Table = field(default_factory=dict)  # canonical value -> ways to say it
    regexes: Table = field(default_factory=dict)
    lookups: Table = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    def __len__(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)

    @property
    def rows(self) -> list[Row]:
        """The sentences as rows of `nlu.data`."""
        return [sample.row for sample in self.samples]

    @property
    def intents(self) -> tuple[str, ...]:
        """Names of the intents, sorted."""
        return tuple(sorted({sample.intent for sample in self.samples}))

    @property
    def entities(self) -> tuple[str, ...]:
        """Names of the annotated entities, sorted."""
        return tuple(sorted({found.name for sample in self.samples for found in sample.mentions or ()}))

    def gazetteer(self) -> dict[str, tuple[str, ...]]:
        """Entity -> its known values: the lookup tables, and synonyms of values annotated with that entity."""
        out: dict[str, set[str]] = {name: set(values) for name, values in self.lookups.items()}
        for sample in self.samples:
            for found in sample.mentions or ():
                value = found.value or sample.text[found.start : found.end]
                if value in self.synonyms:
                    out.setdefault(found.name, set()).update((value, *self.synonyms[value]))
        return {name: tuple(sorted(values)) for name, values in sorted(out.items())}


def merge(parts: Sequence[Corpus]) -> Corpus:
    """One corpus out of several, in order."""
    return Corpus(
        tuple(sample for part in parts for sample in part.samples),
        _joined(part.synonyms for part in parts),
        _joined(part.regexes for part in parts),
        _joined(part.lookups for part in parts),
        tuple(note for part in parts for note in part.notes),
    )


def _joined(tables: Iterable[Table]) -> dict[str, tuple[str, ...]]:
    out: dict[str, dict[str, None]] = {}
    for table in tables:
        for name, values in table.items():
            out.setdefault(name, {}).update(dict.fromkeys(values))
    return {name: tuple(values) for name, values in out.items()}
