"""Readings and word vectors of a joint model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from nlu.backbone import autocast
from nlu.data import Row, Span
from nlu.joint.examples import Batch, Example, collate, flags_of, spans_of
from nlu.joint.gazetteer import Gazetteer
from nlu.joint.metrics import Frame
from nlu.joint.model import JointModel


@dataclass(frozen=True)
class Prediction:
    """What the model reads: intent, entities as character spans, and the frame of both."""

    intent: str
    spans: tuple[Span, ...]
    frame: Frame


def value_of(text: str) -> str:
    """A slot's value as compared: lower case, single spaces."""
    return " ".join(text.lower().split())


def frame_of(row: Row, spans: Sequence[Span] | None = None, intent: str | None = None) -> Frame:
    """The gold frame of a sentence, or that of the given reading."""
    found = (row.spans or ()) if spans is None else spans
    slots = tuple((span.name, value_of(row.text[span.start : span.end])) for span in found)
    return Frame(row.intent if intent is None else intent, slots)


@torch.no_grad()
def predict(
    model: JointModel, examples: Sequence[Example], gazetteer: Gazetteer | None = None, size: int = 64
) -> list[Prediction]:
    """Readings of all examples, in order."""
    out: dict[int, Prediction] = {}
    for chosen, batch in evaluation_batches(model, examples, gazetteer, size):
        with autocast(batch.x.device.type):
            output = model(batch)
        best = output.intents.argmax(1).tolist()
        paths = model.crf.decode(output.scores, batch.words)
        for index, intent, path in zip(chosen, best, paths, strict=True):
            example = examples[index]
            spans = spans_of(path, example.words, model.labels.types)
            name = model.labels.intents[intent]
            out[index] = Prediction(name, spans, frame_of(example.row, spans, name))
    return [out[index] for index in range(len(examples))]


@torch.no_grad()
def embeddings(
    model: JointModel, examples: Sequence[Example], gazetteer: Gazetteer | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32], list[tuple[int, int]]]:
    """Of all words: vectors that the CRF reads [N, 384], Gaussian means [N, 128], and (sentence, word) of each."""
    vectors: dict[int, tuple[NDArray[np.float32], NDArray[np.float32]]] = {}
    for chosen, batch in evaluation_batches(model, examples, gazetteer, 64):
        with autocast(batch.x.device.type):
            output = model(batch)
        means, _ = model.gaussian(output.vectors)
        for row, index in enumerate(chosen):
            count = len(examples[index].words.rows)
            vectors[index] = output.vectors[row, :count].cpu().numpy(), means[row, :count].cpu().numpy()
    places = [(i, word) for i in range(len(examples)) for word in range(len(examples[i].words.rows))]
    stacked = [np.concatenate([vectors[i][kind] for i in range(len(examples))]) for kind in (0, 1)]
    return stacked[0], stacked[1], places


def evaluation_batches(
    model: JointModel, examples: Sequence[Example], gazetteer: Gazetteer | None, size: int
) -> Iterator[tuple[list[int], Batch]]:
    """Batches of about equal lengths with the indices of their sentences; puts the model into evaluation mode."""
    model.eval()
    device = next(model.parameters()).device.type
    flags = flags_of(examples, gazetteer, types_of(model))
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].states))
    for first in range(0, len(order), size):
        chosen = order[first : first + size]
        yield chosen, collate([examples[i] for i in chosen], [flags[i] for i in chosen], [0] * len(chosen)).to(device)


def types_of(model: JointModel) -> tuple[str, ...] | None:
    """The flag columns that the model wants: one a type, or None for a single one."""
    return model.labels.types if model.options.gazetteer == "typed" else None
