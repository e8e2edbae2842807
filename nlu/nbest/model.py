"""Frames from several hypotheses: one encoder, posterior-weighted late interaction, a linear floor under it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nlu.backbone import Backbone, mean_max


@dataclass(frozen=True)
class Bag:
    """Sparse features of rows: indices and values one after another, offsets of the rows' beginnings."""

    indices: Tensor
    values: Tensor
    offsets: Tensor


class FrameModel(nn.Module):
    """Item logits of turns.

    Each distinct hypothesis is encoded alone; the pooled vectors (mean-max, 768) of a turn's hypotheses are averaged
    with posterior weights. The system's acts are embedded. With a `floor`, the margins of a linear model are added,
    scaled for each item, and the network learns what is left (wide and deep, Cheng et al. 2016, with the wide part
    fitted beforehand).
    """

    def __init__(self, backbone: Backbone, system: int, items: int, floor: bool = False, dropout: float = 0.2) -> None:
        super().__init__()
        self.backbone = backbone
        self.system = nn.EmbeddingBag(system, 128, mode="sum")
        self.hidden = nn.Linear(2 * backbone.width + 128, 384)
        self.dropout = nn.Dropout(dropout)
        self.items = nn.Linear(384, items)
        nn.init.constant_(self.items.bias, -4.0)
        nn.init.normal_(self.system.weight, std=0.1)
        self.scale = nn.Parameter(torch.full((items,), 2.0)) if floor else None

    def stand_on(self, scale: float, bias: float) -> None:
        """Begin at the floor's own probabilities: `scale` x margin + `bias`, and nothing from the network."""
        if self.scale is None:
            raise ValueError("the model has no floor")
        nn.init.constant_(self.scale, scale)
        nn.init.constant_(self.items.bias, bias)
        nn.init.zeros_(self.items.weight)

    def encode(self, x: Tensor, mask: Tensor) -> Tensor:
        """Frozen states [U, T, 384] and mask [U, T] of distinct texts -> vectors [U, 768]."""
        return mean_max(self.backbone(x, mask).float(), mask)

    def context(self, system: Bag) -> Tensor:
        """Embedding of the system's acts [B, 128]."""
        out: Tensor = self.system(system.indices, system.offsets, system.values)
        return out

    def logits(self, vectors: Tensor, context: Tensor, margins: Tensor | None = None) -> Tensor:
        """Pooled vectors [B, 768] (of one hypothesis, or a weighted mean), context [B, 128] and margins of the floor
        [B, L] -> item logits [B, L].
        """
        hidden = nn.functional.gelu(self.hidden(self.dropout(torch.cat([vectors, context], 1))))
        out: Tensor = self.items(self.dropout(hidden))
        if self.scale is not None and margins is not None:
            out = out + self.scale * margins
        return out
