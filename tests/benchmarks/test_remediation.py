"""The `remediation` benchmark: on a made-up corpus from failing decisions to figures, from figures to claims."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks import remediation, remediation_cells, routing_world
from benchmarks.remediation_cells import METHODS
from benchmarks.remediation_incidents import BAD, GOOD, in_force, intents_of, reported, request_of, rules_of
from benchmarks.routing_world import NOW, WORLD
from benchmarks.simulator import World
from benchmarks.simulator.seeds import REPORT_SEEDS, TUNE_SEEDS
from policies.cases import split
from policies.replication import replication
from policies.request import context_of, numbers
from tests.benchmarks.made_corpus import made_corpus

CELL = {
    "simulator": "made", "variant": "main", "seed": 100, "bounds": "global",
    "log": 2500, "test": 400, "steps": 40, "batch": 128, "width": 8,
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("remediation")


@pytest.fixture
def scene(folder: Path, monkeypatch: pytest.MonkeyPatch) -> routing_world.Stage:
    """Made once: the last stage stays in memory."""
    monkeypatch.setattr(routing_world, "World", lambda seed, variant, data: World(seed, variant, corpus=made_corpus()))
    monkeypatch.setenv(remediation_cells.FOLDER, str(folder / "shared"))
    return routing_world.stage({key: CELL[key] for key in WORLD}, folder, folder / "shared")


def test_from_failing_decisions_to_figures(scene: routing_world.Stage, folder: Path) -> None:
    found = reported(scene, CELL["log"], CELL["seed"])  # type: ignore[arg-type]
    again = reported(scene, CELL["log"], CELL["seed"])  # type: ignore[arg-type]
    assert [case.id for case in found.cases] == [case.id for case in again.cases] and len(found.cases) >= 6
    assert len({case.text for case in found.cases}) == len(found.cases)
    truth = scene.world.truth_of(found.data, NOW)
    for row, case in enumerate(found.cases):
        options = case.request.options
        assert found.data.logged[row].argmax() == case.action and truth[row, case.action] < BAD + 0.1
        assert numbers(options) == pytest.approx(found.data.numeric[row, : len(options)], abs=1e-5)
        assert context_of(case.request) == pytest.approx(found.data.context[row], abs=1e-5)
        if case.desired is not None:
            assert truth[row, case.desired] > GOOD - 0.1
    learned, _ = split(found.cases)
    rules = rules_of(learned)
    assert len(rules) == len({case.incident for case in learned})
    for case in learned:
        decided = rules.apply(case.request, case.text, case.propensities)
        assert decided is not None and (decided[0] == case.target) == (case.kind == "progression")

    figures = remediation_cells.measure(CELL, folder)
    methods = figures["methods"]
    assert set(methods) == set(METHODS) and figures["counts"]["learned"] == len(split(found.cases, seed=100)[0])
    ours, plain, rules_too = (methods[name] for name in ("ring + cases", "ring", "ring + hot-fixes"))
    assert ours["mended"]["learned"]["all"] == rules_too["mended"]["learned"]["all"] == 100.0
    assert plain["mended"]["learned"]["all"] < 50.0 and plain["guard"]["blocked"]
    assert not ours["guard"]["blocked"] and not rules_too["guard"]["blocked"]
    assert ours["retired"] == 1.0 and plain["retired"] == rules_too["retired"] < 1.0
    assert plain["rest"]["value_change"] == plain["rest"]["replication_change"] == plain["rest"]["changed"] == 0.0
    assert plain["rest"]["replication"] == pytest.approx(99.0, abs=0.2)
    assert ours["rest"]["same"] == pytest.approx(100.0, abs=5.0)
    for method in methods.values():
        assert method["guard"]["recur_blocked"] <= method["guard"]["recur"]
        assert method["again"] is None or 0.0 <= method["again"] <= 1.0
    assert json.loads(json.dumps(figures)) == figures


def test_the_policy_in_force_is_the_one_that_logged(scene: routing_world.Stage) -> None:
    data = in_force(scene, scene.world.week(400, NOW, "test"))
    assert replication(data.logged, scene.traffic["test"].dataset.logged).min() > 1 - 1e-9
    assert request_of(data, 0, intents_of(scene)).options[0].skill == data.tables.skills[data.skill[0, 0]]


def test_a_log_without_mistakes(scene: routing_world.Stage) -> None:
    with pytest.raises(ValueError, match="makes no mistake often enough in 5 decisions"):
        reported(scene, 5, 0)


def invented(name: str, **changes: Any) -> dict[str, Any]:
    ours = name != "ring"
    mended = {kind: 90.0 * ours for kind in ("all", "regression", "progression")}
    guard = {"blocked": not ours, "recur": 0 if ours else 4, "recur_blocked": 0 if ours else 4, "block": 0}
    rest = {"replication": 99.0, "replication_change": -0.01, "same": 99.9, "value": 60.0, "value_change": 0.001,
            "changed": 0.1}  # fmt: skip
    found: dict[str, Any] = {"mended": {"learned": mended, "held out": {**mended, "regression": None}}, "again": None,
                             "guard": guard, "rest": rest, "retired": float(ours), "seconds": 1.0}  # fmt: skip
    for key, value in changes.items():
        part, _, leaf = key.partition("__")
        found[part] = {**found[part], leaf: value} if leaf else value
    return found


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "hwu64").mkdir()
    monkeypatch.setenv(remediation_cells.FOLDER, "")  # given back after the test
    return tmp_path


def run(data: Path, monkeypatch: pytest.MonkeyPatch, *more: str, **changes: Mapping[str, Any]) -> tuple[int, list[int]]:
    """The exit code on made-up figures, and the seeds that were asked for. changes: by method."""
    seeds: list[int] = []

    def run_cells(name: str, cells: Sequence[Mapping[str, Any]], function: str, **_: object) -> list[dict[str, Any]]:
        assert (name, function) == ("remediation", "benchmarks.remediation_cells:measure")
        seeds.extend(cell["seed"] for cell in cells)
        methods = {
            name: invented(name, **changes.get(name.replace(" ", "_").replace("+", "and"), {})) for name in METHODS
        }
        return [{"methods": methods, "counts": {}, "cpu": 1.0} for _ in cells]

    monkeypatch.setattr(remediation, "run_cells", run_cells)
    return remediation.main(["--data", str(data), "--cache", str(data / "cache"), *more]), seeds


def test_report(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(data, monkeypatch, "--json") == (0, list(REPORT_SEEDS[:3]))
    filed = json.loads(capsys.readouterr().out)
    assert {line["method"] for line in filed["table"]} == set(METHODS) and len(filed["cells"]) == 3
    line = next(line for line in filed["table"] if line["method"] == "ring + cases")
    assert line["remediated"] == 90.0 and line["held out regression"] is None and line["guard"]["recur"] == 0
    claims = {line["metric"]: line for line in filed["rows"]}
    assert claims["regressions that recur, no rule covering them"]["ours"] == 12.0
    assert run(data, monkeypatch, "--quick") == (0, [TUNE_SEEDS[0]])
    shown = capsys.readouterr().out
    assert "all claims met" in shown and "metagrad_forward + rehearsal" in shown and " -" in shown


@pytest.mark.parametrize(
    ("method", "change", "claim"),
    [
        ("ring_and_cases", {"mended__learned": {"all": 60.0, "regression": 60.0, "progression": 60.0}}, "remediated"),
        ("ring_and_cases", {"rest__replication_change": -0.2}, "change of replication"),
        (
            "ips",
            {"guard": {"blocked": True, "recur": 2, "recur_blocked": 1, "block": 1}},
            "share of them that the guard-rail blocks",
        ),
        ("ring_and_cases", {"guard__blocked": True}, "guard-rail blocks the ring with cases"),
    ],
)
def test_a_claim_that_fails(
    method: str, change: dict[str, Any], claim: str, data: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    assert run(data, monkeypatch, "--json", **{method: change})[0] == 1
    failed = [line["metric"] for line in json.loads(capsys.readouterr().out)["rows"] if line["met"] is False]
    assert len(failed) == 1 and claim in failed[0]


@pytest.mark.parametrize(("more", "message"), [(["--seeds", "9"], "1 to 8"), (["--quick", "--seeds", "0"], "1 to 3")])
def test_what_cannot_be_measured(
    more: list[str], message: str, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(data, monkeypatch, *more)
    assert message in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run(data / "nowhere", monkeypatch)
    assert "data folder is missing" in capsys.readouterr().err
