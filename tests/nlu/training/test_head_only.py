"""Heads on the encoder as it is, intents added to a model, and the commands around them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nlu.runtime import Understander
from nlu.training import cli, evaluate
from nlu.training.extend import extend

from .data import write_data

WITHOUT_TORCH = """
import sys
for name in ("torch", "onnx", "transformers", "sklearn"):
    sys.modules[name] = None  # as if it were not installed
from nlu.training.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("head-only")
    data, out = write_data(folder), folder / "flights"
    options = ["--data", str(data), "--out", str(out), "--head-only", "--json"]
    command = [sys.executable, "-c", WITHOUT_TORCH, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads((out / "report.json").read_text())
    return out


def test_a_whole_model_without_torch(model: Path) -> None:
    report = json.loads((model / "report.json").read_text())
    assert report["head_only"] and report["parity"]["same_intent"] >= 0.995 and report["alone_is_batch"]["equal"]
    assert sorted(path.name for path in model.iterdir()) == [
        "anchors.npz", "branch.onnx", "head.json", "head.npz", "report.json",
    ]  # fmt: skip
    understander = Understander.load(model)
    assert understander.intents == ("book_flight", "cook", "leave") and understander.entities == ("city", "dish")
    parse = understander.parse(["please book a flight to madrid"])[0]
    assert parse.intent == "book_flight"
    assert [(e.name, e.value) for e in parse.entities] == [("city", "madrid")]
    assert understander.parse(["asdf qwoeiru zxcv"])[0].intent is None


def test_alone_as_in_any_batch(model: Path) -> None:
    understander = Understander.load(model)
    texts = ["bye", "how do i cook pancakes", "", "i want to fly to new york now", "x" * 5000]
    together = understander.parse(texts)
    for text, parse in zip(texts, together, strict=True):
        alone = understander.parse([text])[0]
        assert (alone.intents, alone.entities, alone.out_of_scope) == (
            parse.intents,
            parse.entities,
            parse.out_of_scope,
        )


def test_intents_are_added_to_a_model(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    extra = write_data(tmp_path, {"toss_coin": ["flip a coin", "toss a coin", "heads or tails"]}, "extra.yml")
    out = tmp_path / "more"
    command = ["--data", str(extra), "--base", str(model), "--out", str(out), "--head-only"]
    assert cli.main(command) == 0
    assert "intents added: toss_coin" in capsys.readouterr().out
    extended = Understander.load(out)
    assert extended.intents == ("book_flight", "cook", "leave", "toss_coin")
    found = [parse.intent for parse in extended.parse(["please flip a coin", "book a flight to rome", "goodbye"])]
    assert found == ["toss_coin", "book_flight", "leave"]
    assert cli.main([*command[:-1]]) == 1 and "--base goes with --head-only" in capsys.readouterr().err

    # A plugin's examples() go the same way, also onto a model that was extended before.
    twice = tmp_path / "twice"
    report = extend(out, {"roll_dice": ["roll a die", "roll two dice", "throw the dice"]}, twice)
    assert report["intents_added"] == ["roll_dice", "toss_coin"]
    found = Understander.load(twice).parse(["flip a coin", "roll the dice"])
    assert {parse.intent for parse in found} == {"toss_coin", "roll_dice"}
    assert Understander.load(twice).version == Understander.load(twice).version != extended.version


def test_the_shipped_model_can_be_extended(tmp_path: Path, understander: Understander) -> None:
    report = extend(None, {"toss_coin": ["flip a coin", "toss a coin", "heads or tails"]}, tmp_path / "shipped")
    assert report["base"] == understander.version
    found = Understander.load(tmp_path / "shipped").parse(["flip a coin please", "wake me up at seven tomorrow"])
    assert [parse.intent for parse in found] == ["toss_coin", "alarm_set"]


def test_evaluation(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "test.jsonl"
    data.write_text(
        '{"text": "book a flight to tokyo", "intent": "book_flight", "alternatives": ["book a fight to tokyo"],'
        ' "entities": [{"entity": "city", "start": 17, "end": 22}]}\n'
        '{"text": "see you", "intent": "leave", "entities": []}\n'
        '{"text": "see you later", "intent": "cook", "entities": []}\n'
        '{"text": "qwer zxcv uiop", "intent": "oos", "entities": []}\n'
    )
    command = ["--data", str(data), "--model", str(model), "--out-of-scope", "oos"]
    assert evaluate.main([*command, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["intent_accuracy"] == 0.75 and result["entity_f1"] == 1.0
    assert result["confusions"] == [{"intent": "cook", "taken_for": "leave", "count": 1}]
    assert result["out_of_scope"]["rejected"] == 1.0 and result["recognised"]["sentences"] == 1
    assert evaluate.main(command) == 0
    assert "1 x cook -> leave" in capsys.readouterr().out
    assert evaluate.main(command[:-2]) == 1
    assert f"{data}:4: intent 'oos'" in capsys.readouterr().err
    assert evaluate.main(["--data", str(data), "--model", str(tmp_path)]) == 1
    assert "cannot be loaded" in capsys.readouterr().err


def test_other_evaluations_are_handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("slurp/dataset", "clinc150"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setattr("nlu.evaluate.main", lambda argv: len(argv))
    assert evaluate.main(["--data", str(tmp_path), "--no-floor"]) == 3
    assert evaluate.main([]) == 0
    monkeypatch.setattr("nlu.joint.clusters.main", lambda argv: 10 + len(argv))
    assert evaluate.main(["--clusters", "--data", "x"]) == 12


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nlu:\n- intent: a\n  examples: |\n    - x\n    - y\n", "nlu.yml:4: all 2 sentences have the one intent 'a'"),
        ("nlu:\n- intent: a\n  examples: |\n    - x\n- intent: b\n  examples: |\n    - y\n", "none can be held out"),
        ("nlu: []\n", "nlu.yml:1:6: the list 'nlu' is empty"),
    ],
)
def test_data_that_cannot_train(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str) -> None:
    data = tmp_path / "nlu.yml"
    data.write_text(text)
    assert cli.main(["--data", str(data), "--out", str(tmp_path / "out"), "--head-only"]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
