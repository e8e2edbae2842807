"""The declared seeds, and one stream of random numbers for each purpose, so that no draw shifts another.

Methods are tuned on `TUNE_SEEDS` alone; every reported figure comes from `REPORT_SEEDS` (variant main) and
`SECOND_SEEDS` (variant second, whose reward noise, traffic and draws no method was tuned on). Changing the simulator or
this file after a result was reported makes that result void.
"""

from __future__ import annotations

import hashlib

import numpy as np

#: Hyper-parameters may be chosen by looking at these. Far from the reported ones, so that no list runs into another.
TUNE_SEEDS = (100, 101, 102)
#: Reported, variant main: eight, as the paired tests of the bars ask for.
REPORT_SEEDS = (0, 1, 2, 3, 4, 5, 6, 7)
#: Reported, variant second. The variant is part of every stream's key, so these worlds share no draw with main's.
SECOND_SEEDS = (0, 1, 2, 3, 4)


def stream(*key: int | str) -> np.random.Generator:
    """The random numbers that belong to `key`, such as (seed, variant, purpose): the same ones on every machine."""
    digest = hashlib.sha256(repr(key).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "little"))
