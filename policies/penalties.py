"""What leaving the bounds costs in training: a hinge on each side of each domain's range of replication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from policies.batches import Batch
from policies.bounds import Bounds


def replication(new: Tensor, old: Tensor) -> Tensor:
    """Replication [B] of propensities [B, K]: `1 - |new - old|_1 / 2` (MetaGrad, eq. 1). Differentiable."""
    return 1.0 - 0.5 * (new - old).abs().sum(1)


@dataclass(frozen=True)
class Limits:
    """Bounds of M domains as tensors: least and greatest replication, share of the decisions of each domain [M]."""

    least: Tensor
    greatest: Tensor
    prior: Tensor

    @classmethod
    def of(
        cls, bounds: Bounds, domains: Sequence[str], domain: np.ndarray[tuple[int, ...], np.dtype[np.int32]]
    ) -> Limits:
        """Of the bounds, and of the domain of every decision [N] (a domain without decisions counts as one)."""
        least, greatest = bounds.arrays(domains)
        counts = np.bincount(domain, minlength=len(domains)).clip(1)
        real = [torch.tensor(values, dtype=torch.float32) for values in (least, greatest, counts / max(1, len(domain)))]
        return cls(*real)

    def double(self) -> Limits:
        """The same in float64."""
        return Limits(self.least.double(), self.greatest.double(), self.prior.double())

    def hinges(self, propensities: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """How far each decision is below and above its range [B], [B]."""
        found = replication(propensities, batch.old)
        below = (self.least[batch.domain] - found).clamp(min=0.0)
        return below, (found - self.greatest[batch.domain]).clamp(min=0.0)

    def by_domain(self, propensities: Tensor, batch: Batch) -> Tensor:
        """Sums of both hinges over the decisions of each domain, divided by B [2, M]."""
        hinges = torch.stack(self.hinges(propensities, batch))
        zero = torch.zeros(2, len(self.least), dtype=hinges.dtype)
        return zero.index_add(1, batch.domain, hinges) / len(batch)

    def penalty(self, propensities: Tensor, batch: Batch, weights: Tensor) -> Tensor:
        """`E[e^u_k below + e^v_k above]`, with `weights` = (u, v) [2, M] (MetaGrad, eq. 4). Differentiable in both."""
        below, above = self.hinges(propensities, batch)
        low, high = weights.exp()[:, batch.domain]
        found: Tensor = (low * below + high * above).mean()
        return found

    def macro(self, propensities: Tensor, batch: Batch) -> Tensor:
        """Both hinges over the share of the domain, so that every domain counts alike (MetaGrad, eq. 6)."""
        below, above = self.hinges(propensities, batch)
        return ((below + above) / self.prior[batch.domain]).mean()
