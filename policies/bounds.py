"""How much of its decisions a policy must, and may at most, leave as they were: a range of replication per domain."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import PolicyError

Doubles = NDArray[np.float64]
Range = tuple[float, float]

_FREE: Range = (0.0, 1.0)


@dataclass(frozen=True)
class Bounds:
    """Least and greatest replication (`policies.replication`) of every request, by the request's domain.

    default: for domains without bounds of their own. A range of (0, 1) demands nothing.
    """

    default: Range = _FREE
    by_domain: Mapping[str, Range] = field(default_factory=dict)

    @classmethod
    def parse(cls, mapping: Mapping[str, Any] | None, where: str = "replication") -> Bounds:
        """The bounds of `{default: {min, max}, by_domain: {domain: {min, max}}}`.

        A side that is left out is free: min 0, max 1; a domain with a range of its own takes nothing from the default.
        `where` is what the mapping is called in errors. Raises `PolicyError`, which names the key, for an unknown key,
        something that is not a number in [0, 1], or a min above its max.
        """
        known = _mapping(mapping, where, ("default", "by_domain"))
        named = _mapping(known.get("by_domain"), f"{where}.by_domain")
        ranges = {name: _range(value, f"{where}.by_domain.{name}") for name, value in named.items()}
        return cls(_range(known.get("default"), f"{where}.default"), ranges)

    def of(self, domain: str) -> Range:
        """Least and greatest replication in `domain`."""
        return self.by_domain.get(domain, self.default)

    def arrays(self, domains: Sequence[str]) -> tuple[Doubles, Doubles]:
        """Least [M] and greatest [M] replication of the M domains; index them with `Dataset.domain`."""
        ranges = np.array([self.of(name) for name in domains], np.float64).reshape(-1, 2)
        return ranges[:, 0].copy(), ranges[:, 1].copy()

    def unknown(self, domains: Sequence[str]) -> list[str]:
        """Domains with bounds that are none of `domains`: misspelt, or nobody asks for them."""
        return sorted(set(self.by_domain) - set(domains))

    def to_json(self) -> dict[str, Any]:
        """What `parse` reads, both sides written out."""
        return {"default": _named(self.default), "by_domain": {name: _named(r) for name, r in self.by_domain.items()}}


def _named(bounds: Range) -> dict[str, float]:
    return {"min": bounds[0], "max": bounds[1]}


def _mapping(value: object, where: str, keys: Sequence[str] | None = None) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise PolicyError(f"{where}: must be a mapping, not {value!r}")
    for key in value:
        if not isinstance(key, str) or (keys is not None and key not in keys):
            allowed = "names" if keys is None else " and ".join(keys)
            raise PolicyError(f"{where}.{key}: unknown key; there may be {allowed}")
    return value


def _range(value: object, where: str) -> Range:
    known = _mapping(value, where, ("min", "max"))
    low, high = (
        _share(known.get(key), f"{where}.{key}", free) for key, free in zip(("min", "max"), _FREE, strict=True)
    )
    if low > high:
        raise PolicyError(f"{where}: min {low:g} is above max {high:g}")
    return low, high


def _share(value: object, where: str, free: float) -> float:
    if value is None:
        return free
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise PolicyError(f"{where}: must be a number, not {value!r}")
    if not 0.0 <= value <= 1.0:
        raise PolicyError(f"{where}: must be between 0 and 1, not {value!r}")
    return float(value)
