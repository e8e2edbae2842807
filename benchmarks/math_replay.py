"""Consensus on answers that large language models really gave, replayed from published records.

    assistant bench math-replay [--seeds 5] [--data DIR] [--cache DIR] [--out FILE] [--picture FILE] [--workers 1]
                                [--quick] [--json]

Channels (models of 2022 and 2023, see `math_replay_data.CHANNELS`) are read, their programs run by the interpreter, and
put together by rules and by the learned vote. Votes are trained on other folds of the same set (equal questions share
a fold) or, for MultiArith, on the other sets alone. Records without a stated licence are measured, never shipped.
`--quick` is one seed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.cells import run_cells
from benchmarks.math_replay_data import CHANNELS, SETS, ZERO_SHOT
from benchmarks.math_replay_picture import draw
from benchmarks.math_replay_report import cross_rows, rule_rows, transfer_rows, voted

CACHE = Path("~/.cache/learning-assistant/bench/math-replay")
#: Seed 0 of the folds chose the penalties; it is not reported.
FIRST_SEED = 1
BARS: Mapping[str, Mapping[str, float]] = {
    "SVAMP": {"accuracy": 0.85, "ece": 0.03, "coverage 0.95": 0.75, "over channel": 0.06, "over rule": 0.20}
}


def cells_of(seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Everything that is measured."""
    zero = list(ZERO_SHOT)
    found: list[dict[str, Any]] = [{"kind": "rules", "set": name, "channels": zero} for name in SETS]
    found.append({"kind": "transfer", "set": "MultiArith", "channels": zero, "seed": seeds[0]})
    for seed in seeds:
        found += [{"kind": "cross", "set": name, "channels": zero, "seed": seed} for name in SETS[:3]]
        found += [{"kind": "cross", "set": name, "channels": list(CHANNELS), "seed": seed} for name in SETS[1:3]]
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report."""
    before = os.getloadavg()
    parser = common.arguments("math-replay", "Consensus on recorded answers of large language models.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, default=None, help="also write the report and every answer as JSON")
    parser.add_argument("--picture", type=Path, default=None, help="also draw accuracy against coverage (PNG)")
    args = parser.parse_args(argv)
    for folder in ("math_cot", "math_llm_outputs"):
        if not (args.data / folder).is_dir():
            parser.error(f"the recorded answers are missing: {args.data / folder} (give the folder with --data)")
    if args.seeds < 1:
        parser.error("--seeds: at least one")
    seeds = [FIRST_SEED + place for place in range(1 if args.quick else args.seeds)]
    cells = cells_of(seeds)
    results = run_cells(
        "math-replay", cells, "benchmarks.math_replay_cells:measure",
        data=args.data, cache=args.cache.expanduser(), workers=args.workers,
    )  # fmt: skip
    rules = {cell["set"]: result for cell, result in zip(cells, results, strict=True) if cell["kind"] == "rules"}
    transfer = next(result for cell, result in zip(cells, results, strict=True) if cell["kind"] == "transfer")
    cross: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for cell, result in zip(cells, results, strict=True):
        if cell["kind"] == "cross":
            label = "zero-shot" if cell["channels"] == list(ZERO_SHOT) else "all channels"
            cross.setdefault((cell["set"], label), []).append(result)
    rows = transfer_rows("MultiArith", transfer, rules["MultiArith"])
    for (name, label), runs in cross.items():
        bars = BARS.get(name, {}) if label == "zero-shot" else {}
        rows += cross_rows(name, runs, rules[name], label, bars)
    for name in SETS:
        rows += rule_rows(name, rules[name])
    report = common.report("math-replay", seeds, rows, before)
    if args.picture:
        votes = {
            name: {f"vote, {label}": voted(runs[0]) for (own, label), runs in cross.items() if own == name}
            for name in SETS[:3]
        }
        votes["MultiArith"]["vote, weights from other sets"] = voted(transfer)
        draw({name: (votes[name], rules[name]) for name in SETS[:3]}, args.picture)
    if args.out:
        full = {"report": asdict(report), "channels": CHANNELS, "cells": cells, "results": results}
        args.out.write_text(json.dumps(full) + "\n", encoding="utf-8")
    return report.show(args.json)


if __name__ == "__main__":
    sys.exit(main())
