"""Cells of the `off-policy` benchmark on simulated logs: estimators against the exact value, over many drawn logs.

The requests of a week are the population. Every repeat draws turns from it with replacement, actions by the logged
propensities, and outcomes; policies and q are fixed and come from another log. So the exact expectation is known, and
turns are independent draws, as the intervals suppose.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator import Log, Requests, World
from benchmarks.simulator.seeds import stream
from policies.dataset import Dataset
from policies.estimators import Estimate, Method, difference, estimate
from policies.replication import replication
from policies.ring import ring

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Folder of the simulator's cache, where it is not the usual one.
WORLDS = "LEARNING_ASSISTANT_WORLDS"
POLICIES = ("pi0", "ring", "wide", "far")
REWARDS = ("oracle", "naive", "ipcw")
#: Name in the tables, method, and whether the mean reward is the control variate.
VALUES: dict[str, tuple[Method, bool]] = {
    "ips": ("ips", False), "ips, mean as baseline": ("ips", True), "snips": ("snips", False),
    "clipped": ("clipped", False), "dm": ("dm", False), "dr": ("dr", False), "switch": ("switch", False),
}  # fmt: skip
#: Of the difference to the policy that decided.
GAINS: tuple[Method, ...] = ("ips", "snips", "dr")
NARROW, WIDE = 0.01, 0.10
CAP = 10.0
_Z = 1.959963984540054
_COMPONENTS = 24
_FAR = 0.95  # share of the best candidate in the policy that is far away
_FITTED = 50_000  # decisions of the log that q is fitted to
_CHECKED = 2  # repeats that are also given to policies.estimators itself


@dataclass(frozen=True)
class Setup:
    """A population of requests without their numbers, pi0 [P, K], q by the rewards it was fitted to, and policies."""

    world: World
    pool: Requests
    old: Doubles
    q: dict[str, Doubles]
    policies: dict[str, Doubles]
    expected: Doubles

    @cached_property
    def users(self) -> tuple[Integers, Integers, Integers]:
        """Turns of the population in the order of users [P], and where each user's begin and how many they are [U]."""
        _, place, sizes = np.unique(self.pool.user, return_inverse=True, return_counts=True)
        return np.argsort(place, kind="stable"), np.cumsum(sizes) - sizes, sizes

    def truth(self, policy: Doubles, reward: str) -> float:
        """Exact value over the population: of satisfaction, or of the reward that an estimator of it gives."""
        worth = self.pool.truth if reward == "oracle" else self.expected
        return float((policy * worth).sum(axis=1).mean())


def world_of(seed: int, variant: str, data: Path) -> World:
    """The world of a seed."""
    folder = os.environ.get(WORLDS)
    return World(seed, variant, data) if folder is None else World(seed, variant, data, Path(folder))


@lru_cache(maxsize=2)
def prepared(seed: int, variant: str, top: float, size: int, data: Path, fitted: int = _FITTED) -> Setup:
    """What all cells of a world share. q is fitted to another sample of the week before."""
    world = world_of(seed, variant, data)
    before = world.week(fitted, 0, "fit")
    log = world.log(before, world.base_propensities(before, top))
    pool = world.week(size, 1)
    old = world.base_propensities(pool, top)
    q = {
        name: Quick.fit(dataset).estimate(pool.dataset)
        for name, dataset in {"oracle": log.oracle(), "channel": log.naive()}.items()
    }
    mask = pool.dataset.mask
    none = np.zeros(len(pool))
    rings = {
        name: ring(q["channel"], old, pool.dataset.open, mask, none, none + width)
        for name, width in {"ring": NARROW, "wide": WIDE}.items()
    }
    best = np.where(mask, q["channel"], -np.inf).argmax(axis=1)
    far = (1.0 - _FAR) * old
    far[np.arange(len(far)), best] += _FAR
    light = replace(pool, dataset=replace(pool.dataset, numeric=np.zeros((*mask.shape, 0), np.float32)))
    return Setup(world, light, old, q, {"pi0": old, **rings, "far": far}, world.expected(pool))


@dataclass(frozen=True)
class Quick:
    """A logistic regression of the reward: numbers of the candidate, its skill, and the skill's direction in what was
    said. centre [D], axes [D, C], numbers [F], skills [S, 1 + C], offset."""

    centre: Doubles
    axes: Doubles
    numbers: Doubles
    skills: Doubles
    offset: float

    @classmethod
    def fit(cls, dataset: Dataset, strength: float = 0.01) -> Quick:
        """Fit to the drawn candidates of the decisions with a reward.

        strength: inverse of the L2 penalty, chosen on a seed for tuning.
        """
        from scipy.sparse import csr_array, hstack  # type: ignore[import-untyped,unused-ignore]
        from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped,unused-ignore]

        known = dataset.judged()
        centre, axes = _axes(np.asarray(known.tables.texts, np.float64))
        rows = np.arange(len(known))
        said = (known.vectors() - centre) @ axes
        skill = known.skill[rows, known.action]
        own = np.concatenate([np.ones((len(rows), 1)), said], axis=1)
        width = own.shape[1]
        columns = skill[:, None] * width + np.arange(width)
        starts = np.arange(0, own.size + 1, width)
        crossed = csr_array((own.ravel(), columns.ravel(), starts), (len(rows), len(known.tables.skills) * width))
        numbers = csr_array(known.numeric[rows, known.action].astype(np.float64))
        # A graded reward counts as both outcomes, in proportion.
        reward = np.asarray(known.reward, np.float64)
        graded = bool(((reward > 0.0) & (reward < 1.0)).any())
        design = hstack([numbers, crossed], format="csr")
        learner = LogisticRegression(C=strength, max_iter=300)
        if graded:
            twice, label = hstack([design.T, design.T], format="csr").T, np.repeat([1, 0], len(rows))
            learner.fit(twice.tocsr(), label, sample_weight=np.concatenate([reward, 1.0 - reward]))
        else:
            learner.fit(design, reward.astype(np.int64))
        found = learner.coef_[0]
        size = numbers.shape[1]
        return cls(centre, axes, found[:size], found[size:].reshape(-1, width), float(learner.intercept_[0]))

    def estimate(self, dataset: Dataset) -> Doubles:
        """q [N, K] of all candidates, 0 on padding."""
        said = np.ones((len(dataset.tables.texts), 1 + self.axes.shape[1]))
        said[:, 1:] = (np.asarray(dataset.tables.texts, np.float64) - self.centre) @ self.axes
        by_skill = self.skills @ said.T
        score = dataset.numeric @ self.numbers + by_skill[dataset.skill, dataset.text[:, None]] + self.offset
        found: Doubles = np.where(dataset.mask, 1.0 / (1.0 + np.exp(-np.clip(score, -30.0, 30.0))), 0.0)
        return found


def _axes(texts: Doubles) -> tuple[Doubles, Doubles]:
    """Centre, and the first principal axes scaled to variance 1."""
    some = texts[:: max(1, len(texts) // 10_000)]
    centre = some.mean(axis=0)
    values, vectors = np.linalg.eigh((some - centre).T @ (some - centre) / len(some))
    chosen = vectors[:, ::-1][:, :_COMPONENTS]
    return centre, chosen / np.sqrt(np.maximum(values[::-1][: chosen.shape[1]], 1e-9))


@dataclass(frozen=True)
class Drawn:
    """A log of n turns as it is weighted. rows: of the population; action, reward, seen [n]: as in `Logged`; q [n]: of
    the drawn candidates."""

    rows: Integers
    action: Integers
    reward: Doubles
    seen: Doubles
    q: Doubles


def draw(setup: Setup, n: int, key: tuple[int | str, ...], by: str = "turn") -> tuple[Integers, Log]:
    """About n turns of the population, with replacement, as pi0 decides them. `key` names the draw.

    by: "turn", or "user": all turns of users drawn with replacement, until there are n, as a real log has them.
    """
    rng = stream("off-policy", *key)
    if by == "turn":
        rows = rng.integers(len(setup.pool), size=n)
    else:
        order, starts, sizes = setup.users
        drawn = rng.integers(len(sizes), size=1 + 4 * n * len(sizes) // len(order))
        drawn = drawn[: 1 + int(np.searchsorted(np.cumsum(sizes[drawn]), n))]
        within = np.arange(sizes[drawn].sum()) - np.repeat(np.cumsum(sizes[drawn]) - sizes[drawn], sizes[drawn])
        rows = order[np.repeat(starts[drawn], sizes[drawn]) + within]
    return rows, setup.world.log(setup.pool.take(rows), setup.old[rows], int(rng.integers(2**31)))


def columns(rows: Integers, log: Log) -> Iterator[tuple[str, Dataset, Doubles | None, Drawn]]:
    """Each kind of reward: the log, chances of a known reward, and the same as arrays, whose q is still to be set."""
    action = log.dataset.action.astype(np.int64)
    ones = np.ones(len(rows))
    oracle = log.oracle()
    yield "oracle", oracle, None, Drawn(rows, action, oracle.reward.astype(np.float64), ones, ones)
    there = ~np.isnan(log.dataset.reward)
    reward = log.dataset.reward.astype(np.float64)
    yield "naive", log.dataset, None, Drawn(rows[there], action[there], reward[there], ones[there], ones[there])
    observed = np.where(there, 1.0 / np.where(there, log.weights, 1.0), 1.0)
    # Estimated chances may exceed 1 by rounding alone.
    corrected = Drawn(rows, action, np.where(there, reward, 0.0), np.where(there, log.weights, 0.0), ones)
    yield "ipcw", log.dataset, np.minimum(observed, 1.0), corrected


def measure(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """A world's log size: for each policy, reward and estimator {truth, bias, sd, rmse, covered, width}.

    `largest` is the greatest difference between these fast sums and `policies.estimators` on the first repeats.
    """
    if cell["kind"] != "simulator":
        from benchmarks import off_policy_obd
        from benchmarks.peers.bandits import beside

        other = {"obd": off_policy_obd.measure, "peer-obd": beside.measure_obd, "peer-simulator": beside.measure}
        return other[cell["kind"]](cell, data)
    started = time.process_time()
    setup = prepared(cell["seed"], cell["variant"], cell["top"], cell["pool"], data, cell["fitted"])
    names = [*VALUES, *(f"gain: {method}" for method in GAINS)]
    found = {(p, r, m): np.empty((cell["repeats"], 3)) for p in POLICIES for r in REWARDS for m in names}
    effective = dict.fromkeys(POLICIES, 0.0)
    largest = 0.0
    judged = {name: Judged.of(policy, setup) for name, policy in setup.policies.items()}
    where = (cell["seed"], cell["variant"], str(cell["top"]), cell["n"], cell["by"])
    for repeat in range(cell["repeats"]):
        rows, log = draw(setup, cell["n"], (*where, repeat), cell["by"])
        for reward, dataset, observed, drawn in columns(rows, log):
            kind = "oracle" if reward == "oracle" else "channel"
            drawn = replace(drawn, q=setup.q[kind][drawn.rows, drawn.action])
            for name, policy in judged.items():
                weight = policy.weight[drawn.rows, drawn.action]
                fast = _estimates(drawn, weight, policy, judged["pi0"], kind)
                for method, triple in fast.items():
                    found[name, reward, method][repeat] = triple
                if repeat < _CHECKED:
                    slow = _shipped(dataset, setup.policies[name][rows], setup.q[kind][rows], observed)
                    largest = max(largest, *(float(np.abs(np.subtract(fast[m], slow[m])).max()) for m in names))
                if reward == "oracle":
                    effective[name] += float(weight.sum() ** 2 / (weight**2).sum()) / cell["repeats"]
    lines = []
    for (name, reward, method), values in found.items():
        truth = setup.truth(setup.policies[name], reward)
        if method.startswith("gain"):
            truth -= setup.truth(setup.old, reward)
        lines.append({"policy": name, "reward": reward, "method": method, **summary(values, truth)})
    return {
        "lines": lines,
        "effective": effective,
        "replication": {name: float(replication(p, setup.old).mean()) for name, p in setup.policies.items()},
        "largest": largest,
        "cpu_seconds": time.process_time() - started,
    }


def summary(values: Doubles, truth: float) -> dict[str, float]:
    """Of repeats of (value, low, high) [R, 3]: bias, sd, rmse, share of intervals with the truth, mean width."""
    error = values[:, 0] - truth
    covered = int(((values[:, 1] <= truth) & (truth <= values[:, 2])).sum())
    return {
        "truth": truth,
        "bias": float(error.mean()),
        "sd": float(error.std(ddof=1)),
        "rmse": float(np.sqrt((error**2).mean())),
        "covered": covered,
        "repeats": len(values),
        "width": float((values[:, 2] - values[:, 1]).mean()),
    }


@dataclass(frozen=True)
class Judged:
    """A policy over the population: importance weights [P, K], mass beyond the cap [P], value by each q [P]."""

    weight: Doubles
    tail: Doubles
    direct: dict[str, Doubles]

    @classmethod
    def of(cls, policy: Doubles, setup: Setup) -> Judged:
        """Worked out once for all repeats."""
        old = setup.old
        weight = np.where(old > 0.0, policy / np.where(old > 0.0, old, 1.0), 0.0)
        tail = np.maximum(policy - CAP * old, 0.0).sum(axis=1)
        return cls(weight, tail, {name: (policy * q).sum(axis=1) for name, q in setup.q.items()})


def _estimates(
    drawn: Drawn, w: Doubles, policy: Judged, logging: Judged, kind: str
) -> dict[str, tuple[float, float, float]]:
    """(value, low, high) of every estimator; the formulas are those of `policies.estimators.estimate`."""
    r, seen = drawn.reward, drawn.seen
    left = r - drawn.q
    direct, before = (judged.direct[kind][drawn.rows] for judged in (policy, logging))
    total = seen * w
    weighted, base = total * r, float((seen * r).sum() / seen.sum())
    ours = float(weighted.sum() / total.sum())
    normalised = total * (r - ours) / total.mean() + ours
    robust = total * left
    theirs = seen * (r - base) / seen.mean() + base
    terms = {
        "ips": weighted,
        "ips, mean as baseline": total * (r - base) + base,
        "snips": normalised,
        "dm": direct,
        "dr": direct + robust,
        "switch": direct + np.where(w > CAP, 0.0, robust),
        "gain: ips": weighted - seen * r,
        "gain: snips": normalised - theirs,
        "gain: dr": direct - before + robust - seen * left,
    }
    found = {name: _normal(values) for name, values in terms.items()}
    clipped = seen * np.minimum(w, CAP) * r
    value, low, _ = _normal(clipped)
    return {**found, "clipped": (value, low, _normal(clipped + policy.tail[drawn.rows])[2])}


def _normal(values: Doubles) -> tuple[float, float, float]:
    mean = float(values.mean())
    half = _Z * float(values.std(ddof=1)) / float(np.sqrt(len(values)))
    return mean, mean - half, mean + half


def _shipped(
    dataset: Dataset, new: Doubles, q: Doubles, observed: Doubles | None
) -> dict[str, tuple[float, float, float]]:
    def triple(found: Estimate) -> tuple[float, float, float]:
        return found.value, found.low, found.high

    values = {
        name: triple(estimate(m, dataset, new, q, cap=CAP, baseline="mean" if mean else 0.0, observed=observed))
        for name, (m, mean) in VALUES.items()
    }
    gains = {f"gain: {m}": triple(difference(m, dataset, new, q, cap=CAP, observed=observed)) for m in GAINS}
    return values | gains
