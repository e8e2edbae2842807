"""What trains: the shipped branch with its heads, and the loss of a batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from nlu.export_encoder import read_weights, upstream
from nlu.train_data import IGNORED, Example, Labels
from nlu.train_model import Branch, collate, pool
from nlu.training.config import TrainConfig
from nlu.training.contrast import Contrast

WIDTH, TRUNK = 384, 3


class Network(nn.Module):
    """`Branch` with the configuration's frozen layers and pooling, and the contrastive losses."""

    def __init__(self, labels: Labels, config: TrainConfig) -> None:
        super().__init__()
        self.branch = Branch(read_weights(upstream()), TRUNK, labels)
        self.branch.layers[: config.frozen - TRUNK].requires_grad_(False)
        self.contrast = Contrast(config.losses, WIDTH)
        self._losses = config.losses
        # One exported form, mean and maximum side by side, serves all: the unused half has zero weights for good.
        used = torch.ones(2 * WIDTH)
        if config.pooling != "mean-max":
            used[WIDTH:] = float(config.pooling == "max")
            used[:WIDTH] = float(config.pooling == "mean")
        self.register_buffer("used", used, persistent=False)
        with torch.no_grad():
            self.branch.intent.weight *= used

    used: Tensor

    def forward(self, trunk: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(token states [B, T, 384], pooled [B, 768], intent logits [B, I], tag logits [B, T, G])."""
        states = self.branch.states(trunk, mask)
        pooled = pool(states, mask) * self.used
        dropped = functional.dropout(pooled, 0.2, self.training)
        tags = self.branch.tags(functional.dropout(states, 0.1, self.training))
        return states, pooled, self.branch.intent(dropped), tags

    def loss(self, batch: Sequence[Example], device: torch.device) -> Tensor:
        """Weighted sum of the intents' and tags' cross-entropies and the contrasts, under bf16 autocast."""
        trunk, mask, intents, tags = (part.to(device) for part in collate(batch))
        with torch.autocast(device.type, torch.bfloat16):
            states, pooled, intent_logits, tag_logits = self(trunk, mask)
        smoothing = self._losses.smoothing
        loss = functional.cross_entropy(intent_logits.float(), intents, ignore_index=IGNORED, label_smoothing=smoothing)
        if bool((tags != IGNORED).any()):
            flat = tag_logits.float().flatten(0, 1)
            loss = loss + self._losses.tags * functional.cross_entropy(flat, tags.flatten(), ignore_index=IGNORED)
        total: Tensor = loss + self.contrast(states, pooled, intents, tags)
        return total

    def groups(self, config: TrainConfig) -> list[dict[str, object]]:
        """Parameter groups of the optimiser: layers, then heads."""
        layers = [p for p in self.branch.layers.parameters() if p.requires_grad]
        heads = [*self.branch.intent.parameters(), *self.branch.tags.parameters(), *self.contrast.parameters()]
        groups: list[dict[str, object]] = [{"params": heads, "lr": config.rates.heads}]
        return [{"params": layers, "lr": config.rates.layers}, *groups] if layers else groups


@torch.no_grad()
def predict(
    network: Network, examples: Sequence[Example], device: torch.device, exact: bool = False
) -> tuple[NDArray[np.float64], list[NDArray[np.int64]]]:
    """Intent logits [N, I] and the best tag of every token of each example; `exact`: in float32."""
    network.eval()
    order = sorted(range(len(examples)), key=lambda index: len(examples[index].trunk))
    logits = np.zeros((len(examples), network.branch.intent.out_features))
    tags: list[NDArray[np.int64]] = [np.zeros(0, np.int64)] * len(examples)
    for first in range(0, len(order), 64):
        chosen = order[first : first + 64]
        trunk, mask, _, _ = (part.to(device) for part in collate([examples[index] for index in chosen]))
        with torch.autocast(device.type, torch.bfloat16, enabled=not exact):
            _, _, intent_logits, tag_logits = network(trunk, mask)
        logits[chosen] = intent_logits.float().cpu().numpy()
        best = tag_logits.float().argmax(2).cpu().numpy()
        for row, index in enumerate(chosen):
            tags[index] = best[row, : len(examples[index].tags)]
    return logits, tags


def dev_scores(network: Network, dev: Sequence[Example], device: torch.device) -> dict[str, float]:
    """Intent accuracy, F1 of entity tags, and `score`, what chooses the epoch: their mean, or the accuracy alone."""
    logits, tags = predict(network, dev, device)
    right = float((logits.argmax(1) == np.array([example.intent for example in dev])).mean())
    hits = found = wanted = 0
    for example, guess in zip(dev, tags, strict=True):
        gold = example.tags
        hits += int(((guess == gold) & (gold > 0)).sum())
        found += int(((guess > 0) & (gold >= 0)).sum())
        wanted += int((gold > 0).sum())
    if not wanted:
        return {"intent_accuracy": right, "score": right}
    f1 = 2 * hits / (found + wanted)
    return {"intent_accuracy": right, "tag_f1": f1, "score": (right + f1) / 2}
