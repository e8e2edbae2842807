"""Off-policy evaluation: what a policy would earn, from decisions that another one logged.

`estimate` is the value of new propensities, `difference` what they earn more than the policy that decided. The
difference is paired by row: where both policies agree it has no variance at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from policies.blocks import blocks, zeros
from policies.dataset import Dataset
from policies.errors import PolicyError
from policies.intervals import bernstein, normal

Doubles = NDArray[np.float64]
Reals = NDArray[np.floating[Any]]
Method = Literal["ips", "snips", "clipped", "dm", "dr", "switch"]

METHODS: tuple[Method, ...] = ("ips", "snips", "clipped", "dm", "dr", "switch")
_SUM = 1e-4  # how far propensities may miss a sum of one
_SHOWN = 5  # rows that an error names


@dataclass(frozen=True)
class Estimate:
    """A value with its interval. rows: decisions it rests on. effective: effective sample size `(sum w)^2 / sum w^2`.

    clipped: share of the new policy's mass that no weight up to the cap reaches, unsupported mass included.
    """

    value: float
    low: float
    high: float
    effective: float
    clipped: float
    rows: int


@dataclass(frozen=True)
class Support:
    """Where a log cannot judge a policy. Shares of the policy's mass, mean over requests.

    rare: on candidates logged with less than the floor, absent ones included. absent: on candidates that were never
    drawn. effective: effective sample size. greatest: the greatest importance weight.
    """

    rare: float
    absent: float
    effective: float
    greatest: float


@dataclass(frozen=True)
class Logged:
    """Decisions ready for weighting. weight, reward, seen [N]; new, old, q [N, K]; action [N].

    seen: 1 over the chance that the reward is known, 0 where it is not. reward: 0 where it is not known.
    """

    weight: Doubles
    reward: Doubles
    seen: Doubles
    new: Doubles
    old: Doubles
    q: Doubles | None
    action: NDArray[np.intp]

    @classmethod
    def of(cls, dataset: Dataset, new: Reals, q: Reals | None = None, observed: Reals | None = None) -> Logged:
        """The decisions of `dataset`, judged for the policy `new` [N, K].

        q: estimated rewards [N, K], made from other rows. observed: chance that a row's reward is known [N], for
        rewards that are missing not at random (inverse probability of censoring weights); rows without a reward then
        count, without it they are left out. Raises `PolicyError`, naming rows, for propensities that are missing or
        zero for the drawn action, that are no distribution, rewards outside [0, 1], and shapes that differ.
        """
        shape = dataset.logged.shape
        for name, array in (("new", new), ("q", new if q is None else q)):
            if array.shape != shape:
                raise PolicyError(f"{name} is of shape {array.shape}, but the log of {shape}")
        n, width = shape
        if observed is not None and observed.shape != (n,):
            raise PolicyError(f"observed is of shape {observed.shape}, but there are {n} decisions")
        count = n if observed is not None else int(np.count_nonzero(~np.isnan(dataset.reward)))
        if not count:
            raise PolicyError("no decision of the log has a known reward")
        weight, rewards, seen = (zeros((count,), np.float64, dataset.logged) for _ in range(3))
        wide = [zeros((count, width), np.float64, dataset.logged) for _ in range(2 if q is None else 3)]
        action, done, wrong = zeros((count,), np.intp, dataset.logged), 0, Refusals()
        for part in blocks(n):
            chance = None if observed is None else observed[part]
            block = _block(dataset, part, new[part], None if q is None else q[part], chance, wrong)
            rows = slice(done, done + len(block.weight))
            weight[rows], rewards[rows], seen[rows], action[rows] = block.weight, block.reward, block.seen, block.action
            for array, some in zip(wide, (block.new, block.old, block.q), strict=False):
                array[rows] = some
            done = rows.stop
        wrong.tell(n)
        return cls(weight, rewards, seen, wide[0], wide[1], None if q is None else wide[2], action)

    @property
    def effective(self) -> float:
        """Effective sample size (Kish)."""
        total = float((self.weight * self.seen).sum())
        return total**2 / float(((self.weight * self.seen) ** 2).sum()) if total > 0.0 else 0.0

    def tail(self, cap: float) -> Doubles:
        """Mass [N] of the new policy beyond `cap` times the old one's: what weights cut at `cap` never see."""
        found = np.empty(len(self.weight))
        for part in blocks(len(found)):
            found[part] = np.maximum(self.new[part] - cap * self.old[part], 0.0).sum(axis=1)
        return found

    def drawn(self, values: Doubles) -> Doubles:
        """`values` [N, K] of the drawn actions [N]."""
        return np.asarray(values[np.arange(len(self.action)), self.action], np.float64)


def _block(
    dataset: Dataset, part: slice, new: Reals, q: Reals | None, observed: Reals | None, wrong: Refusals
) -> Logged:
    """`Logged.of` for some of the decisions; what is wrong with them is noted. new, q, observed: of those alone."""
    reward, start = np.asarray(dataset.reward[part], np.float64), part.start
    missing = np.isnan(reward)
    if observed is None:
        rows, seen = np.flatnonzero(~missing), np.ones(len(reward) - int(missing.sum()))
    else:
        unknown = ~((observed > 0.0) & (observed <= 1.0)) & ~missing
        wrong.note(unknown, "the chance of a known reward is not in (0, 1]", start)
        rows = np.arange(len(reward))
        seen = np.where(missing, 0.0, 1.0 / np.where(missing | unknown, 1.0, observed))
    wrong.note((reward < 0.0) | (reward > 1.0), "rewards are not in [0, 1]", start)
    mask = np.asarray(dataset.skill[part]) >= 0
    old = kept(np.asarray(dataset.logged[part], np.float64), mask, "logged propensities", wrong, start)
    fresh = kept(np.asarray(new, np.float64), mask, "new propensities", wrong, start)
    action = np.asarray(dataset.action[part], np.intp)
    none = (action < 0) | (action >= mask.shape[1])
    wrong.note(none, "the drawn action is none of the candidates", start)
    place = np.where(none, 0, action)[:, None]
    drawn = np.take_along_axis(old, place, 1)[:, 0]
    wrong.note(~(drawn > 0.0), "the drawn action has no logged propensity", start)
    weight = np.take_along_axis(fresh, place, 1)[:, 0] / np.where(drawn > 0.0, drawn, 1.0)
    judged = None
    if q is not None:
        judged = np.where(mask, q, 0.0).astype(np.float64)
        wrong.note(~np.isfinite(judged).all(axis=1), "q is not finite", start)
        judged = judged[rows]
    reward = np.where(missing, 0.0, reward)
    return Logged(weight[rows], reward[rows], seen, fresh[rows], old[rows], judged, action[rows])


def estimate(
    method: Method,
    dataset: Dataset,
    new: Reals,
    q: Reals | None = None,
    *,
    cap: float = 10.0,
    baseline: float | Literal["mean"] = 0.0,
    observed: Reals | None = None,
    delta: float = 0.05,
    interval: Literal["normal", "bernstein"] = "normal",
) -> Estimate:
    """The value of `new` [N, K] with a two-sided interval at level `1 - delta`.

    ips: mean of `w r`, w = new / logged of the drawn action (Horvitz and Thompson 1952), with control variate
    `baseline`: `w (r - b) + b`; "mean" takes the mean reward of the same rows (bias of order 1/n).
    snips: `sum w r / sum w` (Swaminathan and Joachims 2015).
    clipped: `min(w, cap) r`, too low by at most `Estimate.clipped`, which `high` includes.
    dm: `sum_a new(a) q(a)`; its interval knows nothing of errors in q.
    dr: dm + `w (r - q)` (Dudik et al. 2011). switch: dr without the correction where `w > cap` (Wang et al. 2017).

    q, observed: see `Logged.of`. interval "bernstein" holds for any n; it is there for ips, clipped and dr, with
    weights that `cap` bounds (a ring of width d around propensities of at least p keeps them below `1 + d / p`) and q
    in [0, 1], without "mean" and `observed`.
    Raises `PolicyError` for what `Logged.of` refuses, a missing q, or an interval that the method has not.
    """
    logged = Logged.of(dataset, new, q, observed)
    terms = _terms(method, logged, logged.new, logged.weight, cap, baseline)
    tail = logged.tail(cap)
    slack = tail if method == "clipped" else np.zeros(len(tail))
    if interval == "bernstein":
        least, most = _range(method, logged, cap, baseline, observed is not None)
        low = bernstein(terms, least, most, delta)[0]
        high = bernstein(terms + slack, least, most + float(method == "clipped"), delta)[1]
    else:
        low, high = normal(terms, delta)[0], normal(terms + slack, delta)[1]
    return Estimate(float(terms.mean()), low, high, logged.effective, float(tail.mean()), len(terms))


def difference(
    method: Method,
    dataset: Dataset,
    new: Reals,
    q: Reals | None = None,
    *,
    cap: float = 10.0,
    baseline: float | Literal["mean"] = 0.0,
    observed: Reals | None = None,
    delta: float = 0.05,
) -> Estimate:
    """The value of `new` [N, K] less that of the logging policy, paired by row, with a normal interval.

    Arguments as in `estimate`. For bounds that hold for any n see `policies.certify`.
    """
    logged = Logged.of(dataset, new, q, observed)
    ours = _terms(method, logged, logged.new, logged.weight, cap, baseline)
    theirs = _terms(method, logged, logged.old, np.ones(len(ours)), cap, baseline)
    terms, tail = ours - theirs, logged.tail(cap)
    slack = tail if method == "clipped" else np.zeros(len(tail))
    low, high = normal(terms, delta)[0], normal(terms + slack, delta)[1]
    return Estimate(float(terms.mean()), low, high, logged.effective, float(tail.mean()), len(terms))


def support(dataset: Dataset, new: Reals, floor: float = 0.01) -> Support:
    """How far the log can judge `new` [N, K]. Raises `PolicyError` as `Logged.of`."""
    logged = Logged.of(dataset, new)
    rare, absent = np.empty(len(logged.weight)), np.empty(len(logged.weight))
    for part in blocks(len(rare)):
        old, mass = logged.old[part], logged.new[part]
        rare[part] = np.where(old < floor, mass, 0.0).sum(axis=1)
        absent[part] = np.where(old <= 0.0, mass, 0.0).sum(axis=1)
    return Support(float(rare.mean()), float(absent.mean()), logged.effective, float(logged.weight.max()))


def _terms(
    method: Method, logged: Logged, policy: Doubles, weight: Doubles, cap: float, baseline: float | Literal["mean"]
) -> Doubles:
    """Numbers [N] whose mean is the estimate and whose spread is its error."""
    reward, seen = logged.reward, logged.seen
    if method == "snips":
        total = weight * seen
        if not total.sum() > 0.0:
            raise PolicyError("the new policy never agrees with a drawn action: no self-normalised estimate")
        value = float((total * reward).sum() / total.sum())
        normalised: Doubles = total * (reward - value) / total.mean() + value
        return normalised
    if method in ("ips", "clipped"):
        base = float((seen * reward).sum() / seen.sum()) if baseline == "mean" else float(baseline)
        if method == "clipped" and base != 0.0:
            raise PolicyError("clipped weights do not average to one, so a baseline would bias them")
        kept = np.minimum(weight, cap) if method == "clipped" else weight
        weighted: Doubles = seen * kept * (reward - base) + base
        return weighted
    if logged.q is None:
        raise PolicyError(f"{method} needs q, estimated rewards of all candidates")
    direct = np.empty(len(policy))
    for part in blocks(len(policy)):
        direct[part] = (policy[part] * logged.q[part]).sum(axis=1)
    if method == "dm":
        return direct
    kept = np.where(weight > cap, 0.0, weight) if method == "switch" else weight
    robust: Doubles = direct + seen * kept * (reward - logged.drawn(logged.q))
    return robust


def _range(method: Method, logged: Logged, cap: float, baseline: float | str, censored: bool) -> tuple[float, float]:
    if method not in ("ips", "clipped", "dr") or baseline == "mean" or censored:
        raise PolicyError(f"no bernstein interval for {method} with baseline {baseline!r} or censoring weights")
    if method == "clipped":
        return 0.0, cap
    if (logged.weight > cap).any():
        raise PolicyError(f"importance weights go up to {logged.weight.max():g}, above the stated bound of {cap:g}")
    if method == "ips":
        base = float(baseline)
        return base - cap * max(base, 0.0), base + cap * max(1.0 - base, 0.0)
    if logged.q is not None and ((logged.q < 0.0) | (logged.q > 1.0)).any():
        raise PolicyError("q must be in [0, 1] for a bernstein interval")
    return -cap, 1.0 + cap


class Refusals:
    """What is wrong with the rows of a log that goes through in blocks, told at the end."""

    def __init__(self) -> None:
        self._count: dict[str, int] = {}
        self._rows: dict[str, list[int]] = {}

    def note(self, wrong: Any, reason: str, start: int) -> None:
        """wrong: [n], for the rows from `start` on."""
        rows = np.flatnonzero(wrong)
        self._count[reason] = self._count.get(reason, 0) + len(rows)
        known = self._rows.setdefault(reason, [])
        known += [int(start + row) for row in rows[: _SHOWN - len(known)]]

    def tell(self, n: int) -> None:
        """Raise `PolicyError` for the first reason that has rows, with their number out of n, and some of them."""
        for reason, count in self._count.items():
            if count:
                shown = ", ".join(map(str, self._rows[reason])) + (" ..." if count > _SHOWN else "")
                raise PolicyError(f"{reason}: {count} of {n} rows ({shown})")


def kept(policy: Doubles, mask: NDArray[np.bool_], name: str, wrong: Refusals, start: int) -> Doubles:
    """`policy` [n, K] with padding at zero; rows that are no distribution are noted."""
    found = np.where(mask, policy, 0.0)
    wrong.note(~np.isfinite(found).all(axis=1), f"{name} are missing", start)
    with np.errstate(invalid="ignore"):  # of those that are missing
        no = (np.abs(found.sum(axis=1) - 1.0) > _SUM) | (found < 0.0).any(axis=1)
    no |= (np.where(mask, 0.0, policy) != 0.0).any(axis=1)
    wrong.note(no, f"{name} are not a distribution over the candidates", start)
    return found
