"""Known defects on the simulator: what is mended, what comes back, and what happens to the rest (paper 35).

    assistant bench remediation [--json] [--quick] [--seeds N] [--bounds global]

Of every seed's log some 50 failing decisions in up to 12 incidents become cases, 67 % of each incident's to learn from.
The layer of cases that `assistant learn` gives to a ring stands beside hot-fix rules and networks that rehearse cases,
with the paper's settings and with ours. Nothing is tuned here; `--quick` runs on the tuning seeds, for directions.
Bars are for the shipped way: 70 % of the cases learned from remediated, replication of other requests within .1 point
of what it is without cases, and every regression that recurs blocked by the guard-rail.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from benchmarks.cells import run_cells
from benchmarks.common import Row, row
from benchmarks.remediation_cells import FOLDER, METHODS, WITHOUT
from benchmarks.routing_world import simulator_version
from benchmarks.simulator.seeds import REPORT_SEEDS, TUNE_SEEDS
from benchmarks.statistics import mean_interval

CACHE = Path("~/.cache/learning-assistant/bench/routing")
SHIPPED = "ring + cases"
REMEDIATED, DRIFT = 70.0, 0.1  # percent of the cases learned from; points of replication
SEEDS = 3
BUDGET = {"log": 50_000, "test": 20_000, "steps": 400, "batch": 1024, "width": 32}
QUICK_BUDGET = {"log": 20_000, "test": 5_000, "steps": 200, "batch": 1024, "width": 32}
_COLUMNS = {
    "remediated": ("mended", "learned", "all"),
    "regression": ("mended", "learned", "regression"),
    "progression": ("mended", "learned", "progression"),
    "held out": ("mended", "held out", "all"),
    "held out regression": ("mended", "held out", "regression"),
    "held out progression": ("mended", "held out", "progression"),
    "again": ("again",),
    "replication": ("rest", "replication"),
    "replication change": ("rest", "replication_change"),
    "same": ("rest", "same"),
    "value": ("rest", "value"),
    "value change": ("rest", "value_change"),
    "changed": ("rest", "changed"),
    "rules retired": ("retired",),
    "seconds": ("seconds",),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is missing and print; returns 1 when a claim fails, 2 when an argument is wrong."""
    parser = common.arguments("remediation", "Known defects: what is mended, and what happens to the rest.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data")
    parser.add_argument("--cache", type=Path, default=CACHE, help="finished cells and shared models")
    parser.add_argument("--workers", type=int, default=1, help="processes of one thread (default 1)")
    parser.add_argument("--seeds", type=int, default=None, help=f"number of seeds (default {SEEDS}, quick 1)")
    parser.add_argument("--bounds", default="global", help="set of bounds (default global: replication of .99)")
    args = parser.parse_args(argv)
    declared = TUNE_SEEDS if args.quick else REPORT_SEEDS
    wanted = args.seeds if args.seeds is not None else 1 if args.quick else SEEDS
    if not 0 < wanted <= len(declared):
        parser.error(f"--seeds must be 1 to {len(declared)}: more are not declared")
    if not (args.data / "hwu64").is_dir():
        parser.error(f"data folder is missing: {args.data / 'hwu64'} (give the folder above it with --data)")
    before, cache = os.getloadavg(), args.cache.expanduser()
    os.environ[FOLDER] = str(cache / "shared")
    budget = QUICK_BUDGET if args.quick else BUDGET
    shared = {"simulator": simulator_version(), "variant": "main", "bounds": args.bounds, **budget}
    cells = [{**shared, "seed": seed} for seed in declared[:wanted]]
    function = "benchmarks.remediation_cells:measure"
    found = run_cells("remediation", cells, function, data=args.data, cache=cache / "remediation", workers=args.workers)
    return report(found, declared[:wanted], args, before)


def report(found: Sequence[Mapping[str, Any]], seeds: Sequence[int], args: argparse.Namespace,
           load: Sequence[float]) -> int:  # fmt: skip
    """Print everything; the exit code."""
    filed, lines = common.report("remediation", seeds, claims(found), load), table(found)
    if args.json:
        details = {"table": lines, "cells": list(found)}
        print(json.dumps(asdict(filed) | details, ensure_ascii=False, indent=2))
        return 0 if filed.met else 1
    shown = ("remediated", "held out", "again", "replication change", "same", "value change", "rules retired")
    print(f"{'':<36}" + "".join(f"{name:>20}" for name in shown))
    for line in lines:
        print(f"{line['method']:<36}" + "".join(f"{_shown(line[name]):>20}" for name in shown))
    return filed.show(False)


def table(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One line for each method: means over the seeds; None where there was nothing to count."""
    lines = []
    for name in METHODS:
        line: dict[str, Any] = {"method": name, "without cases": WITHOUT.get(name)}
        for column, path in _COLUMNS.items():
            values = [value for value in _values(found, name, path) if value is not None]
            line[column] = float(np.mean(values)) if values else None
        guards = [one["methods"][name]["guard"] for one in found]
        line["guard"] = {key: sum(int(guard[key]) for guard in guards) for key in guards[0]}
        lines.append(line)
    return lines


def claims(found: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The rows against bars, and what stands beside them."""
    mended, ends = mean_interval(_known(found, SHIPPED, _COLUMNS["remediated"]))
    rows = [row("cases learned from: remediated, %", mended, ci95=ends, bar=REMEDIATED, better="higher")]
    held, ends = mean_interval(_known(found, SHIPPED, _COLUMNS["held out"]))
    rows.append(row("held-out cases of the same incidents: remediated, %", held, ci95=ends))
    drift = max(abs(value) for value in _known(found, SHIPPED, _COLUMNS["replication change"]))
    rows.append(row("other requests: change of replication, points, worst seed", drift, bar=DRIFT))
    change, ends = mean_interval(_known(found, SHIPPED, _COLUMNS["value change"]))
    rows.append(row("other requests: change of true value, points", change, ci95=ends))
    recur, blocked = _recurring(found)
    rows.append(row("regressions that recur, no rule covering them", float(recur)))
    rows.append(row("share of them that the guard-rail blocks", blocked / recur if recur else 1.0, bar=1.0,
                    better="higher"))  # fmt: skip
    let = sum(bool(one["methods"][SHIPPED]["guard"]["blocked"]) for one in found)
    rows.append(row("seeds in which the guard-rail blocks the ring with cases", float(let), bar=0.0))
    retired = float(np.mean(_known(found, SHIPPED, _COLUMNS["rules retired"])))
    rows.append(row("share of hot-fix rules that can retire", retired))
    return rows


def _recurring(found: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Regressions that recur under a method without rules, and how many of those block it."""
    guards = [one["methods"][name]["guard"] for one in found for name in METHODS if "hot-fixes" not in name]
    return sum(guard["recur"] for guard in guards), sum(guard["recur_blocked"] for guard in guards)


def _values(found: Sequence[Mapping[str, Any]], method: str, path: Sequence[str]) -> list[float | None]:
    values: list[float | None] = []
    for one in found:
        value: Any = one["methods"][method]
        for key in path:
            value = value[key]
        values.append(value)
    return values


def _known(found: Sequence[Mapping[str, Any]], method: str, path: Sequence[str]) -> list[float]:
    return [value for value in _values(found, method, path) if value is not None]


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    sys.exit(main())
