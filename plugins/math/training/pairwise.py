"""Pairs of quantities by value, for many examples at once: features of the pair and of what an operation would give."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plugins.math.solver.symbols import CONSTANTS

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
CONSTANT_VALUES: Doubles = np.array([float(constant) for constant in CONSTANTS])


def pair_list(letters: int, made: int) -> tuple[Ints, Ints]:
    """All pairs (first < second) of `letters`, CONSTANTS and `made` results, [P] each, by rising second.

    Pairs of two constants are left out. Those that exist before the t-th operation stand first (see `pairs_before`).
    """
    base = letters + len(CONSTANTS)
    first, second = np.triu_indices(base + made, 1)
    keep = ~((first >= letters) & (second < base))
    order = np.argsort(second[keep], kind="stable")
    return first[keep][order], second[keep][order]


def pairs_before(letters: int, made: int) -> int:
    """How many pairs there are while `made` results exist."""
    base, fixed = letters + len(CONSTANTS), len(CONSTANTS)
    total = base + made
    return total * (total - 1) // 2 - fixed * (fixed - 1) // 2


def features(first: Doubles, second: Doubles) -> Floats:
    """What `solver.inputs.pairs` says of each pair and of the same pair exchanged: values [...] -> [..., 12]."""
    with np.errstate(all="ignore"):
        close = np.abs(first - second) <= 1e-6 * np.maximum(np.abs(first), np.abs(second))
        whole, back = _whole(first / second), _whole(second / first)
        size = np.log10(np.abs(first) + 1e-3) - np.log10(np.abs(second) + 1e-3)
        size = np.clip(np.nan_to_num(size), -4, 4) / 4
        one = (first > second, close, whole, back, first < 0, size)
        other = (second > first, close, back, whole, second < 0, -size)
    return np.stack([part.astype(np.float32) for part in (*one, *other)], axis=-1)


def _whole(ratio: Doubles) -> NDArray[np.bool_]:
    return np.isfinite(ratio) & (np.abs(ratio - np.round(ratio)) < 1e-6)


def results(first: Doubles, second: Doubles) -> Doubles:
    """The value of each of PAIR_OPERATIONS: values [...] -> [..., 6]; not finite where it has none."""
    with np.errstate(all="ignore"):
        found = (first + second, first - second, second - first, first * second, first / second, second / first)
        return np.stack(found, axis=-1)


def result_features(values: Doubles) -> Floats:
    """Of values [...]: negative, not whole, zero, huge -> [..., 4]; zeros where the value is not finite."""
    known = np.isfinite(values)
    safe = np.where(known, values, 1.0)
    found = (safe < -1e-9, np.abs(safe - np.round(safe)) > 1e-6, np.abs(safe) < 1e-9, np.abs(safe) > 1e9)
    return np.stack([(part & known).astype(np.float32) for part in found], axis=-1)
