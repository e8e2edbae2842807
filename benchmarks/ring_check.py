"""Whether the exact policy is optimal: random cases against HiGHS. `python -m benchmarks.ring_check --cases 100000`.

The judge shares nothing with `policies.ring`. A linear program with signed moves, without the least movement, gives an
upper bound; where the policy keeps its bounds and reaches that value, it is optimal. Else the least movement matters,
and the ring is not convex. For a given set of candidates that may gain, while all others may only lose, it is: one
linear program per set, and the best of them is the optimum; from 8 candidates on a mixed-integer program chooses the
set. Many cases are one sparse program. Where the least movement is out of reach, the best of the furthest moves is due.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds as Box
from scipy.optimize import LinearConstraint, linprog, milp
from scipy.sparse import csr_array

from policies.ring import solve

Doubles = NDArray[np.float64]

TOLERANCE = 1e-6
_MIXED = 1e-5  # HiGHS takes binaries to be whole within 1e-6, and masses are scaled by them
_SHORTFALL = 100.0  # cost of a unit of missing movement: more than any reward
_EQUAL = 1e-8
_EXACT = {"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9}
_WIDEST = 7  # candidates up to which every set is tried
_BLOCK = 60_000  # rows of a program


@dataclass(frozen=True)
class Cases:
    """Random requests; arrays as in `policies.ring.solve`."""

    q: Doubles
    spread: Doubles
    old: Doubles
    open: NDArray[np.bool_]
    mask: NDArray[np.bool_]
    dmin: Doubles
    dmax: Doubles


def cases(n: int, seed: int, widest: int = 10) -> Cases:
    """n requests of 1 to `widest` candidates, with ties, zeros and closed ones; bounds of every kind."""
    rng = np.random.default_rng(seed)
    k = rng.integers(1, widest + 1, n)
    mask = np.arange(widest) < k[:, None]
    sharp = 10.0 ** rng.uniform(-1.5, 1.0, (n, 1))
    mass = rng.gamma(np.broadcast_to(sharp, mask.shape)) + 1e-300
    mass = np.where(mask & ((rng.random(mask.shape) < 0.85) | (np.arange(widest) == 0)), mass, 0.0)
    old = mass / mass.sum(axis=1, keepdims=True)
    grid = rng.random((n, 1)) < 0.4  # few different values: ties
    q = np.where(grid, rng.integers(0, 4, mask.shape) / 3.0, rng.random(mask.shape))
    old = np.where(rng.random((n, 1)) < 0.2, mask / k[:, None], old)
    wide = np.where(rng.random((n, 1)) < 0.5, 0.0, 0.3 * rng.random(mask.shape))
    free = rng.random(mask.shape) < rng.choice([0.3, 0.7, 1.0], (n, 1))
    ends = np.sort(rng.random((n, 2)) ** rng.choice([1.0, 3.0, 6.0], (n, 1)), axis=1)
    reach = 1.0 - np.where(free & mask, old, 1.0).min(axis=1)
    ends = np.where(rng.random((n, 1)) < 0.6, ends * np.maximum(reach, 1e-3)[:, None], ends)
    kind = rng.integers(0, 4, n)
    dmin = np.where(kind < 2, 0.0, np.where(kind == 3, ends[:, 1], ends[:, 0]))
    return Cases(q, np.where(mask, wide, 0.0), old, free & mask, mask, dmin, ends[:, 1])


def mismatches(given: Cases) -> tuple[int, int, int]:
    """Cases where the policy is not optimal or breaks a bound, where dmin mattered, where dmin was out of reach."""
    found = solve(given.q, given.old, given.open, given.mask, given.dmin, given.dmax, given.spread)
    low, high = given.q - given.spread, given.q + given.spread
    up, down = np.maximum(found.new - given.old, 0.0), np.maximum(given.old - found.new, 0.0)
    moved = 0.5 * np.abs(found.new - given.old).sum(axis=1)
    missing = np.maximum(given.dmin - moved, 0.0)
    value = (up * low - down * high).sum(axis=1)
    broken = (moved > given.dmax) | (found.new < 0.0).any(axis=1) | (np.abs(found.new.sum(axis=1) - 1.0) > 1e-9)
    broken |= (np.where(given.open, 0.0, up) > 0.0).any(axis=1) | (found.new[:, :] * ~given.mask > 0.0).any(axis=1)
    broken |= (missing > 1e-9) != found.short
    every = np.ones(given.old.shape, np.bool_)
    above = _best(low, high, given, every & given.open, every, given.dmin * 0.0)[0]
    rest = np.flatnonzero((value < above - TOLERANCE) | found.short)
    truth, unmet = _least(low, high, given, rest)
    within = np.where(given.mask[rest].sum(axis=1) > _WIDEST, _MIXED, TOLERANCE)
    wrong = (np.abs(value[rest] - truth) > within) | (np.abs(missing[rest] - unmet) > within)
    return int(broken.sum() + wrong.sum()), len(rest), int(found.short.sum())


def _least(low: Doubles, high: Doubles, given: Cases, rows: NDArray[np.intp]) -> tuple[Doubles, Doubles]:
    """The optimum where the least movement matters, and how much of that movement is out of reach."""
    best, unmet = np.full(len(rows), -np.inf), np.zeros(len(rows))
    count = given.mask[rows].sum(axis=1)
    for k in range(1, _WIDEST + 1):
        which = np.flatnonzero(count == k)
        sets = np.array(list(product([False, True], repeat=k)))
        step = max(1, _BLOCK // (2 * len(sets)))
        for start in range(0, len(which), step):
            some = which[start : start + step]
            part = np.repeat(rows[some], len(sets))
            gain = np.zeros((len(part), given.old.shape[1]), np.bool_)
            gain[:, :k] = np.tile(sets, (len(some), 1))
            small = _taken(given, part)
            answers = _best(low[part], high[part], small, gain & small.open, ~gain, small.dmin)
            value, missing = (answer.reshape(len(some), len(sets)) for answer in answers)
            unmet[some] = missing.min(axis=1)
            best[some] = np.where(missing <= unmet[some, None] + _EQUAL, value, -np.inf).max(axis=1)
    for i in np.flatnonzero(count > _WIDEST):
        best[i], unmet[i] = _mixed(low[rows[i]], high[rows[i]], _taken(given, rows[i : i + 1]))
    return best, unmet


def _taken(given: Cases, rows: NDArray[np.intp]) -> Cases:
    return Cases(*(getattr(given, name)[rows] for name in Cases.__dataclass_fields__))


def _best(
    low: Doubles, high: Doubles, given: Cases, gain: NDArray[np.bool_], lose: NDArray[np.bool_], dmin: Doubles
) -> tuple[Doubles, Doubles]:
    """Optima of one linear program per request [N], and movement missing [N]: `gain` may gain, `lose` may lose."""
    n = len(given.old)
    found, unmet = np.zeros(n), np.zeros(n)
    for start in range(0, n, _BLOCK // 3):
        part = slice(start, min(n, start + _BLOCK // 3))
        m = part.stop - part.start
        gr, gc = np.nonzero(gain[part])
        lr, lc = np.nonzero(lose[part] & (given.old[part] > 0.0))
        gains, losses, own = np.arange(len(gr)), len(gr) + np.arange(len(lr)), len(gr) + len(lr) + np.arange(m)
        columns = len(gr) + len(lr) + m
        worth = np.concatenate([low[part][gr, gc], -high[part][lr, lc], np.full(m, -_SHORTFALL)])
        equal = csr_array(
            (np.r_[np.ones(len(gr)), -np.ones(len(lr))], (np.r_[gr, lr], np.r_[gains, losses])), (m, columns)
        )
        at_least = (np.r_[-np.ones(len(gr)), -np.ones(m)], (np.r_[gr, np.arange(m)], np.r_[gains, own]))
        at_most = (np.ones(len(gr)), (m + gr, gains))
        rows = (np.r_[at_least[1][0], at_most[1][0]], np.r_[at_least[1][1], at_most[1][1]])
        limits = csr_array((np.r_[at_least[0], at_most[0]], rows), (2 * m, columns))
        upper = np.concatenate([np.full(len(gr), np.inf), given.old[part][lr, lc], np.full(m, np.inf)])
        answer = linprog(
            -worth,
            A_ub=limits,
            b_ub=np.r_[-dmin[part], given.dmax[part]],
            A_eq=equal,
            b_eq=np.zeros(m),
            bounds=np.stack([np.zeros(columns), upper], axis=1),
            method="highs-ds",
            options=_EXACT,
        )
        if answer.status:
            raise ArithmeticError(f"HiGHS: {answer.message}")
        moves = len(gr) + len(lr)
        found[part] = np.bincount(np.r_[gr, lr], (worth * answer.x)[:moves], minlength=m)
        unmet[part] = answer.x[moves:]
    return found, unmet


def _mixed(low: Doubles, high: Doubles, given: Cases) -> tuple[float, float]:
    """The optimum of one request, a binary for each candidate: gains or loses. First the shortfall, then the value."""
    k = int(given.mask[0].sum())
    old, eye, none, one = given.old[0, :k], np.eye(k), np.zeros((k, k)), np.ones(k)
    columns = 3 * k + 1  # gains, losses, binaries, shortfall
    rows = [
        (np.r_[one, -one, 0 * one, 0.0], 0.0, 0.0),
        (np.r_[one, 0 * one, 0 * one, 0.0], -np.inf, float(given.dmax[0])),
        (np.r_[one, 0 * one, 0 * one, 1.0], float(given.dmin[0]), np.inf),
    ]
    constraints = [LinearConstraint(row[None], low_, high_) for row, low_, high_ in rows]
    side = np.zeros((k, 1))
    constraints.append(LinearConstraint(np.hstack([eye, none, -eye, side]), -np.inf, 0.0))  # gains only where set
    constraints.append(LinearConstraint(np.hstack([none, eye, np.diag(old), side]), -np.inf, old))  # losses elsewhere
    upper = np.r_[given.open[0, :k].astype(float), old, one, np.inf]
    missing, worth = np.r_[np.zeros(3 * k), 1.0], np.r_[low[:k], -high[:k], np.zeros(k + 1)]
    for cost in (missing, -worth):
        answer = milp(
            cost,
            constraints=constraints,
            bounds=Box(np.zeros(columns), upper),
            integrality=np.r_[np.zeros(2 * k), np.ones(k), 0.0],
            options={"mip_rel_gap": 0.0},
        )
        if answer.status:
            raise ArithmeticError(f"HiGHS: {answer.message}")
        upper[-1] = min(upper[-1], answer.x[-1])
    return float(worth @ answer.x), float(answer.x[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    begun = time.perf_counter()
    wrong = forced = short = 0
    for i in range(0, options.cases, 5_000):
        part = mismatches(cases(min(5_000, options.cases - i), options.seed * 1_000_003 + i))
        wrong, forced, short = wrong + part[0], forced + part[1], short + part[2]
    seconds = round(time.perf_counter() - begun, 1)
    print(
        json.dumps(
            {"cases": options.cases, "mismatches": wrong, "forced": forced, "out_of_reach": short, "seconds": seconds}
        )
    )
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
