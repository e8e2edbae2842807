"""A turn as Rasa's tracker events (JSON objects), in Rasa's order; what Rasa has no field for stands in `metadata`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dialog.events import NOTES
from dialog.types import Entity, Interpretation, Reply, Reward, Turn

_LISTEN = "action_listen"


def finite(value: Any) -> Any:
    """`value` without the numbers that JSON does not know: NaN and infinities become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(inner) for inner in value]
    return value


def _entity(entity: Entity) -> dict[str, Any]:
    out = {
        "entity": entity.name,
        "value": entity.value,
        "start": entity.start,
        "end": entity.end,
        "confidence_entity": entity.confidence,
        "extractor": entity.extractor,
    }
    if entity.role is not None:
        out["role"] = entity.role
    if entity.group is not None:
        out["group"] = entity.group
    return out


def _interpretation(reading: Interpretation) -> dict[str, Any]:
    return {"name": reading.intent, "confidence": reading.probability}


def parse_data(turn: Turn) -> dict[str, Any]:
    """What was understood, in the shape of Rasa's parse result."""
    readings = turn.understanding.interpretations
    return {
        "text": turn.understanding.text,
        "intent": _interpretation(readings[0]) if readings else {"name": None, "confidence": 0.0},
        "entities": [_entity(entity) for entity in readings[0].entities] if readings else [],
        "intent_ranking": [_interpretation(reading) for reading in readings],
        "message_id": turn.utterance.message_id,
        "metadata": dict(turn.utterance.metadata),
    }


def _decision(turn: Turn) -> dict[str, Any]:
    decision = turn.decision
    return {
        "candidates": [
            {
                "skill": candidate.skill,
                "intent": candidate.intent,
                "domain": candidate.domain,
                "effects": candidate.effects,
                "features": dict(candidate.features),
                "probability": candidate.interpretation.probability,
                "entities": [_entity(entity) for entity in candidate.interpretation.entities],
            }
            for candidate in decision.candidates
        ],
        "propensities": list(decision.propensities),
        "chosen": decision.chosen,
        "executed": decision.executed,
        "forced_by": decision.forced_by,
        "policy": decision.policy,
        "nlu": decision.nlu,
        "encoder": decision.encoder,
        "seed": decision.seed,
    }


def _bot(reply: Reply, time: float) -> dict[str, Any]:
    buttons = [dict(button) for button in reply.buttons]
    data = {
        "elements": None,
        "quick_replies": None,
        "buttons": buttons or None,
        "attachment": None,
        "image": reply.image,
        "custom": None if reply.data is None else dict(reply.data),
    }
    metadata = {"source": reply.source}
    if reply.spoken is not None:
        metadata["spoken"] = reply.spoken
    return {"event": "bot", "timestamp": time, "text": reply.text or None, "data": data, "metadata": metadata}


def _action(name: str, time: float, policy: str | None = None, confidence: float | None = None) -> dict[str, Any]:
    return {
        "event": "action",
        "timestamp": time,
        "name": name,
        "policy": policy,
        "confidence": confidence,
        "action_text": None,
        "hide_rule_turn": False,
    }


def tracker_events(
    turn: Turn, *, new_session: bool, rewards: Sequence[tuple[Reward, float]] = ()
) -> Iterator[dict[str, Any]]:
    """The events of one turn, each with `sender_id`.

    The `user` event's `metadata.assistant` holds turn id, user, hypotheses, the whole decision, rewards, timings and
    failures. An action is named `skill.intent`; its `confidence` is the propensity it was drawn with.
    """
    for event in _events(turn, new_session, rewards):
        event["sender_id"] = turn.utterance.conversation_id
        yield finite(event)


def _events(turn: Turn, new_session: bool, rewards: Sequence[tuple[Reward, float]]) -> Iterator[dict[str, Any]]:
    heard, decision = turn.utterance, turn.decision
    if new_session:
        yield _action("action_session_start", heard.time, None, 1.0)
        yield {"event": "session_started", "timestamp": heard.time}
        yield _action(_LISTEN, heard.time)
    yield {
        "event": "user",
        "timestamp": heard.time,
        "text": heard.text,
        "parse_data": parse_data(turn),
        "input_channel": heard.channel,
        "message_id": heard.message_id,
        "metadata": {
            **heard.metadata,
            "assistant": {
                "turn_id": turn.turn_id,
                "user_id": heard.user_id,
                "locale": heard.locale,
                "hypotheses": [{"text": h.text, "confidence": h.confidence} for h in heard.hypotheses],
                "out_of_scope": turn.understanding.out_of_scope,
                "nlu": turn.understanding.nlu,
                "encoder": turn.understanding.encoder,
                "decision": _decision(turn),
                "notes": [{"event": e.name, **e.data} for e in turn.events if e.name in NOTES],
                "rewards": [
                    {
                        "value": reward.value,
                        "source": reward.source,
                        "estimator": reward.estimator,
                        "hindsight": reward.hindsight,
                        "time": time,
                    }
                    for reward, time in rewards
                ],
                "timings": dict(turn.timings),
                "failures": list(turn.failures),
            },
        },
    }
    yield {"event": "user_featurization", "timestamp": heard.time, "use_text_for_featurization": False}
    rejections = [event for event in turn.events if event.name == "action_execution_rejected"]
    for event in rejections:
        yield event.to_rasa()
    if 0 <= decision.executed < len(decision.candidates):
        done = decision.candidates[decision.executed]
        confidence = decision.propensities[decision.executed]
        yield _action(f"{done.skill}.{done.intent}", heard.time, decision.policy, confidence)
    for reply in turn.replies:
        yield _bot(reply, heard.time)
    for event in turn.events:
        if event.name != "action_execution_rejected" and event.name not in NOTES:
            yield event.to_rasa()
    yield _action(_LISTEN, heard.time)
