from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import beta

from policies.dataset import Dataset, Tables
from policies.errors import PolicyError
from policies.estimators import METHODS, Method, difference, estimate, support
from policies.intervals import Betting, bernstein, bernstein_lower, binomial_p, binomial_upper, normal

Array = NDArray[Any]

# Three kinds of request, as often as each other: what the candidates earn, and how they are logged.
EARNS = np.array([[0.9, 0.5, 0.1], [0.3, 0.8, 0.2], [0.5, 0.6, 0.7]])
LOGS = np.array([[0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.4, 0.4, 0.2]])
PLANS = np.array([[0.8, 0.2, 0.0], [0.4, 0.5, 0.1], [0.3, 0.3, 0.4]])
WORTH, LIVE = float((PLANS * EARNS).sum(axis=1).mean()), float((LOGS * EARNS).sum(axis=1).mean())


def decisions(logged: Array, action: Array, reward: Array, domain: Array | None = None, domains: int = 1) -> Dataset:
    n, k = logged.shape
    empty = np.zeros((1, 2), np.float32)
    tables = Tables(empty, ("skill",), empty, tuple(f"domain {i}" for i in range(domains)))
    whole = np.zeros(n, np.int32)
    return Dataset(
        tables,
        text=whole,
        context=np.zeros((n, 1), np.float32),
        last=whole - 1,
        numeric=np.zeros((n, k, 1), np.float32),
        skill=np.zeros((n, k), np.int32),
        open=np.ones((n, k), bool),
        logged=np.asarray(logged, np.float64),
        action=np.asarray(action, np.int32),
        reward=np.asarray(reward, np.float32),
        domain=whole if domain is None else np.asarray(domain, np.int32),
    ).checked()


def log(n: int, seed: int, domains: int = 1) -> tuple[Dataset, Array]:
    """A log of the three kinds of request, and the kinds."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, n)
    action = (rng.random((n, 1)) > np.cumsum(LOGS[kind], axis=1)).sum(axis=1)
    reward = rng.random(n) < EARNS[kind, action]
    return decisions(LOGS[kind], action, reward, rng.integers(0, domains, n), domains), kind


def by_hand() -> tuple[Dataset, Array, Array]:
    logged = np.array([[0.5, 0.5], [0.25, 0.75], [0.8, 0.2]])
    new = np.array([[1.0, 0.0], [0.5, 0.5], [0.8, 0.2]])
    q = np.array([[0.6, 0.4], [0.5, 0.5], [1.0, 0.0]])
    return decisions(logged, np.array([0, 0, 1]), np.array([1.0, 0.5, 0.0])), new, q


@pytest.mark.parametrize(
    ("method", "value"),
    [  # weights 2, 2, 1; rewards 1, 0.5, 0
        ("ips", (2 + 1 + 0) / 3),
        ("snips", 3 / 5),
        ("clipped", (1.5 + 0.75 + 0) / 3),
        ("dm", (0.6 + 0.5 + 0.8) / 3),
        ("dr", (0.6 + 2 * 0.4 + 0.5 + 2 * 0.0 + 0.8 + 1 * 0.0) / 3),
        ("switch", (0.6 + 0.5 + 0.8) / 3),  # the correction of the first two is left out
    ],
)
def test_known_answers(method: Method, value: float) -> None:
    dataset, new, q = by_hand()
    found = estimate(method, dataset, new, q, cap=1.5)
    assert found.value == pytest.approx(value)
    assert found.low < found.value < found.high
    assert found.effective == pytest.approx(25 / 9) and found.rows == 3
    assert found.clipped == pytest.approx((0.25 + 0.125 + 0) / 3)  # 1 - 1.5 * .5, .5 - 1.5 * .25


def test_known_answers_with_a_baseline_and_of_the_difference() -> None:
    dataset, new, q = by_hand()
    assert estimate("ips", dataset, new, baseline=0.5).value == pytest.approx((2 * 0.5 + 0 - 0.5) / 3 + 0.5)
    assert estimate("ips", dataset, new, baseline="mean").value == pytest.approx((2 * 0.5 + 0 - 0.5) / 3 + 0.5)
    assert difference("ips", dataset, new).value == pytest.approx((1 + 0.5 + 0) / 3)
    assert difference("snips", dataset, new).value == pytest.approx(0.6 - 0.5)
    assert difference("dr", dataset, new, q).value == pytest.approx((0.1 + 0.4 + 0.0 + 0.0 + 0.0) / 3)
    for method in METHODS:
        same = difference(method, dataset, dataset.logged, q)
        assert (same.value, same.low, same.high) == pytest.approx((0.0, 0.0, 0.0))


def test_known_answers_with_rewards_missing() -> None:
    dataset, new, _q = by_hand()
    partly = dataset.with_reward(np.array([1.0, 0.5, np.nan], np.float32))
    assert estimate("ips", partly, new).value == pytest.approx(3 / 2)
    assert estimate("ips", partly, new, observed=np.array([0.5, 1.0, 0.9])).value == pytest.approx((4 + 1 + 0) / 3)


@pytest.mark.parametrize("method", ["ips", "snips", "dr", "switch", "clipped"])
def test_intervals_cover_the_truth(method: Method) -> None:
    inside = paired = 0
    for seed in range(200):
        dataset, kind = log(400, seed)
        q = np.full((len(dataset), 3), 0.5)
        value = estimate(method, dataset, PLANS[kind], q, cap=3.0)
        gain = difference(method, dataset, PLANS[kind], q, cap=3.0)
        inside += value.low <= WORTH <= value.high
        paired += gain.low <= WORTH - LIVE <= gain.high
    assert inside >= 180 and paired >= 180  # 95 %, less four standard errors


def test_estimates_agree_with_the_truth_and_the_difference_is_narrower() -> None:
    dataset, kind = log(60_000, 1)
    q = EARNS[kind]
    for method in ("ips", "snips", "dm", "dr", "switch"):
        assert estimate(method, dataset, PLANS[kind], q).value == pytest.approx(WORTH, abs=0.012)
        assert difference(method, dataset, PLANS[kind], q).value == pytest.approx(WORTH - LIVE, abs=0.012)
    wide, narrow = estimate("ips", dataset, PLANS[kind]), difference("ips", dataset, PLANS[kind])
    assert narrow.high - narrow.low < 0.8 * (wide.high - wide.low)
    robust = estimate("dr", dataset, PLANS[kind], np.clip(q - 0.2, 0.0, 1.0))
    assert robust.low <= WORTH <= robust.high  # although q is wrong


def test_a_baseline_narrows_ips() -> None:
    dataset, kind = log(5_000, 2)
    plain, based = (estimate("ips", dataset, PLANS[kind], baseline=b) for b in (0.0, 0.55))
    assert based.high - based.low < 0.9 * (plain.high - plain.low)


def test_censoring_weights_undo_rewards_missing_not_at_random() -> None:
    dataset, kind = log(60_000, 3)
    rng = np.random.default_rng(4)
    observed = np.where(dataset.reward > 0.5, 0.9, 0.6)
    partly = dataset.with_reward(
        np.where(rng.random(len(dataset)) < observed, dataset.reward, np.nan).astype(np.float32)
    )
    naive = estimate("snips", partly, PLANS[kind])
    assert naive.low > WORTH  # bad outcomes are missing more often
    for method in ("ips", "snips", "dr"):
        found = estimate(method, partly, PLANS[kind], EARNS[kind], observed=observed)
        assert found.value == pytest.approx(WORTH, abs=0.012)


def test_support_is_measured() -> None:
    logged = np.array([[0.995, 0.005, 0.0], [0.5, 0.5, 0.0]])
    new = np.array([[0.6, 0.3, 0.1], [0.5, 0.5, 0.0]])
    found = support(decisions(logged, np.array([0, 1]), np.array([1.0, 1.0])), new, floor=0.01)
    assert (found.rare, found.absent) == pytest.approx((0.2, 0.05))
    assert found.greatest == 1.0 and 1.0 < found.effective < 2.0


@pytest.mark.parametrize("method", ["ips", "clipped", "dr"])
def test_bernstein_intervals_are_wider_and_hold(method: Method) -> None:
    for seed in range(60):
        dataset, kind = log(200, seed)
        q = EARNS[kind]
        found = estimate(method, dataset, PLANS[kind], q, cap=2.5, interval="bernstein")
        loose = estimate(method, dataset, PLANS[kind], q, cap=2.5)
        assert found.low <= WORTH <= found.high
        assert found.low <= loose.low and found.high >= min(loose.high, 1.0)


def test_bounded_intervals_say_what_they_need() -> None:
    dataset, new, q = by_hand()
    for method, reason in (("ips", "above the stated bound of 1.5"), ("snips", "no bernstein interval")):
        with pytest.raises(PolicyError, match=reason):
            estimate(method, dataset, new, q, cap=1.5, interval="bernstein")
    with pytest.raises(PolicyError, match=r"q must be in \[0, 1\]"):
        estimate("dr", dataset, new, 2.0 * q, interval="bernstein")
    with pytest.raises(PolicyError, match="needs q"):
        estimate("dr", dataset, new)
    with pytest.raises(PolicyError, match="baseline would bias"):
        estimate("clipped", dataset, new, baseline=0.5)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("logged", [[0.5, 0.5], [0.0, 1.0], [0.8, 0.2]], r"drawn action has no logged propensity: 1 of 3 rows \(1\)"),
        ("logged", [[0.5, 0.5], [np.nan, 0.7], [0.8, 0.2]], r"logged propensities are missing: 1 of 3 rows \(1\)"),
        (
            "logged",
            [[0.5, 0.5], [0.2, 0.7], [0.8, 0.1]],
            r"not a distribution over the candidates: 2 of 3 rows \(1, 2\)",
        ),
        ("reward", [1.0, 0.5, 1.5], r"rewards are not in \[0, 1\]: 1 of 3 rows \(2\)"),
        ("reward", [np.nan] * 3, "no decision of the log has a known reward"),
        ("action", [0, -1, 1], r"none of the candidates: 1 of 3 rows \(1\)"),
    ],
)
def test_logs_that_cannot_be_judged_are_refused(column: str, value: Any, reason: str) -> None:
    dataset, new, _q = by_hand()
    broken = replace(dataset, **{column: np.array(value, getattr(dataset, column).dtype)})
    with pytest.raises(PolicyError, match=reason):
        estimate("ips", broken, new)


def test_policies_that_are_none_are_refused() -> None:
    dataset, new, q = by_hand()
    for wrong, reason in (
        (new * 0.5, "new propensities are not"),
        (new[:, :1], "new is of shape"),
        (new * np.nan, "missing"),
    ):
        with pytest.raises(PolicyError, match=reason):
            estimate("ips", dataset, wrong)
    with pytest.raises(PolicyError, match=r"q is not finite: 1 of 3 rows \(2\)"):
        estimate("dr", dataset, new, np.where(np.arange(3)[:, None] == 2, np.inf, q))
    with pytest.raises(PolicyError, match="chance of a known reward"):
        estimate("ips", dataset, new, observed=np.array([0.5, 0.0, 1.0]))


def test_bounds_of_a_mean_by_hand() -> None:
    x = np.array([0.0, 1.0, 0.0, 1.0])
    half = 1.959964 * math.sqrt(1 / 3) / 2
    assert normal(x, 0.05) == pytest.approx((0.5 - half, 0.5 + half), abs=1e-6)
    x = np.tile([0.2, 0.4], 500)
    log2 = math.log(2 / 0.05)
    wanted = 0.3 - math.sqrt(2 * float(np.var(x, ddof=1)) * log2 / 1000) - 7 * log2 / (3 * 999)
    assert bernstein_lower(x, 0.0, 1.0, 0.05) == pytest.approx(wanted)
    assert bernstein(x, 0.0, 1.0, 0.1)[0] == pytest.approx(wanted)
    assert binomial_upper(0, 100, 0.05) == pytest.approx(1 - 0.05**0.01)
    assert binomial_upper(3, 50, 0.05) == pytest.approx(float(beta.ppf(0.95, 4, 47)), abs=1e-12)
    assert binomial_p(1, 10, 0.1) == pytest.approx(0.9**10 + 10 * 0.1 * 0.9**9)
    assert (binomial_p(10, 10, 0.5), binomial_upper(10, 10, 0.05)) == (1.0, 1.0)


def test_betting_is_valid_and_tighter_where_the_range_is_wide() -> None:
    wrong = [0, 0, 0]
    tighter = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        x = np.where(rng.random(800) < 0.02, rng.choice([-1.0, 9.0], 800, p=[0.88, 0.12]), 0.0)  # mean 0.004
        bet, plain = Betting(x, -1.0, 9.0).lower(0.05), bernstein_lower(x, -1.0, 9.0, 0.05)
        wrong[0] += bet > 0.004
        wrong[1] += plain > 0.004
        wrong[2] += Betting(x, -1.0, 9.0).p_value(0.004) <= 0.05
        tighter += bet > plain
    assert max(wrong) <= 15 and tighter > 270
    bets = Betting(np.linspace(0.2, 0.4, 500), 0.0, 1.0)
    assert bets.p_value(bets.lower(0.01)) == pytest.approx(0.01, rel=1e-3)
    assert 0.25 < bets.lower(0.05) < 0.3
    assert bets.p_value(-0.1) == 0.0 and Betting(np.zeros(10), 0.0, 1.0).lower(0.05) == 0.0


def test_samples_out_of_range_are_refused() -> None:
    for x, reason in (
        (np.array([0.5]), "two samples"),
        (np.array([0.5, 1.5]), r"rows \[1\]"),
        (np.array([np.nan, 0]), "finite"),
    ):
        with pytest.raises(PolicyError, match=reason):
            Betting(x, 0.0, 1.0)
    with pytest.raises(PolicyError, match="delta"):
        normal(np.zeros(3), 1.0)
    with pytest.raises(PolicyError, match="binomial"):
        binomial_p(3, 2, 0.1)
