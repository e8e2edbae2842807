"""The policy that a report examines, with everything it sees in service: skills' texts and sentence vectors."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assistant.building import load_host
from assistant.cases.store import CaseError
from assistant.config import Config
from dialog.encoder import Encoder
from dialog.errors import PluginError
from dialog.registry import SHIPPED, Registry
from plugins.deployment import KIND, read
from plugins.requests import skill_vectors
from plugins.routing import base_of
from policies.cases import Case, Propensities
from policies.errors import PolicyError

if TYPE_CHECKING:
    from policies.policy import Policy


@dataclass(frozen=True)
class Examined:
    """A policy by its version, and the cases as it would see them. warnings: what it could not be given."""

    version: str
    propensities: Propensities
    cases: tuple[Case, ...]
    warnings: tuple[str, ...] = ()


def routing_options(config: Config) -> Mapping[str, Any]:
    """The options of the routing plugin; empty where the configuration has none."""
    section = config.plugins.get("routing")
    return section.options if section is not None else {}


async def policy_of(config: Config, version: str | None, cases: Sequence[Case]) -> Examined:
    """A version of the policy (None: the one in force, `SHIPPED`: the formula below all learned ones).

    Raises `RegistryError` for an unknown or damaged version, `CaseError` for one that cannot be read.
    """
    registry = Registry(config.assistant.data_dir / "models")
    name = version or registry.current(KIND).version or SHIPPED
    if name == SHIPPED:
        base = base_of(routing_options(config))
        return Examined(base.version, base.base.propensities, tuple(cases))
    release = registry.open(KIND, name)
    try:
        policy = read(release.path)
    except PolicyError as error:
        raise CaseError(f"policy {name} cannot be examined: {error}") from None
    return await _seeing(config, name, policy, cases)


async def refreshed(cases: Sequence[Case], encoder: Encoder) -> list[Case]:
    """The cases with sentence vectors of this encoder, made anew where they have none or another's.

    Raises `PluginError` where the understanding gives no vectors.
    """
    stale = [case for case in cases if case.request.vector is None or case.encoder != encoder.version]
    made = await encoder.encode([case.text for case in stale]) if stale else []
    new = {
        case.id: replace(case, encoder=encoder.version, request=replace(case.request, vector=vector))
        for case, vector in zip(stale, made, strict=True)
    }
    return [new.get(case.id, case) for case in cases]


async def _seeing(config: Config, name: str, policy: Policy, cases: Sequence[Case]) -> Examined:
    from policies.policy import SkillVectors

    host = await asyncio.to_thread(load_host, config)
    nlu = host.nlu()
    skills, warnings = SkillVectors(), []
    try:
        await asyncio.to_thread(host.teach, nlu)
        encoder = Encoder(nlu, asyncio.get_running_loop())
        skills = SkillVectors(await asyncio.to_thread(skill_vectors, host.skill_texts(), encoder))
        cases = await refreshed(cases, encoder)
    except PluginError as error:
        warnings.append(f"examined without sentence vectors: {error}")
    finally:
        await nlu.close()
    return Examined(name, lambda request: policy.propensities(request, skills), tuple(cases), tuple(warnings))
