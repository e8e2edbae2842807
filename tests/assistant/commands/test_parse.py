from __future__ import annotations

import json
from pathlib import Path

from tests.assistant.command_line import assistant, light


def test_rasa_shape(tmp_path: Path) -> None:
    light(tmp_path)
    done = assistant("parse", "set a timer", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert list(told) == [
        "text", "intent", "entities", "text_tokens", "intent_ranking", "response_selector", "out_of_scope",
    ]  # fmt: skip
    assert told["intent"] == {"name": "timer_set", "confidence": 0.9}
    assert told["intent_ranking"] == [told["intent"]]
    assert told["text_tokens"] == [[0, 3], [4, 5], [6, 11]]
    assert told["out_of_scope"] == 0.1
    [entity] = told["entities"]
    assert (entity["entity"], entity["value"], entity["start"], entity["end"]) == ("word", "timer", 6, 11)
    assert not (tmp_path / "data").exists()  # nothing is logged


def test_an_intent_by_name(tmp_path: Path) -> None:
    light(tmp_path)
    told = json.loads(assistant("parse", '/greet{"who": ["Jo", "Al"]}', "--json", folder=tmp_path).stdout)
    assert told["intent"] == {"name": "greet", "confidence": 1.0}
    assert [entity["value"] for entity in told["entities"]] == ["Jo", "Al"]
    assert "text_tokens" not in told


def test_out_of_scope_and_strange_texts(tmp_path: Path) -> None:
    light(tmp_path)
    for text in (b"", b"\xff\xfe", "🙂 مرحبا".encode(), b"\x1b[2J"):
        done = assistant("parse", text, "--json", folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["intent"]["name"] == "nlu_fallback"
    done = assistant("parse", "x" * 5000, folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "assistant parse: the text has 5000 characters; at most 4000 are taken\n"


def test_for_people(tmp_path: Path) -> None:
    light(tmp_path)
    done = assistant("parse", "set a timer", folder=tmp_path)
    assert done.stdout == "0.900  timer_set  word='timer' [6:11]\n0.100  none of these\n"
