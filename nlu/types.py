"""What understanding a sentence yields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Entity:
    """A stretch of the original text: `text[start:end] == value`; offsets in characters, end exclusive."""

    name: str
    value: str
    start: int
    end: int
    confidence: float


@dataclass(frozen=True, eq=False)
class Parse:
    """The reading of one sentence.

    `intents` are (name, calibrated probability), best first; together with `out_of_scope` they sum to 1.
    `vector` float32 [384] is the L2-normalised general sentence vector of the encoder.
    """

    text: str
    intents: tuple[tuple[str, float], ...]
    entities: tuple[Entity, ...]
    out_of_scope: float
    vector: NDArray[np.float32]

    @property
    def intent(self) -> str | None:
        """The best intent, None where out of scope is likelier than every intent."""
        name, probability = self.intents[0]
        return name if probability >= self.out_of_scope else None
