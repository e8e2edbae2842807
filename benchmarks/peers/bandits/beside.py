"""Cells of the `off-policy` benchmark with peers: their estimators on the same arrays, and a policy that they learn."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import off_policy_obd as obd
from benchmarks.off_policy_cells import CAP, Quick, draw, prepared, world_of
from benchmarks.off_policy_learned import compared
from benchmarks.peers.bandits.setup import python_of
from policies.dataset import Dataset
from policies.estimators import METHODS, estimate

Doubles = NDArray[np.float64]
#: The folder that the peers are set up in.
PEER = "LEARNING_ASSISTANT_BANDITS"
KINDS = ("ips", "dr", "mtr")
_TIMES = 5
_WORKER = Path(__file__).with_name("worker.py")


def asked(
    what: str, settings: Mapping[str, Any], arrays: Mapping[str, Any], read: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, Doubles]]:
    """What the peer's program leaves: its JSON and its arrays, those of the two that `read` names.

    Raises RuntimeError with its last words.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "given.json").write_text(json.dumps(dict(settings)), encoding="utf-8")
        np.savez(folder / "given.npz", **arrays)
        command = [str(python_of(Path(os.environ[PEER]))), "-W", "ignore", str(_WORKER), what, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
        if done.returncode:
            raise RuntimeError(f"the peer's {what} failed: {done.stderr[-400:]}")
        facts: dict[str, Any] = {}
        tables: dict[str, Doubles] = {}
        if "json" in read:
            facts = json.loads((folder / "found.json").read_text("utf-8"))
        if "npz" in read:
            with np.load(folder / "found.npz") as found:
                tables = {key: found[key] for key in found.files}
    return facts, tables


def agreement(dataset: Dataset, new: Doubles, q: Doubles, bootstrap: int) -> list[dict[str, Any]]:
    """Ours and Open Bandit Pipeline's on the same arrays: values, intervals, seconds."""
    rows = np.arange(len(dataset))
    arrays = {
        "reward": np.asarray(dataset.reward, np.float64),
        "action": np.asarray(dataset.action, np.int64),
        "pscore": dataset.logged[rows, dataset.action],
        "new": new,
        "q": q,
    }
    facts, _ = asked("obp", {"cap": CAP, "times": _TIMES, "bootstrap": bootstrap}, arrays, ("json",))
    lines = []
    for method in METHODS:
        seconds = []
        for _ in range(_TIMES):
            started = time.perf_counter()
            found = estimate(method, dataset, new, q, cap=CAP)
            seconds.append(time.perf_counter() - started)
        theirs = facts[method]
        # Ours also counts, on purpose, what clipping hides; without it the upper ends would not be comparable.
        line = {"value": found.value, "low": found.low, "high": found.high, "seconds": min(seconds)}
        apart = abs(found.value - theirs["value"]) / max(abs(theirs["value"]), 1e-12)
        lines.append({"method": method, "ours": line, "theirs": theirs, "apart": apart})
    return lines


def measure_obd(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """A campaign: both directions on the same arrays, and the live policy as Open Bandit Pipeline reconstructs it."""
    campaign = cell["campaign"]
    logs = {name: obd.read(data, campaign, name) for name in obd.LOGS}
    lines = []
    for logged, target in (obd.LOGS, obd.LOGS[::-1]):
        dataset, q = obd.dataset_of(logs[logged]), obd.clicks(logs[logged])
        new = obd.policy_of(logs[target], target, logs[logged].place)
        for line in agreement(dataset, new, q, cell["bootstrap"]):
            lines.append({"logged": logged, "target": target, **line})
    settings = {"campaign": campaign, "actions": logs["bts"].items}
    prior = asked("bts", settings, {}, ("npz",))[1]["new"].T
    places = logs["random"].place
    new = prior[places] / prior[places].sum(axis=1, keepdims=True)
    dataset, q = obd.dataset_of(logs["random"]), obd.clicks(logs["random"])
    own = logs["bts"].click
    rebuilt = agreement(dataset, new, q, cell["bootstrap"])
    apart = float(0.5 * np.abs(prior - logs["bts"].shown()).sum(axis=1).mean())
    return {"lines": lines, "rebuilt": rebuilt, "truth": float(own.mean()), "distance": apart}


def measure(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """A world: Open Bandit Pipeline's estimators of three policies on one log, and what Vowpal Wabbit learns of it."""
    seed, variant, top = cell["seed"], cell["variant"], cell["top"]
    setup = prepared(seed, variant, top, cell["pool"], data, cell["fitted"])
    rows, log = draw(setup, cell["n"], (seed, variant, str(top), "beside"))
    oracle = log.oracle()
    lines = []
    for name in ("ring", "wide", "far"):
        found = agreement(oracle, setup.policies[name][rows], setup.q["oracle"][rows], cell["bootstrap"])
        lines += [{"policy": name, "truth": setup.truth(setup.policies[name], "oracle"), **line} for line in found]
    return {"lines": lines, "learned": learned(cell, data)}


def learned(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """Vowpal Wabbit trained on a log's rewards as they came in; its scores on other requests, made into policies."""
    world = world_of(cell["seed"], cell["variant"], data)
    before = world.week(cell["trained"], 0, "fit")
    log = world.log(before, world.base_propensities(before, cell["top"])).naive()
    test = world.week(cell["tested"], 1, "test")
    judged = world.log(test, world.base_propensities(test, cell["top"]))
    quick = Quick.fit(log)
    texts, place = np.unique(np.concatenate([log.text, test.dataset.text]), return_inverse=True)
    said = (np.asarray(world.tables.texts[texts], np.float64) - quick.centre) @ quick.axes
    arrays: dict[str, Any] = {"said": said}
    for name, dataset, at in (("train", log, place[: len(log)]), ("test", judged.oracle(), place[len(log) :])):
        chance = dataset.logged[np.arange(len(dataset)), dataset.action]
        columns = {"text": at, "numeric": dataset.numeric, "skill": dataset.skill, "action": dataset.action}
        columns |= {"reward": np.asarray(dataset.reward, np.float64), "chance": chance}
        arrays |= {f"{name}_{key}": value for key, value in columns.items()}
    settings = {"kinds": KINDS, "passes": cell["passes"], "rate": cell["rate"]}
    facts, costs = asked("vw", settings, arrays, ("json", "npz"))
    scores = {f"vw {kind}": np.where(np.isfinite(costs[kind]), -costs[kind], 0.0) for kind in KINDS}
    scores["quick q"] = quick.estimate(test.dataset)
    found = compared(test, judged, scores)
    return {**found, "vw": facts}
