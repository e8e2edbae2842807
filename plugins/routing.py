"""The routing plugin: a softmax over calibrated probability times skill prior, until a learned policy is in force.

Options:
  models: folder of the registry; a version of kind "policy" that is in force there answers instead of the softmax, and
    is followed while the assistant runs; versions on trial (shadow, canary) too. Without it the softmax alone answers.
  temperature: how sharply the better candidate is preferred (0.1: twice as probable is a thousand times as likely).
  floor: candidates below this probability are never explored.
  exploration: {default: share, by_domain: {domain: share}}; the domain is that of the best candidate.
  replication: {default: {min, max}, by_domain: {domain: {min, max}}}: how much of its decisions a learned policy must,
    and may at most, leave as they were (`policies.replication`). Bounds what `assistant learn` makes.
  hotfixes: rules that override the policy (`policies.hotfix`).
  guardrail: {severity: share}: in how many draws a known defect may show before a new policy is blocked.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialog.errors import AssistantError, ConfigError
from dialog.plugin import hookimpl
from dialog.registry import Registry
from dialog.types import Candidate, Routing, RoutingContext
from plugins.deployment import KIND, SOFTMAX, CertifiedRegistry, Deployment, read, require_certificate, tried
from plugins.requests import request_of
from policies.base import SoftmaxBase
from policies.bounds import Bounds
from policies.errors import PolicyError
from policies.guardrail import Thresholds
from policies.hotfix import Hotfixes

_OPTIONS = ("models", "temperature", "floor", "exploration", "replication", "guardrail", "hotfixes")
_WHERE = "plugins.routing.options"


@dataclass(frozen=True)
class SoftmaxRouter:
    """`Router` over the formula alone."""

    base: SoftmaxBase
    version: str = SOFTMAX

    def route(self, candidates: Sequence[Candidate], context: RoutingContext) -> Routing:
        """Propensities in the order of `candidates`."""
        return Routing(tuple(self.base.propensities(request_of(candidates, context))), self.version)


@hookimpl
def router(config: Mapping[str, Any]) -> Deployment:
    """The router. Raises `ConfigError` naming the key for an unknown option, a bad share, bad bounds or a bad rule."""
    _known(config, _OPTIONS, _WHERE)
    models = config.get("models")
    if models is not None and not isinstance(models, str | Path):
        raise ConfigError(f"{_WHERE}.models: {models!r} is not a folder")
    bounds_of(config), thresholds_of(config)  # only learning uses them, but a mistake is told now
    return Deployment(
        base_of(config).base, hotfixes_of(config), CertifiedRegistry(Path(models).expanduser()) if models else None
    )


def base_of(config: Mapping[str, Any]) -> SoftmaxRouter:
    """The softmax of the options. Raises `ConfigError`."""
    exploration = config.get("exploration") or {}
    _known(exploration, ("default", "by_domain"), f"{_WHERE}.exploration")
    by_domain = exploration.get("by_domain") or {}
    if not isinstance(by_domain, Mapping):
        raise ConfigError(f"{_WHERE}.exploration.by_domain: must be a mapping, not {by_domain!r}")
    shares = {str(name): _share(f"by_domain.{name}", share) for name, share in by_domain.items()}
    temperature = _number(config, "temperature", 0.1)
    if temperature <= 0:
        raise ConfigError(f"{_WHERE}.temperature: {temperature} is not positive")
    default, floor = _share("default", exploration.get("default", 0.0)), _number(config, "floor", 0.05)
    return SoftmaxRouter(SoftmaxBase(temperature, default, shares, floor))


def bounds_of(config: Mapping[str, Any]) -> Bounds:
    """The bounds of the options. Raises `ConfigError`."""
    try:
        return Bounds.parse(config.get("replication"), f"{_WHERE}.replication")
    except PolicyError as error:
        raise ConfigError(str(error)) from None


def thresholds_of(config: Mapping[str, Any]) -> Thresholds:
    """The guard-rail's thresholds of the options. Raises `ConfigError`."""
    try:
        return Thresholds.parse(config.get("guardrail"), f"{_WHERE}.guardrail")
    except PolicyError as error:
        raise ConfigError(str(error)) from None


def hotfixes_of(config: Mapping[str, Any]) -> Hotfixes:
    """The rules of the options. Raises `ConfigError`."""
    try:
        return Hotfixes.parse(config.get("hotfixes") or [], f"{_WHERE}.hotfixes")
    except PolicyError as error:
        raise ConfigError(str(error)) from None


def check(folder: Path) -> str:
    """Load the exported policy in `folder` and have it answer something; its version. Raises `AssistantError`."""
    try:
        policy = tried(read(folder))
    except PolicyError as error:
        raise AssistantError(f"{folder} cannot be used as a policy: {error}") from error
    return policy.version


def permit(registry: Registry, version: str) -> None:
    """Raise `RegistryError` where a version must not be put in force: it has no certificate, and no waiver."""
    require_certificate(registry, version)


def _known(config: object, known: Sequence[str], where: str) -> None:
    if not isinstance(config, Mapping):
        raise ConfigError(f"{where}: must be a mapping, not {config!r}")
    for key in config:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f" (there are: {', '.join(known)})"
            raise ConfigError(f"{where}.{key}: unknown key{hint}")


def _number(config: Mapping[str, Any], key: str, default: float) -> float:
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f"{_WHERE}.{key}: {value!r} is not a number")
    return float(value)


def _share(name: object, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 0.5:
        raise ConfigError(f"{_WHERE}.exploration.{name}: {value!r} is not a share between 0 and 0.5")
    return float(value)


__all__ = [
    "KIND", "SOFTMAX", "SoftmaxRouter", "base_of", "bounds_of", "check", "hotfixes_of", "permit", "read", "router",
    "thresholds_of",
]  # fmt: skip
