"""From rows to tensors: light augmentation, label sets, cached trunk states."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlu.asr_noise import misrecognise
from nlu.data import OUT_OF_SCOPE, Row, Span, align_spans
from nlu.encoder import Words

IGNORED = -100
#: First token of a word whose tag nobody annotated; a trained model may fill it in (self-training).
UNKNOWN = -200
_UNITS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen
"""
UNITS = _UNITS.split()
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}
NUMBERS = {word: value for value, word in enumerate(UNITS)} | TENS
ITEMS = (
    "milk eggs bread butter cheese apples bananas oranges tomatoes potatoes onions rice pasta coffee "
    "tea sugar salt chicken beef fish yogurt cereal juice water wine beer flour honey soap shampoo "
    "toothpaste batteries paper towels|toilet paper|olive oil|orange juice|ground beef|peanut "
    "butter|dish soap|light bulbs|dog food|a dozen eggs|two bottles of milk|call the bank|wash the "
    "car|buy a present for anna|pay the rent"
)
LISTS = ("shopping", "grocery", "to do", "packing", "christmas", "party", "hardware")
LIST_RULE = re.compile(
    r"\b(?:add|put|include|remove|delete|erase|take)\s+(?:the |some |an? )?(?P<item>[\w' ]+?)\s+"
    r"(?:to|on|onto|in|into|from|off|off of)\s+(?:my|the|a|our|his|her|list)\b.*\blist\b"
)


def list_items() -> list[str]:
    """Things people put on lists, one and several words."""
    head, *phrases = ITEMS.split("|")
    *single, last_two, last = head.split()
    return [*single, f"{last_two} {last}", *phrases]


def authored_lists(rng: random.Random, count: int) -> list[Row]:
    """Sentences of our own that show `list_item`, which SLURP never annotates."""
    adding = (
        "add {} to my {} list",
        "put {} on the {} list",
        "please add {} to the {} list",
        "i need {} on my {} list",
        "{} should go on my {} list",
        "can you put {} on my {} list",
        "add {} to {} list",
    )
    removing = (
        "remove {} from my {} list",
        "take {} off the {} list",
        "delete {} from the {} list",
        "please remove {} from my {} list",
    )
    rows = []
    for _ in range(count):
        remove = rng.random() < 0.3
        before, between, after = rng.choice(removing if remove else adding).split("{}")
        items = rng.sample(list_items(), rng.choice((1, 1, 2, 2, 3)))
        text, spans = before, []
        for index, item in enumerate(items):
            text += "" if index == 0 else " and " if index == len(items) - 1 else rng.choice((" ", ", "))
            spans.append(Span("list_item", len(text), len(text) + len(item)))
            text += item
        text += between
        name = rng.choice(LISTS)
        spans.append(Span("list_name", len(text), len(text) + len(name)))
        rows.append(Row(text + name + after, "lists_remove" if remove else "lists_createoradd", tuple(spans), "own"))
    return rows


def tag_list_items(row: Row) -> Row:
    """Adds a `list_item` span by rule to annotated list rows where nothing else is annotated there."""
    if row.spans is None or row.intent not in ("lists_createoradd", "lists_remove"):
        return row
    match = LIST_RULE.search(row.text.lower())
    if match is None or match.group("item") in ("it", "this", "that", "item", "items", "list"):
        return row
    start, end = match.span("item")
    if any(span.start < end and span.end > start for span in row.spans):
        return row
    return Row(row.text, row.intent, (*row.spans, Span("list_item", start, end)), row.source, row.origin)


def rewrite(text: str, spans: Sequence[Span], edits: Sequence[tuple[int, int, str]]) -> tuple[str, tuple[Span, ...]]:
    """Applies non-overlapping (start, end, replacement) edits and moves the spans; an edit inside a span
    stretches it.
    """
    moved = [[span.start, span.end] for span in spans]
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
        shift = len(new) - (end - start)
        for place in moved:
            if place[0] >= end:
                place[0] += shift
            if place[1] >= end:
                place[1] += shift
    return text, tuple(Span(s.name, *place) for s, place in zip(spans, moved, strict=True))


def digits(text: str) -> list[tuple[int, int, str]]:
    """Edits that write spoken numbers as typed: `seven thirty pm` -> `7:30 pm`, `twenty five` -> `25`."""
    edits, words, index = [], list(re.finditer(r"[A-Za-z']+", text)), 0
    while index < len(words):
        value = NUMBERS.get(words[index].group())
        following = NUMBERS.get(words[index + 1].group()) if index + 1 < len(words) else None
        if value is None:
            index += 1
            continue
        start, used, new = words[index].start(), 1, str(value)
        if value in TENS.values() and following is not None and 0 < following < 10:
            used, new = 2, str(value + following)
        elif 0 < value <= 12 and following in (10, 15, 20, 30, 40, 45, 50):
            used, new = 2, f"{value}:{following}"
        edits.append((start, words[index + used - 1].end(), new))
        index += used
    return edits


def augment(row: Row, rng: random.Random) -> Row:
    """A typed-looking or damaged variant: punctuation, digits, an opening word; or misheard, or a word
    dropped. Recognised rows become another line of the recogniser's n-best.
    """
    if row.heard:
        heard = rng.choice(row.heard)
        return replace(row, text=heard, spans=align_spans(row, heard)) if heard != row.text else row
    if row.source in ("slurp_train", "hwu", "own") and rng.random() < 0.25:
        heard = misrecognise(row.text, 0.2, rng, 1)[0][0]
        return Row(heard, row.intent, align_spans(row, heard), row.source, row.origin)
    text, spans = row.text, row.spans or ()
    if rng.random() < 0.6:
        text, spans = rewrite(text, spans, digits(text))
    if rng.random() < 0.12 and row.intent != OUT_OF_SCOPE:
        words = [
            w for w in re.finditer(r"\S+\s+", text) if not any(s.start < w.end() and s.end > w.start() for s in spans)
        ]
        if len(words) > 3:
            gone = rng.choice(words)
            text, spans = rewrite(text, spans, [(gone.start(), gone.end(), "")])
    if rng.random() < 0.2 and text:
        text, spans = rewrite(text, spans, [(0, 0, rng.choice(("hey ", "please ", "ok ", "Hi, ", "so ", "um ")))])
    if rng.random() < 0.7 and text and text[-1].isalnum():
        asks = re.match(r"(what|who|when|where|why|how|is|are|do|does|can|could|will)\b", text.lower())
        text += "?" if asks and rng.random() < 0.85 else rng.choice((".", ".", "!"))
    return Row(text, row.intent, spans if row.spans is not None else None, row.source, row.origin)


@dataclass(frozen=True)
class Labels:
    """Label sets: `intents` ends with out_of_scope; tags are O, then B- and I- of each entity."""

    intents: tuple[str, ...]
    entities: tuple[str, ...]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Labels:
        """All labels that occur in `rows`, sorted."""
        intents = sorted({row.intent for row in rows} - {OUT_OF_SCOPE})
        return cls((*intents, OUT_OF_SCOPE), tuple(sorted({s.name for row in rows for s in row.spans or ()})))

    @property
    def tags(self) -> int:
        """Number of BIO tags; entity e has B = 1 + 2 e and I = 2 + 2 e."""
        return 1 + 2 * len(self.entities)


@dataclass(frozen=True)
class Example:
    """A row as arrays: states of the frozen layers float16 [T, 384], intent index, tag per token [T] (negative = not
    scored), and a teacher's intent logits [I] where there is one.
    """

    trunk: NDArray[np.float16]
    intent: int
    tags: NDArray[np.int64]
    teacher: NDArray[np.float32] | None = None


def tag_ids(row: Row, words: Words, tokens: int, labels: Labels) -> NDArray[np.int64]:
    """BIO tag of each word at its first token (UNKNOWN in rows never annotated), IGNORED at other tokens: [tokens]."""
    tags = np.full(tokens, IGNORED, np.int64)
    if row.spans is None:
        tags[words.rows] = UNKNOWN
        return tags
    previous: Span | None = None
    for place, start, end in zip(words.rows, words.starts, words.ends, strict=True):
        span = next((s for s in row.spans if s.start < end and s.end > start), None)
        index = labels.entities.index(span.name) if span and span.name in labels.entities else None
        tags[place] = 0 if index is None else 1 + 2 * index + (span is previous)
        previous = span
    return tags


class Frozen(Protocol):
    """The part of the encoder that does not train."""

    def frozen_states(self, texts: Sequence[str]) -> list[tuple[NDArray[np.float16], Words]]:
        """States float16 [T, 384] and words of each text."""


def examples(rows: Sequence[Row], labels: Labels, source: Frozen) -> list[Example]:
    """Runs the frozen layers over all rows; with the shipped trunk, training sees what serving will see."""
    out = []
    for first in range(0, len(rows), 512):
        part = rows[first : first + 512]
        for row, (states, words) in zip(part, source.frozen_states([row.text for row in part]), strict=True):
            intent = labels.intents.index(row.intent) if row.intent in labels.intents else IGNORED
            out.append(Example(states, intent, tag_ids(row, words, len(states), labels)))
    return out


DIALOG = {
    "general_affirm": "yes|yeah|yep|sure|ok|okay|yes please|correct|that's right|"
    "right|exactly|sure thing|go ahead|do it",
    "general_negate": "no|nope|no thanks|no thank you|not that|that's wrong|wrong|nah|no way|not really|that is not it",
    "general_commandstop": "stop|cancel|never mind|cancel that|quit|stop it|forget it|abort|stop that please|shut up",
    "general_repeat": "repeat that|say that again|what did you say|pardon|come again|repeat please|can you repeat that",
    "general_praise": "thanks|thank you|good job|well done|great|thank you so much|"
    "you're awesome|nice work|cool thanks",
    "general_dontcare": "whatever|i don't mind|any|anything|i don't care|either one|doesn't matter|it is up to you",
    "general_greet": "hi|hello|hey|good morning|good evening|hi there|hello there|hey olly|good afternoon|greetings",
}


def authored_dialog() -> list[Row]:
    """Short answers of a dialog, which the data sets hardly have."""
    return [Row(text, intent, (), "own") for intent, texts in DIALOG.items() for text in texts.split("|")]
