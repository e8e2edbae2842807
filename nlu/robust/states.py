"""What the frozen layers say about texts, computed once: plain texts, masked variants, augmented variants."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nlu.backbone import CLS, MASK, PAD, SEP, Backbone

#: Static variants (maskings, augmentations) of one text; later visits use them again.
VARIANTS = 4
#: Share of pieces that are masked, and that no label stands on.
RATE, NO_LABEL = 0.15, -100
#: Word pieces that the tokenizer can write; below are reserved ids.
_FIRST_PIECE = 1000


class States:
    """Frozen states of texts, float16 [T, 384] each, kept in memory."""

    def __init__(self, backbone: Backbone) -> None:
        self._backbone = backbone
        self._known: dict[str, Tensor] = {}

    def of(self, texts: Sequence[str]) -> list[Tensor]:
        """States of each text."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        if fresh:
            self._known.update(zip(fresh, self._backbone.states(fresh), strict=True))
        return [self._known[text] for text in texts]


class Variants:
    """Up to VARIANTS changed versions of each of some texts, made when first asked for.

    make(index, number) -> the text of that version; it must depend on nothing else.
    """

    def __init__(self, states: States, make: Callable[[int, int], str]) -> None:
        self._states, self._make = states, make

    def of(self, indices: Sequence[int], numbers: Sequence[int]) -> list[Tensor]:
        """States of version `number` (modulo VARIANTS) of each text."""
        return self._states.of(
            [self._make(int(index), int(number) % VARIANTS) for index, number in zip(indices, numbers, strict=True)]
        )


class Masked:
    """Statically masked versions of texts for masked language modelling: 15 % of pieces, 80/10/10."""

    def __init__(self, backbone: Backbone, texts: Sequence[str], seed: int) -> None:
        self._backbone, self._seed = backbone, seed
        self._ids = [tokens.ids for tokens in backbone.tokenise(texts)]
        self._known: dict[tuple[int, int], tuple[Tensor, NDArray[np.int64]]] = {}

    def of(self, indices: Sequence[int], numbers: Sequence[int]) -> tuple[list[Tensor], list[NDArray[np.int64]]]:
        """States and labels (NO_LABEL where nothing is to be guessed) of version `number` of each text."""
        keys = [(int(index), int(number) % VARIANTS) for index, number in zip(indices, numbers, strict=True)]
        fresh = [key for key in dict.fromkeys(keys) if key not in self._known]
        if fresh:
            made = [
                mask(self._ids[index], np.random.default_rng([self._seed, index, number])) for index, number in fresh
            ]
            states = self._backbone.states_of_ids([ids for ids, _ in made])
            for key, state, (_, labels) in zip(fresh, states, made, strict=True):
                self._known[key] = (state, labels)
        return [self._known[key][0] for key in keys], [self._known[key][1] for key in keys]


def mask(
    ids: NDArray[np.int64], rng: np.random.Generator, size: int = 30522
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Masked ids and labels [T]: 15 % of the pieces (at least one where there is any), of which 80 % become [MASK],
    10 % another piece of the vocabulary of `size`, 10 % stay.
    """
    places = np.flatnonzero(~np.isin(ids, (PAD, CLS, SEP)))
    labels = np.full(len(ids), NO_LABEL)
    if not len(places):
        return ids.copy(), labels
    chosen = rng.permutation(places)[: max(1, round(RATE * len(places)))]
    labels[chosen] = ids[chosen]
    changed, draw = ids.copy(), rng.random(len(chosen))
    changed[chosen[draw < 0.8]] = MASK
    other = chosen[(draw >= 0.8) & (draw < 0.9)]
    changed[other] = rng.integers(_FIRST_PIECE, size, len(other))
    return changed, labels


def pad_labels(labels: Sequence[NDArray[np.int64]], length: int) -> Tensor:
    """Labels of texts of different length, int64 [B, length], NO_LABEL behind each."""
    out = torch.full((len(labels), length), NO_LABEL, dtype=torch.int64)
    for row, line in enumerate(labels):
        out[row, : len(line)] = torch.from_numpy(line)
    return out
