from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from policies.batches import Batch, Batches
from policies.bounds import Bounds
from policies.metagrad import Direction, Meta, double_backward, forward_mode
from policies.network import Encoder, Scorer
from policies.objectives import Kind, Objective
from policies.penalties import Limits
from tests.policies.made import made
from tests.policies.test_network import shaken

BOUNDS = Bounds.parse({"default": {"min": 0.9, "max": 0.95}, "by_domain": {"c": {"min": 0.5, "max": 0.6}}})


def case(
    encoder: Encoder = "bilstm", residual: bool = False, kind: Kind = "ips", share: float = 1.0, closed: float = 0.0
) -> tuple[Scorer, Meta, Batch, Batch, Tensor]:
    data = made(n=600, k=5, size=10, closed=closed).data
    network = shaken(Scorer(data.tables, 8, encoder, residual).double())
    limits = Limits.of(BOUNDS, data.tables.domains, data.domain).double()
    batches = Batches(data)
    weights = torch.tensor([[0.3, -0.5, 0.8], [0.1, 0.4, -0.2]], dtype=torch.float64)
    meta = Meta(Objective(kind), limits, rate=0.5, share=share)
    return network, meta, batches.draw(0, 0, 120).double(), batches.draw(0, 0, 120, stream=1).double(), weights


def gradient_of(network: Scorer, meta: Meta, batch: Batch, weights: Tensor) -> dict[str, Tensor]:
    names, values = zip(*network.named_parameters(), strict=True)
    found = torch.autograd.grad(meta.inner(network.propensities(batch), batch, weights), values)
    return dict(zip(names, found, strict=True))


@pytest.mark.parametrize(
    ("encoder", "residual", "kind", "share", "closed"),
    [
        ("bilstm", False, "ips", 1.0, 0.0),
        ("bilstm", True, "ips", 1.0, 0.3),
        ("bilstm", False, "lcb", 0.4, 0.3),
        ("pool", True, "snips", 0.4, 0.0),
    ],
)
@pytest.mark.parametrize("direction", ["jvp", "difference"])
def test_forward_mode_equals_double_backward(
    encoder: Encoder, residual: bool, kind: Kind, share: float, closed: float, direction: Direction
) -> None:
    network, meta, batch, other, weights = case(encoder, residual, kind, share, closed)
    expected = double_backward(network, meta, batch, other, weights)
    gradient = gradient_of(network, meta, batch, weights)
    found = forward_mode(network, meta, gradient, batch, other, weights, direction)
    assert float(expected.abs().max()) > 1e-3
    torch.testing.assert_close(found, expected, atol=1e-12 if direction == "jvp" else 1e-6, rtol=0)


def test_the_meta_gradient_is_the_change_of_the_meta_objective() -> None:
    network, meta, batch, other, weights = case()
    found = double_backward(network, meta, batch, other, weights)
    start = {name: value.detach().clone() for name, value in network.state_dict().items()}

    def after(u: Tensor) -> float:
        """The meta objective after the inner step with the weights `u`."""
        network.load_state_dict(start)
        gradient = gradient_of(network, meta, batch, u)
        with torch.no_grad():
            for name, value in network.named_parameters():
                value -= meta.rate * gradient[name]
            return float(meta.outer(network.propensities(other), other))

    for place in ((0, 0), (0, 2), (1, 1)):
        change = torch.zeros_like(weights)
        change[place] = 1e-5
        slope = (after(weights + change) - after(weights - change)) / 2e-5
        assert slope == pytest.approx(float(found[place]), rel=1e-3, abs=1e-7)


def test_without_violations_there_is_nothing_to_change() -> None:
    network, meta, batch, other, weights = case()
    free = Meta(meta.objective, Limits.of(Bounds(), ["a", "b", "c"], np.zeros(3, np.int32)).double(), 0.5)
    gradient = gradient_of(network, free, batch, weights)
    for found in (
        double_backward(network, free, batch, other, weights),
        forward_mode(network, free, gradient, batch, other, weights, "jvp"),
        forward_mode(network, free, gradient, batch, other, weights),
    ):
        assert float(found.abs().max()) == 0.0


def test_single_precision_is_near_enough() -> None:
    network, meta, batch, other, weights = case()
    expected = double_backward(network, meta, batch, other, weights)
    gradient = {name: value.float() for name, value in gradient_of(network, meta, batch, weights).items()}
    data = made(n=600, k=5, size=10).data
    single = Meta(meta.objective, Limits.of(BOUNDS, data.tables.domains, data.domain), meta.rate)
    small, much = (Batches(data).draw(0, 0, 120, stream=stream) for stream in (0, 1))
    found = forward_mode(network.float(), single, gradient, small, much, weights.float())
    assert float((found - expected).abs().max()) < 0.03 * float(expected.abs().max())
