from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from plugins.math.solver.weights import Gru, Linear, Norm, SolverError, Weights, gelu, largest, log_softmax

RNG = np.random.default_rng(0)


def of(module: nn.Module) -> dict[str, np.ndarray]:
    return {f"part.{name}": value.numpy() for name, value in module.state_dict().items()}


def test_layers_are_those_of_torch() -> None:
    torch.manual_seed(0)
    x, h = torch.randn(3, 4, 7), torch.randn(3, 4, 5)
    linear, norm, cell = nn.Linear(7, 5), nn.LayerNorm(7), nn.GRUCell(7, 5)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    with torch.no_grad():
        pairs = [
            (Weights(of(linear), "x").linear("part")(x.numpy()), linear(x)),
            (Weights(of(norm), "x").norm("part", 7)(x.numpy()), norm(x)),
            (Weights(of(cell), "x").gru("part", 7, 5)(x.numpy(), h.numpy()), cell(x.view(12, 7), h.view(12, 5))),
        ]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours.ravel(), theirs.numpy().ravel(), atol=2e-6)


def test_gelu_is_the_exact_one() -> None:
    x = np.concatenate([np.linspace(-30, 30, 4001), [0.0, 1e-30, -1e30, 1e30]]).astype(np.float32)
    np.testing.assert_allclose(gelu(x), functional.gelu(torch.from_numpy(x)).numpy(), atol=1e-6, rtol=1e-6)


def test_log_softmax_leaves_out_what_is_impossible() -> None:
    logits = np.array([[1.0, -np.inf, 2.0], [-np.inf, -np.inf, -np.inf]])
    found = log_softmax(logits)
    assert np.exp(found[0]).sum() == pytest.approx(1)
    assert np.isneginf(found[0, 1]) and not np.isfinite(found[1]).any()


def test_largest_takes_equal_ones_in_their_order() -> None:
    assert largest(np.array([1.0, 3.0, -np.inf, 3.0, 2.0]), 3).tolist() == [1, 3, 4]
    assert largest(np.array([1.0, -np.inf]), 5).tolist() == [0]


def test_arrays_are_checked() -> None:
    found = Weights({"a.weight": np.zeros((2, 3), np.float32), "bad": np.array([np.nan], np.float32)}, "some.npz")
    with pytest.raises(SolverError, match=r"some\.npz: the array 'a\.bias' is missing"):
        found.linear("a")
    with pytest.raises(SolverError, match=r"'a\.weight' has the shape \(2, 3\), not \(any, 4\)"):
        found.linear("a", 4, bias=False)
    with pytest.raises(SolverError, match="not finite"):
        found.array("bad", 1)


def test_a_file_that_is_no_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    path.write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(SolverError, match=r"w\.npz: cannot be read"):
        Weights.read(path)
    with pytest.raises(SolverError, match=r"none\.npz: cannot be read"):
        Weights.read(tmp_path / "none.npz")


def test_types_are_values() -> None:
    linear = Linear(np.eye(2, dtype=np.float32), None)
    assert Norm(np.ones(2, np.float32), np.zeros(2, np.float32))(np.array([[1.0, 3.0]], np.float32)).shape == (1, 2)
    assert Gru(linear, linear).given is linear
