"""The methods of the `routing` benchmark: what each learns from a log, and the policy it ends with."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.routing_world import WORLD, Stage, Traffic, kept, settings_of
from policies.bounds import Bounds
from policies.dataset import Dataset
from policies.fit import Entry, History
from policies.gate import Gate
from policies.policy import Policy, decisions_of
from policies.ring import ring
from policies.train import Trained, train

Doubles = NDArray[np.float64]
Apply = Callable[[Traffic], Doubles]

#: Trained for each set of bounds: (method of `policies.train`, settings).
TRAINED: dict[str, tuple[str, dict[str, Any]]] = {
    "quadratic": ("quadratic", {}),
    "minimax": ("minimax", {}),
    "metagrad": ("metagrad", {}),
    "metagrad_forward": ("metagrad_forward", {}),
    "quadratic_residual": ("quadratic", {"residual": True}),
    "metagrad_residual": ("metagrad", {"residual": True}),
}
#: Trained once a seed, whatever the bounds: names of `policies.train`.
SHARED = {"ips": "ips", "bandit": "dr", "rewards": "ring"}
#: Deviations between the members of the estimated reward that a move must clear.
RINGS = {"ring": 0.0, "ring_pessimistic": 1.0}
METHODS = ("pi0", "ips", "quadratic", "minimax", "metagrad", "metagrad_forward", "quadratic_residual",
           "metagrad_residual", "gate", *RINGS, "oracle")  # fmt: skip
#: Settings that a cell may have, by method: what the paper's grids are over.
GRID_KEYS = {"quadratic": ("weight",), "minimax": ("ascent", "decay"), "quadratic_residual": ("weight",)}
_INFO = "training.json"
_TRACES = 40


@dataclass(frozen=True)
class Learned:
    """A policy and what it cost. apply: its propensities [N, K]. seconds: processor time of the whole training.

    kept: step of the snapshot. valid: that snapshot on the validation decisions. weights: of the penalties, one line
    (step, mean and greatest u, mean and greatest v of the domains) for some steps.
    """

    apply: Apply
    seconds: float = 0.0
    kept: int = -1
    valid: Entry = field(default_factory=dict)
    weights: list[list[float]] = field(default_factory=list)


def learned(stage: Stage, cell: Mapping[str, Any], bounds: Bounds, shared: Path) -> Learned:
    """What the method of a cell makes of the log. Raises ValueError for an unknown method."""
    method = cell["method"]
    if method == "pi0":
        return Learned(lambda traffic: traffic.dataset.logged)
    if method == "oracle":
        return Learned(lambda traffic: _oracle(traffic, bounds))
    if method in TRAINED:
        how, changes = TRAINED[method]
        given = {key: cell[key] for key in GRID_KEYS.get(method, ()) if key in cell}
        return _trained(stage, cell, how, bounds, changes | given)
    if method == "ips":
        policy, info = once(stage, cell, "ips", shared)
        return Learned(lambda traffic: _of(policy, traffic.dataset), **info)
    if method == "gate":
        policy, info = once(stage, cell, "bandit", shared)
        valid, domains = stage.valid, stage.domains
        target = bounds.arrays(domains)[0]
        gate = Gate.fit(_of(policy, valid), np.asarray(valid.logged), valid.domain, domains, target)
        return Learned(lambda t: gate.propensities(_of(policy, t.dataset), t.dataset.logged, t.dataset.domain), **info)
    if method in RINGS:
        policy, info = once(stage, cell, "rewards", shared)
        layer = replace(policy.layers[-1].within(bounds), spread=RINGS[method])
        inside = replace(policy, layers=(layer,))
        return Learned(lambda traffic: _of(inside, traffic.dataset), **info)
    raise ValueError(f"there is no method {method!r}, only {', '.join(METHODS)}")


def rewards(stage: Stage, cell: Mapping[str, Any], traffic: Traffic, shared: Path) -> Doubles:
    """Estimated rewards q [N, K] of the seed's reward model."""
    policy, _ = once(stage, cell, "rewards", shared)
    return policy.layers[-1].rewards(decisions_of(traffic.dataset))[0]


def once(stage: Stage, cell: Mapping[str, Any], what: str, shared: Path) -> tuple[Policy, dict[str, Any]]:
    """A policy that does not depend on the bounds, trained once and kept, and `Learned`'s figures of it."""

    def make(folder: Path) -> None:
        started = time.process_time()
        found = train(stage.train, stage.valid, SHARED[what], Bounds(), settings_of(cell), cell["seed"])
        info = {"seconds": time.process_time() - started, "kept": found.history.kept}
        found.policy.save(folder)
        (folder / _INFO).write_text(json.dumps(info) + "\n", encoding="utf-8")

    folder = kept(shared, {**{key: cell[key] for key in WORLD}, "what": what}, make)
    info: dict[str, Any] = json.loads((folder / _INFO).read_text(encoding="utf-8"))
    return Policy.load(folder), info


def _trained(stage: Stage, cell: Mapping[str, Any], how: str, bounds: Bounds, changes: dict[str, Any]) -> Learned:
    started = time.process_time()
    found: Trained = train(stage.train, stage.valid, how, bounds, settings_of(cell, **changes), cell["seed"])
    seconds = time.process_time() - started
    kept_at = found.history.kept
    entry = next(entry for entry in found.history.evaluations if entry["step"] == kept_at)
    policy = found.policy
    return Learned(lambda traffic: _of(policy, traffic.dataset), seconds, kept_at, entry, _traces(found.history))


def _of(policy: Policy, dataset: Dataset) -> Doubles:
    return policy.propensities_of(dataset, np.asarray(dataset.logged))


def _oracle(traffic: Traffic, bounds: Bounds) -> Doubles:
    data = traffic.dataset
    least, greatest = (values[data.domain] for values in bounds.arrays(data.tables.domains))
    return ring(traffic.truth, data.logged, data.open, data.mask, 1.0 - greatest, 1.0 - least)


def _traces(history: History) -> list[list[float]]:
    every = max(1, len(history.weights) // _TRACES)
    lines = []
    for step, (u, v) in history.weights[::every]:
        figures = (np.mean(u), np.max(u), np.mean(v), np.max(v))
        lines.append([float(step), *(round(float(value), 4) for value in figures)])
    return lines
