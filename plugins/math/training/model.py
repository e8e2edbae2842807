"""The solver in torch: a shared encoder and two decoders of different kind."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from nlu.backbone import Backbone, autocast
from nlu.train_layers import WIDTH, Layer
from plugins.math.solver.inputs import NUMBER_FEATURES
from plugins.math.training.batches import Batch, Inputs
from plugins.math.training.relation import Relation
from plugins.math.training.sequence import Sequence
from plugins.math.training.settings import Settings, TrainingError, read_settings

WEIGHTS, SETTINGS = "model.safetensors", "settings.json"
_VOCABULARY, _EMBEDDED = 30522, 128


@dataclass(frozen=True)
class Encoded:
    """Token states [B, T, 384] and their mean over real tokens [B, 384]."""

    states: Tensor
    mean: Tensor


class Recurrent(nn.Module):
    """A two-way GRU from scratch over token ids [B, T] -> [B, T, 384]: the encoder of the plain baseline."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.words = nn.Embedding(_VOCABULARY, _EMBEDDED)
        self.gru = nn.GRU(_EMBEDDED, WIDTH // 2, num_layers=2, batch_first=True, bidirectional=True, dropout=dropout)
        self.dropout = dropout

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """See the class."""
        x = functional.dropout(self.words(ids), self.dropout, self.training)
        packed = nn.utils.rnn.pack_padded_sequence(x, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False)
        states, _ = nn.utils.rnn.pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=ids.shape[1])
        return states


class Solver(nn.Module):
    """Layers over trunk states with number features, then `relation` and `sequence` (either may be missing)."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        minilm = settings.encoder == "minilm"
        self.layers = nn.ModuleList(Layer(settings.dropout) for _ in range(settings.layers if minilm else 0))
        self.recurrent = None if minilm else Recurrent(settings.dropout)
        self.number_in = nn.Linear(NUMBER_FEATURES, WIDTH) if settings.number_features else None
        if self.number_in is not None:
            nn.init.normal_(self.number_in.weight, std=0.02)
            nn.init.zeros_(self.number_in.bias)
        self.relation = Relation(settings.relation_width, settings.head_dropout) if settings.relation else None
        self.sequence = Sequence(settings.sequence_width, settings.head_dropout) if settings.sequence else None

    def forward(self, inputs: Inputs) -> Encoded:
        """The encoder."""
        if self.recurrent is not None:
            states = self.recurrent(inputs.ids, inputs.mask)
        else:
            states = inputs.states
            if self.number_in is not None:
                added = (self.number_in(inputs.numbers) * inputs.there[:, :, None]).to(states.dtype)
                states = states.scatter_add(1, inputs.rows[:, :, None].expand_as(added), added)
            for layer in self.layers:
                states = layer(states, inputs.mask)
        real = inputs.mask[:, :, None]
        return Encoded(states.float(), (states.float() * real).sum(1) / real.sum(1))

    def features(self, inputs: Inputs) -> Inputs:
        """The inputs without number features where the settings want none."""
        return inputs if self.number_in is not None else replace(inputs, numbers=torch.zeros_like(inputs.numbers))

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """The joint loss under bf16 autocast, and its parts."""
        batch = replace(batch, inputs=self.features(batch.inputs))
        if self.training and self.settings.value_dropout:
            batch = _blind(batch, self.settings.value_dropout)
        # the packed GRU of the baseline knows no bf16
        with autocast() if self.recurrent is None else nullcontext():
            encoded = self(batch.inputs)
            parts: dict[str, Tensor] = {}
            if self.relation is not None:
                part = self.relation.loss(encoded.states, encoded.mean, batch, self.settings.smoothing)
                parts["relation"] = part * self.settings.relation_weight
            if self.sequence is not None:
                part = self.sequence.loss(encoded.states, encoded.mean, batch, self.settings.smoothing)
                parts["sequence"] = part * self.settings.sequence_weight
        return torch.stack(list(parts.values())).sum(), {name: float(part.detach()) for name, part in parts.items()}

    def groups(self) -> list[dict[str, object]]:
        """Parameter groups of the optimiser: the pretrained layers learn more slowly than what is new."""
        slow = {id(parameter) for parameter in self.layers.parameters()}
        out: list[dict[str, object]] = []
        for rate, chosen in ((self.settings.rate_layers, True), (self.settings.rate_heads, False)):
            for decay in (True, False):
                found = [p for p in self.parameters() if (id(p) in slow) == chosen and (p.dim() > 1) == decay]
                if found:
                    out.append({"params": found, "lr": rate, "weight_decay": self.settings.weight_decay * decay})
        return out


def _blind(batch: Batch, chance: float) -> Batch:
    """Takes from some examples all that is known of values: words alone must do for many questions."""
    keep = torch.rand(len(batch.steps)) >= chance
    inputs = replace(batch.inputs, numbers=batch.inputs.numbers * keep[:, None, None])
    pairs = batch.pairs
    kept = keep[:, None, None]
    pairs = replace(pairs, features=pairs.features * kept, results=pairs.results * kept[..., None])
    return replace(batch, inputs=inputs, pairs=pairs)


def fresh(settings: Settings, seed: int) -> Solver:
    """A solver before training: new weights of the seed, and the upstream's upper layers where `pretrained`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        solver = Solver(settings)
    if settings.encoder == "minilm" and settings.pretrained:
        solver.layers.load_state_dict(Backbone(frozen=3).layers.state_dict())
    return solver


def save(solver: Solver, folder: Path) -> None:
    """Writes weights and settings."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: value.detach().contiguous() for name, value in solver.state_dict().items()}
    part = folder / f"{WEIGHTS}.part"
    save_file(state, part)
    part.replace(folder / WEIGHTS)
    (folder / SETTINGS).write_text(json.dumps(solver.settings.plain(), indent=1) + "\n", encoding="utf-8")


def load(folder: Path) -> Solver:
    """The inverse of `save`, for evaluation. Raises `TrainingError` where the files are missing or do not fit."""
    solver = Solver(read_settings(folder / SETTINGS))
    path = folder / WEIGHTS
    try:
        solver.load_state_dict(load_file(path))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise TrainingError(f"{path}: not the weights of {folder / SETTINGS}: {error}") from error
    return solver.eval()
