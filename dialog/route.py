"""Routing steps around the policy: features of candidates, the reproducible draw, the order of further tries."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence

from dialog.errors import PluginError
from dialog.plugin import Router
from dialog.skill import Skill
from dialog.types import Candidate, Entity, Interpretation, Routing, RoutingContext, Understanding, Utterance

_EXPLICIT = re.compile(r"^/(?P<intent>[^\s{@/]+)(?:@(?P<confidence>[0-9.]+))?\s*(?P<entities>\{.*\})?\s*$", re.S)
_HELPERS = ("fallback", "clarify", "unsupported")
GREEDY = "core:greedy"


def explicit(utterance: Utterance) -> Understanding | None:
    """The meaning of a Rasa-style `/intent{"entity": value}` message, or None for ordinary text.

    A list yields one entity per element; malformed JSON counts as no entities, as Rasa does it.
    """
    import json

    found = _EXPLICIT.match(utterance.text)
    if found is None:
        return None
    entities: list[Entity] = []
    if found["entities"]:
        start, end = found.span("entities")
        try:
            raw = json.loads(found["entities"])
        except (ValueError, RecursionError):
            raw = {}
        for name, value in raw.items() if isinstance(raw, dict) else ():
            for item in value if isinstance(value, list) else [value]:
                entities.append(Entity(str(name), item, start, end, extractor="explicit"))
    try:
        confidence = min(1.0, max(0.0, float(found["confidence"] or 1.0)))
    except ValueError:
        confidence = 1.0
    reading = Interpretation(found["intent"], confidence, tuple(entities))
    return Understanding(utterance.text, (reading,), 1.0 - confidence, nlu="explicit")


def featured(
    candidates: Sequence[Candidate], understanding: Understanding, utterance: Utterance, skills: Mapping[str, Skill]
) -> tuple[Candidate, ...]:
    """Add the features that every policy can rely on; a skill's own features win. Rounded, as they are logged."""
    probabilities = [reading.probability for reading in understanding.interpretations]
    heard = utterance.hypotheses
    out = []
    for candidate in candidates:
        reading = candidate.interpretation
        rank = next((i for i, other in enumerate(understanding.interpretations) if other is reading), 9)
        confidence = heard[reading.hypothesis].confidence if reading.hypothesis < len(heard) else 1.0
        skill = skills.get(candidate.skill)
        features = {
            "probability": reading.probability,
            "rank": float(rank),
            "margin": probabilities[0] - probabilities[1] if len(probabilities) > 1 else 1.0,
            "confidence": confidence,
            "prior": skill.prior if skill else 1.0,
            **candidate.features,
        }
        rounded = {name: round(float(value), 4) for name, value in features.items()}
        skill_name, intent, domain = candidate.skill, candidate.intent, candidate.domain
        out.append(Candidate(skill_name, intent, domain, reading, rounded, candidate.effects))
    return tuple(out)


def routed(router: Router, candidates: Sequence[Candidate], context: RoutingContext) -> Routing:
    """The router's answer, checked. Raises `PluginError` when it is not a distribution over the candidates."""
    answer = router.route(candidates, context)
    for version, values in {answer.policy: answer.propensities, **answer.shadow}.items():
        if len(values) != len(candidates):
            raise PluginError(f"router {version}: {len(values)} propensities for {len(candidates)} candidates")
        if not all(math.isfinite(value) and value >= 0.0 for value in values) or abs(sum(values) - 1.0) > 1e-6:
            raise PluginError(f"router {version}: propensities are not a distribution: {values}")
    if answer.hotfix is not None and not 0 <= answer.hotfix[0] < len(candidates):
        raise PluginError(f"router {answer.policy}: hot-fix {answer.hotfix[1]} names no candidate")
    return answer


def greedy(candidates: Sequence[Candidate]) -> tuple[float, ...]:
    """All mass on the most probable candidate: what the core does when the router fails."""
    best = max(range(len(candidates)), key=lambda index: candidates[index].features.get("probability", 0.0))
    return tuple(1.0 if index == best else 0.0 for index in range(len(candidates)))


def draw(values: Sequence[float], seed: int, conversation_id: str, sequence: int) -> int:
    """The index that (seed, conversation, turn) picks from `values`; the same in every run and on every machine."""
    digest = hashlib.blake2b(f"{seed}\x00{conversation_id}\x00{sequence}".encode("utf-8", "replace"), digest_size=8)
    point = int.from_bytes(digest.digest(), "big") / 2**64 * math.fsum(values)
    total = 0.0
    for index, value in enumerate(values):
        total += value
        if point < total:
            return index
    return max(range(len(values)), key=lambda index: values[index])


def further(chosen: int, candidates: Sequence[Candidate], values: Sequence[float]) -> list[int]:
    """Candidates worth a try after the chosen one failed: same intent or clearly probable, never a costly one."""
    intent = candidates[chosen].intent
    rest = [
        index
        for index, candidate in enumerate(candidates)
        if index != chosen
        and candidate.skill != candidates[chosen].skill
        and candidate.skill not in _HELPERS
        and candidate.effects != "costly"
        and (candidate.intent == intent or candidate.features.get("probability", 0.0) >= 0.3)
    ]
    return sorted(rest, key=lambda index: -values[index])
