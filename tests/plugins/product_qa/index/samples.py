"""Passages, commits and an encoder for tests of the index."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.index.tokens import tokens
from plugins.product_qa.types import Passage, Source


@dataclass(frozen=True)
class Commit:
    added: Sequence[Passage] = ()
    removed: Sequence[str] = ()
    mark: str = ""
    reset: bool = False


@dataclass
class Encoder:
    """Sums of fixed random vectors of words: texts that share words are near each other."""

    version: str = "words-1"
    encoded: list[str] = field(default_factory=list)

    def __call__(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        self.encoded.extend(texts)
        return [self.vector(text) for text in texts]

    def vector(self, text: str) -> NDArray[np.float32]:
        total = np.full(384, 1e-3)
        for word in tokens(text):
            seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest(), "big")
            total += np.random.default_rng(seed).standard_normal(384)
        return np.asarray(total / np.linalg.norm(total), np.float32)


def passage(key: str, text: str, product: str = "kettle", source: Source = "review", question: str = "") -> Passage:
    return Passage(key, product, source, text, question)


KETTLE = (
    passage("k1", "The kettle is dishwasher safe", source="bullet"),
    passage("k2", "item weight: 1.2kg", source="attribute"),
    passage("k3", "It whistles loudly and the handle gets hot"),
    passage("k4", "Yes, it works on induction", source="answer", question="Does the kettle work on induction hobs?"),
    passage("k5", "Trail Kettle 2L", source="title"),
)
TENT = (
    passage("t1", "Dome Tent for two", "tent", "title"),
    passage("t2", "item weight: 2.4 kg", "tent", "attribute"),
    passage("t3", "Stayed dry in heavy rain, the tent is waterproof", "tent"),
)
SHOP = (passage("s1", "Returns are free within 30 days", "", "faq", question="How do I return a package?"),)
ALL = (*KETTLE, *TENT, *SHOP)
