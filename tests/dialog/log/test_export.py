"""Exports are Rasa tracker events, in Rasa's order."""

from __future__ import annotations

import json
from dataclasses import replace

from dialog.events import FIELDS, Event, from_rasa, rejected, slot
from dialog.log import Log, MemoryWrite, OutboxItem
from dialog.types import Reply, Reward
from tests.dialog.log.factory import START, record


async def test_a_turn_is_exported_in_rasas_order(log: Log) -> None:
    made = record(0, events=(rejected("lists", "late"), replace(slot("alarm_time", "07:00"), time=START + 1)))
    turn_id = await log.commit(replace(made, replies=(*made.replies, Reply(image="http://x/y.png"))))
    await log.reward(turn_id, Reward(0.5, "explicit", "user"), START + 9)
    await log.commit(record(1))
    events = [event async for event in log.export()]
    assert [(event["event"], event.get("name")) for event in events] == [
        ("action", "action_session_start"),
        ("session_started", None),
        ("action", "action_listen"),
        ("user", None),
        ("user_featurization", None),
        ("action_execution_rejected", "lists"),
        ("action", "alarm.alarm_set"),
        ("bot", None),
        ("bot", None),
        ("slot", "alarm_time"),
        ("action", "action_listen"),
        ("user", None),
        ("user_featurization", None),
        ("action", "alarm.alarm_set"),
        ("bot", None),
        ("slot", "alarm_time"),
        ("action", "action_listen"),
    ]
    assert {event["sender_id"] for event in events} == {"kitchen"}
    assert json.loads(json.dumps(events, allow_nan=False)) == events
    user, action, bot, second, set_slot = events[3], events[6], events[7], events[8], events[9]
    assert user["text"] == made.utterance.text
    assert user["input_channel"] == "rest"
    parsed = user["parse_data"]
    best = made.understanding.interpretations[0]
    assert parsed["intent"] == {"name": "alarm_set", "confidence": best.probability}
    assert parsed["intent_ranking"][0] == parsed["intent"]
    assert len(parsed["intent_ranking"]) == 5
    assert parsed["entities"] == [
        {
            "entity": "time",
            "value": "seven tomorrow morning",
            "start": 14,
            "end": 36,
            "confidence_entity": best.entities[0].confidence,
            "extractor": "nlu",
        }
    ]
    assert (parsed["message_id"], user["message_id"]) == (made.utterance.message_id,) * 2
    extra = user["metadata"]["assistant"]
    assert extra["turn_id"] == turn_id
    assert extra["decision"]["propensities"] == list(made.decision.propensities)
    assert extra["decision"]["candidates"][1]["features"] == dict(made.decision.candidates[1].features)
    assert extra["rewards"] == [
        {"value": 0.5, "source": "explicit", "estimator": "user", "hindsight": False, "time": START + 9}
    ]
    assert (action["policy"], action["confidence"]) == ("softmax-1", made.decision.propensities[0])
    keys = {"elements", "quick_replies", "buttons", "attachment", "image", "custom"}
    assert set(bot["data"]) == set(second["data"]) == keys
    assert (bot["text"], second["text"], second["data"]["image"]) == (made.replies[0].text, None, "http://x/y.png")
    assert (set_slot["value"], set_slot["timestamp"]) == ("07:00", START + 1)


async def test_every_exported_event_can_be_read_back(log: Log) -> None:
    happened = tuple(Event(name, START, dict.fromkeys(fields)) for name, fields in FIELDS.items())
    await log.commit(record(0, events=happened))
    for event in [event async for event in log.export()]:
        assert from_rasa(event).name == event["event"]


async def test_an_export_is_of_one_user_or_one_conversation(log: Log) -> None:
    await log.commit(record(0, memory=(MemoryWrite("lists", "todo", ["milk"]),)))
    await log.commit(record(0, "bath", outbox=(OutboxItem("k", "remind", {"x": 1}, 5.0, "bath"),)))
    await log.commit(record(0, "hall", "bob"))

    async def senders(**which: str) -> set[str]:
        return {event["sender_id"] async for event in log.export(**which)}

    assert await senders() == {"kitchen", "bath", "hall"}
    assert await senders(conversation_id="bath") == {"bath"}
    assert await senders(user_id="ann") == {"kitchen", "bath", "ann"}
    assert await senders(user_id="nobody") == set()
    kept = [event async for event in log.export(user_id="ann")][-2:]
    assert [(event["name"], event["value"]) for event in kept] == [
        ("memory.lists.todo", ["milk"]),
        ("outbox.k", {"kind": "remind", "payload": {"x": 1}, "due": 5.0}),
    ]
