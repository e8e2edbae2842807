from __future__ import annotations

from assistant.parse import to_rasa
from dialog.types import Entity, Interpretation, Understanding


def test_shape_and_order() -> None:
    city = Entity("city", "Berlin", 7, 13, 0.8, role="to", group="1")
    readings = (
        Interpretation("greet", 0.2),
        Interpretation("book", 0.5, (city,)),
        Interpretation("book", 0.1, hypothesis=1),
    )
    result = to_rasa(Understanding("fly to Berlin", readings, 0.2))
    assert result["intent"] == {"name": "book", "confidence": 0.5}
    assert [entry["name"] for entry in result["intent_ranking"]] == ["book", "greet"]
    assert result["entities"] == [
        {
            "entity": "city",
            "value": "Berlin",
            "start": 7,
            "end": 13,
            "confidence_entity": 0.8,
            "role": "to",
            "confidence_role": 0.8,
            "group": "1",
            "confidence_group": 0.8,
            "extractor": "nlu",
        }
    ]
    assert list(result) == ["text", "intent", "entities", "text_tokens", "intent_ranking", "response_selector"]


def test_fallback_stands_first() -> None:
    result = to_rasa(Understanding("blub", (Interpretation("greet", 0.2),), 0.7))
    assert result["intent"] == {"name": "nlu_fallback", "confidence": 0.7}
    assert [entry["name"] for entry in result["intent_ranking"]] == ["nlu_fallback", "greet"]
    assert to_rasa(Understanding("", (), 1.0))["intent"]["name"] == "nlu_fallback"


def test_tokens_are_character_spans() -> None:
    text = "it's 7:30 in Sankt-Gallen, café 😀!"
    spans = to_rasa(Understanding(text, (), 1.0))["text_tokens"]
    assert [text[start:end] for start, end in spans] == ["it's", "7:30", "in", "Sankt-Gallen", "café"]


def test_intent_message_has_fewer_fields() -> None:
    result = to_rasa(Understanding("/greet", (Interpretation("greet", 1.0),), 0.0, nlu="explicit"))
    assert list(result) == ["text", "intent", "entities", "intent_ranking"]
