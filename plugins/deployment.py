"""Which policies answer: the one in force, a canary for its share of the conversations, a shadow that only looks on.

Without a version in the registry the base formula answers, unchanged. Whatever a learned policy does wrong costs nobody
a turn: a canary falls back to the policy in force, the policy in force to the base, a shadow is left out; `problems`
says why.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialog.errors import AssistantError
from dialog.plugin import SentenceEncoder
from dialog.registry import Follower, Pointer, Registry, RegistryError, Release
from dialog.registry.trial import Trial, TrialFollower, Trials
from dialog.types import Candidate, Routing, RoutingContext
from plugins.requests import request_of, skill_vectors
from policies.base import SoftmaxBase
from policies.errors import PolicyError
from policies.hotfix import Hotfixes
from policies.request import Option, Request

if TYPE_CHECKING:
    from policies.policy import Policy, SkillVectors

log = logging.getLogger(__name__)
KIND = "policy"
#: The name of the formula that answers without a version.
SOFTMAX = "softmax-1"
_SUM = 1e-6
_WARM_UP = Request(
    tuple(
        Option(name, name, name, {"probability": p, "rank": r, "prior": 1.0})
        for name, p, r in (("a", 0.6, 0), ("b", 0.3, 1))
    )
)


@dataclass(frozen=True)
class Answering:
    """A policy with the vectors of the skills it is asked about. `policy` None: the base formula."""

    version: str
    policy: Policy | None = None
    skills: SkillVectors | None = None


@dataclass(frozen=True)
class _OnTrial:
    trial: Trial = field(default_factory=Trial)
    models: Mapping[str, Answering] = field(default_factory=dict)


class CertifiedRegistry(Registry):
    """Puts no policy in force that has neither a certificate nor a waiver."""

    def use(self, kind: str, version: str | None) -> Pointer:
        """As `Registry.use`. Raises `RegistryError` also for a version without a certificate and a waiver."""
        if version is not None:
            require_certificate(self, version)
        return super().use(kind, version)


def require_certificate(registry: Registry, version: str) -> None:
    """Raise `RegistryError` unless a policy is certified, or may be in force without that by a waiver."""
    if certified(registry.manifest(KIND, version).metrics):
        return
    if version not in Trials(registry, KIND).read().waivers:
        known = registry.manifest(KIND, version).metrics.get("certificate")
        reasons = [*known.get("refused", ()), *known.get("failed", ())] if isinstance(known, Mapping) else []
        why = f"it is not certified: {'; '.join(map(str, reasons))}" if reasons else "it has no certificate"
        raise RegistryError(f"policy {version} cannot be put in force: {why} (assistant promote --force --note WHY)")


def certified(card: Mapping[str, Any]) -> bool:
    """Whether the metrics of a version hold a certificate (`policies.certify`) that was passed."""
    known = card.get("certificate")
    return isinstance(known, Mapping) and known.get("passed") is True


class Deployment:
    """`LearnedRouter` over the formula and the versions of kind "policy" of a registry (None: the formula alone)."""

    def __init__(self, base: SoftmaxBase, hotfixes: Hotfixes, registry: Registry | None, every: float = 1.0) -> None:
        """`every`: seconds between two looks at the registry."""
        self.version = SOFTMAX
        self.problems: dict[str, str] = {}
        self.follower: Follower[Answering] | None = None
        self.trials: TrialFollower[Answering] | None = None
        self._base = base
        self._hotfixes = hotfixes
        self._texts: Mapping[str, Sequence[str]] = {}
        self._encode: SentenceEncoder | None = None
        self._skills: SkillVectors | None = None
        self._force = Answering(SOFTMAX)
        self._trial = _OnTrial()
        if registry is not None:
            self.follower = Follower(self, registry, KIND, every)
            self.put(self.follower.begin(strict=False))
            self.trials = TrialFollower(self, Trials(registry, KIND), every)

    # -- versions --------------------------------------------------------------------------------------------

    def load(self, release: Release | None) -> Answering:
        """A version, having answered once. Raises what is wrong with it; nothing of it is in force yet."""
        if release is None:
            return Answering(SOFTMAX)
        policy = tried(read(release.path))
        return self._ready(Answering(release.manifest.version, policy))

    def put(self, model: Answering) -> Answering:
        """Let another policy decide from the next turn on. Returns the one before."""
        old, self._force = self._force, model
        self.version = model.version
        self.problems.pop(model.version, None)
        return old

    def put_trial(self, trial: Trial, models: Mapping[str, Answering]) -> None:
        """What is on trial from the next turn on."""
        for version in models:
            self.problems.pop(version, None)
        self._trial = _OnTrial(trial, dict(models))

    def fit(self, skills: Mapping[str, Sequence[str]], encode: SentenceEncoder) -> None:
        """Learn what the skills say of themselves, then follow the registry."""
        self._texts, self._encode, self._skills = skills, encode, None
        try:
            self.put(self._ready(self._force))
        except AssistantError as error:
            self._failed(self._force.version, error)
            self.put(Answering(SOFTMAX))
        if self.follower is not None and self.trials is not None:
            self.follower.start()
            self.trials.start()

    def close(self) -> None:
        """End the threads."""
        if self.follower is not None:
            self.follower.stop()
        if self.trials is not None:
            self.trials.stop()

    @property
    def trial(self) -> Trial:
        """What is on trial, whether or not it could be loaded."""
        return self._trial.trial

    def _ready(self, model: Answering) -> Answering:
        """The model with the skills' vectors, which are made when the first policy needs them."""
        if model.policy is None or self._encode is None:
            return model
        if self._skills is None:
            from policies.policy import SkillVectors

            self._skills = SkillVectors(skill_vectors(self._texts, self._encode))
        return Answering(model.version, model.policy, self._skills)

    # -- turns -----------------------------------------------------------------------------------------------

    def route(self, candidates: Sequence[Candidate], context: RoutingContext) -> Routing:
        """Propensities in the order of `candidates`, who gave them, what a shadow would have given, and a hot-fix."""
        force, on_trial = self._force, self._trial  # what is put meanwhile answers the next turn
        request = request_of(candidates, context)
        routing = self._canary(on_trial, force, request, context) or self._asked(force, request)
        routing = routing or Routing(tuple(self._base.propensities(request)), SOFTMAX)
        shadow = self._shadow(on_trial, routing.policy, request)
        hotfix = self._hotfixes.apply(request, context.text, routing.propensities) if self._hotfixes else None
        return Routing(routing.propensities, routing.policy, hotfix, shadow)

    def _canary(
        self, on_trial: _OnTrial, force: Answering, request: Request, context: RoutingContext
    ) -> Routing | None:
        name = on_trial.trial.canary
        model = on_trial.models.get(name) if name is not None and name != force.version else None
        if model is None or not on_trial.trial.picks(context.conversation_id):
            return None
        return self._asked(model, request)

    def _shadow(self, on_trial: _OnTrial, answered: str, request: Request) -> dict[str, tuple[float, ...]]:
        name = on_trial.trial.shadow
        model = on_trial.models.get(name) if name is not None and name != answered else None
        routing = None if model is None else self._asked(model, request)
        return {} if routing is None else {routing.policy: routing.propensities}

    def _asked(self, model: Answering, request: Request) -> Routing | None:
        """What a policy answers; None where it is the base, or fails."""
        if model.policy is None or model.skills is None:
            return None
        try:
            values = tuple(float(value) for value in model.policy.propensities(request, model.skills))
            _check(values, request)
        except Exception as error:  # noqa: BLE001 - whatever a learned policy does, the turn gets its answer
            self._failed(model.version, error)
            return None
        return Routing(values, model.version)

    def _failed(self, version: str, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}"
        if self.problems.get(version) != reason:  # told once, not each turn
            self.problems[version] = reason
            log.error("policy %s cannot answer: %s", version, reason)


def _check(values: Sequence[float], request: Request) -> None:
    if len(values) != len(request.options):
        raise PolicyError(f"{len(values)} propensities for {len(request.options)} candidates")
    if not all(math.isfinite(value) and value >= 0.0 for value in values) or abs(math.fsum(values) - 1.0) > _SUM:
        raise PolicyError("its propensities are not a distribution")


def read(folder: Path) -> Policy:
    """The policy in a folder. Raises `PolicyError`."""
    from policies.policy import Policy

    return Policy.load(folder)


def tried(policy: Policy) -> Policy:
    """The policy, having answered a request, so that its memory is there. Raises `PolicyError` where it cannot."""
    _check(policy.propensities(_WARM_UP), _WARM_UP)
    return policy
