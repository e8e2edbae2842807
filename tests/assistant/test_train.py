"""Training and evaluating understanding from the command line, on the example that the documentation names."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import nlu.training
from assistant.cli import main

EXAMPLE = Path(nlu.training.__file__).with_name("example.yml")


@pytest.fixture(scope="module")
def bakery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("train") / "bakery"
    assert main(["train", "nlu", "--data", str(EXAMPLE), "--out", str(out), "--head-only"]) == 0
    return out


def test_the_example_trains_and_is_understood(bakery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "nlu", "--data", str(EXAMPLE), "--model", str(bakery), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["intent_accuracy"] > 0.9 and result["entity_f1"] > 0.9


def test_the_assistant_serves_the_model(bakery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.yml"
    config.write_text(f"plugins:\n  understanding:\n    options:\n      model: {bakery}\n")
    assert main(["parse", "how much are two pretzels", "--json", "--config", str(config)]) == 0
    assert json.loads(capsys.readouterr().out)["intent"]["name"] == "ask_price"


def test_errors_begin_with_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "nlu.yml"
    data.write_text("nlu:\n- intent: greet\n  examples: |\n    - hi\n    hello\n")
    assert main(["train", "nlu", "--data", str(data), "--out", str(tmp_path / "out"), "--head-only"]) == 1
    assert capsys.readouterr().err.startswith(f"{data}:5: an example of intent 'greet' must begin with '- '")


def test_what_full_training_needs_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [name for name in sys.modules if name.startswith(("nlu.training.fit", "nlu.training.network"))]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["train", "nlu", "--data", str(EXAMPLE), "--out", str(tmp_path / "out")]) == 1
    assert "install the training extra: pip install 'learning-assistant[train]'" in capsys.readouterr().err
