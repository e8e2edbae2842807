"""The `certify` benchmark on a made-up corpus: truths of candidates, verdicts, and that wrong verdicts are seen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import certify, certify_cells, off_policy_cells
from benchmarks.certify_cells import CANDIDATES, JUDGES, POINT, Candidate, candidates, judged, measure
from benchmarks.off_policy_cells import Setup, draw, prepared
from benchmarks.simulator import World
from policies.bounds import Bounds
from policies.replication import replication
from tests.benchmarks.made_corpus import made_corpus

WORLD = {"seed": 100, "variant": "main", "top": 0.8, "pool": 6000, "fitted": 3000}
CELL = {**WORLD, "kind": "promotions", "n": 8000, "tolerated": 0.05, "epsilon": 0.0}
NOWHERE = Path("nowhere")


@pytest.fixture(scope="module")
def worlds() -> Iterator[None]:
    corpus = made_corpus()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(off_policy_cells, "world_of", lambda seed, variant, data: World(seed, variant, corpus=corpus))
        prepared.cache_clear()
        candidates.cache_clear()
        yield
    prepared.cache_clear()
    candidates.cache_clear()


@pytest.fixture(scope="module")
def made(worlds: None) -> Setup:
    return prepared(100, "main", 0.8, 6000, NOWHERE, 3000)


@pytest.fixture(scope="module")
def known(worlds: None) -> dict[tuple[str, str], Candidate]:
    found = candidates(100, "main", 0.8, 6000, 3000, 0.05, NOWHERE)
    return {(one.name, one.benchmark): one for one in found}


@pytest.fixture(scope="module")
def lines(worlds: None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = measure(CELL, NOWHERE)["lines"]
    return found


@pytest.fixture(scope="module")
def bounds(worlds: None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = measure(
        {**WORLD, "kind": "coverage", "n": 1500, "repeats": 12}, NOWHERE
    )["lines"]  # fmt: skip
    return found


def test_truth_of_candidates(made: Setup, known: dict[tuple[str, str], Candidate]) -> None:
    domain = made.pool.dataset.domain
    assert len(known) == len(CANDIDATES)
    for name in ("ring", "ring of the truth", "ring of noisy q", "ring of reversed q"):
        assert known[name, "global"].broken.sum() == 0
    largest = int(np.bincount(domain).argmax())
    small, large = (known[f"outside, {x} of tolerated", "global"].broken for x in (".3", "1.2"))
    assert 0.0 < small[domain == largest].mean() < 0.05 < large[domain == largest].mean() < 0.1
    assert not large[domain != largest].any()
    assert known["ten times as wide", "global"].broken.mean() > 0.9
    moved = 1.0 - replication(known["gate", "global"].policy, made.old)
    assert known["gate", "global"].broken.any() and np.bincount(domain, moved).max() > 0.0
    assert max(moved[domain == k].mean() for k in np.unique(domain)) <= 0.01 + 1e-9
    gains = {key: made.truth(one.policy, "oracle") - made.truth(made.old, "oracle") for key, one in known.items()}
    assert gains["ring of the truth", "global"] >= gains["ring", "global"] > 0.0 > gains["ring of reversed q", "global"]


def test_verdicts(lines: list[dict[str, Any]]) -> None:
    assert len(lines) == len(CANDIDATES) * len((*JUDGES, POINT))
    by = {(line["name"], line["benchmark"], line["judge"]): line for line in lines}
    for judge in JUDGES:
        assert by["ring of the truth", "global", judge]["promoted"]
        for bad in (("ten times as wide", "global"), ("gate", "global"), ("ring of reversed q", "global")):
            assert not by[*bad, judge]["promoted"]
    assert all(line["kept"] >= 6 for line in lines)


def test_domains_with_too_few_requests_keep_their_policy(made: Setup, known: dict[tuple[str, str], Candidate]) -> None:
    rows, log = draw(made, 500, ("few",))
    best, must = known["ring of the truth", "global"], known["ring", "explore"]
    few = judged(made, best, log.oracle(), rows, JUDGES[0], CELL)
    whole = made.truth(best.policy, "oracle") - made.truth(made.old, "oracle")
    assert 0 < few["kept"] < 8 and 0.0 < few["gain"] < whole
    none = judged(made, best, log.oracle(), rows, JUDGES[0], CELL | {"tolerated": 0.001})
    assert none["kept"] == 0 and none["gain"] == 0.0 and none["refused"] == ["no domain has enough requests"]
    changed = Candidate("must", "explore", Bounds((0.0, 0.95)), must.policy, must.broken)
    found = judged(made, changed, log.oracle(), rows, JUDGES[0], CELL)
    assert not found["promoted"] and found["refused"] == ["a domain that must change has too few requests"]


def test_lower_bounds(bounds: list[dict[str, Any]]) -> None:
    by = {(line["policy"], line["reward"], line["bound"]): line for line in bounds}
    for name in certify_cells.BOUNDS:
        assert by["ring", "oracle", name]["held"] >= 11
    slack = {name: by["ring", "oracle", name]["slack"] for name in ("normal, ips", JUDGES[0], "bernstein, ips, cap 3")}
    assert slack["normal, ips"] < slack[JUDGES[0]] < slack["bernstein, ips, cap 3"]
    assert by["far", "oracle", JUDGES[0]]["refused"] > by["ring", "oracle", JUDGES[0]]["refused"] == 0
    assert ("ring", "ipcw", JUDGES[1]) in by and ("ring", "naive", "normal, dr") in by


def test_cells_repeat(worlds: None, lines: list[dict[str, Any]]) -> None:
    assert measure(CELL, NOWHERE)["lines"] == lines


@pytest.fixture
def cached(
    lines: list[dict[str, Any]], bounds: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> dict[str, list[dict[str, Any]]]:
    """Runs measure nothing; verdicts are right unless a test changes them."""
    right = [line | {"promoted": line["judge"] != POINT and not certify.unsafe(CELL | line)} for line in lines]
    results = {"promotions": right, "coverage": [line | {"held": line["repeats"]} for line in bounds]}

    def run_cells(name: str, cells: Sequence[Mapping[str, Any]], function: str, **_: object) -> list[dict[str, Any]]:
        assert (name, function) == ("certify", "benchmarks.certify_cells:measure")
        few = [line | {"promoted": False, "refused": ["few"]} for line in results["promotions"]]
        return [{"lines": few if cell.get("n") == certify.TOO_FEW else results[cell["kind"]]} for cell in cells]

    monkeypatch.setattr(certify, "run_cells", run_cells)
    # The made lines are of a cell with another tolerated share; safe ones are the same for both.
    monkeypatch.setattr(certify, "TOLERATED", CELL["tolerated"])
    monkeypatch.setattr(certify, "LOOSE", 0.1)
    return results


def test_report(cached: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert certify.main(["--quick", "--json", "--cache", str(tmp_path)]) == 0
    found = json.loads(capsys.readouterr().out)
    rows = {row["metric"]: row for row in found["rows"]}
    wrong = next(row for name, row in rows.items() if name.startswith(f"{JUDGES[0]}: unsafe among certified"))
    assert wrong["ours"] == 0.0 and wrong["met"] and wrong["ci95"][1] > 0.0
    assert sum(line["both"] for line in found["promotions"]) == 0
    assert str(tmp_path) not in json.dumps(found)
    assert certify.main(["--quick", "--cache", str(tmp_path)]) == 0
    assert "gate" in capsys.readouterr().out


@pytest.mark.parametrize("how", ["outside", "loss", "timid", "bound"])
def test_broken_promises_fail(cached: dict[str, Any], tmp_path: Path, how: str) -> None:
    for line in cached["promotions"]:
        outside = line["broken"] > CELL["tolerated"]
        if (how == "outside" and outside) or (how == "loss" and line["gain"] < 0.0):
            line["promoted"] = True
        elif how == "timid":
            line["promoted"] = False
    if how == "bound":
        cached["coverage"] = [line | {"held": line["repeats"] // 2} for line in cached["coverage"]]
    assert certify.main(["--quick", "--cache", str(tmp_path)]) == 1


def test_full_plan_has_200_promotions_and_200_repeats() -> None:
    plan = certify.plan(False)
    judged = [x for x in plan if x["kind"] == "promotions" and x["n"] in certify.SIZES and x["tolerated"] == 0.01]
    assert len(judged) * len(CANDIDATES) >= 200
    assert all(cell["repeats"] >= 200 for cell in plan if cell["kind"] == "coverage")
    assert all(not cell["epsilon"] for cell in judged)
