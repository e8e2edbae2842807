"""What the gate reads of a text besides its sentence vector: its form in a few numbers, its words hashed."""

from __future__ import annotations

import math
import re
import zlib
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.gate.lexicon import (
    ALL_ATTRIBUTES,
    AUXILIARIES,
    COMMANDS,
    DEIXIS,
    FUNCTION,
    PROPERTIES,
    RELATIONS,
    SHOP,
    WH,
    listed,
)

#: Buckets of hashed words and pairs of words.
BUCKETS = 4096
FORM = (
    "wh first", "auxiliary first", "wh", "inversion", "deixis", "first person", "second person", "command first",
    "log words", "share of function words", "digit", "model number", "attribute", "property", "shop", "relation",
    "short", "how much",
)  # fmt: skip
#: Beyond this many characters nothing is read: the cost of a turn stays bounded.
LONGEST = 1000
_WORD = re.compile(r"[a-z0-9]+(?:['.-][a-z0-9]+)*")
_PERSON, _YOU = listed("i me my mine we our us i'm i've i'd i'll"), listed("you your yours u")

Floats = NDArray[np.float32]


def words(text: str) -> list[str]:
    """Lower-case words of the first LONGEST characters; marks, and with them the question mark, are left out: a
    recogniser writes none."""
    return _WORD.findall(text[:LONGEST].lower().replace("’", "'"))


def form(parts: list[str]) -> Floats:
    """The numbers named by FORM, [18]."""
    first = parts[0] if parts else ""
    content = [part for part in parts if part not in FUNCTION]
    held = set(parts)
    inverted = any(
        left in AUXILIARIES and right in DEIXIS | _PERSON | _YOU | {"the", "there"} for left, right in pairwise(parts)
    )
    much = any(left == "how" and right in _DEGREES for left, right in pairwise(parts))
    model = any(any(char.isdigit() for char in part) and any(char.isalpha() for char in part) for part in parts)
    return np.array(
        [
            first in WH, first in AUXILIARIES, bool(held & WH), inverted, bool(held & DEIXIS), bool(held & _PERSON),
            bool(held & _YOU), first in COMMANDS, math.log1p(len(parts)) / 3,
            1 - len(content) / len(parts) if parts else 0.0, any(part[0].isdigit() for part in parts), model,
            bool(held & ALL_ATTRIBUTES), bool(held & PROPERTIES), bool(held & SHOP), bool(held & RELATIONS),
            len(parts) <= 3, much,
        ],
        dtype=np.float32,
    )  # fmt: skip


def hashed(parts: list[str]) -> tuple[NDArray[np.int64], float]:
    """The buckets of the words and pairs of words, each once, and the value each has (their squares sum to one).

    Numbers share one bucket, so that no threshold of a product is learned by heart.
    """
    plain = ["#" if part[0].isdigit() and part.replace(".", "").isdigit() else part for part in parts]
    grams = [*plain, *(f"{left} {right}" for left, right in zip(["<", *plain], [*plain, ">"], strict=True))]
    buckets = sorted({zlib.crc32(gram.encode()) % BUCKETS for gram in grams})
    return np.array(buckets, dtype=np.int64), 1 / math.sqrt(len(buckets))


_DEGREES = listed("much many long old big large tall wide deep heavy high thick small loud fast often far")
