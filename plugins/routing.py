"""The first policy: softmax over calibrated interpretation probability times skill prior, with exploration by domain.

Options:
  temperature: how sharply the better candidate is preferred (0.1: twice as probable is a thousand times as likely).
  exploration: {default: share, by_domain: {domain: share}}; the domain is that of the best candidate.
  floor: candidates below this probability are never explored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dialog.errors import ConfigError
from dialog.plugin import hookimpl
from dialog.types import Candidate, Routing, RoutingContext
from policies.softmax import softmax_policy

_HELPERS = frozenset({"fallback", "unsupported"})


class SoftmaxRouter:
    """`Router` over `policies.softmax`. A candidate that forces itself (an active form) has probability one."""

    def __init__(self, temperature: float, default: float, by_domain: Mapping[str, float], floor: float) -> None:
        self.version = "softmax-1"
        self._temperature = temperature
        self._default = default
        self._by_domain = dict(by_domain)
        self._floor = floor

    def route(self, candidates: Sequence[Candidate], context: RoutingContext) -> Routing:
        """Propensities in the order of `candidates`."""
        scores = [self._score(candidate) for candidate in candidates]
        best = candidates[max(range(len(scores)), key=lambda index: scores[index])]
        values = softmax_policy(
            scores,
            [candidate.effects != "costly" for candidate in candidates],
            [self._explorable(candidate) for candidate in candidates],
            self._temperature,
            self._by_domain.get(best.domain, self._default),
        )
        return Routing(tuple(values), self.version)

    @staticmethod
    def _score(candidate: Candidate) -> float:
        features = candidate.features
        if "form" in features:
            return 1.0
        return max(0.0, features["probability"]) * features["prior"]

    def _explorable(self, candidate: Candidate) -> bool:
        harmless = candidate.effects == "none" and candidate.skill not in _HELPERS
        return harmless and candidate.features["probability"] >= self._floor


@hookimpl
def router(config: Mapping[str, Any]) -> SoftmaxRouter:
    """The softmax router; raises `ConfigError` for a share outside [0, 1] or an unknown option."""
    exploration = dict(config.get("exploration") or {})
    by_domain = {str(name): _share(name, share) for name, share in dict(exploration.pop("by_domain", {}) or {}).items()}
    default = _share("default", exploration.pop("default", 0.0))
    unknown = [*exploration, *(key for key in config if key not in ("temperature", "exploration", "floor"))]
    if unknown:
        raise ConfigError(f"plugins.routing.options: unknown keys {', '.join(unknown)}")
    temperature = float(config.get("temperature", 0.1))
    if temperature <= 0:
        raise ConfigError(f"plugins.routing.options.temperature: {temperature} is not positive")
    return SoftmaxRouter(temperature, default, by_domain, float(config.get("floor", 0.05)))


def _share(name: object, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 0.5:
        raise ConfigError(f"plugins.routing.options.exploration.{name}: {value!r} is not a share between 0 and 0.5")
    return float(value)
