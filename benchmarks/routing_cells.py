"""One cell of the `routing` table: a method under a set of bounds on a seed, judged by the simulator's truth."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.routing_methods import learned, rewards
from benchmarks.routing_world import Stage, Traffic, settings_of, stage
from benchmarks.simulator.constraints import benchmarks
from policies.batches import Batches
from policies.bounds import Bounds
from policies.dataset import Dataset
from policies.errors import Diverged
from policies.estimators import estimate
from policies.learner import PolicyLearner
from policies.network import Scorer
from policies.objectives import Objective
from policies.replication import replication, summary
from policies.reward_model import RewardLearner
from policies.ring import reachable, ring

Doubles = NDArray[np.float64]
#: Folder of what cells share (production policies, unconstrained models); set by the benchmark for its processes.
FOLDER = "ROUTING_SHARED"
#: Estimators whose verdict is put beside the truth.
ESTIMATORS = ("ips", "snips", "dr")
#: Methods of `policies.train` whose steps are timed; "reward" is a step of the estimated reward.
TIMED = ("ips", "quadratic", "minimax", "metagrad", "metagrad_forward", "reward")
_ROUNDS, _WARM = 60, 5
_ROOM = 1e-12

#: Validation figures of a training; these are of one that diverged.
_NEVER = {"violation": 1.0, "hinge": 1.0, "micro": 1.0, "snips": 0.0, "replication": 0.0}


def measure(cell: Mapping[str, Any], data: Path) -> dict[str, Any]:
    """What `judged` gives on `test` and `shift`, and seconds (processor time of training), kept, weights, wall.

    cell: method, benchmark, routing_world.WORLD, and the method's settings where it has a grid.
    """
    torch.set_num_threads(1)
    started, shared = time.monotonic(), Path(os.environ[FOLDER])
    scene = stage(cell, data, shared)
    if cell["method"] == "cost":
        return cost(scene, cell)
    bounds = bounds_of(scene, cell)
    found = learned(scene, cell, bounds, shared)
    out: dict[str, Any] = {"seconds": round(found.seconds, 3), "kept": found.kept, "weights": found.weights}
    for name, traffic in scene.traffic.items():
        new = found.apply(traffic)
        out[name] = judged(traffic, new, bounds)
        if name == "test":
            out[name]["estimates"] = estimates(traffic, new, rewards(scene, cell, traffic, shared))
    return out | {"wall": round(time.monotonic() - started, 1)}


def validate(cell: Mapping[str, Any], data: Path) -> dict[str, Any]:
    """For the choice of settings: the kept snapshot on validation decisions alone; the tests are not looked at."""
    torch.set_num_threads(1)
    started, shared = time.monotonic(), Path(os.environ[FOLDER])
    scene = stage(cell, data, shared)
    try:
        found = learned(scene, cell, bounds_of(scene, cell), shared)
    except Diverged as error:  # a result too: the worst that a setting can have
        wall = round(time.monotonic() - started, 1)
        return {**_NEVER, "diverged": str(error), "seconds": wall, "wall": wall}
    chosen = {name: round(found.valid[name], 5) for name in _NEVER}
    return chosen | {"seconds": round(found.seconds, 2), "wall": round(time.monotonic() - started, 1)}


def bounds_of(scene: Stage, cell: Mapping[str, Any]) -> Bounds:
    """The bounds of a cell's benchmark."""
    return Bounds.parse(benchmarks(scene.domains)[cell["benchmark"]])


def judged(traffic: Traffic, new: Doubles, bounds: Bounds) -> dict[str, Any]:
    """value: true P(satisfied), exact expectation; base: that of the production policy. Violations and replication.

    worst: least change of value of a domain. forced: share of requests whose bounds no policy could keep. clamped:
    value and share outside of what is left of the policy when the bounds are enforced afterwards.
    """
    data, old = traffic.dataset, traffic.dataset.logged
    tables = data.tables
    value, base = traffic.values(new), traffic.values(old)
    least, greatest = (values[data.domain] for values in bounds.arrays(tables.domains))
    found = summary(replication(new, old), data.domain, tables.domains, bounds)
    counts = np.bincount(data.domain, minlength=len(tables.domains))
    change = np.bincount(data.domain, value - base, len(tables.domains))[counts > 0] / counts[counts > 0]
    inside = clamped(data, new, 1.0 - greatest, 1.0 - least)
    within = summary(replication(inside, old), data.domain, tables.domains, bounds)
    return {
        "value": float(value.mean()),
        "base": float(base.mean()),
        "micro": found.micro.frequency,
        "macro": found.macro.frequency,
        "micro_hinge": found.micro.hinge,
        "macro_hinge": found.macro.hinge,
        "replication": found.micro.replication,
        "worst": float(change.min()),
        "forced": float(np.mean(reachable(old, data.open, data.mask) < 1.0 - greatest - 1e-6)),
        "clamped": {"value": float(traffic.values(inside).mean()), "micro": within.micro.frequency},
    }


def clamped(data: Dataset, new: Doubles, dmin: Doubles, dmax: Doubles) -> Doubles:
    """`old + s (new - old)` [N, K] with the s nearest to 1 that moves between dmin and dmax [N] of the logged policy.

    What is left of a policy that learned with penalties, or without bounds, when an operator enforces the bounds. Where
    no such s gives a distribution that moves enough, the exact rule moves dmin, new propensities taken for rewards.
    """
    old = np.asarray(data.logged)
    move = new - old
    distance = 0.5 * np.abs(move).sum(axis=1)
    some = np.maximum(distance, 1e-300)
    away = np.where(move < 0.0, old / np.maximum(-move, 1e-300), np.inf).min(axis=1)  # beyond, some are negative
    wanted = np.clip(distance, dmin + _ROOM, np.maximum(dmax - _ROOM, 0.0))
    scale = np.where(distance > 0.0, np.minimum(wanted / some, np.maximum(away, 0.0)), 0.0)
    free = (distance >= dmin) & (distance <= dmax)
    found: Doubles = np.maximum(np.where(free[:, None], new, old + scale[:, None] * move), 0.0)
    short = replication(found, old) > 1.0 - dmin + _ROOM
    found[short] = ring(new, old, data.open, data.mask, dmin, dmin)[short]
    return found


def estimates(traffic: Traffic, new: Doubles, q: Doubles) -> dict[str, Any]:
    """What the log of the test requests says of a policy, beside its expected reward `truth`."""
    out: dict[str, Any] = {"truth": float((new * traffic.expected).sum(axis=1).mean())}
    for name in ESTIMATORS:
        found = estimate(name, traffic.dataset, new, q, observed=traffic.seen)  # type: ignore[arg-type]
        out[name] = {"value": found.value, "low": found.low, "high": found.high}
        out["effective"] = found.effective
    return out


def cost(scene: Stage, cell: Mapping[str, Any]) -> dict[str, Any]:
    """Median processor time of a step of each method in milliseconds, taken in turn; decisions in a step."""
    settings, seed = settings_of(cell), cell["seed"]
    batches, tables = Batches(scene.train), scene.train.tables
    learners: dict[str, PolicyLearner | RewardLearner] = {}
    for name in TIMED:
        network = Scorer(tables, settings.width, settings.encoder, seed=seed)
        if name == "reward":
            learners[name] = RewardLearner(network, batches, batches, settings, seed)
            continue
        method = "plain" if name == "ips" else name
        bounds = bounds_of(scene, cell)
        learners[name] = PolicyLearner(network, batches, batches, method, Objective(), bounds, settings, seed)  # type: ignore[arg-type]
    times: dict[str, list[float]] = {name: [] for name in learners}
    for step in range(_ROUNDS + _WARM):
        for name, learner in learners.items():
            started = time.process_time()
            learner.step(step)
            times[name].append(time.process_time() - started)
    medians = {name: round(1e3 * float(np.median(values[_WARM:])), 3) for name, values in times.items()}
    return {"milliseconds": medians, "batch": settings.batch}
