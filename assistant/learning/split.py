"""Which decisions train, which choose the best snapshot, and which certify: whole sessions, drawn by a hash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from assistant.learning.errors import LearningError
from policies.blocks import blocks

Rows = NDArray[np.integer[Any]]
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
    part_of = np.empty(len(session), np.uint8)
    for rows in blocks(len(session)):
        places = _mixed(np.asarray(session[rows], np.uint64), seed)
        part_of[rows] = np.searchsorted([SHARES[0], SHARES[0] + SHARES[1]], places, side="right")
    kind = np.int32 if len(session) < 2**31 else np.int64
    parts = [_numbers(part_of, part, kind) for part in range(len(SHARES))]
    if not all(len(part) for part in parts):
        count = len(np.unique(session))
        raise LearningError(f"{len(session)} decisions of {count} sessions are too few to train, choose and certify")
    return Split(*parts)


def _numbers(part_of: NDArray[np.uint8], part: int, kind: DTypeLike) -> Rows:
    found = np.empty(int(np.count_nonzero(part_of == part)), kind)
    done = 0
    for rows in blocks(len(part_of)):
        some = np.flatnonzero(part_of[rows] == part)
        found[done : done + len(some)] = some + rows.start
        done += len(some)
    return found


def _mixed(values: NDArray[np.uint64], seed: int) -> NDArray[np.float64]:
    """Numbers in [0, 1), evenly spread whatever the values (the finaliser of SplitMix64)."""
    with np.errstate(over="ignore"):
        z = values + np.uint64((seed * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) % 2**64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) / 2.0**53
