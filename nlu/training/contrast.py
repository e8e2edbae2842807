"""Contrastive losses beside the cross-entropies, for those who give them a weight."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nlu.joint.gaussian import GaussianHead, divergence, entity_loss, supervised_contrast
from nlu.train_data import IGNORED
from nlu.training.config import Losses


class Contrast(nn.Module):
    """The weighted sum of supervised contrast of sentences and Gaussian contrast of entity tokens.

    Has weights of its own that train with the model and are not exported.
    """

    def __init__(self, weights: Losses, width: int) -> None:
        super().__init__()
        self._sentences, self._entities = weights.supervised_contrast, weights.entity_contrast
        self.gaussian = GaussianHead(width) if self._entities else None

    def forward(self, states: Tensor, pooled: Tensor, intents: Tensor, tags: Tensor) -> Tensor:
        """states [B, T, D], pooled [B, 2 D], intents [B], tags [B, T] -> a number."""
        total = pooled.sum() * 0
        if self._sentences:
            total = total + self._sentences * supervised_contrast(pooled.float(), intents)
        if self.gaussian is not None:
            scored = tags != IGNORED
            gold = tags[scored]
            # B- and I- of an entity are one label; O belongs to none and is only pushed away.
            labels = torch.where(gold > 0, (gold - 1) // 2, -1)
            mean, variance = self.gaussian(states[scored])
            total = total + self._entities * entity_loss(divergence(mean, variance, mean, variance), labels)
        return total
