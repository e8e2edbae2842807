"""The `off-policy` benchmark on a made-up corpus, a made-up archive of real logs and stand-ins for the peers."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import off_policy, off_policy_cells, off_policy_obd
from benchmarks.off_policy_cells import Quick, Setup, columns, draw, measure, prepared, summary
from benchmarks.off_policy_learned import compared
from benchmarks.peers.bandits import beside, setup, worker
from benchmarks.simulator import World
from policies.estimators import METHODS
from tests.benchmarks.made_corpus import made_corpus

CELL = {"kind": "simulator", "seed": 100, "variant": "main", "top": 0.8, "pool": 3000, "fitted": 3000, "n": 300,
        "by": "turn", "repeats": 60}  # fmt: skip
NOWHERE = Path("nowhere")


@pytest.fixture(scope="module")
def worlds() -> Iterator[None]:
    corpus = made_corpus()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(off_policy_cells, "world_of", lambda seed, variant, data: World(seed, variant, corpus=corpus))
        prepared.cache_clear()
        yield
    prepared.cache_clear()


@pytest.fixture(scope="module")
def made(worlds: None) -> Setup:
    return prepared(100, "main", 0.8, 3000, NOWHERE, 3000)


@pytest.fixture(scope="module")
def result(worlds: None) -> dict[str, Any]:
    return measure(CELL, NOWHERE)


def test_fast_sums_are_those_of_the_estimators(result: dict[str, Any]) -> None:
    assert result["largest"] < 1e-12
    methods = len(off_policy_cells.VALUES) + len(off_policy_cells.GAINS)
    assert len(result["lines"]) == 4 * 3 * methods


def test_ips_and_dr_are_unbiased_and_pi0_gains_nothing(result: dict[str, Any], made: Setup) -> None:
    for line in result["lines"]:
        if line["policy"] == "pi0" and line["method"].startswith("gain"):
            assert line["truth"] == line["sd"] == line["bias"] == 0.0
        elif line["reward"] == "oracle" and line["method"] in ("ips", "dr"):
            assert abs(line["bias"]) < 4.5 * line["sd"] / CELL["repeats"] ** 0.5  # type: ignore[operator]
    truths = {line["policy"]: line["truth"] for line in result["lines"] if line["method"] == "ips"}
    assert made.truth(made.policies["far"], "oracle") == pytest.approx(made.pool.value(made.policies["far"]))
    assert set(truths) == set(off_policy_cells.POLICIES)


def test_a_biased_estimator_is_seen(result: dict[str, Any]) -> None:
    clipped = next(line for line in result["lines"] if (line["policy"], line["reward"], line["method"]) ==
                   ("far", "oracle", "clipped"))  # fmt: skip
    assert clipped["bias"] < -3.0 * clipped["sd"] / CELL["repeats"] ** 0.5  # type: ignore[operator]


def test_policies_are_as_far_as_they_are_said_to_be(result: dict[str, Any]) -> None:
    moved = {name: 1.0 - value for name, value in result["replication"].items()}
    assert moved["pi0"] == 0.0 and 0.0 < moved["ring"] <= 0.01 + 1e-9 and moved["ring"] < moved["wide"] <= 0.1 + 1e-9
    assert moved["far"] > 0.1
    assert result["effective"]["pi0"] == pytest.approx(300.0) and result["effective"]["far"] < 250.0


def test_a_cell_repeats(worlds: None) -> None:
    small = CELL | {"repeats": 3, "by": "user"}
    first, second = measure(small, NOWHERE), measure(small, NOWHERE)
    assert first["lines"] == second["lines"]


def test_drawn_by_user_keeps_users_whole(made: Setup) -> None:
    rows, log = draw(made, 500, ("by user",), "user")
    user, size = made.pool.user, dict(zip(*np.unique(made.pool.user, return_counts=True), strict=True))
    found = dict(zip(*np.unique(user[rows], return_counts=True), strict=True))
    assert all(count % size[name] == 0 for name, count in found.items())
    assert 500 <= len(rows) < 500 + max(size.values()) and len(log.dataset) == len(rows)


def test_columns_of_rewards(made: Setup) -> None:
    rows, log = draw(made, 2000, ("columns",))
    kinds = {name: (dataset, observed, drawn) for name, dataset, observed, drawn in columns(rows, log)}
    lost = np.isnan(log.dataset.reward)
    assert 0.02 < lost.mean() < 0.25
    assert len(kinds["oracle"][2].rows) == 2000 and len(kinds["naive"][2].rows) == 2000 - lost.sum()
    observed = kinds["ipcw"][1]
    assert observed is not None and (observed[~lost] <= 1.0).all()
    assert (kinds["ipcw"][2].seen[lost] == 0.0).all() and kinds["ipcw"][2].seen.mean() == pytest.approx(1.0, abs=0.05)


def test_summary() -> None:
    found = summary(np.array([[1.0, 0.5, 1.5], [3.0, 2.5, 3.5]]), 1.25)
    assert (found["bias"], found["covered"], found["width"]) == (0.75, 1, 1.0)
    assert found["rmse"] == pytest.approx(np.sqrt((0.25**2 + 1.75**2) / 2))


@pytest.mark.parametrize("variant", ["main", "second"])  # second: graded rewards
def test_quick_regression_learns(worlds: None, variant: str) -> None:
    world = off_policy_cells.world_of(101, variant, NOWHERE)
    requests = world.week(4000, 0, "fit")
    log = world.log(requests, world.base_propensities(requests))
    test = world.week(2000, 1)
    q = Quick.fit(log.naive()).estimate(test.dataset)
    mask = test.dataset.mask
    assert (q[~mask] == 0.0).all() and ((q[mask] > 0.0) & (q[mask] < 1.0)).all()
    assert np.corrcoef(q[mask], test.truth[mask])[0, 1] > 0.5


def test_bounds_of_policies_made_of_scores(made: Setup) -> None:
    judged = made.world.log(made.pool, made.old)
    found = compared(
        made.pool, judged, {"truth": made.pool.truth, "noise": np.random.default_rng(0).random(made.old.shape)}
    )
    lines = {(line["scores"], line["policy"], line["width"]): line for line in found["lines"]}
    for width in (0.01, 0.10):
        ring, gate, mixed = (lines["truth", how, width] for how in ("ring", "gate", "mixed"))
        assert ring["outside"] == mixed["outside"] == 0.0 < gate["outside"]
        assert ring["gain"] >= mixed["gain"] > 0.0 and gate["replication"] >= 1.0 - width - 1e-9
    assert lines["truth", "ring", 0.01]["gain"] == pytest.approx(found["oracle_gain"])
    assert lines["noise", "greedy", 0.01]["gain"] < 0.0
    assert found["weighed"]["truth"]["low"] < found["weighed"]["truth"]["truth"] < found["weighed"]["truth"]["high"]


def archive(folder: Path, n: int = 600, items: int = 5) -> Path:
    rng = np.random.default_rng(3)
    names = ["", "timestamp", "item_id", "position", "click", "propensity_score",
             *(f"user-item_affinity_{i}" for i in range(items))]  # fmt: skip
    with tarfile.open(folder / off_policy_obd.ARCHIVE, "w:xz") as file:
        for campaign in off_policy_obd.CAMPAIGNS:
            for log in off_policy_obd.LOGS:
                chances = np.full(items, 1 / items) if log == "random" else np.array([0.4, 0.3, 0.15, 0.1, 0.05])
                lines = [",".join(names)]
                for i in range(n):
                    item = int(rng.choice(items, p=chances))
                    click = int(rng.random() < 0.1 + 0.1 * (item == 0))
                    line = [i, "2019-11-24", item, 1 + i % 3, click, chances[item], *[0.0] * items]
                    lines.append(",".join(map(str, line)))
                content = ("\n".join(lines) + "\n").encode()
                info = tarfile.TarInfo(f"bandit_obd/obd/{log}/{campaign}/{campaign}.csv")
                info.size = len(content)
                file.addfile(info, io.BytesIO(content))
    return folder


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive(tmp_path_factory.mktemp("obd"))


def test_real_logs(logs: Path) -> None:
    log = off_policy_obd.read(logs, "men", "bts")
    assert log.items == 5 and set(log.place) == {0, 1, 2} and len(log.item) == 600
    dataset = off_policy_obd.dataset_of(log)
    assert np.allclose(dataset.logged.sum(axis=1), 1.0)
    assert (dataset.logged[np.arange(600), log.item] == log.propensity).all()
    assert np.allclose(log.shown().sum(axis=1), 1.0) and (log.shown() > 0.0).all()
    q = off_policy_obd.clicks(log)
    assert q[:, 0].mean() > q[:, 3].mean()
    assert not np.array_equal(q[0], q[1])  # each from the other folds
    found = measure({"kind": "obd", "campaign": "men"}, logs)["directions"]
    assert [(d["logged"], d["target"]) for d in found] == [("random", "bts"), ("bts", "random")]
    for direction in found:
        assert [line["method"] for line in direction["lines"]] == list(METHODS)
        assert all(abs(line["z"]) < 3.5 for line in direction["lines"] if line["method"] in ("ips", "snips", "dr"))


def test_missing_real_logs(logs: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"bandit_obd\.tar\.xz"):
        off_policy_obd.read(tmp_path, "men", "bts")
    with pytest.raises(ValueError, match="holds no"):
        off_policy_obd.read(logs, "hats", "bts")


def stand_in(folder: Path, script: str) -> Path:
    """A folder like one with peers, whose interpreter is a script."""
    python = folder / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!{sys.executable}\n{script}", encoding="utf-8")
    python.chmod(0o755)
    return folder


def test_asking_a_peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import json, pathlib, sys\nfolder = pathlib.Path(sys.argv[-1])\n"
        "given = json.loads((folder / 'given.json').read_text())\nassert (folder / 'given.npz').exists()\n"
        "if given.get('fail'): sys.exit('no such estimator')\n"
        "(folder / 'found.json').write_text(json.dumps({'asked': sys.argv[-2], **given}))\n"
    )
    monkeypatch.setenv(beside.PEER, str(stand_in(tmp_path, script)))
    assert beside.asked("obp", {"cap": 3}, {"x": np.zeros(2)}, ("json",)) == ({"asked": "obp", "cap": 3}, {})
    with pytest.raises(RuntimeError, match="obp failed: no such estimator"):
        beside.asked("obp", {"fail": 1}, {}, ("json",))


def echo(what: str, settings: Mapping[str, Any], arrays: Mapping[str, Any], read: Sequence[str]) -> Any:
    """The peers, with IPS of their own and costs that know nothing."""
    if what == "vw":
        costs = np.where(arrays["test_skill"] >= 0, 0.5, np.inf)
        return {kind: {"seconds": 1.0, "value": 0.5} for kind in settings["kinds"]}, dict.fromkeys(
            settings["kinds"], costs
        )
    if what == "bts":
        return {}, {"new": np.full((settings["actions"], 3), 1.0 / settings["actions"])}
    rows = np.arange(len(arrays["action"]))
    value = float((arrays["new"][rows, arrays["action"]] / arrays["pscore"] * arrays["reward"]).mean())
    line = {"value": value, "seconds": 1e-3, "low": 0.0, "high": 1.0, "interval_seconds": 1.0}
    return dict.fromkeys(METHODS, line), {}


def test_beside_peers(made: Setup, logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "asked", echo)
    monkeypatch.setattr(beside, "world_of", off_policy_cells.world_of)
    sizes = {"n": 200, "bootstrap": 10, "trained": 400, "tested": 300, "passes": 1, "rate": 0.1}
    found = measure(CELL | sizes | {"kind": "peer-simulator"}, NOWHERE)
    apart = {line["method"]: line["apart"] for line in found["lines"]}
    assert apart["ips"] < 1e-12 < apart["dm"]
    assert {line["scores"] for line in found["learned"]["lines"]} == {"vw ips", "vw dr", "vw mtr", "quick q"}
    real = measure({"kind": "peer-obd", "campaign": "women", "bootstrap": 10}, logs)
    assert len(real["lines"]) == 2 * len(METHODS) and len(real["rebuilt"]) == len(METHODS)
    assert 0.0 < real["distance"] < 1.0


def test_examples_of_vowpal_wabbit() -> None:
    given = {"said": np.array([[0.5, -1.0]]), "train_numeric": np.array([[[0.25], [0.5], [0.0]]]),
             "train_skill": np.array([[7, 2, -1]]), "train_text": np.array([0]), "train_action": np.array([1]),
             "train_reward": np.array([1.0]), "train_chance": np.array([0.125])}  # fmt: skip
    shared = "shared |s 0:0.5000 1:-1.0000"
    plain = [[shared, "|n f0:0.2500 |k s7", "|n f0:0.5000 |k s2"]]
    assert worker.examples(given, "train", False) == plain
    assert worker.examples(given, "train", True)[0][2] == "0:-1.000000:0.12500000 |n f0:0.5000 |k s2"


def test_setup_wants_the_right_python(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert setup.version(str(tmp_path / "none")) == () and setup.version(sys.executable) == sys.version_info[:2]
    wrong = stand_in(tmp_path / "old", "print('[3, 9]')") / "venv" / "bin" / "python"
    assert setup.main([str(tmp_path / "peers"), "--python", str(wrong)]) == 1
    assert "is no Python 3.10" in capsys.readouterr().err


@pytest.fixture
def cached(
    result: dict[str, Any], made: Setup, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, dict[str, Any]]:
    """Runs measure nothing: each kind of cell has one result."""
    monkeypatch.setattr(beside, "asked", echo)
    monkeypatch.setattr(beside, "world_of", off_policy_cells.world_of)
    sizes = {"n": 200, "bootstrap": 10, "trained": 400, "tested": 300, "passes": 1, "rate": 0.1}
    results = {"simulator": result, "obd": measure({"kind": "obd", "campaign": "all"}, logs)}
    results["peer-obd"] = measure({"kind": "peer-obd", "campaign": "all", "bootstrap": 10}, logs)
    results["peer-simulator"] = measure(CELL | sizes | {"kind": "peer-simulator"}, NOWHERE)
    for name in ("peer-obd", "peer-simulator"):  # as if the peer agreed in everything
        results[name]["lines"] = [line | {"apart": 0.0} for line in results[name]["lines"]]
    results["peer-obd"]["rebuilt"] = []
    weighed = results["peer-simulator"]["learned"]["weighed"]
    results["peer-simulator"]["learned"]["vw"] = {
        kind: {"value": weighed[f"vw {kind}"]["ips"]} for kind in beside.KINDS
    }

    def run_cells(name: str, cells: Sequence[Mapping[str, Any]], function: str, **_: object) -> list[dict[str, Any]]:
        assert (name, function) == ("off-policy", "benchmarks.off_policy_cells:measure")
        return [results[cell["kind"]] for cell in cells]

    monkeypatch.setattr(off_policy, "run_cells", run_cells)
    monkeypatch.setenv(beside.PEER, "")  # given back after the test
    return results


def perfect(results: dict[str, dict[str, Any]]) -> None:
    """Let every interval hold the truth, and rewards be lost at random."""
    lines = [line | {"covered": line["repeats"], "bias": 0.0} for line in results["simulator"]["lines"]]
    for line in lines:
        line["bias"] = 0.01 if line["reward"] == "naive" else 0.0
    results["simulator"] = results["simulator"] | {"lines": lines}


def test_report_and_filed_peers(
    cached: dict[str, dict[str, Any]], logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    perfect(cached)
    peer = stand_in(tmp_path / "peer", "")
    filed = tmp_path / "filed.json"
    command = ["--quick", "--json", "--data", str(logs), "--cache", str(tmp_path)]
    assert off_policy.main([*command, "--peer", str(peer), "--record", str(filed)]) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["peers"] == "of this run" and str(tmp_path) not in json.dumps(first)
    assert off_policy.main([*command, "--recorded", str(filed)]) == 0
    second = json.loads(capsys.readouterr().out)
    assert second["rows"] == first["rows"] and second["peers"].startswith("filed on 20")
    assert {line["bar"] for line in first["rows"] if line["metric"].startswith("coverage, dr of ring, 1")} <= {0.9}
    assert off_policy.main([*command[:1], *command[2:], "--recorded", str(tmp_path / "none")]) == 0
    assert "peers: none" in capsys.readouterr().out


@pytest.mark.parametrize("how", ["bias", "coverage", "disagreement", "outside", "sums"])
def test_what_is_wrong_fails(cached: dict[str, dict[str, Any]], logs: Path, tmp_path: Path, how: str) -> None:
    perfect(cached)
    peer = stand_in(tmp_path / "peer", "")
    lines = cached["simulator"]["lines"]
    if how == "bias":
        next(x for x in lines if (x["policy"], x["reward"], x["method"]) == ("far", "oracle", "dr"))["bias"] = 9.0
    elif how == "coverage":
        for line in lines:
            line["covered"] = round(0.85 * line["repeats"])
    elif how == "disagreement":
        cached["peer-obd"]["lines"][0]["apart"] = 1e-6
    elif how == "outside":
        cached["peer-simulator"]["learned"]["lines"] = [
            line | {"outside": 0.01 if line["policy"] == "ring" else line["outside"]}
            for line in cached["peer-simulator"]["learned"]["lines"]
        ]
    else:
        cached["simulator"] = cached["simulator"] | {"largest": 1e-6}
    command = ["--quick", "--data", str(logs), "--cache", str(tmp_path), "--peer", str(peer)]
    assert off_policy.main(command) == 1


def test_missing_data_and_peer(tmp_path: Path, logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert off_policy.main(["--data", str(tmp_path)]) == 2
    assert "bandit_obd" in capsys.readouterr().err
    assert off_policy.main(["--data", str(logs), "--peer", str(tmp_path)]) == 2
    assert "--peer" in capsys.readouterr().err


def test_full_plan_has_what_is_promised() -> None:
    cells = [cell for cell in off_policy.own_cells(False) if cell["kind"] == "simulator"]
    assert {cell["n"] for cell in cells} == set(off_policy.SIZES) and {cell["top"] for cell in cells} == {0.8, 0.97}
    assert all(cell["repeats"] >= 200 for cell in cells) and {cell["variant"] for cell in cells} == {"main", "second"}
    assert len({cell["seed"] for cell in cells}) >= 3


def test_light_population_answers_as_the_whole(made: Setup) -> None:
    light = replace(made.pool.dataset, numeric=made.pool.dataset.numeric)
    assert light.numeric.shape[2] == 0 and light.checked() is light
