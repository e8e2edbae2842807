"""The `routing` benchmark: on a made-up corpus from world to verdict, and on made-up cells from figures to claims."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped, unused-ignore]

from benchmarks import routing, routing_cells, routing_tune, routing_world
from benchmarks.routing_methods import METHODS
from benchmarks.routing_results import CLAMPED, Results, paired_t
from benchmarks.simulator import World
from benchmarks.simulator.seeds import REPORT_SEEDS, SECOND_SEEDS, TUNE_SEEDS
from policies.replication import replication
from policies.ring import reachable
from tests.benchmarks.made_corpus import made_corpus
from tests.policies.made import made

#: Gain over the policy in force and share of requests outside, of each method in the made-up results.
MADE = {
    "pi0": (0.0, 0.0),
    "ips": (0.08, 1.0),
    "quadratic": (0.01, 0.9),
    "minimax": (0.01, 0.95),
    "metagrad": (0.01, 0.5),
    "metagrad_forward": (0.01, 0.6),
    "quadratic_residual": (0.004, 0.005),
    "metagrad_residual": (0.003, 0.0),
    "gate": (0.002, 0.4),
    "ring": (0.007, 0.0),
    "ring_pessimistic": (0.006, 0.0),
    "oracle": (0.008, 0.0),
}
TINY = ["--log", "700", "--test", "300", "--steps", "12", "--batch", "64", "--width", "4"]


def invented(cell: Mapping[str, Any]) -> dict[str, Any]:
    if cell["method"] == "cost":
        step = {"ips": 10.0, "quadratic": 10.0, "minimax": 10.0, "metagrad": 30.0, "metagrad_forward": 14.0}
        return {"milliseconds": step | {"reward": 10.0}, "batch": 2048}
    rng = np.random.default_rng([cell["seed"], METHODS.index(cell["method"])])
    gain, outside = MADE[cell["method"]]
    figures = {
        "value": 0.6 + 0.01 * (cell["seed"] % 7) + gain * (1 + 0.05 * rng.random()),
        "base": 0.6 + 0.01 * (cell["seed"] % 7),
        "micro": outside, "macro": outside, "micro_hinge": outside / 100, "macro_hinge": outside / 100,
        "replication": 0.99, "worst": -0.01, "forced": 0.0,
    }  # fmt: skip
    figures["clamped"] = {"value": figures["base"] + 0.2 * gain * (1 + 0.05 * rng.random()) / 4, "micro": 0.0}
    estimate = {"value": 0.6, "low": 0.5, "high": 0.7}
    told = {"truth": 0.61, "effective": 100.0, "ips": estimate, "snips": estimate, "dr": estimate}
    weights = (
        [[1.0, 0.0, 0.0, 0.0, 0.0], [2.0, 0.5, 1.0, 0.0, 0.1]] if cell["method"] in ("minimax", "metagrad") else []
    )
    return {"test": {**figures, "estimates": told}, "shift": figures, "seconds": 10.0, "kept": 5, "weights": weights}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "hwu64").mkdir()

    def run_cells(name: str, cells: Sequence[Mapping[str, Any]], function: str, **_: object) -> list[dict[str, Any]]:
        assert (name, function) == ("routing", "benchmarks.routing_cells:measure")
        return [invented(cell) for cell in cells]

    monkeypatch.setattr(routing, "run_cells", run_cells)
    monkeypatch.setenv(routing_cells.FOLDER, "")  # given back after the test
    return tmp_path


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = made_corpus()

    def made_world(seed: int, variant: str, data: Path) -> World:
        return World(seed, variant, corpus=corpus)

    monkeypatch.setattr(routing_world, "World", made_world)
    routing_world._stage.cache_clear()


def command(data: Path, *more: str) -> list[str]:
    return ["--data", str(data), "--cache", str(data / "cache"), "--chosen", str(data / "chosen.json"), *more]


def test_report(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert routing.main(command(data, "--json", "--pictures", str(data / "pictures"))) == 0
    filed = json.loads(capsys.readouterr().out)
    assert filed["name"] == "routing" and filed["seeds"] == list(REPORT_SEEDS)
    claims = {line["metric"]: line for line in filed["rows"]}
    for benchmark in ("global", "critical", "explore", "tight", "shift"):
        assert claims[f"{benchmark}: share of requests outside, ring, worst seed"]["met"]
        share = claims[f"{benchmark}: ring's share of the in-ball oracle's gain"]
        assert share["ours"] == pytest.approx(7 / 8, abs=0.03) and share["bar"] == 0.8
        assert claims[f"{benchmark}: gain of the gate / gain of ring"]["ours"] == pytest.approx(2 / 7, abs=0.02)
        assert claims[f"{benchmark}: greatest p (Holm), ring better than feasible peers"]["met"]
    assert claims["a step of metagrad_forward / of ips"]["met"] and claims["training time of ring / of ips"]["met"]
    table = {(line["benchmark"], line["method"]): line for line in filed["table"]}
    assert len(table) == 5 * len(METHODS)
    line = table["global", "metagrad"]
    assert line["macro_reduction"] == 50.0 and line["seeds"] == 8 and line["sd"] > 0
    assert line["estimates"]["dr"] == {"error": -0.01, "covered": 8, "of": 8} and line["expected_reward"] == 0.61
    assert "estimates" not in table["shift", "metagrad"]
    peers = {found["peer"] for found in filed["paired"] if found["benchmark"] == "global"}
    assert {"pi0", "metagrad_residual", "quadratic_residual", "ips clamped", "gate clamped"} <= peers
    assert not peers & {"ips", "gate", "oracle", "ring_pessimistic"}
    assert all(found["p_holm"] >= found["p"] for found in filed["paired"])
    order = {(found["benchmark"], found["figure"]): found for found in filed["ordering"]}
    assert order["global", "macro"]["least_first"][0] == "metagrad" and not order["global", "macro"]["reproduced"]
    names = sorted(path.name for path in (data / "pictures").iterdir())
    assert names == ["routing-value.png", "routing-weights.png"]


def test_the_order_of_the_paper_is_recognised(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(MADE, "minimax", (0.01, 0.8))
    routing.main(command(data, "--json", "--seeds", "2", "--benchmarks", "explore"))
    filed = json.loads(capsys.readouterr().out)
    assert [line["reproduced"] for line in filed["ordering"]] == [True, True]


@pytest.mark.parametrize(
    ("made", "claim"),
    [
        ((0.007, 0.001), "share of requests outside"),
        ((0.002, 0.0), "the in-ball oracle's gain"),
        ((0.0035, 0.0), "gain of the gate"),
        ((0.00401, 0.0), "greatest p (Holm)"),
    ],
)
def test_a_claim_that_fails(
    made: tuple[float, float],
    claim: str,
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(MADE, "ring", made)
    assert routing.main(command(data, "--json", "--benchmarks", "critical")) == 1
    failed = [line["metric"] for line in json.loads(capsys.readouterr().out)["rows"] if line["met"] is False]
    assert any(claim in metric for metric in failed)


def test_quick_asks_for_directions(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert routing.main(command(data, "--quick")) == 0
    shown = capsys.readouterr().out
    assert "all claims met" in shown and f"seeds {list(TUNE_SEEDS[:2])}" in shown
    assert "not the paper's order" in shown and "gate" not in shown
    monkeypatch.setitem(MADE, "ring", (-0.001, 0.0))
    assert routing.main(command(data, "--quick")) == 1


def plan(data: Path, *more: str) -> list[dict[str, Any]]:
    return routing.plan_cells(routing.arguments().parse_args(command(data, *more)))


def test_cells(data: Path) -> None:
    cells = plan(data)
    trained = [cell for cell in cells if cell["method"] != "cost"]
    assert len(trained) == len(REPORT_SEEDS) * len(METHODS) * 4 and len(cells) == len(trained) + 1
    assert not any(cell["benchmark"] == "shift" for cell in cells)
    assert {cell["benchmark"] for cell in trained if cell["seed"] == 3} == {"global", "critical", "explore", "tight-3"}
    assert {cell["weight"] for cell in cells if "weight" in cell} == {10.0}
    assert all("weight" not in cell and "ascent" not in cell for cell in trained if "metagrad" in cell["method"])
    second = plan(data, "--variant", "second", "--benchmarks", "shift", "--methods", "ring,ips")
    assert [cell["seed"] for cell in second if cell["method"] == "ips"] == list(SECOND_SEEDS)
    assert {cell["benchmark"] for cell in second} == {"global"}
    assert len({cell["simulator"] for cell in cells}) == 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--methods", "best"], "unknown method 'best'"),
        (["--benchmarks", "loose"], "unknown benchmark 'loose'"),
        (["--seeds", "9"], "--seeds must be 1 to 8"),
        (["--quick", "--seeds", "4"], "--seeds must be 1 to 3"),
        (["--tune", "--variant", "second"], "no method may be tuned on the second variant"),
        (["--tune", "--quick"], "--tune takes the full budget"),
        (["--tune", "--methods", "ring"], "nothing to tune"),
    ],
)
def test_what_cannot_be_measured(more: list[str], message: str, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        routing.main(command(data, *more))
    assert stopped.value.code == 2 and message in capsys.readouterr().err


def test_missing_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        routing.main(command(tmp_path))
    assert "data folder is missing" in capsys.readouterr().err


def test_settings_are_chosen_on_tuning_seeds(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[Mapping[str, Any]] = []

    def run_cells(name: str, cells: Sequence[Mapping[str, Any]], function: str, **_: object) -> list[dict[str, Any]]:
        assert function == "benchmarks.routing_cells:validate"
        seen.extend(cells)
        return [{"hinge": 0.1, "micro": 0.1, "replication": 0.9, **chosen_by(cell)} for cell in cells]

    def chosen_by(cell: Mapping[str, Any]) -> dict[str, float]:
        if cell["method"] == "minimax":  # equal to a hundredth: reward decides
            return {"violation": 0.5 + 0.001 * cell["ascent"], "snips": cell["decay"] - cell["ascent"]}
        return {"violation": 1 / cell["weight"], "snips": 0.5}

    monkeypatch.setattr(routing, "run_cells", run_cells)
    assert routing.main(command(data, "--tune", "--benchmarks", "critical,tight,shift")) == 0
    assert {cell["seed"] for cell in seen} == set(TUNE_SEEDS) and len(seen) == 3 * 2 * (5 + 9 + 5)
    draws = {cell["benchmark"] for cell in seen} - {"critical"}
    assert draws == {"tight-17", "tight-18", "tight-19"}  # none of those that are reported
    known = json.loads(capsys.readouterr().out)
    assert known["minimax"]["critical"] == {"ascent": 0.01, "decay": 1.0}
    path = data / "chosen.json"
    filed = routing_tune.read(path)
    assert filed["chosen"] == known and filed["seeds"] == list(TUNE_SEEDS) and len(filed["figures"]) == 2 * 19
    assert routing_tune.of("quadratic", "tight-3", filed) == {"weight": 1000.0}
    assert routing_tune.of("quadratic", "global", filed) == routing_tune.DEFAULTS["quadratic"]
    cells = plan(data, "--benchmarks", "tight")
    assert {cell["weight"] for cell in cells if cell["method"] == "quadratic"} == {1000.0}
    path.write_text("[]")
    with pytest.raises(ValueError, match="make it again with --tune"):
        routing_tune.read(path)


def test_clamped_policies_are_inside() -> None:
    rng = np.random.default_rng(0)
    old, new = (rng.dirichlet(np.full(5, 0.5), 4000) for _ in range(2))
    open_ = np.ones(old.shape, np.bool_)
    data = replace(made(10).data, logged=old, open=open_, skill=open_.astype(np.int32))
    dmin = rng.choice([0.0, 0.05, 0.2], 4000)
    dmax = dmin + rng.random(4000) * 0.3
    found = routing_cells.clamped(data, new, dmin, dmax)
    distance, before = 1 - replication(found, old), 1 - replication(new, old)
    assert np.allclose(found.sum(1), 1) and (found >= 0).all()
    assert (distance <= dmax + 1e-9).all() and (distance >= np.minimum(dmin, reachable(old, open_, open_)) - 1e-9).all()
    inside = (before >= dmin) & (before <= dmax)
    assert inside.any() and (found[inside] == new[inside]).all()
    stretched = (before < dmin) & (distance > before + 1e-6)
    assert stretched.any() and (distance[stretched] <= dmin[stretched] + 1e-9).all()
    still = routing_cells.clamped(data, old, np.zeros(4000), dmax)
    assert (still == old).all()
    pushed = 1 - replication(routing_cells.clamped(data, old, dmin, dmax), old)
    assert np.allclose(pushed, np.minimum(dmin, reachable(old, open_, open_)))  # no direction of its own


def test_paired_t() -> None:
    values = np.array([0.01, 0.012, 0.009, 0.02])
    found = paired_t("global", "ips", values)
    test = stats.ttest_1samp(values, 0.0)
    ends = test.confidence_interval(0.95)
    assert (found.p, found.low, found.high) == pytest.approx((test.pvalue, ends.low, ends.high))
    assert np.isnan(paired_t("global", "ips", values[:1]).p)


def test_only_who_respects_the_bounds_is_a_peer() -> None:
    cells = [{"method": name, "benchmark": "global", "seed": 0} for name in MADE]
    results = Results(cells, [invented(cell) for cell in cells], ("global", "shift"))
    peers = results.feasible("shift")
    assert "quadratic_residual" in peers and "gate" not in peers and f"gate{CLAMPED}" in peers


def test_shared_parts_are_made_once(tmp_path: Path) -> None:
    made: list[int] = []
    ready = threading.Barrier(2)

    def make(folder: Path) -> None:
        made.append(1)
        (folder / "part").write_text("whole")

    def want() -> None:
        ready.wait(5)
        assert (routing_world.kept(tmp_path, {"what": "x"}, make) / "part").read_text() == "whole"

    threads = [threading.Thread(target=want) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert made == [1]

    def fail(folder: Path) -> None:
        (folder / "part").write_text("half")
        raise OSError("killed")

    with pytest.raises(OSError, match="killed"):
        routing_world.kept(tmp_path, {"what": "y"}, fail)
    assert (routing_world.kept(tmp_path, {"what": "y"}, make) / "part").read_text() == "whole"


@pytest.mark.usefixtures("world")
def test_from_world_to_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(routing_cells.FOLDER, str(tmp_path / "shared"))
    monkeypatch.setattr(routing_cells, "_ROUNDS", 3)
    chosen = ["--benchmarks", "explore,shift", "--methods", ",".join(METHODS)]
    cells = plan(tmp_path, "--quick", "--seeds", "1", *chosen, *TINY)
    found = {(cell["method"], cell["benchmark"]): routing_cells.measure(cell, tmp_path) for cell in cells}
    stage = routing_world.stage(cells[0], tmp_path, tmp_path / "shared")
    top = stage.train.logged.max(1).mean()
    assert abs(top - 0.8) < 0.03 and len(stage.train) > 5 * len(stage.valid) > 0
    assert not set(np.isnan(stage.train.reward)) - {False}
    base = found["pi0", "explore"]["test"]
    assert base["value"] == base["base"] and base["replication"] == pytest.approx(1.0) and base["micro"] > 0
    for benchmark in ("explore", "global"):
        for traffic in ("test", "shift"):
            best = found["oracle", benchmark][traffic]
            for method in ("ring", "ring_pessimistic", "oracle"):
                figures = found[method, benchmark][traffic]
                assert figures["micro"] == 0.0 and figures["forced"] == 0.0
                assert figures["value"] <= best["value"] + 1e-9
            for method in ("ips", "gate", "quadratic", "metagrad_residual"):
                clamped = found[method, benchmark][traffic]["clamped"]
                assert clamped["micro"] == 0 and clamped["value"] <= best["value"] + 1e-9
    assert found["ips", "global"]["seconds"] == found["ips", "explore"]["seconds"] > 0  # trained once
    assert found["metagrad", "global"]["weights"] and not found["ring", "global"]["weights"]
    assert found["ips", "global"]["test"]["estimates"]["dr"]["low"] < 1.0
    assert found["cost", "global"]["batch"] == 64 and min(found["cost", "global"]["milliseconds"].values()) > 0
    again = routing_cells.measure(cells[2], tmp_path)
    first = found[cells[2]["method"], cells[2]["benchmark"]]
    assert again["test"] == first["test"] and again["weights"] == first["weights"]
    results = Results(cells, [found[cell["method"], cell["benchmark"]] for cell in cells], ("explore", "shift"))
    assert results.benchmarks == ["explore", "shift"] and len(results.table()) == 2 * len(METHODS)


@pytest.mark.usefixtures("world")
def test_choosing_never_looks_at_the_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(routing_cells.FOLDER, str(tmp_path / "shared"))
    monkeypatch.setattr(routing_cells, "judged", None)
    args = routing.arguments().parse_args(command(tmp_path, "--tune", "--seeds", "1", "--benchmarks", "tight", *TINY))
    found = routing_cells.validate(routing.tune_cells(args)[0], tmp_path)
    assert set(found) == {"violation", "hinge", "micro", "snips", "replication", "seconds", "wall"}
    assert 0 <= found["violation"] <= 1 and 0 < found["replication"] <= 1
