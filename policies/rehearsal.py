"""Rehearsal: cases are replayed in every training step until the policy does by itself what they say (paper 35, 2.4).

Each step takes `alpha` cases, makes `beta` noisy copies of each in the space of the candidates' hidden vectors
(h' = h + lambda c, equation 4), gives them the lowest or highest reward, and mixes their loss into that of the logged
decisions: L = (1 - eta) L0 + eta L_RP (equation 6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from policies.batches import Batch, Batches
from policies.case_data import CaseData
from policies.dataset import Doubles
from policies.errors import PolicyError

_STREAM = 35  # its draws share a seed with the training's and must not repeat them
_TINY = 1e-6


class Network(Protocol):
    """What of `policies.network.Scorer` is used."""

    def hidden(self, batch: Batch) -> Tensor:
        """What is known of each candidate [B, K, H]."""
        ...

    def propensities(self, batch: Batch, hidden: Tensor | None = None) -> Tensor:
        """The policy [B, K], of other hidden vectors where they are given."""
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """How cases are replayed; eta, alpha, beta and noise are the paper's by default.

    eta: share of the loss that is theirs. alpha: cases in a step. beta: copies of each. noise: lambda. relative: noise
    counts in standard deviations of the hidden vectors, so that it means the same whatever their scale. clip: greatest
    importance weight 1 / pi0(a); the wanted action of a case is often one that was hardly ever drawn. reward: lowest
    and highest; the lowest must be negative, since a reward of zero has no gradient and would not discourage anything.
    loss: "ips" as in the paper's equation 5, or "log": the logarithm of the right probability, whose gradient does not
    vanish where the policy is sure of the wrong action.
    """

    eta: float = 0.2
    alpha: int = 5
    beta: int = 20
    noise: float = 2.0
    relative: bool = False
    clip: float = 10.0
    reward: tuple[float, float] = (-1.0, 1.0)
    loss: Literal["ips", "log"] = "ips"

    def checked(self) -> Settings:
        """Itself. Raises `PolicyError` for values that make no sense."""
        if not 0.0 < self.eta < 1.0 or self.alpha < 1 or self.beta < 1 or self.noise < 0.0 or self.clip < 1.0:
            raise PolicyError(f"eta must be in (0, 1), alpha, beta and clip at least 1, noise not negative: {self}")
        if not self.reward[0] < 0.0 < self.reward[1] or self.loss not in ("ips", "log"):
            raise PolicyError(f"the lowest reward must be negative, the highest positive, loss ips or log: {self}")
        return self


class Rehearsal:
    """The cases' part of a training. The same seed and step always give the same cases and the same noise."""

    def __init__(
        self, data: CaseData, settings: Settings | None = None, seed: int = 0, old: Doubles | None = None
    ) -> None:
        """old: propensities [N, K] of the policy in force on the cases, by default those that were logged with them.

        Raises `PolicyError`.
        """
        self.settings = (settings or Settings()).checked()
        self.data, self.seed = data, seed
        self._batches = Batches(data.dataset, old)

    def mixed(self, loss: Tensor, network: Network, step: int) -> Tensor:
        """Equation 6: the loss of the logged decisions and that of the cases, weighted by eta."""
        eta = self.settings.eta
        return (1.0 - eta) * loss + eta * self.loss(network, step)

    def loss(self, network: Network, step: int) -> Tensor:
        """L_RP of one step (equation 5), a scalar with a graph. step: counts from 0."""
        settings = self.settings
        drawn = np.random.default_rng([self.seed, _STREAM, step]).integers(0, len(self.data.cases), settings.alpha)
        batch = self._batches.take(np.repeat(drawn, settings.beta))
        singles = network.hidden(self._batches.take(drawn))
        hidden = singles.repeat_interleave(settings.beta, dim=0)
        noise = torch.randn(hidden.shape, generator=_generator(self.seed, step), dtype=torch.float32).to(hidden.dtype)
        scale = _deviation(singles, batch.mask[:: settings.beta]) if settings.relative else 1.0
        values = network.propensities(batch, hidden + settings.noise * scale * noise)
        return self._loss(batch.chosen(values), batch)

    def _loss(self, share: Tensor, batch: Batch) -> Tensor:
        """share [B]: what the policy gives to the target; batch.reward [B]: 1 where that is wanted."""
        low, high = self.settings.reward
        wanted = batch.reward > 0.5
        if self.settings.loss == "log":
            right = torch.where(wanted, share, 1.0 - share).clamp_min(_TINY)
            return -(torch.where(wanted, high, -low) * right.log()).mean()
        weight = (1.0 / batch.chosen(batch.old).clamp_min(_TINY)).clamp_max(self.settings.clip)
        return -(torch.where(wanted, high, low) * weight * share).mean()


def _generator(seed: int, step: int) -> torch.Generator:
    mixed = np.random.SeedSequence([seed, _STREAM, step, 1]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(mixed) % 2**63)


def _deviation(hidden: Tensor, mask: Tensor) -> Tensor:
    """Standard deviation of the hidden features [H] over the candidates of a batch, as a scale without gradient."""
    known = hidden.detach()[mask]
    return known.std(dim=0, unbiased=False)
