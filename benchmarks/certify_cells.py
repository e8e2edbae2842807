"""Cells of the `certify` benchmark: promotions whose truth is known, and how often lower bounds of value hold.

Requests, logs and q are those of the `off-policy` benchmark: a population with exact expectations, turns drawn from it.
A promotion is a candidate policy with bounds, judged on a log of its own. As in training, domains with too few
held-out requests for any proof keep the policy they have.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.off_policy_cells import Doubles, Setup, columns, draw, prepared
from benchmarks.simulator.constraints import benchmarks
from benchmarks.simulator.seeds import stream
from policies.bounds import Bounds
from policies.certify import certify
from policies.dataset import Dataset
from policies.estimators import Logged, Method, difference
from policies.gate import Gate
from policies.intervals import bernstein_lower
from policies.replication import TOLERANCE, replication, violation
from policies.ring import reachable, ring

Bools = NDArray[np.bool_]
Make = Callable[["Kit"], Doubles]

DELTA = 0.05
#: Of the value bound: q as control variate or not, greatest weight.
BOUNDS: dict[str, tuple[bool, float]] = {
    "betting, ips, cap 3": (False, 3.0), "betting, ips, cap 10": (False, 10.0),
    "betting, dr, cap 3": (True, 3.0), "betting, dr, cap 10": (True, 10.0),
}  # fmt: skip
_JUDGED = ("ring", "wide", "far")
_NORMAL: tuple[Method, ...] = ("ips", "snips", "dr")
#: Which of them judges promotions; and a judge without bounds, to compare with.
JUDGES = ("betting, ips, cap 3", "betting, dr, cap 3")
POINT = "point estimates"


@dataclass(frozen=True)
class Kit:
    """What candidates are made of: the population, and one benchmark's bounds on it."""

    setup: Setup
    bounds: Bounds
    tolerated: float
    key: tuple[int | str, ...]

    def ring(self, q: Doubles, wider: Doubles | float = 1.0) -> Doubles:
        """The exact policy for q [P, K]; wider [P]: by how much a request's greatest movement is exceeded."""
        dataset = self.setup.pool.dataset
        cmin, cmax = self.bounds.arrays(dataset.tables.domains)
        least, most = 1.0 - cmax[dataset.domain], np.minimum(1.0, (1.0 - cmin[dataset.domain]) * wider)
        return ring(q, self.setup.old, dataset.open, dataset.mask, least, most)

    @property
    def q(self) -> Doubles:
        """What was learned from the log of another week."""
        return self.setup.q["channel"]

    def random(self) -> np.random.Generator:
        """Of this candidate alone."""
        return stream("certify", *self.key)

    def outside(self, share: float, ranks: slice) -> Doubles:
        """The ring, three times as wide in `share` of the requests of the domains with these ranks in traffic."""
        domain = self.setup.pool.dataset.domain
        chosen = np.argsort(-np.bincount(domain), kind="stable")[ranks]
        wide = np.isin(domain, chosen) & (self.random().random(len(domain)) < share)
        return self.ring(self.q, np.where(wide, 3.0, 1.0))

    def greedy(self) -> Doubles:
        """All mass on the best candidate."""
        best = np.where(self.setup.pool.dataset.mask, self.q, -np.inf).argmax(axis=1)
        found = np.zeros(self.setup.old.shape)
        found[np.arange(len(found)), best] = 1.0
        return found

    def gate(self) -> Doubles:
        """That, let through with a share for each domain, so that mean replication meets the bound."""
        domain, names = self.setup.pool.dataset.domain, self.setup.pool.dataset.tables.domains
        greedy, old = self.greedy(), self.setup.old
        gate = Gate.fit(greedy, old, domain, names, self.bounds.arrays(names)[0])
        return gate.propensities(greedy, old, domain)

    def half(self) -> Doubles:
        """The ring of q in half of the requests, of its reverse in the others: a gain near zero."""
        kept = self.random().random(len(self.q)) < 0.5
        return self.ring(np.where(kept[:, None], self.q, 1.0 - self.q))

    def noisy(self, deviation: float) -> Doubles:
        """The ring of q with noise."""
        return self.ring(self.q + self.random().normal(0.0, deviation, self.q.shape))


#: Name, benchmark of bounds, candidate. The list was fixed before any was judged.
CANDIDATES: tuple[tuple[str, str, Make], ...] = (
    ("ring", "global", lambda kit: kit.ring(kit.q)),
    ("ring", "critical", lambda kit: kit.ring(kit.q)),
    ("ring", "explore", lambda kit: kit.ring(kit.q)),
    ("ring of the truth", "global", lambda kit: kit.ring(kit.setup.pool.truth)),
    ("ring of noisy q", "global", lambda kit: kit.noisy(0.3)),
    ("ring of noise", "critical", lambda kit: kit.noisy(10.0)),
    ("ring of reversed q", "global", lambda kit: kit.ring(1.0 - kit.q)),
    ("half reversed", "critical", lambda kit: kit.half()),
    ("outside, .3 of tolerated", "global", lambda kit: kit.outside(0.3 * kit.tolerated, slice(0, 1))),
    ("outside, 1.2 of tolerated", "global", lambda kit: kit.outside(1.2 * kit.tolerated, slice(0, 1))),
    ("outside, 1.2 of tolerated, all", "critical", lambda kit: kit.outside(1.2 * kit.tolerated, slice(None))),
    ("outside, 2 of tolerated", "critical", lambda kit: kit.outside(2.0 * kit.tolerated, slice(1, 2))),
    ("outside, 5 of tolerated", "global", lambda kit: kit.outside(5.0 * kit.tolerated, slice(2, 3))),
    ("gate", "global", lambda kit: kit.gate()),
    ("ten times as wide", "global", lambda kit: kit.ring(kit.q, 10.0)),
    ("greedy", "critical", lambda kit: kit.greedy()),
)


@dataclass(frozen=True)
class Candidate:
    """A candidate over the population with the share of requests that break its bounds."""

    name: str
    benchmark: str
    bounds: Bounds
    policy: Doubles
    broken: Bools


@lru_cache(maxsize=2)
def candidates(
    seed: int, variant: str, top: float, size: int, fitted: int, tolerated: float, data: Path
) -> tuple[Candidate, ...]:
    """All candidates of a world."""
    setup = prepared(seed, variant, top, size, data, fitted)
    dataset = setup.pool.dataset
    names = dataset.tables.domains
    known = benchmarks(names)
    free = reachable(setup.old, dataset.open, dataset.mask)
    found = []
    for i, (name, benchmark, make) in enumerate(CANDIDATES):
        bounds = Bounds.parse(known[benchmark])
        policy = make(Kit(setup, bounds, tolerated, (seed, variant, str(top), i)))
        cmin, cmax = (side[dataset.domain] for side in bounds.arrays(names))
        broken = violation(replication(policy, setup.old), cmin, np.maximum(cmax, 1.0 - free)) > TOLERANCE
        found.append(Candidate(name, benchmark, bounds, policy, broken))
    return tuple(found)


def measure(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """`promotions`: one line per promotion and judge. `coverage`: lower bounds of the gain over repeats."""
    return (promotions if cell["kind"] == "promotions" else lower_bounds)(cell, data)


def promotions(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """{lines: [{name, judge, broken, gain, kept, promoted, refused, effective}]}, an own log for each candidate."""
    started = time.process_time()
    world = (cell["seed"], cell["variant"], cell["top"])
    setup = prepared(*world, cell["pool"], data, cell["fitted"])
    found = candidates(*world, cell["pool"], cell["fitted"], cell["tolerated"], data)
    lines = []
    for i, candidate in enumerate(found):
        key = (cell["seed"], cell["variant"], str(cell["top"]), cell["n"], str(cell["tolerated"]), "promotion", i)
        rows, log = draw(setup, cell["n"], key)
        held = log.oracle()
        lines += [{"name": candidate.name, "benchmark": candidate.benchmark, "judge": judge,
                   **judged(setup, candidate, held, rows, judge, cell)} for judge in (*JUDGES, POINT)]  # fmt: skip
    return {"lines": lines, "cpu_seconds": time.process_time() - started}


def judged(
    setup: Setup, candidate: Candidate, held: Dataset, rows: NDArray[np.int64], judge: str, cell: dict[str, Any]
) -> dict[str, Any]:
    """A promotion: truth of the policy that would be in force, and the certificate's verdict."""
    names, domain = held.tables.domains, setup.pool.dataset.domain
    count = np.bincount(held.domain, minlength=len(names))
    needed = math.ceil(math.log(DELTA / (len(names) + 1)) / math.log1p(-cell["tolerated"]))
    kept = count >= needed
    policy = np.where(kept[domain][:, None], candidate.policy, setup.old)
    requests = np.bincount(domain, minlength=len(names))
    shares = np.bincount(domain, candidate.broken, len(names)) / np.maximum(requests, 1)
    gain = setup.truth(policy, "oracle") - setup.truth(setup.old, "oracle")
    line = {"broken": float(shares[kept].max(initial=0.0)), "gain": gain, "kept": int(kept.sum())}
    # A domain that must change, but whose requests are too few for a proof: there is nothing to promote.
    must = [name for i, name in enumerate(names) if not kept[i] and requests[i] and candidate.bounds.of(name)[1] < 1.0]
    if must or not kept.any():
        why = "a domain that must change has too few requests" if must else "no domain has enough requests"
        return line | {"promoted": False, "refused": [why], "effective": 0.0, "low": -1.0}
    bounds = Bounds((0.0, 1.0), {name: candidate.bounds.of(name) for i, name in enumerate(names) if kept[i]})
    with_q, cap = BOUNDS.get(judge, (True, 3.0))
    found = certify(
        held, policy[rows], bounds, setup.q["channel"][rows] if with_q else None, DELTA, cap=cap,
        tolerated=cell["tolerated"], epsilon=cell["epsilon"], excuse_out_of_reach=True,
    )  # fmt: skip
    if judge == POINT:
        inside = all(one.outside <= cell["tolerated"] * one.requests for one in found.domains.values())
        better = difference("dr", held, policy[rows], setup.q["channel"][rows]).value >= -cell["epsilon"]
        return line | {"promoted": inside and better, "refused": [], "effective": found.value.effective, "low": -1.0}
    verdict = {"promoted": found.passed, "refused": list(found.refused)}
    return line | verdict | {"effective": found.value.effective, "low": found.value.low}


def lower_bounds(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """{lines: [{policy, reward, bound, truth, held, positive, slack, ...}]} of one-sided 95 % bounds of the gain.

    refused, effective: how often a certificate refuses the policy, and the mean effective sample size.
    """
    started = time.process_time()
    setup = prepared(cell["seed"], cell["variant"], cell["top"], cell["pool"], data, cell["fitted"])
    found: dict[tuple[str, str, str], list[float]] = {}
    refused = dict.fromkeys(_JUDGED, 0)
    effective = dict.fromkeys(_JUDGED, 0.0)
    for repeat in range(cell["repeats"]):
        key = (cell["seed"], cell["variant"], str(cell["top"]), cell["n"], "bounds", repeat)
        rows, log = draw(setup, cell["n"], key)
        for reward, dataset, observed, _ in columns(rows, log):
            q = setup.q["oracle" if reward == "oracle" else "channel"][rows]
            for name in _JUDGED:
                new = setup.policies[name][rows]
                for bound, low in _lows(dataset, new, q, observed, reward == "oracle").items():
                    found.setdefault((name, reward, bound), []).append(low)
                if reward == "oracle":
                    certificate = certify(dataset, new, Bounds(), q, DELTA, cap=3.0)
                    refused[name] += bool(certificate.refused)
                    effective[name] += certificate.value.effective / cell["repeats"]
    lines = []
    for (name, reward, bound), values in found.items():
        truth = setup.truth(setup.policies[name], reward) - setup.truth(setup.old, reward)
        lows = np.array(values)
        figures = {"held": int((lows <= truth).sum()), "positive": int((lows > 0.0).sum()), "repeats": len(lows)}
        line = {"policy": name, "reward": reward, "bound": bound, "truth": truth, **figures}
        thin = {"refused": refused[name], "effective": effective[name]}
        lines.append(line | thin | {"slack": float((truth - lows).mean())})
    return {"lines": lines, "cpu_seconds": time.process_time() - started}


def _lows(dataset: Dataset, new: Doubles, q: Doubles, observed: Doubles | None, every: bool) -> dict[str, float]:
    """Lower bounds of the gain at level .95: by betting, as certificates use it, and others to compare with."""
    nothing = Bounds()
    found = {}
    for name, (with_q, cap) in BOUNDS.items():
        if every or name == JUDGES[1]:
            own = q if with_q else None
            found[name] = certify(dataset, new, nothing, own, DELTA, cap=cap, observed=observed).value.low
    for method in _NORMAL:
        if every or method == "dr":
            # Two-sided at twice the level: its lower end is one-sided.
            found[f"normal, {method}"] = difference(method, dataset, new, q, delta=2 * DELTA, observed=observed).low
    if every:
        logged = Logged.of(dataset, new)
        for cap in (3.0, 10.0):
            gains = (np.minimum(logged.weight, cap) - 1.0) * logged.reward
            found[f"bernstein, ips, cap {cap:g}"] = bernstein_lower(gains, -1.0, cap - 1.0, DELTA)
    return found
