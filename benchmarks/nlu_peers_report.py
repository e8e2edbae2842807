"""What the comparison with peers prints: claims, the table of all cells, paired differences."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import common
from benchmarks.common import Row, row
from benchmarks.paired import Interval, hierarchical_bootstrap, holm

#: Bars of ours: prediction p50 in ms, and memory in MB while predicting and while training heads.
P50, MEMORY = 2.0, 500.0
#: Clean test figures of the linear stack on all rows that a strong baseline has to come near, in percent.
LINEAR = {"atis": (93.4, 93.2), "snips": (97.7, 93.2)}
NEAR = 0.5
PEERS = ("linear", "diet")
#: Trainings of ours that are held against the peers.
OURS = ("ours", "noise")
#: Bar of the heads alone on all SNIPS rows, CPU-seconds of training.
HEAD = 60.0
NAMES = {
    "linear": "TF-IDF + CRF",
    "diet": "Rasa DIET",
    "ours": "ours",
    "noise": "ours, own noise",
    "head": "ours, heads only",
}
_DRAWS = 1000


@dataclass(frozen=True)
class Result:
    """A cell and what was measured of it."""

    cell: Mapping[str, Any]
    result: Mapping[str, Any]


@dataclass(frozen=True)
class Group:
    """A system on a set with one kind of training rows: its runs, one a seed."""

    system: str
    set: str
    noisy: bool
    limit: int
    epochs: int
    runs: tuple[Mapping[str, Any], ...]

    @property
    def label(self) -> str:
        """`snips, 1000 rows`, `atis, all rows with noisy copies`."""
        rows = f"{self.limit or 'all'} rows" + (" with noisy copies" if self.noisy else "")
        return f"{self.set}, {rows}"

    def values(self, test: str, measure: str) -> list[float]:
        """`intent`, `slot_f1` or `ece` of each run."""
        return [run["tests"][test][measure] for run in self.runs]

    def cost(self, part: str, measure: str) -> float:
        """Mean of a figure of `training` or `reading` over the runs."""
        return float(np.mean([run[part][measure] for run in self.runs]))

    def right(self, test: str) -> NDArray[np.float64]:
        """[seeds, items] of right intents."""
        return np.array([[float(mark) for mark in run["tests"][test]["right"]] for run in self.runs])

    def slots(self, test: str) -> NDArray[np.float64]:
        """[seeds, items, 3]: right, predicted and gold chunks."""
        return np.array([run["tests"][test]["slots"] for run in self.runs], np.float64)


def groups(results: Sequence[Result]) -> list[Group]:
    """Runs that differ by seed only, together, in the order of the cells."""
    found: dict[tuple[str, str, bool, int, int], list[Mapping[str, Any]]] = {}
    for one in results:
        cell = one.cell
        name = (cell["system"], cell["set"], bool(cell["noisy"]), cell["limit"], cell.get("epochs", 0))
        found.setdefault(name, []).append(one.result)
    return [Group(*name, runs=tuple(runs)) for name, runs in found.items()]


def slot_difference(ours: NDArray[np.float64], base: NDArray[np.float64], rng: np.random.Generator) -> Interval:
    """Difference of micro F1 of two [seeds, items, 3] counts over the same items; draws items and seeds."""
    if ours.shape[1] != base.shape[1]:
        raise ValueError(f"paired samples need the same items: {ours.shape[1]} and {base.shape[1]}")
    items = ours.shape[1]
    draws = np.empty(_DRAWS)
    for draw in range(_DRAWS):
        times = np.bincount(rng.integers(items, size=items), minlength=items).astype(np.float64)
        left, right = (_f1(np.einsum("sik,i->sk", side, times)) for side in (ours, base))
        draws[draw] = left[rng.integers(len(left), size=len(left))].mean()
        draws[draw] -= right[rng.integers(len(right), size=len(right))].mean()
    low, high = (float(value) for value in np.percentile(draws, [2.5, 97.5]))
    tail = min(float((draws <= 0).mean()), float((draws >= 0).mean()))
    mean = float(_f1(ours.sum(1)).mean() - _f1(base.sum(1)).mean())
    return Interval(mean, low, high, min(1.0, max(2 * tail, 1 / _DRAWS)))


def _f1(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(2 * counts[:, 0] / np.maximum(counts[:, 1] + counts[:, 2], 1.0))


def compare(found: Sequence[Group]) -> list[dict[str, Any]]:
    """Ours less each peer on the same rows and test, intents and slots; p values adjusted over all of them (Holm)."""
    rng = np.random.default_rng(0)
    lines: list[dict[str, Any]] = []
    for ours in (group for group in found if group.system in OURS):
        for peer in best_peers(found, ours):
            for test in ours.runs[0]["tests"]:
                if peer.right(test).shape[1] != ours.right(test).shape[1]:
                    continue  # a filed peer read all sentences, this run only some
                pairs = {
                    "intent": hierarchical_bootstrap(ours.right(test), peer.right(test), rng),
                    "slot F1": slot_difference(ours.slots(test), peer.slots(test), rng),
                }
                for measure, gap in pairs.items():
                    lines.append({"ours": NAMES[ours.system], "trained on": ours.label, "test": test,
                                  "measure": measure, "peer": peer.system, "difference": 100 * gap.mean,
                                  "ci95": [100 * gap.low, 100 * gap.high], "p": gap.p})  # fmt: skip
    for line, p in zip(lines, holm([line["p"] for line in lines]), strict=True):
        line["p_holm"] = p
    return lines


def best_peers(found: Sequence[Group], ours: Group) -> list[Group]:
    """Each peer's group on the same set and rows; of several lengths of training the longest."""
    out = []
    for system in PEERS:
        same = [g for g in found if (g.system, g.set, g.noisy, g.limit) == (system, ours.set, ours.noisy, ours.limit)]
        if same:
            out.append(max(same, key=lambda group: group.epochs))
    return out


def claims(found: Sequence[Group]) -> list[Row]:
    """Ours above each peer on every noisy test, the cost of ours, and the linear stack as strong as it should be."""
    rows = []
    for ours in (group for group in found if group.system in OURS):
        for peer in best_peers(found, ours):
            for test in ours.runs[0]["tests"]:
                for measure, name in (("intent", "intent accuracy"), ("slot_f1", "slot F1")):
                    mine, theirs = (100 * float(np.mean(g.values(test, measure))) for g in (ours, peer))
                    metric = f"{name} of {NAMES[ours.system]}, {ours.label}, test {test}, %"
                    line = row(metric, mine, baseline=theirs, baseline_name=NAMES[peer.system])
                    # Under noise ours is to be better; as good does not count.
                    bar, met = (None, None) if test == "clean" else (line.baseline, mine > theirs)
                    rows.append(replace(line, bar=bar, met=met))
    own = [group for group in found if group.system not in PEERS]
    if own:
        rows.append(row("prediction of ours, p50, ms", max(g.cost("reading", "p50_ms") for g in own), bar=P50))
        rows.append(row("prediction of ours, p99, ms", max(g.cost("reading", "p99_ms") for g in own)))
        rows.append(
            row("memory of ours while predicting, MB", max(g.cost("reading", "peak_mb") for g in own), bar=MEMORY)
        )
    for group in found:
        if group.system == "head" and (group.set, group.noisy, group.limit) == ("snips", False, 0):
            rows.append(row("heads alone on all SNIPS rows, CPU-s", group.cost("training", "cpu_seconds"), bar=HEAD))
            rows.append(row("heads alone on all SNIPS rows, MB", group.cost("training", "peak_mb"), bar=MEMORY))
        if group.system == "linear" and not group.limit and not group.noisy:
            for measure, target in zip(("intent", "slot_f1"), LINEAR[group.set], strict=True):
                value = 100 * group.values("clean", measure)[0]
                rows.append(row(f"linear stack, {group.label}, {measure}, %", value, baseline=target,
                                baseline_name="figure to come near", bar=target - NEAR, better="higher"))  # fmt: skip
    return rows


def table(found: Sequence[Group]) -> list[dict[str, Any]]:
    """All cells: mean, sd and n of each measure of each test, costs, rejection of nonsense."""
    lines = []
    for group in found:
        tested = {
            test: {measure: _spread(group.values(test, measure)) for measure in ("intent", "slot_f1", "ece")}
            for test in group.runs[0]["tests"]
        }
        lines.append({"system": NAMES[group.system], "set": group.set, "training rows": group.runs[0]["rows"],
                      "noisy copies": group.noisy, "epochs": group.epochs or None, "tests": tested,
                      "training CPU-s": group.cost("training", "cpu_seconds"),
                      "training peak MB": group.cost("training", "peak_mb"),
                      "reading peak MB": group.cost("reading", "peak_mb"),
                      "p50 ms": group.cost("reading", "p50_ms"), "p99 ms": group.cost("reading", "p99_ms"),
                      "rejection": {name: float(np.mean([run["rejection"][name] for run in group.runs]))
                                    for name in group.runs[0]["rejection"]}})  # fmt: skip
    return lines


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    deviation = 100 * float(np.std(values, ddof=1)) if len(values) > 1 else None
    return {"mean": 100 * float(np.mean(values)), "sd": deviation, "n": len(values)}


def report(
    results: Sequence[Result], args: argparse.Namespace, load: Sequence[float], recorded: Mapping[str, Any] | None
) -> int:
    """Print everything; the exit code: 1 when a claim failed."""
    found = groups(results)
    seeds = sorted({result.cell["seed"] for result in results})
    filed = common.report("nlu-peers", seeds, claims(found), load)
    source = None if recorded is None else {name: recorded[name] for name in ("command", "date", "commit", "machine")}
    lines, paired = table(found), compare(found)
    if args.json:
        details = {"diet recorded": source, "table": lines, "paired": paired}
        print(json.dumps(asdict(filed) | details, ensure_ascii=False, indent=2))
        return 0 if filed.met else 1
    for line in lines:
        _print(line)
    if source is not None:
        print(f"Rasa DIET was not measured in this run: filed on {source['date']}, `{source['command']}`")
    return filed.show(False)


def _print(line: Mapping[str, Any]) -> None:
    noisy = " + noisy" if line["noisy copies"] else ""
    epochs = f", {line['epochs']} epochs" if line["epochs"] else ""
    tests = "; ".join(
        f"{test}: {values['intent']['mean']:.1f} / {values['slot_f1']['mean']:.1f} (ECE {values['ece']['mean']:.1f})"
        for test, values in line["tests"].items()
    )
    cost = f"{line['training CPU-s']:.0f} CPU-s, {line['training peak MB']:.0f} MB; read p50 {line['p50 ms']:.2f} ms"
    print(f"{line['system']:<13}{line['set']:<6}{line['training rows']}{noisy}{epochs}: {tests}; {cost}")
