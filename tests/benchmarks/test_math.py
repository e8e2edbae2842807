"""The table of the embedded solver: cells measure what they say, rows are worked out from cells, files are named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from benchmarks import math as bench
from benchmarks import math_baselines, math_cells, math_systems
from benchmarks.math_cells import measure, said
from benchmarks.math_report import Results, picture, ranked, rows
from benchmarks.math_systems import Best, Solver, digest, folder_of, offered
from plugins.math.training.model import fresh, save
from plugins.math.training.problem import Problem, Question
from plugins.math.training.settings import Settings
from plugins.math.vote import Vote
from tests.plugins.math.made_questions import channels, problems

FLOORS = {"0.95": 0.6, "0.98": 0.8, "0.99": 0.9}
VOTE = Vote(
    {"relation: mass": 5.0, "sequence: mass": 2.0},
    dict.fromkeys(("relation: mass", "sequence: mass"), 0.5),
    dict.fromkeys(("relation: mass", "sequence: mass"), 1.0),
    card={"thresholds": FLOORS},
)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Question]:
    """Forty questions, and solvers called "good" and "same" for them."""
    found = problems(40)
    solvers = {"good": Solver(channels(found, 1), VOTE), "same": Solver(channels(found, 2), VOTE)}
    monkeypatch.setattr(math_cells, "solver", solvers.__getitem__)
    questions = [
        Question(one.question, one.answer, one.id, None, frozenset({"asdiv-a"} if place < 10 else ()))
        for place, one in enumerate(found)
    ]
    monkeypatch.setattr(math_cells, "test_set", lambda data, name: questions)
    answers = [Best(question.answer if place % 2 else None, 0.5) for place, question in enumerate(questions)]
    monkeypatch.setattr(math_baselines, "answers", lambda name, texts: answers[: len(texts)])
    return questions


def cell(**changes: Any) -> dict[str, Any]:
    return {"kind": "solver", "model": "good", "set": "ASDiv", "variant": "clean", "limit": None} | changes


def test_a_cell_holds_every_way_to_answer(made: list[Question], tmp_path: Path) -> None:
    result = measure(cell(), tmp_path)
    assert set(result["ways"]) == {"vote", "relation", "sequence", "majority", "sum", "product"}
    assert all(len(way["right"]) == len(way["chances"]) == 40 for way in result["ways"].values())
    assert result["floors"] == FLOORS and result["tags"]["asdiv-a"] == "1" * 10 + "0" * 30
    assert ranked(result, "vote").accuracy > 0.6
    assert len(measure(cell(limit=8), tmp_path)["ways"]["vote"]["right"]) == 8
    base = measure(cell(kind="baseline", system="plain"), tmp_path)
    assert base["ways"]["greedy"]["right"] == "01" * 20 and base["floors"] == {}
    speed = measure({"kind": "speed", "model": "good", "threads": 2}, tmp_path)
    assert len(speed["ms"]) == 40 and speed["rate"] > 0


def test_noise_is_the_same_each_time_and_keeps_the_numbers_or_not() -> None:
    question = Question("Ann has 15 cards and gives 5 to Bob. How many are left?", Fraction(10), "q")
    assert said(question, "clean", 0) == question.question
    heard = [said(question, "heard", place) for place in range(20)]
    assert heard == [said(question, "heard", place) for place in range(20)] and len(set(heard)) > 3
    assert any("fifty" in said(question, "misheard", place) for place in range(40))


def results(models: tuple[str, ...], path: Path, **changes: Any) -> Results:
    cells = [cell(model=model, set="MultiArith") for model in models]
    cells += [cell(kind="baseline", system="plain", model=str(place), set="MultiArith") for place in range(len(models))]
    cells.append({"kind": "speed", "model": models[0], "threads": 1})
    return Results.of(cells, [measure(one, path) for one in cells])


def test_rows_hold_the_claims(made: list[Question], tmp_path: Path) -> None:
    found = results(("good", "same"), tmp_path)
    table = {line.metric: line for line in rows(found)}
    accuracy = table["MultiArith: vote: accuracy"]
    assert accuracy.bar == 0.85 and accuracy.ci95 is not None and accuracy.baseline == 0.5
    assert accuracy.ci95[0] <= accuracy.ours <= accuracy.ci95[1]
    barred = {name for name, line in table.items() if line.bar is not None}
    assert barred == {
        "MultiArith: vote: accuracy",
        "MultiArith: vote, threshold for 98% from development: coverage",
        "MultiArith: vote, threshold for 98% from development: precision",
        "MultiArith: vote, gain over plain: accuracy",
        "1 question at once: text to probabilities, p50 (ms)",
    }
    gain = table["MultiArith: vote, gain over plain: accuracy"]
    assert gain.ours == pytest.approx(accuracy.ours - 0.5, abs=1e-3) and gain.met is True
    share = [ranked(run, "vote").at(0.8) for run in found.solvers["MultiArith", "clean"]]
    assert table["MultiArith: vote, threshold for 98% from development: coverage"].ours == pytest.approx(
        sum(one[0] for one in share) / 2, abs=1e-3
    )
    assert any("McNemar p against plain, worst of 2 seeds" in name for name in table)
    assert picture(found, tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_a_gain_of_nothing_misses_the_bar(made: list[Question], tmp_path: Path) -> None:
    found = results(("good",), tmp_path)
    same: Mapping[str, Any] = {"ways": {"greedy": found.solvers["MultiArith", "clean"][0]["ways"]["vote"]}}
    equal = replace(found, baselines={("MultiArith", "clean"): {"plain": [same]}})
    gain = next(line for line in rows(equal) if "gain over plain" in line.metric)
    assert gain.ours == 0.0 and gain.met is False


def test_folders_are_named_by_what_is_in_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(math_systems.FOLDERS, raising=False)
    one, two = tmp_path / "one", tmp_path / "two"
    for path, text in ((one, "a"), (two, "b")):
        path.mkdir()
        (path / "solver.json").write_text(text, encoding="utf-8")
    names = [digest(path, ["solver.json"]) for path in (one, two)]
    assert names[0] != names[1]
    with pytest.raises(LookupError):
        folder_of(names[0])
    offered(list(zip(names, (one, two), strict=True)))
    assert [folder_of(name) for name in names] == [one.resolve(), two.resolve()]
    cells = json.dumps(bench.cells_of(names, [("plain", "x")], quick=False))
    assert str(tmp_path) not in cells


def test_quick_measures_the_shipped_solver_alone() -> None:
    cells = bench.cells_of(["m"], [], quick=True)
    assert {one["limit"] for one in cells if one["kind"] == "solver"} == {200}
    assert {one.get("variant", "clean") for one in cells} == {"clean"}
    full = bench.cells_of(["m", "n"], [("plain", "p")], quick=False)
    assert {one["variant"] for one in full if one.get("set") == "SVAMP"} == {"clean", "heard", "misheard"}


def test_what_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--models", str(tmp_path / "none"), "--data", str(tmp_path)]) == 2
    assert "solver.json" in capsys.readouterr().err


def test_a_baseline_answers_greedily(tmp_path: Path) -> None:
    settings = Settings(
        encoder="gru", relation=False, pretrained=False, number_features=False, sequence_width=16, beam=1
    )
    save(fresh(settings, 0), tmp_path)
    found = math_baselines.answered(tmp_path, ["Ann has 3 cards and 4 pens. How many things?", "No number here."])
    assert found[1] == Best(None, 0.0)
    assert found[0].answer is None or 0 < found[0].chance <= 1
    assert found == math_baselines.answered(
        tmp_path, [one for one in ("Ann has 3 cards and 4 pens. How many things?", "No number here.")]
    )


def test_made_problems_are_problems() -> None:
    assert all(isinstance(one, Problem) for one in problems(3))
