"""Which decisions train, which choose the best snapshot, and which certify: whole sessions, drawn by a hash."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.learning.errors import LearningError

Rows = NDArray[np.int64]
#: Shares of train, valid and certify. A third is kept to certify: a bound is only as good as its evidence.
SHARES = (0.55, 0.15, 0.30)


@dataclass(frozen=True)
class Split:
    """Row numbers of the three parts, each in the order of the log."""

    train: Rows
    valid: Rows
    certify: Rows


def split(session: NDArray[np.uint64], seed: int) -> Split:
    """Split by session [N]; the same sessions fall on the same side for the same seed, however much comes later.

    Raises `LearningError` where a part stays empty.
    """
    places = _mixed(np.asarray(session, np.uint64), seed)
    first, second = SHARES[0], SHARES[0] + SHARES[1]
    parts = [
        np.flatnonzero(where).astype(np.int64)
        for where in (places < first, (places >= first) & (places < second), places >= second)
    ]
    if not all(len(part) for part in parts):
        count = len(np.unique(session))
        raise LearningError(f"{len(session)} decisions of {count} sessions are too few to train, choose and certify")
    return Split(*parts)


def _mixed(values: NDArray[np.uint64], seed: int) -> NDArray[np.float64]:
    """Numbers in [0, 1), evenly spread whatever the values (the finaliser of SplitMix64)."""
    with np.errstate(over="ignore"):
        z = values + np.uint64((seed * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) % 2**64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) / 2.0**53
