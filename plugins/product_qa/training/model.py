"""The cross-encoder in torch: six layers started from the shared encoder's, over question and candidate as one text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nlu.backbone import autocast, pad
from nlu.export_encoder import read_weights, upstream
from nlu.runtime import ENCODER_FOLDER, MODELS
from nlu.train_layers import WIDTH, load_layer
from plugins.product_qa.ranker.pairing import Embeddings, PairIds

LAYERS, CLASSES = 6, 3
#: Pairs of one forward pass; a batch is cut into such, sorted by length, so that little padding is computed.
_CHUNK = 16


class CrossEncoder(nn.Module):
    """Lower states [B, T, 384], mask bool [B, T] -> logits [B, 3] of irrelevant, partly, fully (xPQA, section 3).

    Word and position vectors stay those of the shipped encoder, and so do the `frozen` lowest layers. A learned vector
    marks the candidate's tokens where the trained part begins (at the embeddings it starts as the upstream's token
    type). The pooled vector is the first token's beside the mean.
    """

    def __init__(self, frozen: int = 3, dropout: float = 0.1) -> None:
        super().__init__()
        if not 0 <= frozen < LAYERS:
            raise ValueError(f"frozen has to be from 0 to {LAYERS - 1}, not {frozen}")
        self.frozen = frozen
        weights = read_weights(upstream())
        types = weights["embeddings.token_type_embeddings.weight"]
        self.embeddings = Embeddings(MODELS / ENCODER_FOLDER)
        self.segment = nn.Parameter(torch.from_numpy(np.asarray(types[1] - types[0], np.float32) * (frozen == 0)))
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.norm.weight.data = torch.from_numpy(np.array(weights["embeddings.LayerNorm.weight"], np.float32))
        self.norm.bias.data = torch.from_numpy(np.array(weights["embeddings.LayerNorm.bias"], np.float32))
        layers = [load_layer(weights, f"encoder.layer.{index}") for index in range(LAYERS)]
        for layer in layers:
            layer.dropout = dropout
        self.layers = nn.ModuleList(layers)
        if frozen:
            self.norm.requires_grad_(False)
            self.layers[:frozen].requires_grad_(False)
        self.head = nn.Linear(2 * WIDTH, CLASSES)

    @torch.no_grad()
    def lower(self, pairs: Sequence[PairIds]) -> list[Tensor]:
        """States float16 [T, 384] of each pair by the part that does not train: the embeddings where all layers do."""
        embedded = [torch.from_numpy(self.embeddings.embed([pair])[0]) for pair in pairs]
        if not self.frozen:
            return [state.half() for state in embedded]
        x, mask = pad(embedded)
        with autocast():
            x = self.norm(x)
            for layer in self.layers[: self.frozen]:
                x = layer.eval()(x, mask)
        return [row[: len(pair.ids)].half() for row, pair in zip(x, pairs, strict=True)]

    def forward(self, x: Tensor, mask: Tensor, second: Tensor) -> Tensor:
        """`second` [B, T, 1] is 1 where a token belongs to the candidate."""
        x = x + second * self.segment
        if not self.frozen:
            x = self.norm(x)
        for layer in self.layers[self.frozen :]:
            x = layer(x, mask)
        return self.head(functional.dropout(pooled(x, mask), 0.1, self.training))  # type: ignore[no-any-return]


def pooled(states: Tensor, mask: Tensor) -> Tensor:
    """State of the first token and mean of all real ones, side by side: [B, 768]."""
    real = mask[:, :, None].to(states.dtype)
    return torch.cat([states[:, 0], (states * real).sum(1) / real.sum(1)], 1)


def logits_of(model: CrossEncoder, pairs: Sequence[PairIds], known: dict[int, Tensor] | None = None) -> Tensor:
    """Logits float32 [N, 3] in the order given, with gradients where the model trains; bf16 inside.

    known: lower states by the identity of the pair, filled and used where the caller keeps the pairs.
    """
    known = {} if known is None else known
    order = sorted(range(len(pairs)), key=lambda index: len(pairs[index].ids))
    fresh = [pairs[index] for index in order if id(pairs[index]) not in known]
    for first in range(0, len(fresh), _CHUNK):
        some = fresh[first : first + _CHUNK]
        known |= {id(pair): state for pair, state in zip(some, model.lower(some), strict=True)}
    parts: list[Tensor] = []
    with autocast():  # around all chunks: it keeps the weights that it has cast
        for first in range(0, len(order), _CHUNK):
            some = [pairs[index] for index in order[first : first + _CHUNK]]
            x, mask = pad([known[id(pair)] for pair in some])
            places = torch.arange(mask.shape[1])[None]
            second = (places >= torch.tensor([[pair.second] for pair in some])) & mask
            parts.append(model(x, mask, second[:, :, None].float()).float())
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return torch.cat(parts)[back]


def full_score(logits: Tensor) -> Tensor:
    """Log-odds of "fully" against the other two: [N, 3] -> [N]."""
    return logits[:, 2] - logits[:, :2].logsumexp(1)


def save(model: CrossEncoder, path: Path) -> None:
    """Weights of all that trains, in one file, in place of another or not at all."""
    part = path.with_suffix(".part")
    torch.save({"frozen": model.frozen, "state": model.state_dict()}, part)
    part.replace(path)


def load(path: Path) -> CrossEncoder:
    """The inverse of `save`."""
    found = torch.load(path, weights_only=True)
    model = CrossEncoder(found["frozen"])
    model.load_state_dict(found["state"])
    return model
