from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from policies import fit, pictures, reward_model
from policies.base import SoftmaxBase
from policies.batches import Batch, Batches
from policies.bounds import Bounds
from policies.errors import PolicyError
from policies.learner import propensities
from policies.network import Scorer
from policies.policy import Policy
from policies.replication import replication
from policies.settings import Settings
from policies.train import Trained, distilled, train
from tests.policies.made import Made, made

QUICK = Settings(steps=150, batch=256, width=16, evaluations=3, encoder="pool")
TINY = replace(QUICK, steps=12, batch=64, encoder="bilstm")
BOUNDS = Bounds.parse({"default": {"min": 0.9}, "by_domain": {"c": {"min": 0.7, "max": 0.85}}})


@cache
def logs() -> tuple[Made, Made, Made]:
    return made(6000, seed=1), made(1500, seed=2), made(2000, seed=3)


@cache
def learned(method: str, residual: bool = False) -> Trained:
    train_log, valid, _ = logs()
    return train(train_log.data, valid.data, method, BOUNDS, replace(QUICK, residual=residual))


def outside(policy: Policy, log: Made) -> float:
    found = replication(policy.propensities_of(log.data), log.data.logged)
    low, high = BOUNDS.arrays(log.data.tables.domains)
    k = log.data.domain
    return float(np.mean((found < low[k] - 1e-6) | (found > high[k] + 1e-6)))


def test_the_ring_earns_more_than_what_is_in_force_and_never_leaves_its_bounds() -> None:
    _, _, test = logs()
    policy = learned("ring").policy
    assert outside(policy, test) == 0.0
    gain = test.value(policy.propensities_of(test.data)) - test.value(test.data.logged)
    true = learned("ring").policy.layers[0].limits
    assert true == BOUNDS
    assert gain > 0.03


@pytest.mark.parametrize("objective", ["ips", "snips", "clipped", "dr", "lcb"])
def test_each_objective_alone_finds_the_better_skills(objective: str) -> None:
    _, _, test = logs()
    trained = learned(objective)
    assert test.value(trained.policy.propensities_of(test.data)) > test.value(test.data.logged) + 0.1
    assert (trained.rewards is not None) == (objective == "dr")


@pytest.mark.parametrize("method", ["quadratic", "minimax", "metagrad", "metagrad_forward"])
def test_penalties_keep_more_decisions_inside_than_none(method: str) -> None:
    _, _, test = logs()
    trained = learned(method, residual=True)
    assert outside(trained.policy, test) < outside(learned("ips").policy, test) - 0.15
    weights = np.array([values for _, values in trained.history.weights])
    assert (method == "quadratic") == bool((weights == weights[0]).all())
    assert {"violation", "hinge", "snips", "ips"} <= set(trained.history.evaluations[0])


def test_both_meta_gradients_raise_the_weights_alike() -> None:
    one, other = (np.array(learned(name).history.weights[-1][1]) for name in ("metagrad", "metagrad_forward"))
    assert one[0] == pytest.approx(other[0], abs=0.5)
    assert one[0].min() > 0.5


def test_replication_copies_the_policy_in_force() -> None:
    _, _, test = logs()
    found = learned("replicate").policy.propensities_of(test.data)
    assert replication(found, test.data.logged).mean() > 0.95


@pytest.mark.parametrize("method", ["metagrad", "metagrad_forward", "minimax", "ring", "dr"])
def test_a_seed_decides_and_an_interrupted_run_goes_on(method: str, tmp_path: Path) -> None:
    data, valid = made(400, seed=1).data, made(200, seed=2).data
    settings = replace(TINY, decay=0.9, slowing=1.1)
    whole = train(data, valid, method, BOUNDS, settings, 5)

    def stop(done: int, total: int) -> None:
        assert total in (11, 12)
        if done == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data, valid, method, BOUNDS, settings, 5, tmp_path, stop)
    resumed = train(data, valid, method, BOUNDS, settings, 5, tmp_path)
    assert resumed.policy.version == whole.policy.version
    assert resumed.history.evaluations == whole.history.evaluations
    assert resumed.history.weights == whole.history.weights
    assert train(data, valid, method, BOUNDS, settings, 6).policy.version != whole.policy.version


def test_a_checkpoint_of_something_else_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    data, valid = made(200, seed=1).data, made(100, seed=2).data
    train(data, valid, "ips", settings=TINY, folder=tmp_path)
    with pytest.raises(PolicyError, match=r"checkpoint\.pt is of another training"):
        train(data, valid, "ips", settings=TINY, folder=tmp_path, seed=1)
    (tmp_path / "checkpoint.pt").write_bytes(b"no checkpoint")
    with pytest.raises(PolicyError, match=r"checkpoint\.pt is no checkpoint"):
        train(data, valid, "ips", settings=TINY, folder=tmp_path)


def test_divergence_says_in_which_step() -> None:
    data, valid = made(200, seed=1).data, made(100, seed=2).data
    with pytest.raises(PolicyError, match=r"diverged in step \d+ of 12"):
        train(data, valid, "minimax", Bounds.parse({"default": {"min": 0.99}}), replace(TINY, ascent=1e6))


class Push:
    """Rehearsal that asks for the first candidate, with noise on the hidden vectors."""

    def __init__(self, batch: Batch) -> None:
        self.batch, self.steps = batch, list[int]()

    def mixed(self, loss: Tensor, network: Scorer, step: int) -> Tensor:
        self.steps.append(step)
        hidden = network.hidden(self.batch)
        noise = torch.randn(hidden.shape, generator=torch.Generator().manual_seed(step))
        return 0.2 * loss - 0.8 * network.propensities(self.batch, hidden + 0.1 * noise)[:, 0].mean()


def test_rehearsal_is_asked_once_in_a_step_and_counts() -> None:
    data, valid = made(600, seed=1).data, made(200, seed=2).data
    push = Push(Batches(data).take(np.arange(100)))
    settings = replace(QUICK, steps=60, select="last")
    moved = train(data, valid, "metagrad_forward", BOUNDS, settings, rehearsal=push).policy.propensities_of(data)
    plain = train(data, valid, "metagrad_forward", BOUNDS, settings).policy.propensities_of(data)
    assert push.steps == list(range(60))
    assert moved[:100, 0].mean() > plain[:100, 0].mean() + 0.1


def test_snapshots_are_chosen_as_asked() -> None:
    data, valid = made(400, seed=1).data, made(200, seed=2).data
    last = train(data, valid, "quadratic", BOUNDS, replace(TINY, select="last")).history
    assert last.kept == 12
    best = train(data, valid, "quadratic", BOUNDS, replace(TINY, select="reward", steps=30, evaluations=10)).history
    assert best.kept == max(best.evaluations, key=lambda entry: entry["snips"])["step"]


def test_bounds_are_relative_to_the_policy_in_force_and_layers_can_be_distilled() -> None:
    data, valid, test = (log.data for log in logs())
    parent = Policy(SoftmaxBase(temperature=0.5, default=0.2))
    old = parent.propensities_of(test)
    first = train(data, valid, "ring", BOUNDS, QUICK, parent=parent).policy
    second = train(data, valid, "ring", BOUNDS, QUICK, 1, parent=first).policy
    assert second.card["parent"] == first.version and len(second.layers) == 2
    low = BOUNDS.arrays(test.tables.domains)[0][test.domain]
    assert bool((replication(first.propensities_of(test), old) >= low - 1e-6).all())
    assert bool((replication(second.propensities_of(test), first.propensities_of(test)) >= low - 1e-6).all())
    flat = distilled(data, valid, second, replace(QUICK, steps=600)).policy
    assert len(flat.layers) == 1 and flat.base == parent.base
    stack = second.propensities_of(test)
    kept, without = (replication(values, stack).mean() for values in (flat.propensities_of(test), old))
    assert kept > 0.8 and kept > without + 0.05


def test_the_estimated_reward_is_honest_and_calibrated() -> None:
    train_log, valid, test = logs()
    model = reward_model.trained(train_log.data, valid.data, QUICK)
    q, deviation = model.estimate(test.data)
    mask = test.data.mask
    assert q.min() >= 0 and q.max() <= 1 and bool((deviation[mask] >= 0).all())
    assert np.corrcoef(q[mask], test.truth[mask])[0, 1] > 0.75
    rows = np.arange(len(q))
    assert float(q[rows, test.data.action].mean()) == pytest.approx(float(test.data.reward.mean()), abs=0.03)
    crossed, each = model.crossed(train_log.data), model.each(train_log.data)
    same = (crossed[None] == each).all(axis=2)
    assert bool(same.any(0).all()) and float(same[0].mean()) == pytest.approx(1 / QUICK.members, abs=0.15)
    by_text = [set(same[0][train_log.data.text == text].tolist()) for text in range(20)]
    assert all(len(found) == 1 for found in by_text)  # a sentence is in one fold


def test_what_the_graph_says_is_what_was_trained() -> None:
    data, valid, test = (log.data for log in logs())
    settings = replace(TINY, residual=True)
    network = Scorer(data.tables, 16, residual=True)
    trained = train(data, valid, "quadratic", BOUNDS, replace(settings, select="last"))
    limits = Batches(test)
    from policies.learner import PolicyLearner
    from policies.objectives import Objective

    learner = PolicyLearner(network, Batches(data), limits, "quadratic", Objective(), BOUNDS, settings, 0)
    fit.fit(learner, 12, 1)
    assert trained.policy.propensities_of(test) == pytest.approx(propensities(network, limits), abs=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"logged": np.full((200, 4), np.nan)}, "propensities are missing"),
        ({"reward": np.full(200, 2.0, np.float32)}, "rewards must be in"),
        ({"reward": np.full(200, np.nan, np.float32)}, "no decision has a known reward"),
        ({"logged": np.tile([1.0, 0, 0, 0], (200, 1)), "action": np.ones(200, np.int32)}, "has no propensity"),
    ],
)
def test_a_log_that_cannot_be_learned_from_is_refused(changes: dict[str, np.ndarray], message: str) -> None:
    data = made(200, seed=1).data
    for method in ("ring", "ips"):
        with pytest.raises(PolicyError, match=message):
            train(replace(data, **changes), data, method, settings=TINY)


def test_decisions_without_a_reward_count_for_nothing() -> None:
    data, valid = made(400, seed=1).data, made(200, seed=2).data
    seen = np.arange(400) % 3 != 0
    part = replace(data, reward=np.where(seen, data.reward, np.nan).astype(np.float32))
    for method in ("ips", "ring"):
        one, other = (train(log, valid, method, BOUNDS, TINY) for log in (part, data.take(seen)))
        assert one.policy.version == other.policy.version


def test_what_cannot_be_meant_is_refused() -> None:
    data = made(200, seed=1).data
    with pytest.raises(PolicyError, match="unknown method 'magic'"):
        train(data, data, "magic")
    with pytest.raises(PolicyError, match="cannot go with"):
        train(data, data, "ips", objective="dr")
    with pytest.raises(PolicyError, match="rate must be positive"):
        Settings(rate=0.0)
    other = made(50, skills=8).data
    with pytest.raises(PolicyError, match="different skills"):
        train(data, other, "ips")


def test_pictures_are_drawn(tmp_path: Path) -> None:
    history = learned("minimax", residual=True).history
    pictures.weights(history, ("a", "b", "c"), tmp_path / "weights.png")
    pictures.trade({"minimax": history, "ips": learned("ips").history}, tmp_path / "trade.png")
    for path in tmp_path.glob("*.png"):
        assert path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 5000
    assert len(list(tmp_path.glob("*.png"))) == 2
    with pytest.raises(PolicyError, match="no penalty weights"):
        pictures.weights(history, ("a",), tmp_path / "no.png")
