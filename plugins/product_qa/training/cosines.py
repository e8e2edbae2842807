"""Cosines of question and passage by the shared encoder, as the index gives them: kept in a file, they take minutes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nlu.encoder import Encoder
from nlu.runtime import ENCODER_FOLDER, MODELS
from nlu.training.display import bar
from plugins.product_qa.training.pairs import Asked
from plugins.product_qa.types import Passage


def indexed(passage: Passage) -> str:
    """What of a passage stands behind its vector: as `plugins.product_qa.index` has it."""
    return f"{passage.question} {passage.text}" if passage.question else passage.text


def cosines(asked: Sequence[Asked], kept: Path) -> dict[str, float]:
    """The cosine of every pair by the passage's key, from `kept` where it is there."""
    known: dict[str, float] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    wanted = [one for one in asked if any(pair.passage.key not in known for pair in one.pairs)]
    if not wanted:
        return known
    encoder = Encoder(MODELS / ENCODER_FOLDER)
    with bar("cosines", len(wanted)) as tell:
        for done, one in enumerate(wanted, 1):
            texts = [one.question, *(indexed(pair.passage) for pair in one.pairs)]
            first, *rest = (found.vector for found in encoder.encode(texts, trunk=False))
            for pair, vector in zip(one.pairs, rest, strict=True):
                known[pair.passage.key] = round(float(np.dot(first, vector)), 6)
            tell(done, "")
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_name(kept.name + ".part")
    part.write_text(json.dumps(known) + "\n", encoding="utf-8")
    part.replace(kept)
    return known
