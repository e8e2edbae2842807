"""The best tag sequence of a linear-chain CRF in numpy, for serving."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
#: Score of a transition that BIO does not allow.
FORBIDDEN = -1e4


def forbidden(tags: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Transitions [G, G] (from, to) and first tags [G] that BIO forbids.

    Tags are 0 = O, 2 i + 1 = B- and 2 i + 2 = I- of type i: an I- only follows the B- or I- of its type.
    """
    inside = np.arange(2, tags, 2)
    pairs = np.zeros((tags, tags), bool)
    pairs[:, inside] = True
    pairs[inside, inside] = pairs[inside - 1, inside] = False
    first = np.zeros(tags, bool)
    first[inside] = True
    return pairs, first


def viterbi(scores: Floats, transitions: Floats, start: Floats, end: Floats) -> NDArray[np.int64]:
    """The best path [W] for tag scores [W, G], transitions [G, G] (from, to), start and end scores [G].

    BIO constraints hold whatever the scores are. No words give an empty path.
    """
    steps, tags = scores.shape
    if steps == 0:
        return np.zeros(0, np.int64)
    pairs, first = forbidden(tags)
    allowed = np.where(pairs, FORBIDDEN, transitions).astype(np.float64)
    total = np.where(first, FORBIDDEN, start) + scores[0].astype(np.float64)
    back = np.zeros((steps, tags), np.int64)
    for step in range(1, steps):
        reach = total[:, None] + allowed
        back[step] = reach.argmax(axis=0)
        total = reach.max(axis=0) + scores[step]
    path = [int((total + end).argmax())]
    for step in range(steps - 1, 0, -1):
        path.append(int(back[step, path[-1]]))
    return np.array(path[::-1])
