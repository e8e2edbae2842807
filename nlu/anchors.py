"""Anchor vectors: a compact sample of the base training data, against which plugin intents are fitted."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nlu.data import OUT_OF_SCOPE, Row
from nlu.encoder import Encoder

PER_INTENT, OUTSIDE = 40, 400
CLEAN = ("slurp_train", "hwu", "clinc", "mash", "salad", "own")


@dataclass(frozen=True)
class Anchors:
    """vectors float32 [n, 384] and the base intent index of each [n]."""

    vectors: NDArray[np.float32]
    labels: NDArray[np.int64]


def write_anchors(
    path: Path, rows: Sequence[Row], intents: Sequence[str], encoder: Encoder, seed: int
) -> None:
    """Samples clean rows of every intent and stores their vectors as int8 (one scale a row) in `path`."""
    rng = random.Random(seed)
    by_intent: dict[str, list[str]] = {intent: [] for intent in intents}
    for row in rows:
        if row.source in CLEAN:
            by_intent[row.intent].append(row.text)
    texts, labels = [], []
    for index, (intent, found) in enumerate(by_intent.items()):
        size = OUTSIDE if intent == OUT_OF_SCOPE else PER_INTENT
        chosen = rng.sample(found, min(size, len(found)))
        texts += chosen
        labels += [index] * len(chosen)
    vectors = np.array([item.vector for item in encoder.encode(texts, trunk=False)])
    scales = np.abs(vectors).max(axis=1) / 127
    codes = np.rint(vectors / scales[:, None]).astype(np.int8)
    np.savez(path, codes=codes, scales=scales.astype(np.float32), labels=np.array(labels, np.uint16))


def read_anchors(path: Path) -> Anchors:
    """What `write_anchors` stored."""
    with np.load(path) as arrays:
        vectors = arrays["codes"].astype(np.float32) * arrays["scales"][:, None]
        return Anchors(vectors, arrays["labels"].astype(np.int64))
