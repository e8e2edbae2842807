"""The intent classifier that fine-tuning trains: the encoder's upper layers, a pooling, one linear head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from nlu.backbone import Backbone, autocast, inner, mean_max, pad

Pooling = Literal["cls", "mean", "max", "mean_max"]
POOLINGS: tuple[Pooling, ...] = ("cls", "mean", "max", "mean_max")


def pool(states: Tensor, mask: Tensor, how: Pooling) -> Tensor:
    """Token states [B, T, D] -> one vector each: [B, D], or [B, 2 D] for mean_max. Only `cls` looks at a special."""
    if how == "cls":
        return states[:, 0]
    if how == "mean_max":
        return mean_max(states, mask)
    real = inner(mask)[:, :, None]
    if how == "mean":
        return (states * real).sum(1) / real.sum(1)
    return states.masked_fill(~real, -1e4).amax(1)


class Classifier(nn.Module):
    """Backbone, pooling, dropout and a linear head. Raises ValueError for an unknown pooling or no class."""

    def __init__(self, backbone: Backbone, classes: int, pooling: Pooling = "mean_max", dropout: float = 0.1) -> None:
        super().__init__()
        if pooling not in POOLINGS:
            raise ValueError(f"unknown pooling {pooling!r}: there are {', '.join(POOLINGS)}")
        if classes < 1:
            raise ValueError("a classifier needs at least one class")
        self.backbone, self.pooling = backbone, pooling
        self.head = nn.Linear(backbone.width * (2 if pooling == "mean_max" else 1), classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """States of the frozen part [B, T, D] and their mask -> logits [B, classes], pooled features."""
        features = pool(self.backbone(x, mask), mask, self.pooling).float()
        return self.head(self.dropout(features)).float(), features

    @torch.no_grad()
    def predict(self, states: Sequence[Tensor], size: int = 64) -> Tensor:
        """Logits [N, classes] of texts, in evaluation mode; the same state (object) is read once."""
        self.eval()
        unique = {id(state): state for state in states}
        known: dict[int, Tensor] = {}
        order = sorted(unique, key=lambda key: len(unique[key]))
        for first in range(0, len(order), size):
            chosen = order[first : first + size]
            with autocast():
                logits, _ = self(*pad([unique[key] for key in chosen]))
            known.update(zip(chosen, logits.float(), strict=True))
        return torch.stack([known[id(state)] for state in states])
