"""The entity-contrast benchmark on made-up data: readers, leaks, relative changes, and a run end to end."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.entity_contrast import ABLATIONS, arguments, main, plan_cells
from benchmarks.entity_contrast_cells import METHODS
from benchmarks.entity_contrast_data import Suite, domain_of, read_suite, tagged
from benchmarks.entity_contrast_report import PAIRS, by_domain, claims, paired
from benchmarks.entity_contrast_results import Results
from nlu.data import Row, Span

FLIGHTS = [
    ("fly to boston", "O O B-city", "atis_flight"),
    ("fly to new york", "O O B-city I-city", "atis_flight"),
    ("fares to denver", "O O B-city", "atis_airfare"),
    ("fares to boston please", "O O B-city O", "atis_airfare"),
]


def write_tagged(folder: Path, rows: list[tuple[str, str, str]]) -> None:
    folder.mkdir(parents=True)
    for name, column in (("seq.in", 0), ("seq.out", 1), ("label", 2)):
        (folder / name).write_text("".join(row[column] + "\n" for row in rows), encoding="utf-8")


def write_lines(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    base = folder / "atis_snips_slots/data"
    test = [("fly to denver", "O O B-city", "atis_flight"), ("fares to rome", "O O B-city", "atis_airfare")]
    for name in ("atis", "snips"):
        write_tagged(base / name / "train", [*FLIGHTS, test[0]])
        write_tagged(base / name / "dev", FLIGHTS[:2])
        write_tagged(base / name / "test", test)
    spoken = folder / "phonemebert/atis"
    write_lines(spoken / "train/text_original.txt", ["fly to boston", "fly to denver"])
    write_lines(spoken / "train/en.classification.txt", ["fly to austin", "fly to den for"])
    write_lines(spoken / "test/text_original.txt", ["fly to denver", "fares to rome", "never seen"])
    write_lines(spoken / "test/en.classification.txt", ["fly two den", "fares", "ever seen"])
    slurp = folder / "slurp/dataset/slurp"
    for part, words in (("devel", "six"), ("test", "ten")):
        record = {
            "sentence_annotation": f"wake me at [time : {words}]", "scenario": "alarm", "action": "set",
            "recordings": [{"file": f"{part}.flac"}],
        }  # fmt: skip
        write_lines(slurp / f"{part}.jsonl", [json.dumps(record)])
    heard = [json.dumps({"file": "test.flac", "text": "wait me at ten"})]
    write_lines(folder / "slurp/experiments/predictions/multi_slurp_hermit_predictions.jsonl", heard)
    train = [
        {"sentence": "wake me at nine", "intent": "alarm_set", "hwu_annotation": "wake me at [time : nine]"},
        {"sentence": "wake me at ten", "intent": "alarm_set", "hwu_annotation": "wake me at [time : ten]"},
        {"sentence": "no annotation here", "intent": "alarm_set"},
    ]
    write_lines(
        folder / "massive_mtop_text/derived_slurp_train_text_hwu_entities.jsonl", [json.dumps(r) for r in train]
    )
    synth = [{"reference": "wake me at nine", "hypothesis_spoken": "wait me at nine", "wer_spoken": 0.25}]
    write_lines(folder / "slurp_synth_asr/train.jsonl", [json.dumps(r) for r in synth])
    for fold in range(1, 11):
        path = folder / f"hwu64/CrossValidation/KFold_{fold}/testset/csv/alarm_set.csv"
        path.parent.mkdir(parents=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=";")
            writer.writerow(["scenario", "intent", "answer_annotation", "answer_from_user"])
            writer.writerow(["alarm", "set", f"alarm for [time : {fold}]", f"Alarm for {fold}"])
            writer.writerow(["alarm", "set", "the same in all folds", "the same in all folds"])
    return folder


def test_atis_joins_transcripts_to_slots_and_leaves_leaks_out(data: Path) -> None:
    suite = read_suite(data, "atis")
    assert [row.text for row in suite.train] == [row[0] for row in FLIGHTS]
    assert suite.heard == {"fly to boston": ["fly to austin"]}
    clean, heard = suite.tests["clean"], suite.tests["recognised"]
    assert clean[0].spans == (Span("city", 7, 13),)
    assert [(row.text, row.intent) for row in heard] == [("fly two den", "atis_flight"), ("fares", "atis_airfare")]
    assert heard[0].spans == (Span("city", 8, 11),) and heard[1].spans == ()
    assert suite.notes == {
        "train_texts_in_test": 1, "transcripts_of_test_texts_in_train": 1, "test_transcripts_without_gold": 1,
        "slots_not_recognised_at_all": 1,
    }  # fmt: skip


def test_slurp_trains_on_annotated_rows_outside_devel_and_test(data: Path) -> None:
    suite = read_suite(data, "slurp")
    texts = [row.text for row in suite.train]
    assert "wake me at nine" in texts and "wake me at ten" not in texts and "no annotation here" not in texts
    assert suite.tests["recognised"][0].text == "wait me at ten"
    assert suite.tests["recognised"][0].spans == (Span("time", 11, 14),)
    assert suite.heard == {"wake me at nine": ["wait me at nine"]}


def test_folds_share_no_text(data: Path) -> None:
    suite = read_suite(data, "hwu10")
    parts = [{row.text for row in part} for part in (suite.tests["clean"], suite.dev, suite.train)]
    assert parts[0] == {"alarm for 10", "the same in all folds"} and parts[1] == {"alarm for 1"}
    assert parts[2] == {f"alarm for {fold}" for fold in range(2, 10)}
    assert len(read_suite(data, "hwu10", 3).train) == 3


def test_bad_data_is_named(data: Path, tmp_path: Path) -> None:
    for name in ("hwu11", "atis2"):
        with pytest.raises(ValueError, match=name):
            read_suite(data, name)
    with pytest.raises(FileNotFoundError, match=r"seq\.in"):
        read_suite(tmp_path, "snips")
    write_tagged(tmp_path / "short", [("a b", "O", "x")])
    with pytest.raises(ValueError, match=r"seq\.out:1"):
        tagged(tmp_path / "short", "t")
    write_tagged(tmp_path / "odd", [("a", "O", "x"), ("b", "Q-city", "x")])
    with pytest.raises(ValueError, match=r"seq\.out:2"):
        tagged(tmp_path / "odd", "t")


def test_domains() -> None:
    assert domain_of("hwu3", "alarm_set") == domain_of("slurp", "alarm_set") == "alarm"
    assert domain_of("snips", "PlayMusic") == "PlayMusic"
    assert domain_of("atis", "atis_flight") == "atis"


def cell(row: str, name: str, seed: int) -> dict[str, Any]:
    return {"row": row, "set": name, "seed": seed}


def result(errors: str, wrong: str) -> dict[str, Any]:
    shape = dict.fromkeys(("mean_alignment", "mean_uniformity", "vector_alignment", "vector_uniformity"), 0.5)
    return {"seconds": 1.0, "views": {"clean": {"errors": errors, "wrong_intents": wrong, "slot_f1": 0.5} | shape}}


@pytest.fixture
def results() -> Results:
    rows = [Row("a", "x_1", (Span("s", 0, 1),), "t", "a"), Row("b", "x_1", (), "t", "b"), Row("c", "y_1", (), "t", "c")]
    suites = {name: Suite(name, rows, rows, {"clean": rows}, {}, 0.1, {}) for name in ("hwu1", "hwu2")}
    cells, found = [], []
    for seed in (0, 1):
        for name in suites:
            for row, errors, wrong in (("joint", "210", "110"), ("ours", "100", "000")):
                cells.append(cell(row, name, seed))
                found.append(result(errors, wrong))
    return Results(cells, found, suites)


def test_changes_by_hand(results: Results) -> None:
    part = [("hwu", "clean")]
    assert results.items("joint", "hwu", "clean").tolist() == [[2, 1, 0, 2, 1, 0]] * 2
    assert results.level("joint", "hwu", "clean", "semer").tolist() == [6 / 8, 6 / 8]
    assert results.level("joint", "hwu", "clean", "irer").tolist() == [4 / 6, 4 / 6]
    assert results.level("ours", "hwu", "clean", "icer").tolist() == [0, 0]
    change = results.change("ours", "joint", part)
    assert change is not None and change.change == pytest.approx(-2 / 3)
    assert -1 <= change.low <= change.change <= change.high <= 0 and change.p <= 0.05
    assert results.change("ours", "joint", part, "semer", "y") is None
    assert results.domains("hwu") == {"x": 6, "y": 2}
    same = results.change("joint", "joint", part)
    assert same is not None and same.change == 0 and same.p == 1


def test_report_rows(results: Results) -> None:
    lines = paired(results)
    assert {(line["ours"], line["base"]) for line in lines} == {("ours", "joint")}
    assert [line["change"] for line in lines] == [-66.67, -100.0, -50.0]
    domains = by_domain(results)
    assert {line["domain"] for line in domains} == {"x", "y"}
    found = claims(results, domains, quick=False)
    assert found[0].ours == -66.67 and found[0].bar == -15 and found[0].met is True
    table = results.table()
    assert table[0]["semer"] == pytest.approx(0.75) and table[0]["semer_sd"] == 0


def test_every_pair_is_of_known_methods() -> None:
    assert {name for pair in PAIRS for name in pair} <= set(METHODS)


def test_plans() -> None:
    cells = plan_cells(arguments().parse_args(["--sets", "atis,hwu", "--folds", "2", "--seeds", "1"]))
    assert len(cells) == 3 * (len(METHODS) - len(ABLATIONS)) and {one["set"] for one in cells} == {
        "atis",
        "hwu1",
        "hwu2",
    }
    cells = plan_cells(arguments().parse_args(["--sets", "atis", "--ablations", "--seeds", "1"]))
    assert {one["row"] for one in cells} == set(METHODS)
    for wrong in (["--sets", "trec"], ["--rows", "best"], ["--folds", "11"]):
        with pytest.raises(ValueError):
            plan_cells(arguments().parse_args(wrong))


def test_runs_end_to_end_and_resumes(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--sets", "atis", "--rows", "joint,encoder,entity,ours", "--seeds", "1", "--steps", "2", "--batch", "4"]
    options += ["--sentence-steps", "1", "--data", str(data), "--cache", str(tmp_path / "cache"), "--workers", "1"]
    code = main([*options, "--json", "--pictures", str(tmp_path / "pictures")])
    printed = json.loads(capsys.readouterr().out)
    assert code == (0 if all(row["met"] is not False for row in printed["rows"]) else 1)
    assert {line["row"] for line in printed["table"]} == {"joint", "encoder", "entity", "ours"}
    assert (tmp_path / "pictures/semer.png").exists()
    before = (tmp_path / "cache/cells.jsonl").read_text(encoding="utf-8")
    assert main(options) == code
    assert "joint (CE + CRF)" in capsys.readouterr().out
    assert (tmp_path / "cache/cells.jsonl").read_text(encoding="utf-8") == before
    view = json.loads(before.splitlines()[0])["result"]["views"]["clean"]
    assert np.isfinite(view["mean_alignment"]) and len(view["errors"]) == 2


def test_missing_data_is_an_argument_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--data", str(tmp_path), "--sets", "atis"])
    assert "is missing" in capsys.readouterr().err
