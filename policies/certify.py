"""Certificates: what a held-out log proves about a policy before it is promoted. A claim holds if its bound does.

Claims: in every domain with bounds, the share of requests outside them is at most a tolerated one (exact binomial
test); and the value is at most epsilon below that of the policies that decided, overall and, on request, per domain
(test by betting, weights cut at a cap). All claims are one family under Holm's step-down: the chance that any false
one is certified is at most delta.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.blocks import blocks, zeros
from policies.bounds import Bounds
from policies.dataset import Dataset
from policies.errors import PolicyError
from policies.estimators import Logged, Refusals, kept
from policies.intervals import Betting, bernstein_lower, binomial_p, binomial_upper
from policies.replication import TOLERANCE, replication, violation
from policies.ring import reachable

Doubles = NDArray[np.float64]
Reals = NDArray[np.floating[Any]]

_UNSEEN = 0.05  # share of the mass out of sight from which it is mentioned
_FEW = 50  # decisions with a known reward below which a domain's value is not judged


@dataclass(frozen=True)
class Domain:
    """A domain's requests, and those outside their bounds; `share`: upper bound of the share outside.

    out_of_reach: requests in which the least movement is impossible. replication, margin: mean replication, and mean
    distance to the nearer bound, negative outside; `margin_lower`: its lower bound. level: of the bounds, as Holm
    tested them. satisfied: the share's bound is within the tolerated share.
    """

    requests: int
    outside: int
    out_of_reach: int
    share: float
    replication: float
    margin: float
    margin_lower: float
    level: float
    satisfied: bool


@dataclass(frozen=True)
class Value:
    """Value of the new policy less that of the logging ones: pessimistic estimate and lower bound at `level`.

    rows: decisions with a known reward. effective: effective sample size. clipped: share of the new policy's mass that
    weights up to the cap do not reach; it counts as earning nothing. satisfied: `low >= -epsilon`.
    """

    rows: int
    effective: float
    clipped: float
    estimate: float
    low: float
    level: float
    satisfied: bool


@dataclass(frozen=True)
class Certificate:
    """What is proven at level `1 - delta`. refused: why the log cannot judge; failed: claims that it does not prove."""

    delta: float
    tolerated: float
    epsilon: float
    domains: Mapping[str, Domain]
    value: Value
    value_by_domain: Mapping[str, Value]
    refused: tuple[str, ...]
    failed: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every claim is proven, on a log that can judge."""
        return not self.refused and not self.failed

    def to_json(self) -> dict[str, Any]:
        """As plain values, `passed` included."""
        return {"passed": self.passed, **asdict(self)}

    def table(self) -> str:
        """To be read by people."""
        width = max([6, *(len(name) for name in self.domains)])
        lines = [f"{'domain':{width}}  requests  outside  share <  replication  margin >  satisfied"]
        for name, row in self.domains.items():
            lines.append(
                f"{name:{width}}  {row.requests:8}  {row.outside:7}  {row.share:7.4f}  {row.replication:11.4f}"
                f"  {row.margin_lower:8.4f}  {'yes' if row.satisfied else 'NO'}"
            )
        for name, value in {
            "value": self.value,
            **{f"value in {k}": v for k, v in self.value_by_domain.items()},
        }.items():
            lines.append(
                f"{name}: {value.estimate:+.4f}, more than {value.low:+.4f}; {value.rows} rewards, effective sample "
                f"{value.effective:.0f}, {value.clipped:.2%} out of sight; {'yes' if value.satisfied else 'NO'}"
            )
        lines += [f"refused: {reason}" for reason in self.refused] + [f"not proven: {claim}" for claim in self.failed]
        lines.append("certified" if self.passed else "not certified")
        return "\n".join(lines)


@dataclass
class _Claim:
    p: float
    level: float = 0.0
    satisfied: bool = False


def certify(
    dataset: Dataset,
    new: Reals,
    bounds: Bounds,
    q: Reals | None = None,
    delta: float = 0.05,
    *,
    live: Reals | None = None,
    tolerated: float = 0.01,
    epsilon: float = 0.0,
    epsilon_by_domain: float | None = None,
    cap: float = 10.0,
    observed: Reals | None = None,
    least_observed: float = 0.5,
    least_effective: float = 500.0,
    excuse_out_of_reach: bool = False,
    seed: int = 0,
) -> Certificate:
    """Judge the policy `new` [N, K] on held-out decisions, none of which it was made from.

    q: estimated rewards [N, K] in [0, 1] from other rows, a control variate, which pays in large logs. live:
    propensities [N, K] of the policy in force, to which replication refers, where the log was not written by it.
    tolerated: share of requests that may be outside their bounds. epsilon: loss of value that may remain;
    epsilon_by_domain: the same for each domain, None: no such claims. cap: greatest importance weight, to be fixed
    without these rows (the greatest one in training is a good choice; the smaller, the tighter); mass beyond it is
    taken to earn nothing, so the bound stays valid. observed: chance that a row's reward is known [N], see `Logged.of`;
    at least `least_observed`. least_effective: floor of the effective sample size. excuse_out_of_reach: a request in
    which the least movement is impossible is inside if all that can move did. Raises `PolicyError` for what `Logged.of`
    refuses and for numbers out of range.
    """
    _settings(delta, tolerated, cap, least_observed)
    logged = Logged.of(dataset, new, q, observed)
    domain, names = np.asarray(dataset.domain), dataset.tables.domains
    r, margin, outside, short = _kept(
        dataset, new, bounds, dataset.logged if live is None else live, excuse_out_of_reach
    )
    known = domain[~np.isnan(np.asarray(dataset.reward))]
    judged = known if observed is None else domain
    terms, least, most = _gains(logged, cap, 1.0 if observed is None else 1.0 / least_observed)

    found = [int(k) for k in np.unique(domain)]
    bound = [k for k in found if bounds.of(names[k]) != (0.0, 1.0)]
    claims = {
        k: _Claim(binomial_p(int(outside[domain == k].sum()), int((domain == k).sum()), tolerated)) for k in bound
    }
    bets = {-1: Betting(terms, least, most, delta, seed)}
    if epsilon_by_domain is not None:
        enough = [k for k in found if (known == k).sum() >= _FEW]
        bets |= {k: Betting(terms[judged == k], least, most, delta, seed) for k in enough}
    losses = {k: epsilon if k < 0 else float(epsilon_by_domain or 0.0) for k in bets}
    values = {k: _Claim(bet.p_value(-losses[k])) for k, bet in bets.items()}
    _holm([*claims.values(), *values.values()], delta)

    domains = {
        names[k]: _domain(r[domain == k], margin[domain == k], outside[domain == k], short[domain == k], claims[k])
        for k in bound
    }
    results = {
        k: _value(logged, terms, judged == k if k >= 0 else np.ones(len(terms), np.bool_), cap, bet, values[k])
        for k, bet in bets.items()
    }
    failed = [
        f"{name}: {row.outside} of {row.requests} requests outside, bound {row.share:.4f}, tolerated {tolerated:g}"
        + (f"; {row.out_of_reach} cannot change as much as they must" if row.out_of_reach else "")
        for name, row in domains.items()
        if not row.satisfied
    ]
    failed += [
        f"value{f' in {names[k]}' if k >= 0 else ''}: bound {result.low:+.4f} is below {0.0 - losses[k]:+.4f}"
        + (f"; {result.clipped:.0%} of the draws go where the log says too little" if result.clipped >= _UNSEEN else "")
        for k, result in results.items()
        if not result.satisfied
    ]
    refused = _thin(bounds, names, domain, known, logged, delta, tolerated, least_effective, epsilon_by_domain)
    by_domain = {names[k]: result for k, result in results.items() if k >= 0}
    return Certificate(delta, tolerated, epsilon, domains, results[-1], by_domain, tuple(refused), tuple(failed))


def _kept(
    dataset: Dataset, new: Reals, bounds: Bounds, live: Reals, excuse: bool
) -> tuple[Doubles, Doubles, NDArray[np.bool_], NDArray[np.bool_]]:
    """Replication, distance to the nearer bound, whether outside, whether the least movement is out of reach [N]."""
    n, wrong = len(dataset), Refusals()
    least, most = bounds.arrays(dataset.tables.domains)
    r, margin = (zeros((n,), np.float64, dataset.logged) for _ in range(2))
    outside, short = np.empty(n, np.bool_), np.empty(n, np.bool_)
    for part in blocks(n):
        mask, domain = np.asarray(dataset.skill[part]) >= 0, dataset.domain[part]
        old = kept(np.asarray(live[part], np.float64), mask, "live propensities", wrong, part.start)
        fresh = kept(np.asarray(new[part], np.float64), mask, "new propensities", wrong, part.start)
        cmin, cmax, reach = least[domain], most[domain], reachable(old, np.asarray(dataset.open[part]), mask)
        some = replication(fresh, old)
        short[part] = 1.0 - cmax > reach + TOLERANCE
        if excuse:
            cmax = np.maximum(cmax, 1.0 - reach)
        outside[part] = violation(some, cmin, cmax) > TOLERANCE
        r[part], margin[part] = some, np.clip(np.minimum(some - cmin, cmax - some), -1.0, 0.5)
    wrong.tell(n)
    return r, margin, outside, short


def _gains(logged: Logged, cap: float, most_seen: float) -> tuple[Doubles, float, float]:
    """Numbers [N] whose mean is at most the gain in value, and the range they are in.

    With w = new / old, kept = min(new, cap old) and rewards in [0, 1], the gain is at least
    `E[sum_a (kept - old)(a) q(a) + (min(w, cap) - 1) (r - q(drawn))]`: the mass beyond the cap earns nothing.
    """
    excess = np.minimum(logged.weight, cap) - 1.0
    if logged.seen.max() > most_seen * (1.0 + 1e-9):
        raise PolicyError(f"the chance of a known reward goes below {1.0 / most_seen:g}, see least_observed")
    if logged.q is None:
        return logged.seen * excess * logged.reward, -most_seen, (cap - 1.0) * most_seen
    direct = np.empty(len(logged.weight))
    for part in blocks(len(direct)):
        new, old, q = logged.new[part], logged.old[part], logged.q[part]
        if ((q < 0.0) | (q > 1.0)).any():
            raise PolicyError("q must be in [0, 1]")
        direct[part] = ((np.minimum(new, cap * old) - old) * q).sum(axis=1)
    terms: Doubles = direct + logged.seen * excess * (logged.reward - logged.drawn(logged.q))
    size = 1.0 + max(1.0, cap - 1.0) * most_seen
    return terms, -size, size


def _holm(claims: Sequence[_Claim], delta: float) -> None:
    """Holm 1979: the smallest p-value against delta / M, the next against delta / (M - 1), until one fails."""
    level, holds = delta, True
    for i, claim in enumerate(sorted(claims, key=lambda claim: claim.p)):
        level = delta / (len(claims) - i) if holds else level
        holds = holds and claim.p <= level
        claim.level, claim.satisfied = level, holds


def _domain(r: Doubles, margin: Doubles, outside: NDArray[np.bool_], short: NDArray[np.bool_], claim: _Claim) -> Domain:
    count = int(outside.sum())
    lower = bernstein_lower(margin, -1.0, 0.5, claim.level) if len(r) > 1 else -1.0
    share = binomial_upper(count, len(r), claim.level)
    mean = float(margin.mean())
    return Domain(
        len(r), count, int(short.sum()), share, float(r.mean()), mean, max(-1.0, lower), claim.level, claim.satisfied
    )


def _value(logged: Logged, terms: Doubles, rows: NDArray[np.bool_], cap: float, bet: Betting, claim: _Claim) -> Value:
    weight = (logged.weight * logged.seen)[rows]
    effective = float(weight.sum() ** 2 / (weight**2).sum()) if weight.any() else 0.0
    clipped = float(logged.tail(cap)[rows].mean())
    estimate, low = float(terms[rows].mean()), bet.lower(claim.level)
    return Value(int((logged.seen[rows] > 0.0).sum()), effective, clipped, estimate, low, claim.level, claim.satisfied)


def _thin(
    bounds: Bounds,
    names: Sequence[str],
    domain: NDArray[np.integer[Any]],
    known: NDArray[np.integer[Any]],
    logged: Logged,
    delta: float,
    tolerated: float,
    least_effective: float,
    epsilon_by_domain: float | None,
) -> list[str]:
    """Why the log cannot judge."""
    needed = math.ceil(math.log(delta) / math.log1p(-tolerated))
    count = np.bincount(domain, minlength=len(names))
    rewards = np.bincount(known, minlength=len(names))
    reasons = []
    for name in sorted(set(bounds.by_domain) - set(names)):
        reasons.append(f"{name}: has bounds, but the log knows no such domain")
    for k, name in enumerate(names):
        free = bounds.of(name) == (0.0, 1.0)
        if not free and count[k] < needed and (count[k] or name in bounds.by_domain):
            reasons.append(f"{name}: {count[k]} requests; a tolerated share of {tolerated:g} takes {needed} at least")
        if epsilon_by_domain is not None and count[k] and rewards[k] < _FEW:
            reasons.append(f"{name}: {rewards[k]} known rewards; a claim about its value takes {_FEW} at least")
    if logged.effective < least_effective:
        reasons.append(
            f"effective sample size {logged.effective:.0f} is below {least_effective:g}: more rewards are needed, or a "
            "policy closer to the log's"
        )
    return reasons


def _settings(delta: float, tolerated: float, cap: float, least_observed: float) -> None:
    for name, value in {"delta": delta, "tolerated": tolerated}.items():
        if not 0.0 < value < 1.0:
            raise PolicyError(f"{name} must be in (0, 1), not {value}")
    if not (1.0 < cap < math.inf):
        raise PolicyError(f"cap must be above 1 and finite, not {cap}")
    if not 0.0 < least_observed <= 1.0:
        raise PolicyError(f"least_observed must be in (0, 1], not {least_observed}")
