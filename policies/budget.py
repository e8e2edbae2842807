"""How much each domain may deviate when only the sum is given: the most gain for a total of moved mass."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.bounds import Bounds
from policies.errors import PolicyError
from policies.ring import ring

Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]
Integers = NDArray[np.integer[Any]]

_WIDTHS = (0.0, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5)


def allocate(
    q: Doubles,
    old: Doubles,
    open: Bools,
    mask: Bools,
    domain: Integers,
    domains: Sequence[str],
    total: float,
    spread: Doubles | None = None,
    widths: Sequence[float] = _WIDTHS,
) -> Bounds:
    """Bounds of each domain such that requests move `total` on average, if all use theirs up, and gain most by q.

    q, spread, old, open, mask [N, K]: as in `policies.ring.solve`, on validation requests of `domains[domain]` [N].
    Each domain has a curve of gain by moved mass, known at `widths`; steps along the curves' concave hulls are bought
    in the order of gain per moved mass, best first, until `total` is spent; the last one in part. With `spread` gains
    are guaranteed ones. What is moved counts, not what is allowed. Domains without requests may not move. Raises
    `PolicyError` for a total outside [0, 1] or widths that do not rise from 0.
    """
    if not 0.0 <= total <= 1.0:
        raise PolicyError(f"the total must be in [0, 1], not {total}")
    if len(widths) < 2 or widths[0] != 0.0 or any(b <= a for a, b in pairwise(widths)):
        raise PolicyError(f"widths must rise from 0, not {list(widths)}")
    n, count = len(old), len(domains)
    moved, gained = np.zeros((len(widths), count)), np.zeros((len(widths), count))
    wide = np.zeros_like(q) if spread is None else spread
    for i, width in enumerate(widths):
        step = ring(q, old, open, mask, np.zeros(n), np.full(n, width), spread) - old
        up, down = np.maximum(step, 0.0), np.maximum(-step, 0.0)
        value = (up * np.where(mask, q - wide, 0.0) - down * np.where(mask, q + wide, 0.0)).sum(axis=1)
        moved[i], gained[i] = (np.bincount(domain, x, minlength=count) / max(n, 1) for x in (up.sum(axis=1), value))
    steps = [(*step, k) for k in range(count) for step in _hull(moved[:, k], gained[:, k])]
    spent, left = np.zeros(count), total
    for _rate, cost, k in sorted(steps, key=lambda step: -step[0]):
        spent[k] += min(cost, left)
        left -= min(cost, left)
    found = {}
    for k, name in enumerate(domains):
        width = float(np.interp(spent[k], moved[:, k], widths)) if spent[k] > 0.0 else 0.0
        found[name] = (1.0 - width, 1.0)
    return Bounds((1.0, 1.0), found)


def _hull(cost: Doubles, gain: Doubles) -> list[tuple[float, float]]:
    """Gain per cost, and cost, of the steps of a curve's upper concave hull from its start, while they gain."""
    steps, at = [], 0
    while at < len(cost) - 1:
        ahead = cost[at + 1 :] - cost[at]
        rates = np.where(ahead > 1e-12, (gain[at + 1 :] - gain[at]) / np.maximum(ahead, 1e-12), 0.0)
        best = int(np.argmax(rates))
        if rates[best] <= 0.0:
            break
        steps.append((float(rates[best]), float(ahead[best])))
        at += best + 1
    return steps
