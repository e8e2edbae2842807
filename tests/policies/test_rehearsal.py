from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from policies.batches import Batch, Batches
from policies.case_data import CaseData, arrays
from policies.cases import Case, Row, evaluate, remediation
from policies.dataset import Dataset
from policies.errors import PolicyError
from policies.network import Scorer
from policies.rehearsal import Rehearsal, Settings
from policies.request import FEATURES, Option, Request
from policies.settings import Settings as Training
from policies.train import train
from tests.policies.made import made


def moved(request: Request, shift: float) -> Request:
    """The same candidates for a sentence nearby."""
    vector = request.vector + shift * np.random.default_rng(0).normal(size=len(request.vector))
    return replace(request, vector=(vector / np.linalg.norm(vector)).astype(np.float32))


def request_of(data: Dataset, row: int) -> Request:
    """A row of made-up decisions as a request."""
    names, columns = data.tables.skills, (FEATURES.index("probability"), FEATURES.index("prior"))
    options = tuple(
        Option(names[skill], f"i{place}", data.tables.domains[data.domain[row]], {
            "probability": float(data.numeric[row, place, columns[0]]), "rank": float(place),
            "prior": float(data.numeric[row, place, columns[1]]),
        })
        for place, skill in enumerate(data.skill[row])
        if skill >= 0
    )  # fmt: skip
    return Request(options, data.vectors()[row])


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """Six defects: what the logging policy likes best is wrong (regression), or the third candidate is wanted."""
    data = made(60, seed=5).data
    rows = [row for row in range(60) if data.mask[row].sum() >= 3][:6]
    found = []
    for place, row in enumerate(rows):
        known = {"propensities": tuple(data.logged[row][data.mask[row]])}
        bad = Case(f"c{row}", "regression", request_of(data, row), 0, **known)
        found.append(bad if place % 2 else replace(bad, kind="progression", desired=2))
    return found


@pytest.fixture
def data(cases: list[Case]) -> CaseData:
    return arrays(cases, made(10).data.tables)


class Sum:
    """A network whose hidden vectors are the candidates' numbers, and whose score is their sum."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self.seen: list[Tensor] = []

    def hidden(self, batch: Batch) -> Tensor:
        return self.scale * batch.numeric

    def propensities(self, batch: Batch, hidden: Tensor | None = None) -> Tensor:
        assert hidden is not None
        self.seen.append(hidden)
        return torch.softmax(hidden.sum(2).masked_fill(~batch.mask, -1e9), 1)


def test_the_loss_is_that_of_equation_5(data: CaseData) -> None:
    settings = Settings(noise=0.0, alpha=4, beta=3, clip=2.5)
    network = Sum()
    found = Rehearsal(data, settings, seed=3).loss(network, 7)
    drawn = np.random.default_rng([3, 35, 7]).integers(0, len(data.cases), 4)
    batch = Batches(data.dataset).take(drawn)
    share = batch.chosen(torch.softmax(batch.numeric.sum(2).masked_fill(~batch.mask, -1e9), 1))
    weight = torch.minimum(1.0 / batch.logged, torch.tensor(2.5))
    assert torch.allclose(found, -((2.0 * batch.reward - 1.0) * weight * share).mean())
    assert (weight == 2.5).any() and (weight < 2.5).any()
    assert network.seen[0].shape[:2] == (12, data.dataset.skill.shape[1])


def test_the_losses_are_mixed_as_in_equation_6(data: CaseData) -> None:
    rehearsal = Rehearsal(data, Settings(eta=0.3))
    assert torch.allclose(
        rehearsal.mixed(torch.tensor(5.0), Sum(), 1), 0.7 * torch.tensor(5.0) + 0.3 * rehearsal.loss(Sum(), 1)
    )


def test_every_step_has_its_own_draws_and_always_the_same(data: CaseData) -> None:
    first, again = Rehearsal(data, seed=1), Rehearsal(data, seed=1)
    assert [float(first.loss(Sum(), step)) for step in range(3)] == [
        float(again.loss(Sum(), step)) for step in range(3)
    ]
    assert float(first.loss(Sum(), 0)) != float(first.loss(Sum(), 1))
    assert float(first.loss(Sum(), 0)) != float(Rehearsal(data, seed=2).loss(Sum(), 0))


def test_copies_differ_by_noise_of_the_scale_that_was_asked_for(data: CaseData) -> None:
    for scale in (1.0, 100.0):
        network = Sum(scale)
        Rehearsal(data, Settings(alpha=1, beta=2000)).loss(network, 0)
        assert network.seen[0].std(0).mean() == pytest.approx(2.0, rel=0.03)
    spreads = []
    for scale in (1.0, 100.0):
        network = Sum(scale)
        Rehearsal(data, Settings(alpha=1, beta=500, noise=1.0, relative=True)).loss(network, 0)
        spreads.append(network.seen[0].std(0))
    assert torch.allclose(spreads[1], 100.0 * spreads[0], rtol=1e-3)


@pytest.mark.parametrize("loss", ["ips", "log"])
def test_the_gradient_points_away_from_the_defect(data: CaseData, loss: str) -> None:
    network = Scorer(data.dataset.tables, seed=0)
    rehearsal = Rehearsal(data, Settings(noise=0.0, alpha=50, loss=loss))  # type: ignore[arg-type]
    batch = Batches(data.dataset).take(np.arange(len(data.cases)))
    before = network.propensities(batch).detach()
    optimiser = torch.optim.SGD(network.parameters(), 0.05)
    rehearsal.loss(network, 0).backward()
    optimiser.step()
    change = batch.chosen(network.propensities(batch).detach() - before)
    assert bool(((2.0 * batch.reward - 1.0) * change > 0).all())


@pytest.mark.parametrize(
    "settings",
    [{"eta": 0.0}, {"eta": 1.0}, {"alpha": 0}, {"beta": 0}, {"noise": -1.0}, {"clip": 0.5}, {"reward": (0.0, 1.0)}],
)
def test_settings_that_make_no_sense(data: CaseData, settings: dict[str, float]) -> None:
    with pytest.raises(PolicyError):
        Rehearsal(data, Settings(**settings))  # type: ignore[arg-type]


def test_a_training_with_cases_mends_them_and_what_is_like_them(cases: list[Case]) -> None:
    log, valid = made(1500, seed=1).data, made(400, seed=2).data
    near = [replace(case, request=moved(case.request, 0.05)) for case in cases]
    learned, held = arrays(cases, log.tables), arrays(near, log.tables)
    training = Training(steps=150, batch=256, width=16, encoder="pool", evaluations=1, select="last")

    def rows(rehearsal: Rehearsal | None, examined: CaseData) -> list[Row]:
        policy = train(log, valid, "ips", settings=training, seed=0, rehearsal=rehearsal).policy
        values = policy.propensities_of(examined.dataset, examined.dataset.logged)
        known = {id(case.request): row for case, row in zip(examined.cases, values, strict=True)}
        return evaluate(examined.cases, lambda asked: known[id(asked)][: len(asked.options)].tolist())

    rehearsal = Rehearsal(learned, Settings(loss="log", noise=0.5, relative=True))
    before = rows(None, learned)
    assert sum(not row.passed for row in before) >= 2
    assert remediation(before, rows(rehearsal, learned)) == 100.0
    assert all(row.passed for row in rows(rehearsal, held))
