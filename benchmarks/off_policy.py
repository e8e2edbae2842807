"""Off-policy estimators against a truth that is known, on real logs, and beside their peers.

    assistant bench off-policy [--json] [--quick] [--peer FOLDER [--record FILE]] [--data DIR] [--cache DIR]

On simulated logs: bias, deviation, error and coverage of 95 % intervals of every estimator, for policies near and far
from the one that decided, logs of 1,000 to 100,000 turns, two sharpnesses of the logged propensities, and rewards that
are true, missing not at random, or corrected for that. On real logs (the small Open Bandit data): the click rate of
each of two policies from the log of the other. --peer: a folder made by `python -m benchmarks.peers.bandits.setup
FOLDER`; Open Bandit Pipeline and Vowpal Wabbit then run on the same arrays. Without it their filed results stand in
(results/off-policy-peers.json). --quick: one world, small logs.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.cells import run_cells
from benchmarks.off_policy_cells import WORLDS
from benchmarks.off_policy_obd import ARCHIVE, CAMPAIGNS
from benchmarks.off_policy_report import Part, report
from benchmarks.peers.bandits.beside import PEER
from benchmarks.peers.bandits.setup import python_of
from benchmarks.simulator import LEARNABLE, REPORT_SEEDS, SECOND_SEEDS, SHARP

CACHE = Path("~/.cache/learning-assistant/bench/off-policy")
RECORDED = common.ROOT / "benchmarks" / "results" / "off-policy-peers.json"
SIZES = (1_000, 10_000, 100_000)
#: Of Vowpal Wabbit, chosen on a seed for tuning among rates .5 (its default), .05, .005, .001 and 1 or 4 passes.
VW = {"passes": 4, "rate": 0.005}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is missing and print; returns 1 when a claim fails, 2 when something needed is missing."""
    args = arguments().parse_args(argv)
    before = os.getloadavg()
    needed = [args.data / ARCHIVE, *([python_of(args.peer)] if args.peer else [])]
    if missing := [path for path in needed if not path.exists()]:
        print(f"missing: {missing[0]} (see --data and --peer)", file=sys.stderr)
        return 2
    if args.worlds:
        os.environ[WORLDS] = str(args.worlds.resolve())
    if args.peer:
        os.environ[PEER] = str(args.peer.resolve())
    cells = own_cells(args.quick) + (peer_cells(args.quick) if args.peer else [])
    try:
        found = run_cells(
            "off-policy", cells, "benchmarks.off_policy_cells:measure", data=args.data,
            cache=args.cache.expanduser(), workers=args.workers,
        )  # fmt: skip
    except (FileNotFoundError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 2
    parts = [Part(cell, result) for cell, result in zip(cells, found, strict=True)]
    filed: dict[str, Any] | None = None
    if args.peer:
        if args.record:
            record(args.record, [part for part in parts if part.cell["kind"].startswith("peer")])
    elif args.recorded.exists():
        filed = json.loads(args.recorded.read_text("utf-8"))
        parts += [Part(entry["cell"], entry["result"]) for entry in filed["cells"]]
    options = [*(["--quick"] if args.quick else []), *(["--peer FOLDER"] if args.peer else [])]
    return report(parts, args.json, before, filed, " ".join(["assistant bench off-policy", *options]))


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = common.arguments("off-policy", "Off-policy estimators against the truth, on real logs, beside peers.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data")
    parser.add_argument("--cache", type=Path, default=CACHE, help="finished cells are kept there")
    parser.add_argument("--worlds", type=Path, default=None, help="folder of the simulator's cache")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread (default 2)")
    parser.add_argument("--peer", type=Path, metavar="FOLDER", help="run the peers that were set up there")
    parser.add_argument("--record", type=Path, metavar="FILE", help="with --peer: file the peers' results there")
    parser.add_argument("--recorded", type=Path, default=RECORDED, help=argparse.SUPPRESS)
    return parser


def own_cells(quick: bool) -> list[dict[str, Any]]:
    """Simulated logs by world, sharpness and size; the same drawn by user; the campaigns of the real logs."""
    obd = [{"kind": "obd", "campaign": campaign} for campaign in CAMPAIGNS]
    if quick:
        base = {"kind": "simulator", "variant": "main", "seed": REPORT_SEEDS[0], "pool": 30_000, "fitted": 20_000}
        small = [{**base, "top": LEARNABLE, "n": n, "by": "turn", "repeats": 200} for n in SIZES[:2]]
        return [*small, {**base, "top": SHARP, "n": SIZES[1], "by": "turn", "repeats": 100}, *obd]
    worlds = [("main", seed) for seed in REPORT_SEEDS[:3]] + [("second", SECOND_SEEDS[0])]
    cells = []
    for variant, seed in worlds:
        for top in (LEARNABLE, SHARP):
            base = {"kind": "simulator", "variant": variant, "seed": seed, "pool": 100_000, "fitted": 50_000}
            for n in SIZES:
                # The largest logs cost most; two worlds of them are enough.
                if n < SIZES[-1] or (variant, seed) in worlds[:2]:
                    cells.append({**base, "top": top, "n": n, "by": "turn", "repeats": 200})
            cells.append({**base, "top": top, "n": SIZES[1], "by": "user", "repeats": 200})
    return cells + obd


def peer_cells(quick: bool) -> list[dict[str, Any]]:
    """Real logs and simulated ones with the peers. Their bootstrap has 10,000 draws by default; here fewer."""
    obd = [{"kind": "peer-obd", "campaign": campaign, "bootstrap": 1000} for campaign in CAMPAIGNS]
    base = {"kind": "peer-simulator", "variant": "main", "bootstrap": 1000, **VW}
    if quick:
        sizes = {"pool": 30_000, "fitted": 20_000, "n": 10_000, "trained": 10_000, "tested": 10_000}
        return [{**base, **sizes, "seed": REPORT_SEEDS[0], "top": LEARNABLE}, *obd[1:2]]
    sizes = {"pool": 100_000, "fitted": 50_000, "n": 20_000, "trained": 50_000, "tested": 20_000}
    worlds = [(LEARNABLE, seed) for seed in REPORT_SEEDS[:4]] + [(SHARP, REPORT_SEEDS[0])]
    return [{**base, **sizes, "seed": seed, "top": top} for top, seed in worlds] + obd


def record(path: Path, parts: Sequence[Part]) -> None:
    """File the peers' results with command, date and machine, for runs without the peers."""
    machine = common.report("off-policy", [0], [], os.getloadavg())
    document = {
        "what": "Open Bandit Pipeline 0.5.7 and Vowpal Wabbit 9.11.9 in a real run of this benchmark",
        "command": "assistant bench off-policy --peer FOLDER --record FILE",
        "date": datetime.date.today().isoformat(),
        "commit": machine.commit,
        "machine": machine.machine,
        "cells": [{"cell": dict(part.cell), "result": dict(part.result)} for part in parts],
    }
    path.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
