"""Token ids of question and candidate as one input, and their embeddings, from the shared encoder's tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlu.encoder import Words

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]
#: Tokens of a pair at most, and of its question.
MAX_TOKENS, MAX_QUESTION = 96, 40
_SEP = 102


class Tokens(Protocol):
    """What is needed of the sentence encoder (`nlu.encoder.Encoder`)."""

    version: str

    def tokenise(self, texts: Sequence[str]) -> list[tuple[list[int], Words]]:
        """Token ids, special tokens included, and words of each text."""
        ...


@dataclass(frozen=True, slots=True)
class PairIds:
    """`ids` [T]: [CLS] question [SEP] candidate [SEP]; from `second` on they belong to the candidate."""

    ids: Ids
    second: int


def pair_ids(question: Sequence[int], candidate: Sequence[int]) -> PairIds:
    """Joins two tokenised texts (each with [CLS] and [SEP]), cut to MAX_QUESTION and MAX_TOKENS.

    Where the question is cut its beginning and end stay: what is asked often comes last.
    """
    asked = list(question[1:-1])
    most = MAX_QUESTION - 2
    if len(asked) > most:
        half = most // 2
        asked = [*asked[:half], *asked[len(asked) - (most - half) :]]
    first = [question[0], *asked, _SEP]
    rest = list(candidate[1:-1])[: MAX_TOKENS - len(first) - 1]
    return PairIds(np.array([*first, *rest, _SEP], np.int64), len(first))


def candidates(pairs: Sequence[PairIds]) -> Floats:
    """1 where a token belongs to the candidate: [B, T, 1] of pairs of equal length."""
    places = np.arange(len(pairs[0].ids))
    return np.stack([(places >= pair.second).astype(np.float32)[:, None] for pair in pairs])


class Embeddings:
    """Word and position vectors of the shipped encoder, mapped from its folder: the pages are shared with it."""

    def __init__(self, folder: Path) -> None:
        mapped = np.load(folder / "words.npy", mmap_mode="r")
        self._words: NDArray[np.int8] = mapped.view(np.ndarray)
        self._scales: Floats = np.load(folder / "scales.npy")
        self._positions: Floats = np.load(folder / "positions.npy")
        self.version: str = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))["version"]

    def embed(self, pairs: Sequence[PairIds]) -> Floats:
        """Pairs of equal length -> [B, T, 384]."""
        ids = np.stack([pair.ids for pair in pairs])
        out = self._words[ids] * self._scales[ids][:, :, None] + self._positions[: ids.shape[1]]
        return np.asarray(out, np.float32)


def tokenised(encoder: Tokens, question: str, candidates: Sequence[str]) -> list[PairIds]:
    """The pair of `question` with each candidate."""
    first, *rest = encoder.tokenise([question, *candidates])
    return [pair_ids(first[0], ids) for ids, _ in rest]
