"""What a policy decides on: the candidates of one turn and what surrounds them, as plain values and as numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: Numbers of a candidate, in the order of the last axis of `Dataset.numeric`. A feature that is missing counts as 0.
FEATURES = ("probability", "log_probability", "rank", "margin", "confidence", "prior", "form", "costly")
#: Numbers of a turn, in the order of the last axis of `Dataset.context`.
CONTEXT = ("hour_sin", "hour_cos", "weekend", "spoken", "remote", "form", "first")
_SPOKEN = frozenset({"voice", "realtime", "wyoming", "spoken"})
_DAY = 86_400.0
_FLOOR = 1e-4


@dataclass(frozen=True, slots=True)
class Option:
    """One candidate. effects: none, reversible, or costly (cannot be taken back, so it is never explored)."""

    skill: str
    intent: str
    domain: str
    features: Mapping[str, float] = field(default_factory=dict)
    effects: str = "none"

    @property
    def costly(self) -> bool:
        """Whether it must not be tried out."""
        return self.effects == "costly"


@dataclass(frozen=True, slots=True)
class Request:
    """A turn that is to be routed. `vector`: sentence vector float32 [D], L2 norm 1; `time`: epoch seconds, UTC."""

    options: tuple[Option, ...]
    vector: Any = None
    last_skill: str | None = None
    form: str | None = None
    channel: str = "repl"
    time: float = 0.0

    @property
    def domain(self) -> str:
        """The domain whose bounds hold: that of the most probable candidate, the first of equals."""
        best = max(range(len(self.options)), key=lambda i: self.options[i].features.get("probability", 0.0))
        return self.options[best].domain


def numbers_of(option: Option) -> list[float]:
    """The numbers of one candidate, as in `FEATURES`."""
    probability = max(0.0, float(option.features.get("probability", 0.0)))
    known: dict[str, float] = {
        **option.features,
        "log_probability": math.log(max(probability, _FLOOR)) / -math.log(_FLOOR) + 1.0,  # 0 to 1
        "rank": float(option.features.get("rank", 9.0)) / 10.0,
        "costly": float(option.costly),
    }
    return [float(known.get(name, 0.0)) for name in FEATURES]


def context_of(request: Request) -> list[float]:
    """The numbers of the turn, as in `CONTEXT`."""
    hour = 2.0 * math.pi * (request.time % _DAY) / _DAY
    weekday = (int(request.time // _DAY) + 3) % 7  # 1 January 1970 was a Thursday
    return [
        math.sin(hour),
        math.cos(hour),
        float(weekday >= 5),
        float(request.channel in _SPOKEN),
        float(request.channel != "repl"),
        float(request.form is not None),
        float(request.last_skill is None),
    ]


def numbers(options: Sequence[Option]) -> Floats:
    """[K, len(FEATURES)] of the candidates of one turn."""
    return np.array([numbers_of(option) for option in options], np.float32)
