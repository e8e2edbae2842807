"""Training examples of the joint model: token states, words, tags and gazetteer flags of a labelled sentence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nlu.backbone import Backbone
from nlu.data import Row, Span
from nlu.encoder import Words
from nlu.joint.gazetteer import Gazetteer

#: Tag of a word whose sentence has no entity annotation, and intent of a name that is not known.
UNKNOWN = -1
#: Sentences tokenised and encoded at a time, between two calls of `progress`.
CHUNK = 256


@dataclass(frozen=True)
class Labels:
    """Intent names and entity types, sorted. Tags: 0 = O, 2 i + 1 = B- and 2 i + 2 = I- of type i."""

    intents: tuple[str, ...]
    types: tuple[str, ...]

    @classmethod
    def of_rows(cls, rows: Iterable[Row]) -> Labels:
        """The labels of training rows. Raises ValueError where there are no rows or no entity annotation."""
        listed = list(rows)
        types = sorted({span.name for row in listed for span in row.spans or ()})
        if not listed or all(row.spans is None for row in listed):
            raise ValueError("no training sentence has entity annotation")
        return cls(tuple(sorted({row.intent for row in listed})), tuple(types))

    @property
    def tags(self) -> int:
        """Number of BIO tags."""
        return 2 * len(self.types) + 1

    def save(self, path: Path) -> None:
        """As JSON."""
        path.write_text(json.dumps({"intents": self.intents, "types": self.types}), encoding="utf-8")


@dataclass(frozen=True, eq=False)
class Example:
    """A sentence ready for the model.

    states float16 [T, 384]: output of the frozen layers; words: first token row and offsets of each word; tags int64
    [W] (UNKNOWN without annotation); intent: index or UNKNOWN.
    """

    row: Row
    states: Tensor
    words: Words
    tags: NDArray[np.int64]
    intent: int

    @property
    def texts(self) -> list[str]:
        """The words themselves."""
        return [self.row.text[start:end] for start, end in zip(self.words.starts, self.words.ends, strict=True)]


def tags_of(row: Row, words: Words, types: dict[str, int]) -> NDArray[np.int64]:
    """BIO tags [W]; a word belongs to the first span it overlaps. Types not in `types` are O."""
    tags = np.full(len(words.rows), UNKNOWN if row.spans is None else 0, np.int64)
    for span in row.spans or ():
        begun = False
        for place, (start, end) in enumerate(zip(words.starts, words.ends, strict=True)):
            if start < span.end and end > span.start and tags[place] == 0 and span.name in types:
                tags[place] = 2 * types[span.name] + 1 + begun
                begun = True
    return tags


def spans_of(tags: Sequence[int], words: Words, types: Sequence[str]) -> tuple[Span, ...]:
    """Entities of a valid BIO sequence as character spans; the inverse of `tags_of`."""
    out: list[Span] = []
    place = 0
    while place < len(tags):
        tag, last = tags[place], place
        if tag > 0:
            while last + 1 < len(tags) and tags[last + 1] == tag + 1:
                last += 1
            out.append(Span(types[(tag - 1) // 2], words.starts[place], words.ends[last]))
        place = last + 1
    return tuple(out)


def prepare(
    backbone: Backbone, rows: Sequence[Row], labels: Labels, progress: Callable[[int], None] | None = None
) -> list[Example]:
    """Examples of `rows`: tokenised, and run through the frozen layers once. `progress` gets numbers of finished
    rows.
    """
    intents = {name: index for index, name in enumerate(labels.intents)}
    types = {name: index for index, name in enumerate(labels.types)}
    out: list[Example] = []
    for first in range(0, len(rows), CHUNK):
        chunk = rows[first : first + CHUNK]
        tokens = backbone.tokenise([row.text for row in chunk])
        states = backbone.states_of_ids([item.ids for item in tokens])
        for row, item, state in zip(chunk, tokens, states, strict=True):
            tags = tags_of(row, item.words, types)
            out.append(Example(row, state, item.words, tags, intents.get(row.intent, UNKNOWN)))
        if progress is not None:
            progress(len(chunk))
    return out


@dataclass(frozen=True)
class Batch:
    """Padded examples: x float32 [B, T, 384], mask bool [B, T], firsts int64 [B, W], words bool [B, W], tags int64 [B,
    W], intents int64 [B], flags float32 [B, T, K] of token rows, views int64 [B] (1 = recogniser text).
    """

    x: Tensor
    mask: Tensor
    firsts: Tensor
    words: Tensor
    tags: Tensor
    intents: Tensor
    flags: Tensor
    views: Tensor

    def to(self, device: str) -> Batch:
        """The same on another device."""
        return Batch(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


def collate(examples: Sequence[Example], flags: Sequence[NDArray[np.float32]], views: Sequence[int]) -> Batch:
    """Pads to the longest sentence; `flags` holds each sentence's word flags [W, K]."""
    size, length = len(examples), max(len(example.states) for example in examples)
    width = max(1, max(len(example.words.rows) for example in examples))
    x = torch.zeros(size, length, examples[0].states.shape[1])
    mask = torch.zeros(size, length, dtype=torch.bool)
    firsts, tags = np.zeros((size, width), np.int64), np.full((size, width), UNKNOWN, np.int64)
    words = np.zeros((size, width), bool)
    marked = np.zeros((size, length, flags[0].shape[1]), np.float32)
    for index, (example, flag) in enumerate(zip(examples, flags, strict=True)):
        tokens, count = len(example.states), len(example.words.rows)
        x[index, :tokens], mask[index, :tokens] = example.states.float(), True
        firsts[index, :count], words[index, :count] = example.words.rows, True
        tags[index, :count] = example.tags
        if count and flag.any():
            # Every piece of a word carries the word's flag; the last row is [SEP].
            pieces = np.diff([*example.words.rows, tokens - 1])
            marked[index, example.words.rows[0] : tokens - 1] = np.repeat(flag, pieces, axis=0)
    return Batch(
        x, mask, torch.from_numpy(firsts), torch.from_numpy(words), torch.from_numpy(tags),
        torch.tensor([example.intent for example in examples]), torch.from_numpy(marked), torch.tensor(list(views)),
    )  # fmt: skip


def flags_of(
    examples: Sequence[Example], gazetteer: Gazetteer | None, types: Sequence[str] | None, own: bool = False
) -> list[NDArray[np.float32]]:
    """Word flags [W, K] of each sentence: K = len(types), or 1 where None; zeros without a gazetteer.

    `own` leaves out, for each sentence, the values that only it supports (training on the rows the gazetteer is of).
    """
    if gazetteer is None:
        return [np.zeros((len(e.words.rows), 1 if types is None else len(types)), np.float32) for e in examples]
    return [gazetteer.flags(e.texts, types, gazetteer.own(e.row) if own else ()) for e in examples]
