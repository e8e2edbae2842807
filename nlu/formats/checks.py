"""Checks of single sentences and of whole corpora, the same for every format."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise

from nlu.encoder import MAX_CHARACTERS
from nlu.formats.corpus import Corpus, Mention, Sample
from nlu.formats.errors import DataError, Note, Place


def inside_word(text: str, place: int) -> bool:
    """Whether a cut at `place` would split a word. Scripts without spaces may be cut between any two signs."""
    if not 0 < place < len(text):
        return False
    left, right = text[place - 1], text[place]
    return _wordlike(left) and _wordlike(right) and not (_ideograph(left) or _ideograph(right))


def _wordlike(char: str) -> bool:
    # Marks belong to the letter before them.
    return char.isalnum() or unicodedata.category(char).startswith("M")


def _ideograph(char: str) -> bool:
    return "CJK" in unicodedata.name(char, "")


def check_mention(text: str, found: Mention, place: Place) -> None:
    """Raises `DataError` where an entity has no name, lies outside the text or does not begin and end with a word."""
    what = f"entity {found.name!r} at {found.start}-{found.end}"
    if not found.name:
        raise DataError(place, "an entity has no name")
    if not 0 <= found.start < found.end <= len(text):
        raise DataError(place, f"{what} lies outside the text, which has {len(text)} characters, or is empty")
    value = text[found.start : found.end]
    if value != value.strip():
        raise DataError(place, f"{what} begins or ends with white space: {value!r}")
    for cut in (found.start, found.end):
        if inside_word(text, cut):
            raise DataError(place, f"{what} ({value!r}) does not begin and end at word borders")


def make_sample(
    text: str,
    intent: str,
    mentions: Sequence[Mention] | None,
    place: Place,
    alternatives: Iterable[tuple[str, float]] = (),
) -> tuple[Sample, list[Note]]:
    """A checked sentence, cut as serving cuts it, and notes on what was cut. Raises `DataError`."""
    notes: list[Note] = []
    if not text.strip():
        raise DataError(place, "the text is empty")
    if not intent or intent != intent.strip():
        raise DataError(place, f"{intent!r} is no intent name" if intent else "the intent is empty")
    ordered = sorted(mentions or (), key=lambda found: (found.start, found.end))
    for found in ordered:
        check_mention(text, found, place)
    for before, after in pairwise(ordered):
        if after.start < before.end and (after.start, after.end) != (before.start, before.end):
            raise DataError(place, f"entities {before.name!r} and {after.name!r} overlap")
    if len(text) > MAX_CHARACTERS:
        kept = [found for found in ordered if found.end <= MAX_CHARACTERS]
        lost = f" and {len(ordered) - len(kept)} entities" if len(kept) < len(ordered) else ""
        notes.append(
            Note(place, f"{len(text)} characters: cut to {MAX_CHARACTERS}, as serving cuts; the rest{lost} is not used")
        )
        text, ordered = text[:MAX_CHARACTERS], kept
    kept_mentions = None if mentions is None else tuple(ordered)
    heard = tuple((other[:MAX_CHARACTERS], weight) for other, weight in alternatives)
    return Sample(text, intent, kept_mentions, place, heard), notes


def contradictions(corpus: Corpus) -> list[Note]:
    """Texts (case and white space aside) that stand under two intents; one note at each later place."""
    seen: dict[str, Sample] = {}
    out = []
    for sample in corpus:
        first = seen.setdefault(" ".join(sample.text.lower().split()), sample)
        if first.intent != sample.intent:
            text = sample.text if len(sample.text) <= 60 else sample.text[:57] + "..."
            out.append(Note(sample.place, f"{text!r} is {sample.intent!r} here and {first.intent!r} at {first.place}"))
    return out


def check_trainable(corpus: Corpus) -> None:
    """Raises `DataError` where there are not two intents to tell apart."""
    if len(corpus.intents) < 2:
        only = corpus.samples[0]
        message = f"all {len(corpus)} sentences have the one intent {only.intent!r}; at least two intents are needed"
        raise DataError(only.place, message)


def unknown_labels(corpus: Corpus, intents: Iterable[str], entities: Iterable[str]) -> list[Note]:
    """Where `corpus` has an intent or entity that is not among the known ones: each label once, at its first line."""
    known_intents, known_entities = set(intents), set(entities)
    first: dict[tuple[str, str], Place] = {}
    counts: dict[tuple[str, str], int] = {}
    for sample in corpus:
        labels = [("intent", sample.intent)] if sample.intent not in known_intents else []
        labels += [("entity", found.name) for found in sample.mentions or () if found.name not in known_entities]
        for label in labels:
            first.setdefault(label, sample.place)
            counts[label] = counts.get(label, 0) + 1
    return [
        Note(
            place, f"{kind} {name!r} (here and {counts[kind, name] - 1} times more) is unknown: training data lacks it"
        )
        for (kind, name), place in first.items()
    ]
