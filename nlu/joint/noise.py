"""Labelled sentences as a recogniser might have heard them: entities move along with the words."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from nlu.asr_noise import misrecognise
from nlu.data import Row, align_spans, normalise


def heard_as(row: Row, hypothesis: str) -> Row | None:
    """The row with the recogniser's words, entities where their words were heard; None where nothing was heard."""
    text = " ".join(hypothesis.split())
    if not normalise(text):
        return None
    return replace(
        row, text=text, spans=align_spans(row, text), source=row.source + "_heard", origin=normalise(row.text)
    )


def noisy_copies(rows: Sequence[Row], heard: Mapping[str, Sequence[str]], wer: float, seed: int) -> list[Row]:
    """One recognised copy of each row, in order.

    `heard` maps normalised texts to real transcripts, of which one is drawn; other rows go through `nlu.asr_noise` at
    the given word error rate. A row of which nothing is left stays as it is.
    """
    rng = random.Random(seed)
    out = []
    for row in rows:
        known = heard.get(normalise(row.text))
        said = rng.choice(list(known)) if known else misrecognise(row.text, wer, rng, 1)[0][0]
        out.append(heard_as(row, said) or row)
    return out
