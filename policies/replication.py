"""Replication: how much of the old policy's choices a new one repeats, and how far it leaves its bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.blocks import blocks
from policies.bounds import Bounds
from policies.errors import PolicyError

Doubles = NDArray[np.float64]
Integers = NDArray[np.integer[Any]]

#: A request counts as outside its bounds when it misses them by more than this.
TOLERANCE = 1e-6


def replication(new: NDArray[np.floating[Any]], old: NDArray[np.floating[Any]]) -> Doubles:
    """Replication of each request [N] from two policies' propensities [N, K], zero on padding.

    `1 - sum_a |new(a) - old(a)| / 2`, which is one minus the total variation distance: 1 for equal policies, 0 for
    policies that share no candidate. Constrained policy optimisation for controlled self-learning (MetaGrad), eq. 1.
    Raises `PolicyError` for shapes that differ.
    """
    if new.shape != old.shape:
        raise PolicyError(f"propensities of shapes {new.shape} and {old.shape} cannot be compared")
    if new.ndim < 2:
        return _repeated(new, old)
    found = np.empty(new.shape[:-1])
    for part in blocks(len(new)):
        found[part] = _repeated(new[part], old[part])
    return found


def _repeated(new: NDArray[np.floating[Any]], old: NDArray[np.floating[Any]]) -> Doubles:
    distance = np.abs(np.asarray(new, np.float64) - np.asarray(old, np.float64)).sum(axis=-1)
    found: Doubles = 1.0 - 0.5 * distance
    return found


def violation(r: Doubles, cmin: Doubles, cmax: Doubles) -> Doubles:
    """By how much each replication [N] misses its range [N]: the two hinges of the same paper's eq. 4, 0 inside."""
    found: Doubles = np.maximum(0.0, cmin - r) + np.maximum(0.0, r - cmax)
    return found


@dataclass(frozen=True)
class Share:
    """Of some requests: how many, share outside their bounds, mean hinge, mean replication."""

    requests: int
    frequency: float
    hinge: float
    replication: float


@dataclass(frozen=True)
class Violations:
    """How a policy keeps its bounds. micro: over requests; macro: mean over the domains that have requests."""

    micro: Share
    macro: Share
    by_domain: Mapping[str, Share]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def summary(r: Doubles, domain: Integers, domains: Sequence[str], bounds: Bounds) -> Violations:
    """How replications `r` [N] of requests in `domains[domain]` [N] keep `bounds`. Raises `PolicyError` for none."""
    if not len(r):
        raise PolicyError("there are no requests whose replication could be judged")
    if len(r) != len(domain):
        raise PolicyError(f"{len(r)} replications, but {len(domain)} domains")
    cmin, cmax = bounds.arrays(domains)
    hinge = violation(r, cmin[domain], cmax[domain])
    found = {int(k): _share(r[domain == k], hinge[domain == k]) for k in np.unique(domain)}
    parts = list(found.values())
    macro = Share(
        len(r),
        float(np.mean([part.frequency for part in parts])),
        float(np.mean([part.hinge for part in parts])),
        float(np.mean([part.replication for part in parts])),
    )
    return Violations(_share(r, hinge), macro, {domains[k]: part for k, part in found.items()})


def _share(r: Doubles, hinge: Doubles) -> Share:
    return Share(len(r), float(np.mean(hinge > TOLERANCE)), float(np.mean(hinge)), float(np.mean(r)))
