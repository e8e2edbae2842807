"""`assistant eval math`: questions go through the solver as in the assistant, and figures say what came of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from assistant.cli import main
from plugins.math import evaluate, solving
from plugins.math.evaluate import ask, figures
from plugins.math.questions import Question
from plugins.math.settings import Options
from plugins.math.solving import Loaded, Solving
from plugins.math.vote import Vote
from tests.plugins.math.beam_channels import BeamChannel

LEFT = "Tom had 9 marbles. He gave away 4 marbles. How many marbles are left?"
BOTH = "Ann has 3 cards and Bob has 5 cards. How many cards do they have together?"
ODD = "Ann has 7 cards and 2 pens. How many cards does she have?"
VOTE = Vote({"relation: mass": 6.0}, {"relation: mass": 0.5}, {"relation: mass": 1.0})
BEAMS = {LEFT: [("A-B", 0.9), ("A+B", 0.1)], BOTH: [("A*B", 0.6), ("A+B", 0.3)]}


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Loaded((BeamChannel("relation", BEAMS),), VOTE, 0.8)
    monkeypatch.setattr(solving, "load", lambda options: found)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "own.jsonl"
    rows = [{"id": "a", "question": LEFT, "answer": 5}, {"question": BOTH, "answer": 8}, {"question": ODD, "answer": 7}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


async def test_outcomes_are_those_of_the_skill() -> None:
    solver = Solving(Options(), {}, Loaded((BeamChannel("relation", BEAMS),), VOTE, 0.8))
    questions = [Question("a", LEFT, 5.0), Question("b", BOTH, 8.0), Question("c", ODD, 7.0)]
    heard: list[float] = []
    found = await ask(questions, solver.solve, lambda done, note: heard.append(done))
    assert [(one.best, one.right, one.verdict.answer is not None) for one in found] == [
        (5.0, True, True),
        (15.0, False, False),
        (None, False, False),
    ]
    assert heard == [1, 2, 3]
    result = figures(found)
    assert result["accuracy"] == pytest.approx(0.3333) and result["coverage"] == pytest.approx(0.3333)
    assert result["precision"] == 1.0 and result["answered wrongly"] == 0 and result["without a derivation"] == 1
    assert result["curve"][0] == {"coverage": 0.3333, "probability": pytest.approx(0.91, abs=1e-3), "precision": 1.0}


@pytest.mark.usefixtures("loaded")
def test_the_command_prints_figures_and_lists_what_is_wrong(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    errors, picture = tmp_path / "wrong.jsonl", tmp_path / "curve.png"
    words = ["eval", "math", "--data", str(data), "--errors", str(errors), "--picture", str(picture)]
    assert main([*words, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["questions"] == 3 and result["precision"] == 1.0 and result["p50_ms"] > 0
    wrong = [json.loads(line) for line in errors.read_text(encoding="utf-8").splitlines()]
    assert [one["id"] for one in wrong] == ["2", "3"]
    assert wrong[0]["readings"][1] == {"answer": 8.0, "channels": ["relation"], "formula": "A+B", "right": True}
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert main(words) == 0
    assert "3 questions, 33.3 % right if all are answered; 33.3 % answered, 100.0 %" in capsys.readouterr().out


@pytest.mark.usefixtures("loaded")
def test_several_files_are_told_apart_and_put_together(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps({"question": LEFT, "answer": 5}), encoding="utf-8")
    assert main(["eval", "math", "--data", str(tmp_path), "--limit", "1", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result) == {"own", "other", "all together"} and result["all together"]["questions"] == 2
    assert main(["eval", "math", "--data", str(data), str(data)]) == 1
    assert "two files are called 'own'" in capsys.readouterr().err


def test_what_is_missing_is_named(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def told(*words: str) -> str:
        assert main(["eval", "math", *words]) == 1
        return capsys.readouterr().err

    assert "none.json: there is no such file" in told("--data", str(tmp_path / "none.json"))
    assert "plugins.math.options.model" in told("--data", str(data), "--model", str(tmp_path / "none"))
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "there is no solver for word problems" in told("--data", str(data), "--model", str(empty))
    assert "does not exist" in told("--data", str(data), "--errors", str(tmp_path / "no" / "wrong.jsonl"))
    assert "precision" in told("--data", str(data), "--precision", "1.5")


@pytest.mark.usefixtures("loaded")
def test_a_picture_without_its_library_is_refused_with_a_hint(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "plugins.math.training.curves", raising=False)
    for name in [name for name in sys.modules if name.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["eval", "math", "--data", str(data), "--picture", str(tmp_path / "curve.png")]) == 1
    assert "learning-assistant[train]" in capsys.readouterr().err


def test_a_number_of_questions_is_positive(data: Path) -> None:
    with pytest.raises(SystemExit):
        evaluate.main(["--data", str(data), "--limit", "0"])
