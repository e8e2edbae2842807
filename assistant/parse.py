"""What was understood, in the shape of Rasa's parse result (`POST /model/parse`, `assistant parse`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dialog import route
from dialog.types import Entity, Interpretation, Understanding

if TYPE_CHECKING:
    from assistant.app import Assistant

FALLBACK = "nlu_fallback"
_TOKEN = re.compile(r"\w+(?:[.'’:-]\w+)*")
_NO_SELECTOR = {
    "all_retrieval_intents": [],
    "default": {
        "response": {
            "responses": None,
            "confidence": 0.0,
            "intent_response_key": None,
            "utter_action": "utter_None",
        },
        "ranking": [],
    },
}


async def understand(assistant: Assistant, text: str) -> Understanding:
    """What a text means, without a turn; a `/intent{...}` message says it itself.

    Raises `BadUtterance` for a text that is too long, `TimeoutError` when the understanding does not answer in time.
    """
    return route.explicit(assistant.utterance(text, channel="parse")) or await assistant.understand(text)


def to_rasa(understanding: Understanding) -> dict[str, Any]:
    """The understanding of one text as Rasa's parse result; offsets are in characters, ends exclusive.

    When "none of them" is more probable than every interpretation, `nlu_fallback` with that probability stands first.
    A `/intent` message has no tokens and no response selector, as in Rasa.
    """
    best: dict[str, Interpretation] = {}
    for reading in understanding.interpretations:
        if reading.intent not in best or best[reading.intent].probability < reading.probability:
            best[reading.intent] = reading
    readings = sorted(best.values(), key=lambda reading: -reading.probability)
    ranking = [_intent(reading.intent, reading.probability) for reading in readings]
    if not readings or understanding.out_of_scope > readings[0].probability:
        ranking.insert(0, _intent(FALLBACK, understanding.out_of_scope))
    result: dict[str, Any] = {
        "text": understanding.text,
        "intent": dict(ranking[0]),
        "entities": [_entity(entity) for entity in readings[0].entities] if readings else [],
    }
    if understanding.nlu != "explicit":
        result["text_tokens"] = [list(found.span()) for found in _TOKEN.finditer(understanding.text)]
    result["intent_ranking"] = ranking
    if understanding.nlu != "explicit":
        result["response_selector"] = _NO_SELECTOR
    return result


def _intent(name: str, confidence: float) -> dict[str, Any]:
    return {"name": name, "confidence": float(confidence)}


def _entity(entity: Entity) -> dict[str, Any]:
    confidence = float(entity.confidence)
    found: dict[str, Any] = {
        "entity": entity.name,
        "value": entity.value,
        "start": entity.start,
        "end": entity.end,
        "confidence_entity": confidence,
    }
    if entity.role is not None:
        found |= {"role": entity.role, "confidence_role": confidence}
    if entity.group is not None:
        found |= {"group": entity.group, "confidence_group": confidence}
    found["extractor"] = entity.extractor
    return found
