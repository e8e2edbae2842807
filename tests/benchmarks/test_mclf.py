"""The `mclf` benchmark on made-up cells and a made-up data folder."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import mclf, mclf_cells, mclf_pictures
from benchmarks.mclf_results import Part, Results
from nlu.robust import experiment
from tests.nlu.robust import folders, tiny

#: Accuracy of each row in the made-up results.
QUALITY = {"ce": 0.5, "spokencse_paper": 0.6, "mclf": 0.6, "mix": 0.7, "ours": 0.9, "oracle": 0.95}


def invented(cell: Mapping[str, Any], items: int = 16) -> dict[str, Any]:
    rng = np.random.default_rng([cell["seed"], len(cell["row"]), len(cell["set"])])
    right = rng.permutation(items) < round(QUALITY.get(cell["row"], 0.5) * items)
    figures = {"accuracy": float(right.mean()), "dev": 0.5, "steps": 10, "seconds": 1.0}
    return figures | {"right": "".join("1" if value else "0" for value in right)}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("atis", "trec50"):
        folders.phonemebert(tmp_path, name)

    def run_cells(name: str, cells: Sequence[Mapping[str, Any]], function: str, **_: object) -> list[dict[str, Any]]:
        assert (name, function) == ("mclf", "benchmarks.mclf_cells:measure")
        return [invented(cell) for cell in cells]

    monkeypatch.setattr(mclf, "run_cells", run_cells)
    monkeypatch.setenv(mclf_cells.SHARED, "")  # given back after the test
    return tmp_path


def command(data: Path, *more: str) -> list[str]:
    return ["--data", str(data), "--cache", str(data / "cache"), *more]


def test_report(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mclf.main(command(data, "--quick", "--json", "--pictures", str(data / "pictures"))) == 0
    filed = json.loads(capsys.readouterr().out)
    assert filed["name"] == "mclf" and filed["seeds"] == [0]
    claims = {line["metric"]: line for line in filed["rows"]}
    ratio = claims["errors of ours / errors of ce, mean of sets"]
    assert ratio["ours"] == pytest.approx(2 / 8, rel=0.01) and ratio["met"] and ratio["bar"] == 1.0
    table = {(line["row"], line["set"]): line for line in filed["table"]}
    assert table["mix", "atis"]["mean"] == 68.75 and table["oracle", "atis"]["gap_recovered"] == 1.0
    assert {line["base"] for line in filed["paired"]["ours"]} == {"ce", "mix", "mclf", "spokencse_paper"}
    assert sum(line["items"] for line in filed["buckets"] if (line["row"], line["set"]) == ("ce", "atis")) == 16
    names = sorted(path.name for path in (data / "pictures").iterdir())
    assert names == ["mclf-wer-atis.png", "mclf-wer-trec50.png", "mclf.png"]


def test_a_wrong_direction_fails(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(QUALITY, "ours", 0.3)
    assert mclf.main(command(data, "--quick")) == 1
    assert "A CLAIM FAILED" in capsys.readouterr().out


def test_folds_put_the_pooled_items_together(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from nlu.robust.parallel import read

    sizes = [len(read(data, "atis").fold(number, 2).test) for number in range(2)]

    def run_cells(name: str, cells: Sequence[Mapping[str, Any]], function: str, **_: object) -> list[dict[str, Any]]:
        return [invented(cell, sizes[cell["fold"]]) for cell in cells]

    monkeypatch.setattr(mclf, "run_cells", run_cells)
    mclf.main(command(data, "--json", "--folds", "2", "--sets", "atis", "--rows", "ce,ours", "--seeds", "2"))
    filed = json.loads(capsys.readouterr().out)
    assert {line["items"] for line in filed["table"]} == {sum(sizes)} == {48 + 16 + 16}
    assert {line["n"] for line in filed["table"]} == {2}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--sets", "snips"], "unknown set 'snips'"),
        (["--rows", "best"], "unknown row 'best'"),
        (["--ours", "stage1=most"], "unknown stage 1 'most'"),
        (["--folds", "1"], "--folds must be"),
        (["--frozen", "2"], "--frozen must be"),
        (["--sets", "trec6"], "data folder is missing"),
    ],
)
def test_wrong_arguments(data: Path, more: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        mclf.main(command(data, *more))
    assert message in capsys.readouterr().err


def test_a_real_cell(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "Backbone", tiny.TinyBackbone)
    monkeypatch.setattr("nlu.robust.wide.BUCKETS", 2**10)
    monkeypatch.setenv(mclf_cells.SHARED, str(data / "shared"))
    args = mclf.arguments().parse_args(
        command(data, "--rows", "mix,ours", "--sets", "atis", "--steps", "2", "--seeds", "1")
    )
    for cell in mclf.plan_cells(args):
        result = mclf_cells.measure({**cell, "epochs": 2}, data)
        assert len(result["right"]) == 16 and result["right"].count("1") / 16 == result["accuracy"]
        assert result["steps"] == 2 * 2 + 2 and json.dumps(result)


def test_ablations_change_one_thing_each() -> None:
    args = mclf.arguments().parse_args(["--ablations", "--sets", "atis", "--seeds", "1"])
    cells = mclf.plan_cells(args)
    keys = [json.dumps(cell, sort_keys=True) for cell in cells]
    assert len(set(keys)) == len(keys)
    results = Results(cells, [invented(cell) for cell in cells])
    assert {"both", "both pooling=cls", "both batch1=64", "both+deletion"} <= set(results.rows)


def test_recordings_of_a_sentence_are_drawn_as_one_and_count_once() -> None:
    cells = [
        {"row": row, "set": "slurp", "seed": 0, "pooling": "mean_max", "batch1": 32, "batch": 32}
        for row in ("ce", "mix")
    ]
    found = [{"right": right, "dev": 0.0, "steps": 1, "seconds": 1.0} for right in ("1110", "1111")]
    results = Results(cells, found, {"slurp": Part(np.array(["a", "a", "a", "b"]), np.array([0.0, 0.1, 0.3, 2.0]))})
    table = {line["row"]: line for line in results.table()}
    assert table["ce"]["mean"] == 75.0 and table["ce"]["per_utterance"] == 50.0
    assert [(line["wer_up_to"], line["accuracy"]) for line in results.buckets() if line["row"] == "ce"] == [
        (0.0, 100.0), (0.2, 100.0), (0.4, 100.0), (None, 0.0),
    ]  # fmt: skip
    assert results.better_spokencse() is None
    assert results.differences("mix", "ce")[0]["difference"] == 25.0


def test_every_picture_row_is_a_row() -> None:
    assert set(mclf_pictures.LINES) <= set(mclf.ROWS)
