"""What the decoders get: a question's encoded tokens, and where each letter that takes part is and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Encoding:
    """states [T, W] and their mean `pooled` [W]; for each letter, in text order, `rows` into states, `numbers` [N, 16]
    and `values` float64 [N]. Letters that the cut text does not reach have been left out.
    """

    states: Floats
    pooled: Floats
    letters: tuple[str, ...]
    rows: NDArray[np.int64]
    numbers: Floats
    values: NDArray[np.float64]

    def letter_states(self) -> Floats:
        """State and features of each letter, side by side [N, W + 16]."""
        return np.concatenate([self.states[self.rows], self.numbers], axis=1)
