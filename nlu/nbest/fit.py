"""Training of `FrameModel` on turns with n-best lists (torch); settings are compared at an equal number of encoded
texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nlu.backbone import Backbone, autocast, length_batches, pad
from nlu.nbest.features import Columns, heard, system_features
from nlu.nbest.frames import FrameSpace
from nlu.nbest.linear import LinearFrames, platt
from nlu.nbest.model import Bag, FrameModel
from nlu.nbest.posterior import posterior
from nlu.nbest.states import StateStore
from nlu.nbest.turns import Turn

#: Parts of the dialogs for the margins of the floor.
_PARTS = 4


@dataclass(frozen=True)
class Settings:
    """How to train.

    how: one of `features.HEARD`. hypotheses: encoded a turn and step (the best line and draws from the others).
    pool: train on the posterior-weighted vector; else every drawn hypothesis is a training example of its own.
    consistency: weight of the loss that pulls each hypothesis to the pooled prediction. teacher: weight of learning
    from the reference transcript: its own cross-entropy, and its prediction as a soft target for the recognised text.
    floor: learn what the linear floor (of `presence`) leaves, from its margins on dialogs it was not fitted to.
    temperature: of the posterior that hypotheses are drawn from. texts: budget, in encoded texts.
    """

    how: str = "nbest"
    hypotheses: int = 1
    pool: bool = False
    consistency: float = 0.0
    teacher: float = 0.0
    floor: bool = False
    presence: float = 0.5
    temperature: float = 1.0
    texts: int = 45_000
    batch: int = 64
    rate: float = 1e-4
    head_rate: float = 1e-3
    seed: int = 0


class Trainer:
    """Fits a model to turns, then gives item probabilities of others under any n-best size and temperature."""

    def __init__(self, turns: Sequence[Turn], space: FrameSpace, store: StateStore, settings: Settings) -> None:
        self.turns, self.space, self.store, self.settings = turns, space, store, settings
        self._rng = np.random.default_rng(settings.seed)
        torch.manual_seed(settings.seed)
        self._system = Columns([system_features(turn) for turn in turns])
        self.model = FrameModel(Backbone(), len(self._system), len(space.items), settings.floor)
        self._targets = torch.from_numpy(space.targets([turn.items for turn in turns]))
        self._linear: LinearFrames | None = None
        self._fitted: Tensor | None = None
        if settings.floor:
            self._linear, self._fitted = self._floor()
            self.model.stand_on(*platt(self._fitted.numpy(), self._targets.numpy()))
        self._lists = [self._hypotheses(turn) for turn in turns]

    def fit(self) -> Trainer:
        """Trains until `settings.texts` texts are encoded; the learning rate rises over a tenth, then falls."""
        s = self.settings
        cost = s.hypotheses + (s.teacher > 0)
        size = max(1, s.batch // cost)
        steps = max(1, s.texts // (size * cost))
        own = [p for name, p in self.model.named_parameters() if name.startswith("backbone.layers")]
        rest = [p for name, p in self.model.named_parameters() if not name.startswith("backbone")]
        groups = [{"params": own, "lr": s.rate}, {"params": rest, "lr": s.head_rate}]
        optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: min(1.0, (step + 1) / (0.1 * steps)) * max(0.0, 1.0 - step / steps)
        )
        lengths = [self.store.lengths[rows[0]] for rows, _ in self._lists]
        self.model.train()
        done = 0
        while done < steps:
            for batch in length_batches(lengths, size, self._rng):
                if done == steps:
                    break
                optimiser.zero_grad(set_to_none=True)
                self._loss(batch).backward()  # type: ignore[no-untyped-call, unused-ignore]
                torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                optimiser.step()
                schedule.step()
                done += 1
        self.model.eval()
        return self

    def _loss(self, batch: NDArray[np.int64]) -> Tensor:
        s = self.settings
        drawn = [self._draw(int(turn)) for turn in batch]
        rows = np.array([row for row, _ in drawn])
        weights = torch.from_numpy(np.array([weight for _, weight in drawn], np.float32))
        if s.teacher:
            clean = [self.store.row(self.turns[turn].reference) for turn in batch]
            rows = np.concatenate([rows, np.array(clean)[:, None]], 1)
        vectors = self._vectors(rows)
        turns = [self.turns[turn] for turn in batch]
        context, targets = self._context(turns), self._targets[batch]
        margins = None if self._fitted is None else self._fitted[batch]
        if not s.pool:
            parts = [_entropy(self.model.logits(vectors[:, k], context, margins), targets) for k in range(s.hypotheses)]
            loss = torch.stack(parts).mean()
            logits = None
        else:
            pooled = (vectors[:, : s.hypotheses] * weights[:, :, None]).sum(1)
            logits = self.model.logits(pooled, context, margins)
            loss = _entropy(logits, targets)
            if s.consistency:
                goal = torch.sigmoid(logits).detach()
                for k in range(s.hypotheses):
                    apart = self.model.logits(vectors[:, k], context, margins)
                    loss = loss + s.consistency / s.hypotheses * _entropy(apart, goal)
        if s.teacher:
            taught = self.model.logits(vectors[:, -1], context)
            loss = loss + _entropy(taught, targets)
            noisy = logits if logits is not None else self.model.logits(vectors[:, 0], context, margins)
            loss = loss + s.teacher * _entropy(noisy, torch.sigmoid(taught).detach())
        return loss

    def _draw(self, turn: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """`hypotheses` texts of a turn with weights whose expectation is the posterior-weighted mean.

        One: a draw from the posterior. More: the best line at its weight, the others drawn and sharing the rest.
        """
        rows, weights = self._lists[turn]
        count = self.settings.hypotheses
        if count == 1:
            return rows[self._rng.choice(len(rows), 1, p=weights)], np.ones(1)
        rest = weights[1:].sum()
        if rest <= 1e-9:
            return np.repeat(rows[:1], count), np.full(count, 1.0 / count)
        others = 1 + self._rng.choice(len(rows) - 1, count - 1, p=weights[1:] / rest)
        shares = np.full(count - 1, rest / (count - 1))
        return np.concatenate([rows[:1], rows[others]]), np.concatenate([weights[:1], shares])

    def _vectors(self, rows: NDArray[np.int64]) -> Tensor:
        """[B, K, 768] of text numbers [B, K]; a text that occurs several times is encoded once."""
        unique, place = np.unique(rows, return_inverse=True)
        x, mask = pad([self.store[int(row)] for row in unique])
        with autocast():
            vectors = self.model.encode(x, mask)
        # not `vectors[...]`: the gradients of that are added in whatever order threads come
        return vectors.index_select(0, torch.from_numpy(place.reshape(-1))).view(*rows.shape, -1)

    def _hypotheses(self, turn: Turn) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        found = heard(turn, self.settings.how)  # what training sees; `_list` is what is read
        weights = posterior([score for _, score in found], self.settings.temperature)
        return np.array([self.store.row(text) for text, _ in found]), weights

    def _list(self, turn: Turn, size: int = 10) -> tuple[tuple[str, float], ...]:
        """What is read of a turn when it is not trained on: the list, also by a model that learned from best lines."""
        return heard(turn, "clean" if self.settings.how == "clean" else "nbest", size)

    def _floor(self) -> tuple[LinearFrames, Tensor]:
        """The linear floor of all turns, and its margins [turns, items] on each quarter of the dialogs, fitted to the
        other three: margins of turns it was fitted to would leave nothing to learn.
        """
        targets = self._targets.numpy()
        dialogs = sorted({turn.dialog for turn in self.turns})
        part = dict(zip(dialogs, self._rng.permutation(len(dialogs)) % _PARTS, strict=True))
        parts = np.array([part[turn.dialog] for turn in self.turns])
        margins = np.zeros(targets.shape, np.float32)
        for number in range(_PARTS):
            inside, outside = np.flatnonzero(parts == number).tolist(), np.flatnonzero(parts != number).tolist()
            if len(inside) and len(outside):
                model = self._new_linear()
                model.fit([self.turns[turn] for turn in outside], targets[outside])
                margins[inside] = model.margins([self.turns[turn] for turn in inside])
        whole = self._new_linear().fit(self.turns, targets)
        return whole, torch.from_numpy(margins)

    def _new_linear(self) -> LinearFrames:
        s = self.settings
        return LinearFrames(how=s.how, temperature=s.temperature, presence=s.presence)

    def _margins(self, turns: Sequence[Turn], size: int) -> Tensor | None:
        if self._linear is None:
            return None
        self._linear.size = size
        return torch.from_numpy(self._linear.margins(turns).astype(np.float32))

    def _context(self, turns: Sequence[Turn]) -> Tensor:
        return self.model.context(_bag([self._system.bag(system_features(turn)) for turn in turns]))

    @torch.no_grad()
    def encoded(self, turns: Sequence[Turn]) -> dict[str, Tensor]:
        """Vectors [768] of every distinct text that these turns were heard as."""
        texts = sorted({text for turn in turns for text, _ in self._list(turn)})
        numbers = sorted((self.store.row(text) for text in texts), key=lambda row: self.store.lengths[row])
        out: dict[int, Tensor] = {}
        for first in range(0, len(numbers), 128):
            chunk = np.array(numbers[first : first + 128])[:, None]
            out.update(zip(chunk[:, 0].tolist(), self._vectors(chunk)[:, 0], strict=True))
        return {text: out[self.store.row(text)] for text in texts}

    @torch.no_grad()
    def probabilities(
        self, turns: Sequence[Turn], vectors: dict[str, Tensor], size: int, temperature: float, pool: bool
    ) -> NDArray[np.float32]:
        """[turns, items]: from the pooled vector of the first `size` hypotheses, or the average of each one's."""
        out = np.zeros((len(turns), len(self.space.items)), np.float32)
        for first in range(0, len(turns), 256):
            part = turns[first : first + 256]
            context, margins = self._context(part), self._margins(part, size)
            lists = [self._list(turn, size) for turn in part]
            shares = [posterior([score for _, score in found], temperature) for found in lists]
            total = torch.zeros(len(part), 1)
            for k in range(max(len(found) for found in lists)):
                here = torch.stack([vectors[found[min(k, len(found) - 1)][0]] for found in lists])
                weight = torch.tensor([float(s[k]) if k < len(s) else 0.0 for s in shares])[:, None]
                if not pool:
                    here = torch.sigmoid(self.model.logits(here, context, margins))
                total = total + weight * here
            out[first : first + 256] = torch.sigmoid(self.model.logits(total, context, margins)) if pool else total
        return out


def _entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(1).mean()


def _bag(rows: Sequence[tuple[NDArray[np.int64], NDArray[np.float32]]]) -> Bag:
    starts = np.cumsum([0, *(len(columns) for columns, _ in rows[:-1])])
    columns, values = (np.concatenate([row[part] for row in rows]) for part in (0, 1))
    return Bag(torch.from_numpy(columns), torch.from_numpy(values), torch.from_numpy(starts))
