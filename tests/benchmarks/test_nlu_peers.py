"""The comparison with peers on a tiny made-up data folder: real processes, real systems, the peer as filed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from benchmarks import nlu_peers
from benchmarks.nlu_peers_cells import rejection, scores
from benchmarks.nlu_peers_data import Sentence, chunks, evaluation, heard, nonsense, read_bio, tags_of, training
from benchmarks.nlu_peers_report import Group, claims, compare, slot_difference
from benchmarks.peers.diet import project
from nlu.data import mash

CITIES = ("berlin", "rome", "new york", "oslo", "san francisco", "paris", "madrid", "vienna")


def sentence(kind: str, city: str) -> Sentence:
    words = tuple(city.split())
    tags = ("B-city", *("I-city" for _ in words[1:]))
    if kind == "flight":
        return Sentence(("fly", "to", *words), ("O", "O", *tags), "flight")
    return Sentence(("weather", "in", *words), ("O", "O", *tags), "weather")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """ATIS and SNIPS of a few sentences, recognised ATIS, CLINC150's out-of-scope test."""
    root = tmp_path / "data"
    parts = {"train": CITIES, "dev": CITIES[2:6], "test": CITIES[::-1]}
    for name in ("atis", "snips"):
        for part, cities in parts.items():
            rows = [sentence(kind, f"{city} {part}") for kind in ("flight", "weather") for city in cities]
            folder = root / "atis_snips_slots/data" / name / part
            folder.mkdir(parents=True)
            (folder / "seq.in").write_text("".join(row.text + " \n" for row in rows))
            (folder / "seq.out").write_text("".join(" ".join(row.tags) + "\n" for row in rows))
            (folder / "label").write_text("".join(row.intent + "\n" for row in rows))
    for part, source in (("train", "train"), ("valid", "dev"), ("test", "test")):
        texts = [row.text for row in read_bio(root, "atis", source)]
        folder = root / "phonemebert/atis" / part
        folder.mkdir(parents=True)
        (folder / "text_original.txt").write_text("\n".join(texts) + "\n")
        (folder / "en.classification.txt").write_text(
            "\n".join(text.replace("fly to", "try two") for text in texts) + "\n"
        )
    (root / "clinc150/data").mkdir(parents=True)
    outside = {"oos_test": [[f"question number {n}", "oos"] for n in range(120)]}
    (root / "clinc150/data/data_full.json").write_text(json.dumps(outside))
    return root


def test_chunks_are_read_as_conlleval_reads_them() -> None:
    assert chunks(["B-a", "I-a", "I-b", "O", "I-b", "B-b"]) == [("a", 0, 1), ("b", 2, 2), ("b", 4, 4), ("b", 5, 5)]
    words = ("fly", "to", "new", "york", "now")
    spans = [("city", 7, 15), ("date", 16, 19)]
    assert tags_of(words, spans) == ["O", "O", "B-city", "I-city", "B-date"]
    assert sentence("flight", "new york").row.spans[0].start == 7  # type: ignore[index]


def test_slots_move_to_what_was_heard() -> None:
    said = Sentence(("fly", "to", "new", "york", "today"), ("O", "O", "B-city", "I-city", "B-date"), "flight")
    assert heard(said, "fly two new york to day").tags[:4] == ("O", "O", "B-city", "I-city")
    assert heard(said, "fly to new fork today").tags == ("O", "O", "B-city", "I-city", "B-date")
    assert set(heard(said, "hello").tags) <= {"O", "B-city", "B-date"}


def test_every_system_gets_the_same_rows_and_no_test_text(data: Path) -> None:
    clean, noisy = (training(data, "atis", flag) for flag in (False, True))
    assert len(clean) == 16 and len(noisy) == 32
    assert noisy[16].words[:2] == ("try", "two")
    assert training(data, "snips", True, 5) == training(data, "snips", True, 5)
    assert len(training(data, "snips", True, 5)) == 10
    parts = evaluation(data, "atis")
    assert list(parts) == ["clean", "recognised"]
    assert not {row.text for row in noisy} & {row.text for row in parts["clean"]}
    assert list(evaluation(data, "snips")) == ["clean", "wer 0.15", "wer 0.3"]


def test_broken_data_is_named(data: Path) -> None:
    folder = data / "atis_snips_slots/data/snips/test"
    lines = (folder / "seq.out").read_text().splitlines()
    (folder / "seq.out").write_text("\n".join(["O", *lines[1:]]) + "\n")
    with pytest.raises(ValueError, match=r"test/seq\.out:1: 1 tags for 4 words"):
        read_bio(data, "snips", "test")
    (folder / "label").unlink()
    with pytest.raises(FileNotFoundError, match="label"):
        read_bio(data, "snips", "test")


def test_probes_are_not_what_our_training_makes_up() -> None:
    import random

    probes = nonsense(50)
    assert probes[-1] == "" and len(probes) == 51 and nonsense(50) == probes
    rng = random.Random(0)
    assert not set(probes[:-1]) & {mash(rng) for _ in range(2000)}


def test_the_peers_project_says_what_differs_from_its_defaults(tmp_path: Path) -> None:
    project.write(tmp_path, [sentence("flight", "new york"), sentence("weather", "rome")], 7, (64, 256), 3)
    nlu = yaml.safe_load((tmp_path / "nlu.yml").read_text())
    assert nlu["nlu"][0] == {"intent": "flight", "examples": "- fly to [new york](city)\n"}
    diet = next(c for c in yaml.safe_load((tmp_path / "config.yml").read_text())["pipeline"] if "epochs" in c)
    assert (diet["name"], diet["epochs"], diet["BILOU_flag"], diet["random_seed"]) == ("DIETClassifier", 7, True, 3)


def parse(intent: str, confidence: float, entities: list[tuple[str, int, int]]) -> dict[str, Any]:
    return {"intent": intent, "confidence": confidence, "accepted": confidence > 0.3, "entities": entities}


def test_scores_count_chunks_and_calibration() -> None:
    gold = [sentence("flight", "new york"), sentence("weather", "rome")]
    found = scores([parse("flight", 1.0, [("city", 7, 15)]), parse("flight", 0.5, [("city", 0, 7)])], gold)
    assert found["right"] == "10" and found["intent"] == 0.5 and found["slot_f1"] == 0.5
    assert found["slots"] == [[1, 1, 1], [0, 1, 1]]
    assert found["ece"] == pytest.approx(0.25)


def test_rejection_at_the_confidence_that_keeps_dev() -> None:
    probed = {
        "dev": [parse("a", 0.9, []) for _ in range(20)],
        "mash": [parse("a", 0.95, []), parse("a", 0.1, []), parse("a", 0.88, [])],
        "out of scope": [parse("a", 0.5, [])],
    }
    found = rejection(probed)
    assert found["mash_taken"] == 0.5 and found["mash_at_95"] == 0.5 and found["empty_confidence"] == 0.88
    assert found["empty_taken"] == 1.0 and found["out_of_scope_at_95"] == 0.0


def group(system: str, right: str, slots: list[list[int]], epochs: int = 0) -> Group:
    tested = {"intent": right.count("1") / len(right), "slot_f1": 0.5, "ece": 0.1, "right": right, "slots": slots}
    cost = {"peak_mb": 100.0, "p50_ms": 1.0, "p99_ms": 2.0, "cpu_seconds": 3.0}
    run = {"tests": {"clean": tested, "wer 0.3": tested}, "training": cost, "reading": cost, "rows": 9, "rejection": {}}
    return Group(system, "snips", False, 9, epochs, (run,))


def test_claims_and_pairs_take_the_longest_trained_peer() -> None:
    good, bad = [[1, 1, 1]] * 8, [[0, 1, 1]] * 8
    found = [group("ours", "11111110", good), group("diet", "00000000", bad, 5), group("diet", "11110000", bad, 20)]
    rows = [row for row in claims(found) if row.metric.startswith("intent accuracy") and "wer 0.3" in row.metric]
    assert [(row.ours, row.baseline, row.met) for row in rows] == [(87.5, 50.0, True)]
    lines = compare(found)
    assert {line["peer"] for line in lines} == {"diet"} and len(lines) == 4
    slots = next(line for line in lines if line["measure"] == "slot F1")
    assert slots["difference"] == 100 and slots["p_holm"] < 0.05
    worse = [group("ours", "1000", good[:4]), group("linear", "1110", good[:4])]
    assert [row.met for row in claims(worse) if "wer 0.3" in row.metric and row.metric.startswith("intent")] == [False]


def test_slot_difference_needs_the_same_items() -> None:
    with pytest.raises(ValueError, match="same items: 2 and 3"):
        slot_difference(np.ones((1, 2, 3)), np.ones((1, 3, 3)), np.random.default_rng(0))


def test_the_whole_command_with_filed_peer(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(nlu_peers, "SETS", ("atis",))
    planned = nlu_peers.own_cells
    monkeypatch.setattr(
        nlu_peers, "own_cells", lambda args: [c for c in planned(args) if c["system"] in ("linear", "head")]
    )
    few = [
        "--quick",
        "--json",
        "--data",
        str(data),
        "--cache",
        str(tmp_path / "cache"),
        "--few",
        "16",
        "--workers",
        "1",
    ]
    monkeypatch.setattr("sys.argv", ["nlu-peers", *few])
    nlu_peers.main([*few, "--recorded", str(tmp_path / "none.json")])
    first = json.loads(capsys.readouterr().out)
    assert {line["system"] for line in first["table"]} == {"TF-IDF + CRF", "ours, heads only"} and first[
        "diet recorded"
    ] is None
    cells = [json.loads(line) for line in (tmp_path / "cache/cells.jsonl").read_text().splitlines()]
    linear = {c["cell"]["noisy"]: c["result"] for c in cells if c["cell"]["system"] == "linear"}
    filed = {
        "command": "x", "date": "2026-01-02", "commit": "c", "machine": {},
        "cells": [{"cell": cell, "result": linear[cell["noisy"]]} for cell in nlu_peers.diet_cells(16)],
    }  # fmt: skip
    (tmp_path / "diet.json").write_text(json.dumps(filed))
    code = nlu_peers.main([*few, "--recorded", str(tmp_path / "diet.json")])
    second = json.loads(capsys.readouterr().out)
    assert second["diet recorded"]["date"] == "2026-01-02"
    assert {line["system"] for line in second["table"]} == {"TF-IDF + CRF", "ours, heads only", "Rasa DIET"}
    assert code == (0 if all(row["met"] is not False for row in second["rows"]) else 1)
    nlu_peers.main([*few[:1], *few[2:], "--recorded", str(tmp_path / "diet.json")])
    assert "Rasa DIET was not measured in this run" in capsys.readouterr().out


def test_without_data_the_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--quick", "--data", str(tmp_path), "--cache", str(tmp_path / "cache"), "--workers", "1"]
    assert nlu_peers.main(arguments) == 2
    assert "seq.in" in capsys.readouterr().err
