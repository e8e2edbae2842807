"""One policy in training: what a step does under each method, and how the policy is judged on held-out decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from policies.batches import Batch, Batches
from policies.blocks import zeros
from policies.bounds import Bounds
from policies.estimators import estimate
from policies.fit import Entry
from policies.metagrad import Meta, double_backward, forward_mode
from policies.network import Scorer
from policies.objectives import Objective
from policies.penalties import Limits
from policies.replication import replication, summary
from policies.settings import Method, Settings

Doubles = NDArray[np.float64]


class Rehearsal(Protocol):
    """Cases that are replayed in every step."""

    def mixed(self, loss: Tensor, network: Scorer, step: int) -> Tensor:
        """`(1 - eta) loss + eta L_RP` (remediation of defective actions, eq. 6).

        Called once in a step, from 0, before its gradient is taken; the same step must always give the same draws.
        `network.hidden(batch)` and `network.propensities(batch, hidden)` let noise be added to the hidden vectors.
        """
        ...


class PolicyLearner:
    """A `policies.fit.Learner`. The penalty weights u and v start at 0 (or at log `weight` for "quadratic")."""

    def __init__(
        self,
        network: Scorer,
        batches: Batches,
        valid: Batches,
        method: Method,
        objective: Objective,
        bounds: Bounds,
        settings: Settings,
        seed: int,
        rehearsal: Rehearsal | None = None,
    ) -> None:
        self.network, self.batches, self.valid = network, batches, valid
        self.method, self.objective, self.settings, self.seed = method, objective, settings, seed
        self.bounds, self.rehearsal = bounds, rehearsal
        domains = batches.dataset.tables.domains
        self.limits = Limits.of(bounds, domains, batches.domain)
        self.meta = Meta(objective, self.limits, settings.inner, settings.meta)
        start = float(np.log(settings.weight)) if method == "quadratic" else 0.0
        self.weights = torch.full((2, len(domains)), start)
        self._theta = torch.optim.Adam(network.parameters(), settings.rate)
        self._uv = torch.optim.Adam([self.weights], settings.penalty_rate)
        self._ascent, self._every, self._next = settings.ascent, settings.every, 0.0

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """Of the policy and of the penalty weights."""
        return {"theta": self._theta, "uv": self._uv}

    @property
    def rates(self) -> list[float]:
        """Ascent rate, period and next step of minimax."""
        return [self._ascent, self._every, self._next]

    @rates.setter
    def rates(self, values: list[float]) -> None:
        self._ascent, self._every, self._next = values

    def step(self, step: int) -> Tensor:
        """One step of the method; the loss."""
        batch = self.batches.draw(self.seed, step, self.settings.batch)
        if self.method == "metagrad":
            other = self.batches.draw(self.seed, step, self.settings.batch, stream=1)
            self._weigh(double_backward(self.network, self.meta, batch, other, self.weights))
        propensities = self.network.propensities(batch)
        loss = self._loss(propensities, batch)
        if self.rehearsal is not None:
            loss = self.rehearsal.mixed(loss, self.network, step)
        self._theta.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if self.method == "metagrad_forward":
            self._weigh(self._forward(batch, propensities.detach(), step))
        elif self.method == "minimax" and step >= self._next:
            self._climb(propensities.detach(), batch)
        self._theta.step()
        return loss

    def _loss(self, propensities: Tensor, batch: Batch) -> Tensor:
        if self.method == "replicate":
            target = batch.old if batch.target is None else batch.target
            return -(target * propensities.clamp_min(1e-9).log()).sum(1).mean()
        loss = self.objective.loss(propensities, batch)
        if self.method == "plain":
            return loss
        return loss + self.limits.penalty(propensities, batch, self.weights)

    def _forward(self, batch: Batch, propensities: Tensor, step: int) -> Tensor:
        """The meta-gradient from the gradient of this step, on part of the rows.

        The new weights count from the next step on, so that this one needs no second gradient.
        """
        stride = max(1, round(1.0 / self.settings.meta_share))
        rows = torch.arange(0, len(batch), stride)
        part = batch.rows(rows)
        other = self.batches.draw(self.seed, step, len(part), stream=1)
        gradient = {
            name: torch.zeros_like(value) if value.grad is None else value.grad
            for name, value in self.network.named_parameters()
        }
        direction, now = self.settings.direction, propensities[rows]
        return forward_mode(self.network, self.meta, gradient, part, other, self.weights, direction, now)

    def _weigh(self, gradient: Tensor) -> None:
        self.weights.grad = gradient
        self._uv.step()

    def _climb(self, propensities: Tensor, batch: Batch) -> None:
        """Ascent of the penalised loss in u and v (MetaGrad, algorithm 1)."""
        self.weights += self._ascent * self.weights.exp() * self.limits.by_domain(propensities, batch)
        self._next += self._every
        self._ascent *= self.settings.decay
        self._every *= self.settings.slowing

    def evaluate(self) -> Entry:
        """Held-out decisions: replication, violations, estimated reward."""
        new = propensities(self.network, self.valid)
        data = self.valid.dataset
        old = self.valid.old if self.valid.target is None else self.valid.target
        found = summary(replication(new, old), data.domain, data.tables.domains, self.bounds)
        entry = {
            "violation": found.macro.frequency,
            "hinge": found.macro.hinge,
            "micro": found.micro.frequency,
            "replication": found.micro.replication,
        }
        if self.method == "replicate":
            return {**entry, "entropy": float(-(old * np.log(np.maximum(new, 1e-9))).sum(1).mean())}
        entry |= {name: estimate(name, data, new).value for name in ("ips", "snips")}
        if self.valid.q is not None:
            entry["dr"] = estimate("dr", data, new, self.valid.q).value
        return entry

    def rank(self, entry: Entry) -> tuple[float, ...]:
        """By `settings.select`."""
        select = self.settings.select
        if select == "last":
            return (-entry["step"],)
        if self.method == "replicate":
            return (entry["entropy"],)
        if select == "reward" or (select == "auto" and self.method == "plain"):
            return (-entry["snips"],)
        return (round(entry["violation"], 2), -entry["snips"])


@torch.no_grad()
def propensities(network: Scorer, batches: Batches) -> Doubles:
    """The policy of a network on all decisions [N, K], zero on padding."""
    found = zeros(batches.dataset.skill.shape, np.float64, batches.dataset.logged)
    for part, batch in batches.chunks():
        some = network.propensities(batch).double().numpy()
        found[part] = some / some.sum(1, keepdims=True)
    return found
