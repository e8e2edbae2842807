from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from policies.batches import Batch, Batches
from policies.bounds import Bounds
from policies.errors import PolicyError
from policies.estimators import estimate
from policies.objectives import Objective
from policies.penalties import Limits
from policies.penalties import replication as differentiable
from policies.replication import replication, summary
from tests.policies.made import Made, made


def drawn(n: int = 500) -> tuple[Made, Batch, Tensor]:
    """Decisions, all of them as a batch, and another policy on them."""
    log = made(n=n)
    batch = replace(Batches(log.data).take(np.arange(n)), q=torch.tensor(log.truth, dtype=torch.float32))
    noise = torch.randn(n, 4, generator=torch.Generator().manual_seed(1))
    return log, batch, torch.softmax((batch.old.clamp_min(1e-9).log() + noise).masked_fill(~batch.mask, -1e9), 1)


def test_losses_are_the_estimates_with_the_other_sign() -> None:
    log, batch, policy = drawn()
    values = policy.numpy().astype(np.float64)
    for kind in ("ips", "snips", "clipped"):
        expected = estimate(kind, log.data, values, cap=2.0).value
        assert float(Objective(kind, clip=2.0).loss(policy, batch)) == pytest.approx(-expected, abs=1e-5)
    expected = estimate("dr", log.data, values, log.truth, cap=100.0).value
    assert float(Objective("dr", clip=100.0).loss(policy, batch)) == pytest.approx(-expected, abs=1e-5)


def test_ips_is_equation_three() -> None:
    _, batch, policy = drawn(3)
    rows = range(3)
    by_hand = [-float(batch.reward[i] * policy[i, batch.action[i]] / batch.old[i, batch.action[i]]) for i in rows]
    assert float(Objective("ips").loss(policy, batch)) == pytest.approx(np.mean(by_hand), abs=1e-6)


def test_the_lower_bound_is_pessimistic_and_a_baseline_takes_variance_away() -> None:
    _, batch, policy = drawn(2000)
    losses = [float(Objective("lcb", pessimism=c).loss(policy, batch)) for c in (0.0, 1.0, 2.0)]
    assert losses[0] < losses[1] < losses[2]
    assert losses[0] == pytest.approx(float(Objective("clipped").loss(policy, batch)), abs=1e-6)
    mean = float(batch.reward.mean())
    plain, shifted = (Objective("ips", baseline=b).terms(policy, batch) for b in (0.0, mean))
    assert float(shifted.var()) < float(plain.var())
    assert float(shifted.mean()) + mean == pytest.approx(float(plain.mean()), abs=0.05)


def test_what_makes_no_objective_is_refused() -> None:
    _, batch, policy = drawn(5)
    with pytest.raises(PolicyError, match="estimated reward"):
        Objective("dr").loss(policy, replace(batch, q=None))
    with pytest.raises(PolicyError, match="'best' is none of"):
        Objective("best")  # type: ignore[arg-type]
    with pytest.raises(PolicyError, match="clip"):
        Objective("clipped", clip=0.0)


def test_penalties_are_equation_four_with_replication_as_it_is_judged() -> None:
    log, batch, policy = drawn()
    bounds = Bounds.parse({"default": {"min": 0.9}, "by_domain": {"b": {"min": 0.2, "max": 0.5}}})
    found = differentiable(policy, batch.old).numpy()
    expected = replication(policy.numpy(), batch.old.numpy())
    assert found == pytest.approx(expected, abs=1e-6)
    limits = Limits.of(bounds, log.data.tables.domains, log.data.domain)
    weights = torch.tensor([[0.5, -1.0, 2.0], [0.0, 1.5, 0.0]])
    low, high = bounds.arrays(log.data.tables.domains)
    k = log.data.domain
    hinges = np.maximum(0, low[k] - expected), np.maximum(0, expected - high[k])
    by_hand = np.exp(weights[0].numpy())[k] * hinges[0] + np.exp(weights[1].numpy())[k] * hinges[1]
    assert float(limits.penalty(policy, batch, weights)) == pytest.approx(by_hand.mean(), abs=1e-5)
    judged = summary(expected, k, log.data.tables.domains, bounds)
    assert float(limits.macro(policy, batch)) == pytest.approx(judged.macro.hinge * 3, abs=1e-5)
    total = (limits.by_domain(policy, batch) * weights.exp()).sum()
    assert float(total) == pytest.approx(by_hand.mean(), abs=1e-5)
