"""The gate: a bandit policy let through with a fixed share per domain, so that mean replication meets a target.

The baseline of constrained policies: it keeps a domain's mean, but single requests may be far outside their bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError
from policies.replication import replication

Doubles = NDArray[np.float64]
Integers = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Gate:
    """Share of the bandit policy for each domain, `shares[domain]` in [0, 1]; the rest goes to the old policy."""

    domains: tuple[str, ...]
    shares: tuple[float, ...]

    @classmethod
    def fit(cls, bandit: Doubles, old: Doubles, domain: Integers, domains: Sequence[str], target: Doubles) -> Gate:
        """The largest shares with which mean replication is at least `target` [M] in each of the M domains.

        bandit, old: propensities [N, K] on validation requests of `domains[domain]` [N]. Mixing with share a moves
        `a TV(bandit, old)`, so the share is `(1 - target) / mean TV`, at most 1. A domain without requests gets none.
        Raises `PolicyError` for a target outside [0, 1] or lengths that differ.
        """
        if len(target) != len(domains) or not ((target >= 0.0) & (target <= 1.0)).all():
            raise PolicyError(f"one target in [0, 1] for each of {len(domains)} domains, not {target.tolist()}")
        if len(domain) != len(bandit):
            raise PolicyError(f"{len(bandit)} requests, but {len(domain)} domains")
        distance = 1.0 - replication(bandit, old)
        count = np.bincount(domain, minlength=len(domains))
        mean = np.bincount(domain, distance, minlength=len(domains)) / np.maximum(count, 1)
        room = 1.0 - target
        full = mean <= room
        shares = np.where(count == 0, 0.0, np.where(full, 1.0, room / np.where(full, 1.0, mean)))
        return cls(tuple(domains), tuple(float(share) for share in shares))

    def propensities(self, bandit: Doubles, old: Doubles, domain: Integers) -> Doubles:
        """The mixture [N, K] of `bandit` and `old` for requests of the domains with numbers `domain` [N]."""
        share = np.array(self.shares)[domain][:, None]
        found: Doubles = (1.0 - share) * old + share * bandit
        return found
