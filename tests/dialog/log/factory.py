"""Makes turn records."""

from __future__ import annotations

import random
import uuid
from dataclasses import replace
from typing import Any

from dialog.events import slot
from dialog.log import TurnRecord
from dialog.types import Candidate, Decision, Entity, Hypothesis, Interpretation, Reply, Turn, Understanding, Utterance

START = 1_795_150_566.41
INTENTS = ("alarm_set", "alarm_query", "calendar_set", "lists_createoradd", "general_quirky")


def record(
    sequence: int = 0,
    conversation: str = "kitchen",
    user: str = "ann",
    text: str = "wake me up at seven tomorrow morning please",
    **changes: Any,
) -> TurnRecord:
    """A typical turn: five interpretations, four candidates of five features, one entity, one reply."""
    chance = random.Random(f"{conversation}/{sequence}")
    masses = sorted((chance.random() ** 4 for _ in range(6)), reverse=True)
    total = sum(masses)
    span = Entity("time", "seven tomorrow morning", 14, 36, chance.random())
    spans = (span,)  # shared, as the readings of one hypothesis share them
    readings = tuple(Interpretation(intent, mass / total, spans) for intent, mass in zip(INTENTS, masses, strict=False))
    candidates = tuple(
        Candidate(
            reading.intent.split("_")[0],
            reading.intent,
            "time" if rank < 2 else "organiser",
            reading,
            {
                "probability": round(reading.probability, 4),
                "prior": 1.0,
                "margin": round(chance.random(), 4),
                "active": 0.0,
                "rank": round(rank / 4, 4),
            },
            "reversible",
        )
        for rank, reading in enumerate(readings[:4])
    )
    shares = [chance.random() for _ in candidates]
    propensities = tuple(share / sum(shares) for share in shares)
    said = Utterance(
        conversation,
        (Hypothesis(text),),
        uuid.UUID(int=chance.getrandbits(128)).hex,
        user,
        "rest",
        "en",
        START + sequence,
    )
    made = TurnRecord(
        said,
        Understanding(text, readings, masses[5] / total, None, "slurp-joint-2", "minilm-int8"),
        Decision(candidates, propensities, 0, 0, "softmax-1", "slurp-joint-2", "minilm-int8", 7),
        (Reply("Your alarm is set for seven o'clock tomorrow in the morning.", source="alarm"),),
        events=(slot("alarm_time", "2026-11-21T07:00:00"), slot("alarm_name", "seven"))[: sequence % 3],
        timings={"queue": 0.000061, "understand": 0.001402, "route": 0.000083, "act": 0.000441},
        sequence=sequence,
        new_session=sequence == 0,
    )
    return replace(made, **changes)


def as_turn(turn_id: int, made: TurnRecord) -> Turn:
    """What the log gives back for a record."""
    events = tuple(replace(event, data=dict(event.data)) for event in made.events)
    return Turn(
        turn_id,
        made.utterance,
        replace(made.understanding, vector=None),
        made.decision,
        events,
        made.replies,
        made.timings,
        made.failures,
    )
