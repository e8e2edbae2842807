"""What every beam search over formulas shares: which partial formulas are worth going on with."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from plugins.math.solver.symbols import Prefix
from plugins.math.solver.weights import largest

#: Formulas with their probabilities, best first.
Beam = list[tuple[Prefix, float]]
#: Partial formulas below this share of the best probability of their beam are given up.
FLOOR = 1e-3
#: So many times the beam's width of whole formulas are kept: several may say the same.
SPARE = 3


def kept(logs: NDArray[np.float64], finished: Mapping[Prefix, float], width: int) -> NDArray[np.int64]:
    """Indices of the partial formulas [N] (their log-probabilities) to go on with, best first.

    A formula never gets more probable by going on: those below the whole ones that fill the beam are left out.
    """
    going = largest(logs, width)
    best = sorted(finished.values(), reverse=True)
    least = best[SPARE * width - 1] if len(best) >= SPARE * width else 0.0
    top = max([*best[:1], *np.exp(logs[going[:1]])], default=0.0)
    return np.asarray(going[np.exp(logs[going]) > max(least, FLOOR * top)])


def ranked(finished: Mapping[Prefix, float], width: int) -> Beam:
    """The most probable whole formulas."""
    return sorted(finished.items(), key=lambda item: -item[1])[: SPARE * width]
