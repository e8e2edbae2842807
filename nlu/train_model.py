"""The task branch in torch: upper layers started from the encoder's, an intent head and a BIO tag head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nlu.backbone import length_batches
from nlu.graph import GraphBuilder
from nlu.train_data import IGNORED, UNKNOWN, Example, Labels
from nlu.train_layers import Floats, Layer, layer_weights, load_layer

WIDTH = 384


class Branch(nn.Module):
    """trunk [B, T, 384], mask [B, T] -> (intent logits [B, I], tag logits [B, T, G])."""

    def __init__(self, weights: dict[str, Floats], trunk: int, labels: Labels) -> None:
        super().__init__()
        self.layers = nn.ModuleList(load_layer(weights, f"encoder.layer.{i}") for i in range(trunk, 6))
        self.intent = nn.Linear(2 * WIDTH, len(labels.intents))
        self.tags = nn.Linear(WIDTH, labels.tags)

    def states(self, trunk: Tensor, mask: Tensor) -> Tensor:
        """Token states of the branch [B, T, 384]."""
        for layer in self.layers:
            trunk = layer(trunk, mask)
        return trunk

    def forward(self, trunk: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        states = self.states(trunk, mask)
        pooled = functional.dropout(pool(states, mask), 0.2, self.training)
        return self.intent(pooled), self.tags(functional.dropout(states, 0.1, self.training))


def pool(states: Tensor, mask: Tensor) -> Tensor:
    """Mean and maximum over all tokens, [CLS] and [SEP] included, as serving pools: [B, 768]."""
    real = mask[:, :, None]
    mean = (states * real).sum(1) / real.sum(1)
    return torch.cat([mean, states.masked_fill(~real, -1e4).amax(1)], 1)


def collate(batch: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pads to the longest: trunk float32 [B, T, 384], mask bool [B, T], intents [B], tags [B, T]."""
    length = max(len(example.trunk) for example in batch)
    trunk = np.zeros((len(batch), length, WIDTH), np.float32)
    mask = np.zeros((len(batch), length), bool)
    tags = np.full((len(batch), length), IGNORED, np.int64)
    for index, example in enumerate(batch):
        size = len(example.trunk)
        trunk[index, :size], mask[index, :size], tags[index, :size] = example.trunk, True, example.tags
    tags[tags < 0] = IGNORED
    intents = torch.tensor([example.intent for example in batch])
    return torch.from_numpy(trunk), torch.from_numpy(mask), intents, torch.from_numpy(tags)


def batches(examples: Sequence[Example], size: int, generator: np.random.Generator) -> Iterator[list[Example]]:
    """Shuffled batches of about equal lengths."""
    for chosen in length_batches([len(example.trunk) for example in examples], size, generator):
        yield [examples[index] for index in chosen]


def loss_of(model: Branch, batch: Sequence[Example], tag_weight: float, taught: float = 0.0) -> Tensor:
    """Intent cross-entropy + `tag_weight` x tag cross-entropy, under bf16 autocast.

    taught: share of the intent loss that is the divergence from the teacher's probabilities at temperature 2,
    times 4 so that gradients keep their size (Hinton et al. 2015), where rows have a teacher.
    """
    trunk, mask, intents, tags = collate(batch)
    with torch.autocast("cpu", torch.bfloat16):
        intent_logits, tag_logits = model(trunk, mask)
    intent_logits = intent_logits.float()
    loss = functional.cross_entropy(intent_logits, intents, ignore_index=IGNORED, label_smoothing=0.05)
    if taught and all(example.teacher is not None for example in batch):
        wanted = torch.from_numpy(np.stack([example.teacher for example in batch if example.teacher is not None]))
        far = functional.kl_div(
            (intent_logits / 2).log_softmax(1), (wanted / 2).log_softmax(1), log_target=True, reduction="batchmean"
        )
        loss = (1 - taught) * loss + taught * 4 * far
    if bool((tags != IGNORED).any()):
        flat = tag_logits.float().flatten(0, 1)
        loss = loss + tag_weight * functional.cross_entropy(flat, tags.flatten(), ignore_index=IGNORED)
    return loss


@torch.no_grad()
def intent_logits_of(model: Branch, examples: Sequence[Example]) -> Floats:
    """Intent logits [N, I] in the order given."""
    model.eval()
    out = np.zeros((len(examples), model.intent.out_features), np.float32)
    order = sorted(range(len(examples)), key=lambda index: len(examples[index].trunk))
    for first in range(0, len(order), 64):
        chosen = order[first : first + 64]
        trunk, mask, _, _ = collate([examples[index] for index in chosen])
        with torch.autocast("cpu", torch.bfloat16):
            out[chosen] = model(trunk, mask)[0].float().numpy()
    return out


@torch.no_grad()
def self_label(model: Branch, examples: Sequence[Example], sure: float) -> list[Example]:
    """Fills UNKNOWN tags with the model's own where it is at least `sure` of them (self-training)."""
    model.eval()
    out = list(examples)
    open_rows = sorted(
        (i for i, example in enumerate(out) if bool((example.tags == UNKNOWN).any())),
        key=lambda i: len(out[i].trunk),
    )
    for first in range(0, len(open_rows), 64):
        chosen = open_rows[first : first + 64]
        trunk, mask, _, _ = collate([out[i] for i in chosen])
        with torch.autocast("cpu", torch.bfloat16):
            chances = model(trunk, mask)[1].float().softmax(2)
        best, guess = (value.numpy() for value in chances.max(2))
        for row, index in enumerate(chosen):
            tags = out[index].tags.copy()
            size = len(tags)
            fill = (tags == UNKNOWN) & (best[row, :size] >= sure)
            tags[fill] = guess[row, :size][fill]
            out[index] = replace(out[index], tags=tags)
    return out


@torch.no_grad()
def export_branch(model: Branch, path: Path, trunk: int, sample: Sequence[Example]) -> dict[str, Floats]:
    """Writes the int8 graph of the branch; returns the intent head, which is applied outside the graph."""
    model.eval()
    weights: dict[str, Floats] = {}
    maxima: dict[str, Floats] = {}
    states = [torch.from_numpy(example.trunk.astype(np.float32))[None] for example in sample]
    builder = GraphBuilder()
    x = "trunk"
    for index, layer in enumerate(model.layers, trunk):
        assert isinstance(layer, Layer)
        name, peaks = f"encoder.layer.{index}", dict[str, Tensor]()
        states = [layer(state, None, peaks) for state in states]
        weights |= layer_weights(layer, name)
        maxima |= {f"{name}.{part}": peak.numpy() for part, peak in peaks.items()}
        x = builder.layer(x, weights, maxima, name)
    builder.node("Identity", [x], ["states"])
    builder.linear(x, model.tags.weight.numpy(), model.tags.bias.numpy(), "tags")
    builder.save(
        path,
        {"trunk": ["batch", "length", WIDTH]},
        {"states": ["batch", "length", WIDTH], "tags": ["batch", "length", model.tags.out_features]},
    )
    return {"intent_weight": model.intent.weight.numpy(), "intent_bias": model.intent.bias.numpy()}
