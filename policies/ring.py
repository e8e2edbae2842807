"""The exact policy: the most valuable propensities in a ring of total variation around the old ones, per request.

Per request: maximise `sum_a new(a) q(a)` subject to `dmin <= TV(new, old) <= dmax`, where TV is one minus replication,
and candidates that are not open gain nothing. An optimum moves mass from the worst candidates to a single one; why, and
what happens with uncertain q, is in docs/routing-proof.md. Every request keeps its bounds, whatever the traffic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.blocks import blocks
from policies.errors import PolicyError

Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]
Reals = NDArray[np.floating[Any]]

# Rounding a sum of ten masses is good for 1e-15; bounds are kept with this much room, so that nothing crosses them.
_ROOM = 1e-12
_SLACK = 1e-9  # a least movement missed by no more than this is met
_SUM = 1e-4  # how far propensities may miss a sum of one: the logs keep float32
_BLOCK = 16_384  # requests at once: what they need stays in the processor's cache


@dataclass(frozen=True)
class Moved:
    """New propensities [N, K], the mass that moved [N], and whether the least movement was out of reach [N]."""

    new: Doubles
    mass: Doubles
    short: Bools


def ring(
    q: Reals,
    old: Reals,
    open: Bools,
    mask: Bools,
    dmin: Reals,
    dmax: Reals,
    spread: Reals | None = None,
) -> Doubles:
    """New propensities [N, K]: `solve(...).new`."""
    return solve(q, old, open, mask, dmin, dmax, spread).new


def solve(
    q: Reals,
    old: Reals,
    open: Bools,
    mask: Bools,
    dmin: Reals,
    dmax: Reals,
    spread: Reals | None = None,
) -> Moved:
    """The exact optimum of N requests with up to K candidates.

    q: estimated reward [N, K]; old: propensities [N, K], zero on padding; open: may gain mass [N, K]; mask: where there
    is a candidate [N, K]; dmin, dmax: least and greatest moved mass [N], `1 - cmax` and `1 - cmin` of the request's
    bounds. spread: uncertainty of q [N, K], in its units, not negative. With it the sum is maximised for the worst q
    within `q +- spread`: mass goes from a to b only if `q_b - spread_b > q_a + spread_a`, but for what dmin forces.
    Where dmin is out of reach, as much as can be is moved and `short` is set. Equal candidates: the first one gains,
    the first ones lose; nothing moves without gain unless dmin asks for it. TV keeps its bounds to 1e-9 and never
    crosses dmax. Raises `PolicyError` for shapes that differ, old propensities that are no distribution, or NaN.
    """
    low, high, base, least, most = _checked(q, old, open, mask, dmin, dmax, spread)
    new, mass, short = base.copy(), np.zeros(len(base)), np.zeros(len(base), np.bool_)
    for start in range(0, len(base), _BLOCK):
        part = slice(start, start + _BLOCK)
        new[part], mass[part], short[part] = _solved(low[part], high[part], base[part], least[part], most[part])
    return Moved(new, mass, short)


def reachable(old: Reals, open: Bools, mask: Bools) -> Doubles:
    """The most mass that can move [N]: all that is not on the least probable open candidate, 0 if none is open."""
    found = np.empty(len(old))
    for part in blocks(len(old)):
        some = np.asarray(old[part])
        rest = some.sum(axis=1, keepdims=True, dtype=np.float64) - some
        found[part] = np.where(open[part] & mask[part], rest, 0.0).max(axis=1, initial=0.0)
    return found


def _solved(low: Doubles, high: Doubles, old: Doubles, least: Doubles, most: Doubles) -> tuple[Doubles, Doubles, Bools]:
    """low: worth of a candidate as recipient [N, K], -inf if it may not be one; high: as donor, +inf for padding."""
    n = len(old)
    rows = np.arange(n)
    order = np.argsort(high, axis=1, kind="stable")
    donors, worth = np.take_along_axis(old, order, 1), np.take_along_axis(high, order, 1)
    best = np.argmax(low, axis=1)
    gains = low[rows, best]
    free = np.where(worth < gains[:, None], donors, 0.0)  # never the recipient's own: its high is not below its low
    mass = np.minimum(free.sum(axis=1), most)
    taken = _taken(free, mass)
    recipient = best
    short = np.zeros(n, np.bool_)
    forced = np.flatnonzero(mass < least)
    if len(forced):
        some = (low[forced], old[forced], donors[forced], worth[forced], order[forced], least[forced])
        recipient[forced], mass[forced], taken[forced], short[forced] = _forced(*some)
    new = np.empty_like(old)
    np.put_along_axis(new, order, donors - taken, 1)
    new[rows, recipient] += mass
    return new, mass, short


def _forced(
    low: Doubles, old: Doubles, donors: Doubles, worth: Doubles, order: NDArray[np.intp], least: Doubles
) -> tuple[NDArray[np.intp], Doubles, Doubles, Bools]:
    """Move exactly `least`, or all that can be where that is less, to the recipient for which it costs least."""
    n, k = old.shape
    others = np.maximum(donors.sum(axis=1, keepdims=True) - old, 0.0)
    room = np.where(np.isfinite(low), others, 0.0)  # what each recipient could get
    short = room.max(axis=1) < least - _SLACK
    wanted = np.minimum(least, room.max(axis=1))
    own = order[:, None, :] == np.arange(k)[:, None]
    moved = np.minimum(wanted[:, None], room)  # [n, recipients]; what follows is [n, recipients, donors]
    taking = _taken(np.where(own, 0.0, donors[:, None, :]), moved)
    cost, gains = np.where(np.isfinite(worth), worth, 0.0), np.where(np.isfinite(low), low, 0.0)
    value = gains * moved - (taking * cost[:, None, :]).sum(axis=2)
    allowed = np.isfinite(low) & (moved >= wanted[:, None] - _SLACK)
    recipient = np.argmax(np.where(allowed, value, -np.inf), axis=1)
    rows = np.arange(n)
    return recipient, moved[rows, recipient], taking[rows, recipient], short


def _taken(donors: Doubles, mass: Doubles) -> Doubles:
    """What each donor, in order on the last axis, gives until `mass` is together."""
    before = np.cumsum(donors, axis=-1) - donors
    found: Doubles = np.clip(mass[..., None] - before, 0.0, donors)
    return found


def _checked(
    q: Reals, old: Reals, open: Bools, mask: Bools, dmin: Reals, dmax: Reals, spread: Reals | None
) -> tuple[Doubles, Doubles, Doubles, Doubles, Doubles]:
    given = {"q": q, "old": old, "open": open, "mask": mask, "spread": q if spread is None else spread}
    shape = old.shape
    for name, array in given.items():
        if len(shape) != 2 or array.shape != shape:
            raise PolicyError(f"{name} is of shape {array.shape}, old of {shape}; both must be requests x candidates")
    for name, array in {"dmin": dmin, "dmax": dmax}.items():
        if array.shape != shape[:1]:
            raise PolicyError(f"{name} is of shape {array.shape}, but there are {shape[0]} requests")
    base = np.where(mask, old, 0.0).astype(np.float64)
    wide = np.zeros(shape) if spread is None else np.where(mask, spread, 0.0).astype(np.float64)
    worth = np.where(mask, q, 0.0).astype(np.float64)
    wrong: Bools = (
        ~(np.abs(base.sum(axis=1) - 1.0) <= _SUM)
        | (base < 0.0).any(axis=1)
        | (np.where(mask, 0.0, old) != 0).any(axis=1)
    )
    _refuse(wrong, "old propensities are not a distribution over the candidates")
    _refuse(~np.isfinite(worth).all(axis=1), "q is not finite")
    _refuse(~(np.isfinite(wide) & (wide >= 0.0)).all(axis=1), "spread is negative or not finite")
    _refuse(~((dmin >= 0.0) & (dmin <= dmax)), "0 <= dmin <= dmax does not hold")
    most = np.maximum(dmax.astype(np.float64) - _ROOM, 0.0)
    least = np.where(dmin > 0.0, np.minimum(dmin.astype(np.float64) + _ROOM, most), 0.0)
    low = np.where(open & mask, worth - wide, -np.inf)
    high = np.where(mask, worth + wide, np.inf)
    return low, high, base, least, most


def _refuse(wrong: Any, reason: str) -> None:
    rows = np.flatnonzero(wrong)
    if len(rows):
        shown = ", ".join(str(row) for row in rows[:5]) + (" ..." if len(rows) > 5 else "")
        raise PolicyError(f"{reason}: {len(rows)} of {len(wrong)} rows ({shown})")
