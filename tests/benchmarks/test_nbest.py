"""The `nbest` benchmark on a made-up data folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import nbest, nbest_cells
from benchmarks.nbest_merge import measure_merge
from benchmarks.nbest_report import Results, draw, f1_difference, paired
from tests.nlu.nbest.callers import write

SENTENCES = (
    ("wake me up at [time : seven] [date : tomorrow]", "alarm", "set", "wake me up at heaven tomorrow"),
    ("play some [music_genre : jazz]", "play", "music", "play some chess"),
    ("what is the weather in [place_name : rome]", "weather", "query", "what is the whether in rome"),
    ("turn off the lights in the [house_place : kitchen]", "iot", "hue_lightoff", "turn of the lights in the chicken"),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write(folder)
    gold, spoken = [], []
    for number in range(12):
        sentence, scenario, action, wrong = SENTENCES[number % len(SENTENCES)]
        gold.append({
            "slurp_id": number, "sentence_annotation": sentence, "scenario": scenario, "action": action,
            "recordings": [{"file": f"{number}.flac"}],
        })  # fmt: skip
        right = plain_text(sentence)
        lines = [{"hypothesis": wrong, "logprob": -1.0}, {"hypothesis": right, "logprob": -1.2}]
        spoken.append({"id": number, "alternatives": lines if number else lines[::-1]})
    for name, records in (("slurp/dataset/slurp", gold), ("slurp_synth_asr", spoken)):
        (folder / name).mkdir(parents=True)
        (folder / name / "devel.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder


def plain_text(annotated: str) -> str:
    from nlu.data import parse_brackets

    return parse_brackets(annotated)[0]


def test_the_floor_and_the_merge_as_a_command(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(nbest_cells.STATES, "")
    rows = "live system; linear, best line; linear, 10-best"
    command = ["--json", "--quick", "--data", str(data), "--cache", str(tmp_path), "--workers", "1", "--rows", rows]
    code = nbest.main(command)
    report = json.loads(capsys.readouterr().out)
    assert code == (0 if all(row["met"] is not False for row in report["rows"]) else 1)
    table = {line["row"]: line for line in report["table"]}
    assert table["linear, 10-best"]["f1"] > table["linear, best line"]["f1"] > table["live system"]["f1"]
    assert report["merge"]["rows"][0] + report["merge"]["rows"][1] == 12
    assert "right" not in json.dumps(report["merge"])
    assert len(Path(tmp_path / "cells.jsonl").read_text().splitlines()) == 4
    assert nbest.main(command) == code  # from the cache
    assert len(Path(tmp_path / "cells.jsonl").read_text().splitlines()) == 4


def test_an_encoder_cell(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(nbest_cells.STATES, str(tmp_path))
    cell = nbest.plan(["ours"], 1, 0, 192)[0] | {"batch": 48}
    found = nbest_cells.measure(cell, data)
    assert set(found["sizes"]) == {"1", "2", "3", "5", "10"} and set(found["temperatures"]) == {
        "0.5",
        "1.0",
        "2.0",
        "4.0",
    }
    assert found["share"] in nbest_cells.STACK and 0 <= found["joint"] <= 1
    turns = nbest_cells.parts(data, 0)[2]
    cells = [cell, {"row": "linear, 10-best", "kind": "linear"}]
    linear = nbest_cells.measure(nbest.plan(["linear, 10-best"], 1, 0, 1)[0], data)
    results = Results(cells, [found, linear], [turn.dialog for turn in turns])
    lines = paired(results)
    assert {(line["with"], line["without"]) for line in lines} >= {
        ("ours", "linear, 10-best"),
        ("ours", "ours, best line"),
    }
    draw({"ours": {"sizes": found["sizes"]}}, tmp_path)
    assert (tmp_path / "nbest-size.png").stat().st_size > 1000


def test_counts_survive_packing() -> None:
    table = np.array([[1, 2, 3, 0], [0, 0, 0, 1]])
    assert np.array_equal(nbest_cells.unpacked(nbest_cells.packed(table)), table)


def test_the_interval_of_f1_holds_the_difference() -> None:
    rng = np.random.default_rng(0)
    gold = np.ones((1, 400), np.int64)
    left, right = (rng.random((1, 400)) < share for share in (0.9, 0.7))
    tables = [np.stack([hit, np.ones_like(gold), gold, hit], -1).astype(np.int64) for hit in (left, right)]
    found = f1_difference(tables[0], tables[1], np.repeat(np.arange(100), 4), rng)
    assert found.mean == pytest.approx(100 * (left.mean() - right.mean()))
    assert 0 < found.low < found.mean < found.high < 40 and found.p < 0.01
    same = f1_difference(tables[0], tables[0], np.repeat(np.arange(100), 4), rng)
    assert same.mean == 0 and same.p == 1.0


def test_only_the_encoder_has_seeds() -> None:
    cells = nbest.plan(list(nbest.ROWS), 3, 0, 100)
    assert sum("seed" in cell for cell in cells) == 3 * sum(row["kind"] == "encoder" for row in nbest.ROWS.values())
    assert len({json.dumps(cell, sort_keys=True) for cell in cells}) == len(cells)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--rows", "nonsense"], "unknown rows ['nonsense']"),
        (["--workers", "0"], "too small"),
        (["--data", "/nowhere"], "data file is missing: /nowhere/dstc2"),
    ],
)
def test_wrong_arguments(wrong: list[str], message: str, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        nbest.main(["--data", str(data), *wrong])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_too_few_sentences_to_choose(data: Path) -> None:
    cell: dict[str, Any] = {"limit": 1}
    with pytest.raises(ValueError, match="too few"):
        measure_merge(cell, data)
