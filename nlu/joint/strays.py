"""Words whose neighbours in a model's space carry another label: likely label errors (numpy only)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlu.joint.metrics import Floats, unit

#: Rows of similarities computed at a time.
CHUNK = 512
OUTSIDE = "O"


@dataclass(frozen=True)
class Token:
    """A labelled word: index of its sentence, offsets there, the word, and its entity type (`O`: none)."""

    sentence: int
    start: int
    end: int
    word: str
    label: str


@dataclass(frozen=True)
class Stray:
    """A word among words of another label: that label, the share of neighbours that carry it, and how certain that is:
    their number, each times its cosine, over the number of neighbours.
    """

    token: Token
    neighbours: str
    share: float
    certainty: float


def nearest(points: Floats, groups: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], Floats]:
    """Indices and cosines [N, count] of the nearest unit vectors, nearest first, none of the same group.

    -1 and 0 where there are too few.
    """
    out = np.full((len(points), count), -1, np.int64)
    cosines = np.zeros((len(points), count), np.float32)
    for first in range(0, len(points), CHUNK):
        part = slice(first, first + CHUNK)
        likeness = points[part] @ points.T
        likeness[groups[part][:, None] == groups[None]] = -np.inf
        k = min(count, len(points))
        found = np.argpartition(-likeness, k - 1, axis=1)[:, :k]
        ranked = np.take_along_axis(likeness, found, 1)
        order = np.argsort(-ranked, axis=1, kind="stable")
        found, ranked = np.take_along_axis(found, order, 1), np.take_along_axis(ranked, order, 1)
        out[part, :k] = np.where(np.isfinite(ranked), found, -1)
        cosines[part, :k] = np.where(np.isfinite(ranked), ranked, 0)
    return out, cosines


def strays(vectors: Floats, tokens: Sequence[Token], neighbours: int = 10, share: float = 0.8) -> list[Stray]:
    """Tokens of which at least `share` of the `neighbours` nearest words of other sentences carry one other label.

    vectors [N, D] of the tokens. Most certain first. Raises ValueError for bad arguments.
    """
    if len(vectors) != len(tokens):
        raise ValueError(f"{len(vectors)} vectors for {len(tokens)} tokens")
    if neighbours < 1 or not 0.5 < share <= 1:
        raise ValueError(f"neighbours must be at least 1 and share in (0.5, 1], not {neighbours} and {share}")
    if not tokens:
        return []
    groups = np.array([token.sentence for token in tokens])
    found, cosines = nearest(unit(vectors), groups, neighbours)
    out = []
    for token, near, close in zip(tokens, found.tolist(), cosines.tolist(), strict=True):
        labels = Counter(tokens[index].label for index in near if index >= 0)
        if not labels:
            continue
        label, times = labels.most_common(1)[0]
        portion = times / sum(labels.values())
        if label != token.label and portion >= share:
            agreeing = [c for index, c in zip(near, close, strict=True) if index >= 0 and tokens[index].label == label]
            out.append(Stray(token, label, portion, sum(agreeing) / neighbours))
    return sorted(out, key=lambda stray: -stray.certainty)
