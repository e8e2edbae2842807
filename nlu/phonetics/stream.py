"""The recogniser's phone stream as evidence beside its words: a wide, linear part that adds logits to the encoder's.

"Wide and deep" (Cheng et al. 2016): hashed n-grams of phones, words and characters with one weight per class each,
trained together with the encoder or before it.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nlu.phonetics.distance import INDEX
from nlu.phonetics.pronounce import Sound, pronounce_text, spoken_words

#: Ids int64 [K] and weights float32 [K] of one item's n-grams.
Features = tuple[NDArray[np.int64], NDArray[np.float32]]
PHONE_GRAMS, WORD_GRAMS, CHARACTER_GRAMS = (1, 5), (1, 2), (2, 5)


def parse_phones(line: str) -> list[Sound]:
    """Segments of a line of `ph.classification` (`W.AH.T. .IH.Z. `): phones by `.`, segments by a space.

    Raises ValueError for what is no ARPAbet phone.
    """
    segments = [tuple(phone for phone in part.split(".") if phone) for part in line.split()]
    unknown = next((phone for segment in segments for phone in segment if phone not in INDEX), None)
    if unknown is not None:
        raise ValueError(f"{unknown!r} is no ARPAbet phone")
    return [segment for segment in segments if segment]


def read_phones(path: Path) -> list[list[Sound]]:
    """The phone stream of each line of a file; ValueError naming file and line where one cannot be read."""
    out = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            out.append(parse_phones(line))
        except ValueError as error:
            raise ValueError(f"{path}:{number}: {error}") from None
    return out


def respell(text: str) -> list[Sound]:
    """A stand-in where the recogniser gives no phones: the pronunciation of its own words."""
    return [sound for sound in pronounce_text(text) if sound]


class Grams:
    """Hashed n-grams of (phones, text), weighted like TF-IDF: (1 + log tf) x idf, each kind L2-normalised.

    Phone n-grams are taken twice: with word boundaries as a symbol of their own, and across them. Kinds without
    content (no phones) are left out, so that one model serves both. `fit` on training items before use.
    """

    def __init__(self, buckets: int = 2**17) -> None:
        self.buckets = buckets
        self.idf: NDArray[np.float32] = np.ones(buckets, np.float32)

    def fit(self, items: Iterable[tuple[Sequence[Sound], str]]) -> Grams:
        """Inverse document frequencies of `items`; returns itself."""
        seen = np.zeros(self.buckets)
        count = 0
        for phones, text in items:
            ids = {self._bucket(gram) for grams in self._kinds(phones, text) for gram in grams}
            seen[list(ids)] += 1
            count += 1
        self.idf = (np.log((1 + count) / (1 + seen)) + 1).astype(np.float32)
        return self

    def features(self, phones: Sequence[Sound], text: str) -> Features:
        """Ids and weights of one item; never empty (an item without content has id 0 with weight 0)."""
        ids: list[NDArray[np.int64]] = [np.zeros(1, np.int64)]
        weights: list[NDArray[np.float32]] = [np.zeros(1, np.float32)]
        for grams in self._kinds(phones, text):
            if not grams:
                continue
            rows = np.array([self._bucket(gram) for gram in grams], np.int64)
            values = np.array([1 + math.log(count) for count in grams.values()], np.float32) * self.idf[rows]
            ids.append(rows)
            weights.append(values / np.linalg.norm(values))
        return np.concatenate(ids), np.concatenate(weights)

    def _bucket(self, gram: str) -> int:
        return zlib.crc32(gram.encode()) % self.buckets

    @staticmethod
    def _kinds(phones: Sequence[Sound], text: str) -> list[Counter[str]]:
        bounded = ["|", *(symbol for segment in phones for symbol in (*segment, "|"))] if phones else []
        joined = [phone for segment in phones for phone in segment]
        words = spoken_words(text)
        return [
            _grams("p", bounded, PHONE_GRAMS),
            _grams("j", joined, PHONE_GRAMS),
            _grams("w", words, WORD_GRAMS),
            sum((_grams("c", f" {word} ", CHARACTER_GRAMS) for word in words), Counter()),
        ]


def _grams(kind: str, symbols: Sequence[str], sizes: tuple[int, int]) -> Counter[str]:
    return Counter(
        f"{kind}:{'.'.join(symbols[start : start + size])}"
        for size in range(sizes[0], sizes[1] + 1)
        for start in range(len(symbols) - size + 1)
    )


def collate(features: Sequence[Features]) -> tuple[Tensor, Tensor, Tensor]:
    """A batch for `WideStream`: ids [K], weights [K] of all items after another, offsets [B] where each begins."""
    sizes = [len(ids) for ids, _ in features]
    offsets = torch.tensor([0, *sizes[:-1]]).cumsum(0)
    ids = torch.from_numpy(np.concatenate([ids for ids, _ in features]))
    return ids, torch.from_numpy(np.concatenate([weights for _, weights in features])), offsets


class WideStream(nn.Module):
    """A linear classifier over hashed n-grams, zero at first: `forward(*collate(features)) -> logits [B, C]`."""

    def __init__(self, classes: int, buckets: int = 2**17) -> None:
        super().__init__()
        self.grams = Grams(buckets)
        self.table = nn.EmbeddingBag(buckets, classes, mode="sum")
        nn.init.zeros_(self.table.weight)
        self.bias = nn.Parameter(torch.zeros(classes))

    def features(self, phones: Sequence[Sound], text: str) -> Features:
        """See `Grams.features`; cache it per item. `grams.fit` comes first."""
        return self.grams.features(phones, text)

    def forward(self, ids: Tensor, weights: Tensor, offsets: Tensor) -> Tensor:
        """See the class."""
        logits: Tensor = self.table(ids, offsets, per_sample_weights=weights)
        return logits + self.bias

    def fit(self, features: Sequence[Features], labels: Tensor, penalty: float = 3e-6, rounds: int = 40) -> WideStream:
        """Fits the table alone: mean cross-entropy + penalty/2 |table|^2 (a convex problem, by L-BFGS); returns itself.

        labels int64 [N].
        """
        batch = collate(features)
        steps = torch.optim.LBFGS(self.parameters(), max_iter=rounds, history_size=6, line_search_fn="strong_wolfe")

        def closure() -> Tensor:
            steps.zero_grad()
            loss = nn.functional.cross_entropy(self(*batch), labels)
            loss = loss + penalty / 2 * self.table.weight.square().sum()
            loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
            return loss

        steps.step(closure)  # type: ignore[no-untyped-call, unused-ignore]
        return self
