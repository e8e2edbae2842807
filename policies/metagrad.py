"""The meta-gradient: how the weights of the penalties should change so that the next step breaks fewer bounds.

MetaGrad (constrained policy optimisation for controlled self-learning), algorithm 2: one plain gradient step on a copy,
`theta' = theta - eta grad L(B; theta, u, v)`, then the derivative by u and v of the meta objective on other decisions.

`double_backward` differentiates through that step. `forward_mode` gets the same without second derivatives: L depends
on u_k through `e^u_k P_k(theta)` alone, P_k the penalty of domain k, hence

    d L_meta / d u_k = - eta e^u_k < grad L_meta(theta'), grad P_k(theta) >

and all 2 M inner products are one directional derivative of the vector P along grad L_meta. It is exact by forward-mode
differentiation ("jvp"), or a central difference of replication along the direction ("difference"): two evaluations
without gradients, on the fused kernels.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.func import functional_call, jvp

from policies.batches import Batch
from policies.network import Scorer, propensities_of
from policies.objectives import Objective
from policies.penalties import Limits

Parameters = dict[str, Tensor]
Direction = Literal["difference", "jvp"]
# Step of a central difference, relative to the norm of the parameters.
_STEP = {torch.float32: 3e-4, torch.float64: 1e-6}


@dataclass(frozen=True)
class Meta:
    """What the meta-gradient is taken of: objective, limits, inner rate eta, lambda (share of the violations)."""

    objective: Objective
    limits: Limits
    rate: float = 1e-3
    share: float = 1.0

    def inner(self, propensities: Tensor, batch: Batch, weights: Tensor) -> Tensor:
        """The penalised loss (eq. 4)."""
        return self.objective.loss(propensities, batch) + self.limits.penalty(propensities, batch, weights)

    def outer(self, propensities: Tensor, batch: Batch) -> Tensor:
        """The meta objective (eq. 6)."""
        violation = self.share * self.limits.macro(propensities, batch)
        if self.share == 1.0:
            return violation
        return violation + (1.0 - self.share) * self.objective.loss(propensities, batch)


def double_backward(network: Scorer, meta: Meta, batch: Batch, other: Batch, weights: Tensor) -> Tensor:
    """d L_meta / d (u, v) [2, M] by differentiating through the inner step; `batch` for it, `other` for L_meta."""
    weights = weights.detach().requires_grad_()
    names, values = zip(*network.named_parameters(), strict=True)
    network.twice(True)
    try:
        loss = meta.inner(network.propensities(batch), batch, weights)
        gradient = torch.autograd.grad(loss, values, create_graph=True)
        moved = {n: p - meta.rate * g for n, p, g in zip(names, values, gradient, strict=True)}
        found: Tensor = torch.autograd.grad(meta.outer(_propensities(network, moved, other), other), weights)[0]
    finally:
        network.twice(False)
    return found


def forward_mode(
    network: Scorer,
    meta: Meta,
    gradient: Mapping[str, Tensor],
    batch: Batch,
    other: Batch,
    weights: Tensor,
    direction: Direction = "difference",
    now: Tensor | None = None,
) -> Tensor:
    """The same from what a trainer has at hand: `gradient`, by name, of the inner loss; `now`, propensities of `batch`.

    `batch` may be a sample of the decisions that the gradient is of: the inner products are then estimates of theirs.
    """
    with torch.no_grad():
        moved = {name: p - meta.rate * gradient[name] for name, p in network.named_parameters()}
    for value in moved.values():
        value.requires_grad_()
    loss = meta.outer(_propensities(network, moved, other), other)
    along = dict(zip(moved, torch.autograd.grad(loss, list(moved.values())), strict=True))
    if direction == "jvp":
        slopes = _exact(network, meta.limits, batch, along)
    else:
        slopes = _difference(network, meta.limits, batch, along, now)
    return -meta.rate * weights.exp() * slopes


def _exact(network: Scorer, limits: Limits, batch: Batch, along: Parameters) -> Tensor:
    network.twice(True)
    here = {name: value.detach() for name, value in network.named_parameters()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # torch compiles formulas by a way that it deprecates
            slopes = jvp(lambda at: limits.by_domain(_propensities(network, at, batch), batch), (here,), (along,))[1]
    finally:
        network.twice(False)
    found: Tensor = slopes
    return found


@torch.no_grad()
def _difference(network: Scorer, limits: Limits, batch: Batch, along: Parameters, now: Tensor | None) -> Tensor:
    """Of the propensities: replication and the hinges have kinks, and on which side of them we stand is known."""
    here = dict(network.named_parameters())
    length = torch.stack([value.square().sum() for value in along.values()]).sum().sqrt()
    if not bool(length > 0):
        return torch.zeros(2, len(limits.least), dtype=length.dtype)
    norm = torch.stack([value.square().sum() for value in here.values()]).sum().sqrt()
    size = _STEP[length.dtype] * norm / length
    now = network.propensities(batch) if now is None else now
    below, above = limits.hinges(now, batch)
    ahead, back = (
        _propensities(network, {n: p + sign * size * along[n] for n, p in here.items()}, batch) for sign in (1.0, -1.0)
    )
    slope = -0.5 * (torch.sign(now - batch.old) * (ahead - back)).sum(1) / (2.0 * size)
    active = torch.stack([-slope * (below > 0), slope * (above > 0)])
    return torch.zeros(2, len(limits.least), dtype=slope.dtype).index_add(1, batch.domain, active) / len(batch)


def _propensities(network: Scorer, parameters: Parameters, batch: Batch) -> Tensor:
    scores: Tensor = functional_call(network, parameters, (batch,))
    return propensities_of(scores, batch, network.residual)
