"""The cluster report on labelled files, for the shipped model and for a joint one."""

import json
from pathlib import Path

import pytest
import torch

from nlu.backbone import Backbone
from nlu.formats import read
from nlu.joint.clusters import describe, joint_space, main, shipped_space
from nlu.joint.examples import Labels
from nlu.joint.model import JointModel, Options
from nlu.joint.store import save

LINES = [
    ("wake me up at seven", "alarm_set", "seven", "time"),
    ("wake me at nine", "alarm_set", "nine", "time"),
    ("set an alarm for eight", "alarm_set", "eight", "time"),
    ("alarm at six please", "alarm_set", "six", "time"),
    ("wake us up at five", "alarm_set", "five", "time"),
    ("set an alarm at ten", "alarm_set", "ten", "date"),  # wrong
    ("what is on for monday", "calendar_query", "monday", "date"),
    ("what is on for tuesday", "calendar_query", "tuesday", "date"),
    ("any meetings on friday", "calendar_query", "friday", "date"),
    ("any plans for sunday", "calendar_query", "sunday", "date"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    records = [
        {
            "text": text, "intent": intent,
            "entities": [{"start": text.index(word), "end": text.index(word) + len(word), "entity": name}],
        }
        for text, intent, word, name in LINES
    ]  # fmt: skip
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, records)) + "\n", encoding="utf-8")
    return path


def test_the_report_names_the_line_with_the_wrong_label(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--neighbours", "4", "--share", "0.75", "--out", str(tmp_path / "out")]
    assert main([str(file), *options, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report["labels"]) == {"time", "date"} and report["entity_words"] == len(LINES)
    wrong = [one for one in report["strays"] if one["token"]["word"] == "ten"]
    assert wrong[0]["neighbours"] == "time" and wrong[0]["place"].endswith("rows.jsonl:6")
    assert json.loads((tmp_path / "out/strays.json").read_text(encoding="utf-8")) == report
    assert "[ten]" in (tmp_path / "out/strays.txt").read_text(encoding="utf-8")
    assert (tmp_path / "out/clusters.png").read_bytes().startswith(b"\x89PNG")
    assert main([str(file), "--neighbours", "4", "--share", "0.75"]) == 0
    assert "labelled date, " in capsys.readouterr().out


def test_spaces_hold_the_same_words(file: Path, tmp_path: Path) -> None:
    rows = read(file).rows
    torch.manual_seed(0)
    save(JointModel(Backbone(), Labels.of_rows(rows), Options(contrast="gaussian")), tmp_path / "joint")
    joint, shipped = joint_space(rows, tmp_path / "joint"), shipped_space(rows)
    assert joint.tokens == shipped.tokens
    assert joint.vectors.shape == (len(joint.tokens), 128) and shipped.vectors.shape == (len(joint.tokens), 384)
    assert 0 < describe(shipped)["alignment"] < 2


def test_bad_input_is_named(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "absent.jsonl")]) == 2
    assert "absent.jsonl" in capsys.readouterr().err
    bare = tmp_path / "bare.jsonl"
    bare.write_text('{"text": "hello", "intent": "greet", "entities": []}\n', encoding="utf-8")
    assert main([str(bare)]) == 2
    assert "no sentence has an annotated entity" in capsys.readouterr().err
    assert main([str(file), "--model", str(tmp_path)]) == 2
    assert "joint.json" in capsys.readouterr().err
