"""The shipped encoder in torch, for training: a frozen lower part, computed once, and layers that train."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nlu.encoder import Encoder, Words
from nlu.export_encoder import read_weights, upstream
from nlu.runtime import ENCODER_FOLDER, MODELS
from nlu.train_layers import WIDTH, load_layer

#: Ids of the tokenizer's special tokens.
PAD, CLS, SEP, MASK = 0, 101, 102, 103
LAYERS = 6


@dataclass(frozen=True)
class Tokens:
    """A tokenised text: ids int64 [T] with [CLS] and [SEP]; its words' first rows and character offsets."""

    ids: NDArray[np.int64]
    words: Words


class Backbone(nn.Module):
    """all-MiniLM-L6-v2 with `frozen` lower layers: 3 takes the shipped, quantised trunk; 0 fixes the embeddings only.

    x [B, T, 384] states of the frozen part, mask bool [B, T] -> token states [B, T, 384].
    """

    vocabulary: Tensor

    def __init__(self, frozen: int = 3, dropout: float = 0.1) -> None:
        super().__init__()
        self._encoder = Encoder(MODELS / ENCODER_FOLDER)
        if frozen not in (0, self._encoder.trunk):
            raise ValueError(f"frozen must be 0 or {self._encoder.trunk} (the shipped trunk), not {frozen}")
        weights = read_weights(upstream())
        self.frozen, self.width = frozen, WIDTH
        self.register_buffer("vocabulary", _tensor(weights["embeddings.word_embeddings.weight"]), persistent=False)
        fixed = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        self._fixed = _tensor(fixed)
        self._norm = nn.LayerNorm(WIDTH, eps=1e-12).requires_grad_(False)
        self._norm.weight.data = _tensor(weights["embeddings.LayerNorm.weight"])
        self._norm.bias.data = _tensor(weights["embeddings.LayerNorm.bias"])
        upper = [load_layer(weights, f"encoder.layer.{i}") for i in range(frozen, LAYERS)]
        for layer in upper:
            layer.dropout = dropout
        self.layers = nn.ModuleList(upper)

    def tokenise(self, texts: Sequence[str]) -> list[Tokens]:
        """Token ids and words of each text, cut as serving cuts them."""
        return [Tokens(np.array(ids), words) for ids, words in self._encoder.tokenise(texts)]

    def states(self, texts: Sequence[str]) -> list[Tensor]:
        """Output of the frozen part for each text, float16 [T, 384]."""
        return self.states_of_ids([tokens.ids for tokens in self.tokenise(texts)])

    def frozen_states(self, texts: Sequence[str]) -> list[tuple[NDArray[np.float16], Words]]:
        """States of the frozen part and words of each text."""
        tokens = self.tokenise(texts)
        states = self.states_of_ids([item.ids for item in tokens])
        return [(state.numpy(), item.words) for state, item in zip(states, tokens, strict=True)]

    @torch.no_grad()
    def states_of_ids(self, rows: Sequence[NDArray[np.int64]]) -> list[Tensor]:
        """The same from token ids (with [MASK] put in, for instance)."""
        if self.frozen:
            return [torch.from_numpy(state.astype(np.float16)) for state in self._encoder.trunk_of_ids(rows)]
        vocabulary = self.vocabulary.cpu()
        out = [vocabulary[torch.from_numpy(ids)] + self._fixed[: len(ids)] for ids in rows]
        norm = self._norm.cpu()
        return [norm(row).half() for row in out]

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """See the class."""
        for layer in self.layers:
            x = layer(x, mask)
        return x


def _tensor(array: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(np.array(array, np.float32))


def pad(states: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Stacks states of different lengths: float32 [B, T, 384] with zeros, and the mask bool [B, T] of real tokens."""
    length = max(len(state) for state in states)
    x = torch.zeros(len(states), length, states[0].shape[1])
    mask = torch.zeros(len(states), length, dtype=torch.bool)
    for row, state in enumerate(states):
        x[row, : len(state)] = state
        mask[row, : len(state)] = True
    return x, mask


def inner(mask: Tensor) -> Tensor:
    """The mask without [CLS] and [SEP], except where a text has no other token."""
    last = mask.sum(1, keepdim=True) - 1
    place = torch.arange(mask.shape[1], device=mask.device)[None]
    middle = mask & (place > 0) & (place < last)
    return torch.where(middle.any(1, keepdim=True), middle, mask)


def mean_max(states: Tensor, mask: Tensor) -> Tensor:
    """Mean and maximum of the real tokens, side by side [B, 768]; padding and special tokens stay out."""
    real = inner(mask)[:, :, None]
    mean = (states * real).sum(1) / real.sum(1)
    return torch.cat([mean, states.masked_fill(~real, -1e4).amax(1)], 1)


def length_batches(lengths: Sequence[int], size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Shuffled batches of about equal lengths: pools of 50 batches are sorted by length, then mixed."""
    order = rng.permutation(len(lengths))
    for first in range(0, len(order), size * 50):
        pool = np.array(sorted(order[first : first + size * 50], key=lambda index: lengths[index]))
        chunks = [pool[start : start + size] for start in range(0, len(pool), size)]
        for chunk in rng.permutation(len(chunks)):
            yield chunks[chunk]


def autocast(device: str = "cpu") -> AbstractContextManager[object]:
    """bf16 autocast, about three times as fast as float32 on a processor that knows bf16."""
    return torch.autocast(device, torch.bfloat16)
