"""How a policy is trained: everything that is not data, bounds or a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from policies.errors import PolicyError
from policies.metagrad import Direction
from policies.network import Encoder
from policies.objectives import OBJECTIVES, Kind

Method = Literal["plain", "quadratic", "minimax", "metagrad", "metagrad_forward", "ring", "replicate"]
METHODS: tuple[str, ...] = get_args(Method)
Select = Literal["auto", "violation", "reward", "last"]


@dataclass(frozen=True)
class Settings:
    """What can be set of a training.

    steps, batch (decisions in a step), rate (Adam's), width and encoder (of the network), residual (scores are added to
    the log of the old policy; otherwise the policy starts from nothing).
    clip, pessimism, baseline: see `policies.objectives.Objective`; "mean" is the mean reward of the training decisions.
    weight: constant penalty weight of "quadratic", `e^u = e^v`.
    ascent, decay, every, slowing: eta, gamma, tau and xi of "minimax" (MetaGrad, algorithm 1).
    inner: rate of the plain step that "metagrad" looks ahead by. penalty_rate: Adam's rate for u and v. meta: lambda.
    meta_share: part of each batch by which "metagrad_forward" estimates the meta-gradient. direction: see
    `policies.metagrad`.
    select: which of `evaluations` snapshots is kept: fewest decisions outside their bounds, macro average, to a
    hundredth, then reward ("violation"); reward (SNIPS); or the last. "auto": reward for "plain", else violation.
    members: networks of the estimated reward, each trained without its own fold and for `steps / members` steps.
    spread: how many deviations between members a move of "ring" must clear. power, shrink: of importance weights
    `logged ** -power` and Adam's weight decay there.
    """

    steps: int = 2500
    batch: int = 2048
    rate: float = 3e-3
    width: int = 32
    encoder: Encoder = "bilstm"
    residual: bool = False
    clip: float = 10.0
    pessimism: float = 1.0
    baseline: Literal["none", "mean"] = "none"
    weight: float = 10.0
    ascent: float = 0.1
    decay: float = 1.0
    every: float = 1.0
    slowing: float = 1.0
    inner: float = 1e-3
    penalty_rate: float = 0.02
    meta: float = 1.0
    meta_share: float = 1 / 8
    direction: Direction = "difference"
    select: Select = "auto"
    evaluations: int = 10
    members: int = 4
    reward_encoder: Encoder | None = None
    spread: float = 0.0
    power: float = 0.0
    shrink: float = 1e-2

    def __post_init__(self) -> None:
        for name in (
            "steps",
            "batch",
            "rate",
            "width",
            "weight",
            "ascent",
            "every",
            "inner",
            "penalty_rate",
            "members",
        ):
            if not getattr(self, name) > 0:
                raise PolicyError(f"{name} must be positive, not {getattr(self, name)}")
        if not 0 < self.meta_share <= 1 or not 0 <= self.meta <= 1:
            raise PolicyError(f"meta_share {self.meta_share} must be in (0, 1], meta {self.meta} in [0, 1]")
        if self.evaluations < 1 or self.evaluations > self.steps or self.members < 2 or self.members > self.steps:
            raise PolicyError(f"there must be 1 to {self.steps} evaluations and 2 to {self.steps} members")
        if self.select not in get_args(Select) or self.baseline not in ("none", "mean"):
            raise PolicyError(f"select {self.select!r} or baseline {self.baseline!r} is unknown")
        if self.spread < 0 or self.power < 0 or self.shrink < 0:
            raise PolicyError("spread, power and shrink must not be negative")


def named(method: str, objective: str | None) -> tuple[Method, Kind]:
    """Trainer and objective; the name of an objective alone is that objective without bounds. Raises `PolicyError`."""
    if method in OBJECTIVES:
        if objective not in (None, method):
            raise PolicyError(f"method {method!r} is an objective; it cannot go with objective {objective!r}")
        method, objective = "plain", method
    chosen = objective or "ips"
    if method not in METHODS or chosen not in OBJECTIVES:
        known = f"methods: {', '.join(METHODS)}; objectives: {', '.join(OBJECTIVES)}"
        raise PolicyError(f"unknown method {method!r} or objective {chosen!r} ({known})")
    return method, chosen  # type: ignore[return-value]  # both are members now
