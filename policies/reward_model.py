"""The estimated reward q(x, a): the chance that a candidate would have satisfied, from the candidates that were drawn.

Several networks of the policy's class with a sigmoid, each trained without its own fold of the decisions. A decision of
the log gets the estimate of the network that never saw it (cross-fitting), so that doubly robust values are honest; a
new one gets their mean. How far they differ is the uncertainty.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from policies.batches import Batch, Batches, check
from policies.blocks import blocks, zeros
from policies.dataset import Dataset
from policies.errors import PolicyError
from policies.fit import Entry, History, Progress, fit
from policies.network import Scorer
from policies.settings import Settings

Doubles = NDArray[np.float64]
_GREATEST = 20.0  # of an importance weight, relative to the mean
_NEWTON = 25


@dataclass(frozen=True)
class RewardModel:
    """networks: the members; slope, offset: calibration, q = sigmoid(slope score + offset); histories: of members."""

    networks: tuple[Scorer, ...]
    slope: float
    offset: float
    histories: tuple[History, ...]

    def each(self, dataset: Dataset) -> Doubles:
        """What each member says [members, N, K]."""
        batches = Batches(dataset)
        return np.stack([self._calibrated(scores(network, batches)) for network in self.networks])

    def _blocks(self, dataset: Dataset) -> Iterator[tuple[slice, Doubles]]:
        for part in blocks(len(dataset)):
            yield part, self.each(dataset.take(part))

    def estimate(self, dataset: Dataset) -> tuple[Doubles, Doubles]:
        """q [N, K] of decisions that were not trained on, and its uncertainty [N, K]: deviation between members."""
        mean, deviation = (zeros(dataset.skill.shape, np.float64, dataset.logged) for _ in range(2))
        for part, values in self._blocks(dataset):
            mean[part], deviation[part] = values.mean(0), values.std(0, ddof=1)
        return mean, deviation

    def crossed(self, dataset: Dataset, groups: NDArray[np.generic] | None = None) -> Doubles:
        """q [N, K] of the decisions (and groups) of `trained`, each from the member that did not see it."""
        fold = _folds(dataset, groups, len(self.networks)).astype(np.intp)
        found = zeros(dataset.skill.shape, np.float64, dataset.logged)
        for part, values in self._blocks(dataset):
            found[part] = np.take_along_axis(values, fold[None, part, None], 0)[0]
        return found

    def _calibrated(self, values: Doubles) -> Doubles:
        found: Doubles = 1.0 / (1.0 + np.exp(-np.clip(self.slope * values + self.offset, -30.0, 30.0)))
        return found


class RewardLearner:
    """One member. A `policies.fit.Learner`."""

    def __init__(self, network: Scorer, batches: Batches, valid: Batches, settings: Settings, seed: int) -> None:
        self.network, self.batches, self.valid, self.settings, self.seed = network, batches, valid, settings, seed
        self.weights = torch.zeros(2, 0)
        self.rates: list[float] = []
        self._optimiser = torch.optim.AdamW(network.parameters(), settings.rate, weight_decay=settings.shrink)

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Of the network."""
        return {"theta": self._optimiser}

    def step(self, step: int) -> Tensor:
        """One step; the loss."""
        batch = self.batches.draw(self.seed, step, self.settings.batch, stream=2)
        loss = self._loss(batch)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        return loss

    def _loss(self, batch: Batch) -> Tensor:
        """Cross-entropy of the rewards of the drawn candidates."""
        losses = nn.functional.binary_cross_entropy_with_logits(
            batch.chosen(self.network(batch)), batch.reward, reduction="none"
        )
        if not self.settings.power:
            return losses.mean()
        weight = batch.logged**-self.settings.power
        weight = (weight / weight.mean()).clamp(max=_GREATEST)
        return (weight * losses).sum() / weight.sum()

    @torch.no_grad()
    def evaluate(self) -> Entry:
        """The loss on held-out decisions."""
        losses = [(float(self._loss(batch)), len(batch)) for _, batch in self.valid.chunks()]
        return {"entropy": sum(loss * count for loss, count in losses) / sum(count for _, count in losses)}

    def rank(self, entry: Entry) -> tuple[float, ...]:
        """By that loss."""
        return (entry["entropy"],)


def trained(
    dataset: Dataset,
    valid: Dataset,
    settings: Settings | None = None,
    seed: int = 0,
    folder: Path | None = None,
    progress: Progress | None = None,
    groups: NDArray[np.generic] | None = None,
) -> RewardModel:
    """A reward model of the decisions in `dataset`; `valid` chooses the snapshots and calibrates.

    Decisions with the same group [N] (a conversation) are in the same fold; by default those with the same sentence.
    All members together take `settings.steps` steps. Decisions without a reward are left out. Raises `PolicyError`.
    """
    settings = settings or Settings()
    rows, held = known(dataset), Batches(valid.judged())
    for part in (dataset, held.dataset):
        check(part, learning=True)
    fold = _folds(dataset, groups, settings.members)
    steps = max(1, settings.steps // settings.members)
    data = f"{fingerprint(dataset)} {fingerprint(held.dataset)} {_digest(fold)}"
    networks, histories = [], []
    for member in range(settings.members):
        others = rows[fold[rows] != member]
        if not len(others):
            raise PolicyError(f"{len(rows)} decisions are too few for {settings.members} folds")
        encoder = settings.reward_encoder or settings.encoder
        network = Scorer(dataset.tables, settings.width, encoder, seed=seed * 100 + member)
        learner = RewardLearner(network, Batches(dataset, rows=others), held, settings, seed * 100 + member)
        where = None if folder is None else folder / f"member-{member}"
        told = None if progress is None else _told(progress, member * steps, steps * settings.members)
        identity = f"reward {member} {settings} {seed} {data}"
        histories.append(fit(learner, steps, min(settings.evaluations, steps), where, identity, told))
        networks.append(network)
    slope, offset = _calibrate(networks, held)
    return RewardModel(tuple(networks), slope, offset, tuple(histories))


@torch.no_grad()
def scores(network: Scorer, batches: Batches) -> Doubles:
    """Scores of all candidates [N, K]; 0 on padding."""
    found = zeros(batches.dataset.skill.shape, np.float64, batches.dataset.logged)
    for part, batch in batches.chunks():
        found[part] = torch.where(batch.mask, network(batch), 0.0).double().numpy()
    return found


def known(dataset: Dataset) -> NDArray[np.integer[Any]]:
    """Rows whose reward is known. Raises `PolicyError` for none."""
    kind = np.int32 if len(dataset) < 2**31 else np.int64
    found: NDArray[np.integer[Any]] = np.zeros(0, kind)
    if len(dataset):
        parts = blocks(len(dataset))
        rows = [(part.start + np.flatnonzero(~np.isnan(dataset.reward[part]))).astype(kind) for part in parts]
        found = np.concatenate(rows)
    if not len(found):
        raise PolicyError("no decision has a known reward")
    return found


def fingerprint(dataset: Dataset) -> str:
    """What tells two data sets apart: a digest of what was drawn, with which propensities, and how it was rewarded."""
    digest = hashlib.sha256(repr(dataset.skill.shape).encode())
    for name in ("text", "action", "reward", "logged"):
        array = np.asarray(getattr(dataset, name))
        for start in range(0, len(array), 65_536):
            digest.update(np.ascontiguousarray(array[start : start + 65_536]).tobytes())
    return digest.hexdigest()[:16]


def _folds(dataset: Dataset, groups: NDArray[np.generic] | None, count: int) -> NDArray[np.uint8]:
    """The fold of each decision [N]; groups that are no integers count by their rank."""
    of = dataset.text if groups is None else groups
    if of.shape != (len(dataset),):
        raise PolicyError(f"groups are of shape {of.shape}, but there are {len(dataset)} decisions")
    if not np.issubdtype(of.dtype, np.integer):
        of = np.unique(of, return_inverse=True)[1]
    found = np.empty(len(of), np.uint8)
    for part in blocks(len(of)):
        mixed = (of[part].astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)  # wraps: neighbours spread
        found[part] = (mixed >> np.uint64(40)) % np.uint64(count)
    return found


def _digest(fold: NDArray[np.uint8]) -> str:
    digest = hashlib.sha256()
    for part in blocks(len(fold)):
        digest.update(fold[part].astype(np.int64).tobytes())
    return digest.hexdigest()[:16]


def _told(progress: Progress, before: int, total: int) -> Progress:
    return lambda done, _: progress(before + done, total)


def _calibrate(networks: list[Scorer], held: Batches) -> tuple[float, float]:
    """Slope and offset by Newton's method on the mean score of the drawn candidates (Platt scaling)."""
    rows, action = np.arange(len(held)), np.asarray(held.dataset.action)
    x = np.mean([scores(network, held)[rows, action] for network in networks], axis=0)
    design = np.stack([x, np.ones_like(x)], 1)
    reward = np.asarray(held.dataset.reward, np.float64)
    found, prior = np.array([1.0, 0.0]), np.array([1.0, 0.0])
    for _ in range(_NEWTON):
        p = 1.0 / (1.0 + np.exp(-np.clip(design @ found, -30.0, 30.0)))
        gradient = design.T @ (p - reward) + (found - prior)  # pulled towards no change by the weight of one decision
        curvature = (design * (p * (1.0 - p))[:, None]).T @ design + np.eye(2)
        move = np.linalg.solve(curvature, gradient)
        found = found - move / max(1.0, float(np.abs(move).max()))
    return max(0.05, float(found[0])), float(found[1])
