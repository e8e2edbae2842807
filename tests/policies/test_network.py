from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from policies.batches import Batches
from policies.dataset import Dataset, Tables
from policies.errors import PolicyError
from policies.network import LSTM, Encoder, Scorer
from tests.policies.made import made

ENCODERS: tuple[Encoder, ...] = ("bilstm", "pool")


def widened(data: Dataset, by: int) -> Dataset:
    n = len(data)
    wide: dict[str, Any] = {"skill": np.full((n, by), -1, np.int32), "open": np.zeros((n, by), np.bool_)}
    wide |= {"logged": np.zeros((n, by)), "numeric": np.full((n, by, data.numeric.shape[2]), 9.0, np.float32)}
    return replace(data, **{name: np.concatenate([getattr(data, name), more], 1) for name, more in wide.items()})


def shaken(network: Scorer, seed: int = 0) -> Scorer:
    """With weights as after some training."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in network.parameters():
            value += 0.3 * torch.randn(value.shape, generator=generator)
    return network


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("encoder", ENCODERS)
def test_wider_padding_and_other_rows_change_nothing(encoder: Encoder, residual: bool) -> None:
    data = made(n=40, closed=0.3).data
    network = shaken(Scorer(data.tables, 16, encoder, residual))
    with torch.no_grad():
        plain = network.propensities(Batches(data).take(np.arange(40)))
        wide = network.propensities(Batches(widened(data, 5)).take(np.arange(40)))
        alone = torch.cat([network.propensities(Batches(data).take(np.array([row]))) for row in range(40)])
    torch.testing.assert_close(wide[:, :4], plain, atol=1e-6, rtol=0)
    torch.testing.assert_close(alone, plain, atol=1e-6, rtol=0)
    assert float(wide[:, 4:].abs().max()) == 0.0
    assert plain.sum(1) == pytest.approx(np.ones(40), abs=1e-5)


def test_the_basic_cell_equals_the_fused_one() -> None:
    torch.manual_seed(0)
    lstm = LSTM(6, 5).double()
    x = torch.randn(4, 3, 6, dtype=torch.float64)
    fused = lstm(x)
    lstm.basic = True
    torch.testing.assert_close(lstm(x), fused, atol=1e-12, rtol=0)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_residual_starts_as_the_old_policy(encoder: Encoder) -> None:
    data = made(n=200, closed=0.4).data
    batch = Batches(data).take(np.arange(200))
    with torch.no_grad():
        found = Scorer(data.tables, 16, encoder, residual=True).propensities(batch)
    torch.testing.assert_close(found, batch.old, atol=1e-6, rtol=0)


@pytest.mark.parametrize("residual", [False, True])
def test_candidates_that_are_not_open_gain_nothing(residual: bool) -> None:
    data = made(n=400, closed=0.5).data
    batch = Batches(data).take(np.arange(400))
    with torch.no_grad():
        found = shaken(Scorer(data.tables, 16, residual=residual)).propensities(batch)
    assert float((found - batch.old)[~batch.open].max()) <= 1e-6
    assert found.sum(1) == pytest.approx(np.ones(400), abs=1e-5)
    assert float((found - batch.old).abs().max()) > 0.1


def test_a_new_skill_is_scored_by_its_text_and_noise_can_be_added_to_hidden_vectors() -> None:
    data = made(n=30).data
    network = shaken(Scorer(data.tables, 16))
    with torch.no_grad():
        table = network.skills()
        network.skill_id.zero_()
        cold = network.skills()
    assert float(table[-1].abs().max()) == 0.0
    expected = torch.tensor(data.tables.skill_vectors) @ network.skill_text.weight.T * network.scale
    torch.testing.assert_close(cold[:-1], expected.detach())
    batch = Batches(data).take(np.arange(30))
    hidden = network.hidden(batch)
    assert hidden.shape == (30, 4, 33)
    torch.testing.assert_close(network.propensities(batch, hidden), network.propensities(batch))
    assert not torch.allclose(network.propensities(batch, hidden + 1.0), network.propensities(batch))


def test_it_is_small_and_the_seed_decides() -> None:
    data = made(n=10, size=384).data
    one, same, other = (Scorer(data.tables, seed=seed) for seed in (1, 1, 2))
    assert sum(value.numel() for value in one.parameters()) - one.skill_id.numel() < 150_000
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(one.utterance.weight, other.utterance.weight)


def test_bad_sizes_and_bad_logs_are_refused() -> None:
    data = made(n=10).data
    with pytest.raises(PolicyError, match="width 5"):
        Scorer(data.tables, 5)
    tables = Tables(data.tables.texts, data.tables.skills, data.tables.skill_vectors[:2], data.tables.domains)
    with pytest.raises(PolicyError, match="skill vectors"):
        Scorer(tables)
    with pytest.raises(PolicyError, match="candidates must come first"):
        Batches(replace(data, skill=np.where(np.arange(4) == 0, -1, 1).astype(np.int32) * np.ones((10, 1), np.int32)))
    with pytest.raises(PolicyError, match="no distribution: the first is row 3"):
        Batches(replace(data, logged=np.where(np.arange(10)[:, None] == 3, np.nan, data.logged)))


def test_draws_repeat_and_a_vector_that_is_not_finite_counts_as_zeros() -> None:
    data = made(n=50).data
    texts = data.tables.texts.copy()
    texts[data.text[7], 2] = np.nan
    batches = Batches(replace(data, tables=replace(data.tables, texts=texts)))
    one, same, next_one = batches.draw(3, 5, 20), batches.draw(3, 5, 20), batches.draw(3, 6, 20)
    assert torch.equal(one.action, same.action) and torch.equal(one.text, same.text)
    assert not torch.equal(one.text, next_one.text)
    assert float(batches.take(np.array([7])).text.abs().max()) == 0.0
