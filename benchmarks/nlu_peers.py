"""Understanding beside its peers: the linear stack, Rasa's DIET and ours on the same rows, clean and under noise.

    assistant bench nlu-peers [--json] [--quick] [--peer FOLDER [--record FILE]]

Sets: ATIS, tested as typed and as recognised (real recogniser, synthetic speech), and SNIPS, tested as typed and
through a simulated recogniser at word error rates .15 and .3. Every system is trained twice: on typed rows, and on the
same rows with recognised (ATIS) or simulated (SNIPS) copies; each in a process of its own, one thread.

DIET's cost allows no full sets on a small machine, so `--few` rows of each set (default 1,000) train all three systems;
the linear stack and ours are also trained on all rows. --peer: a folder made by `python -m benchmarks.peers.rasa.setup
FOLDER`; DIET is then measured in this run. Without it the filed results of a real run stand in
(results/nlu-peers-diet.json: command, date and machine are in there). --quick: `--few` rows and one seed.
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
from benchmarks.nlu_peers_cells import PEER
from benchmarks.nlu_peers_report import Result, report

CACHE = Path("~/.cache/learning-assistant/bench/nlu-peers")
RECORDED = common.ROOT / "benchmarks" / "results" / "nlu-peers-diet.json"
FEW = 1000
SETS = ("snips", "atis")
#: Settings of ours, set beforehand; dev chooses among the epochs. Epochs for few rows and for all, peak learning rate.
EPOCHS_FEW, EPOCHS_ALL, RATE = 12, 4, 3e-4
#: Of DIET: Rasa's defaults but for the epochs (100), which cost too much; the first number is a point of its learning
#: curve.
DIET_EPOCHS, DIET_BATCH = (10, 30), (64, 256)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is missing and print; returns 1 when a claim fails."""
    args = arguments().parse_args(argv)
    before = os.getloadavg()
    ours = own_cells(args)
    diet = diet_cells(args.few, args.diet_epochs)
    if args.peer:
        os.environ[PEER] = str(args.peer.resolve())
    cells = [*ours, *(diet if args.peer else [])]
    try:
        found = run_cells(
            "nlu-peers", cells, "benchmarks.nlu_peers_cells:measure", data=args.data, cache=args.cache.expanduser(),
            workers=args.workers,
        )  # fmt: skip
    except (FileNotFoundError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 2
    results = [Result(cell, result) for cell, result in zip(cells, found, strict=True)]
    recorded: dict[str, Any] | None = None
    if args.peer:
        if args.record:
            record(args.record, [result for result in results if result.cell["system"] == "diet"])
    elif args.recorded.exists():
        recorded = json.loads(args.recorded.read_text("utf-8"))
        results += filed(recorded, args.few)
    return report(results, args, before, recorded)


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = common.arguments("nlu-peers", "Understanding beside the linear stack and Rasa's DIET.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data")
    parser.add_argument("--cache", type=Path, default=CACHE, help="finished cells are kept there")
    parser.add_argument("--workers", type=int, default=2, help="systems measured at once (default 2)")
    parser.add_argument("--seeds", type=int, default=None, help="runs of ours (default 5, quick 1)")
    parser.add_argument("--few", type=int, default=FEW, help="training rows that DIET can afford (default %(default)s)")
    parser.add_argument("--peer", type=Path, metavar="FOLDER", help="measure the Rasa that was set up there")
    parser.add_argument("--diet-epochs", type=int, nargs="+", default=DIET_EPOCHS, metavar="N", help="the last counts")
    parser.add_argument("--record", type=Path, metavar="FILE", help="with --peer: file DIET's results there")
    parser.add_argument("--recorded", type=Path, default=RECORDED, help=argparse.SUPPRESS)
    parser.add_argument("--test-limit", type=int, default=0, help="test sentences of each part (default all)")
    return parser


def own_cells(args: argparse.Namespace) -> list[dict[str, Any]]:
    """The linear stack (it has no seed) and ours, for few rows and, unless quick, for all."""
    seeds = args.seeds or (1 if args.quick else 5)
    cells = []
    for limit in (args.few,) if args.quick else (args.few, 0):
        for name in SETS:
            for noisy in (0, 1):
                shared = {"set": name, "noisy": noisy, "limit": limit, "test_limit": args.test_limit}
                cells.append({"system": "linear", **shared, "seed": 0})
                plan = {"epochs": EPOCHS_FEW if limit else EPOCHS_ALL, "rate": RATE}
                for system in ("ours",) if noisy else ("ours", "noise"):
                    cells += [{"system": system, **shared, "seed": seed, **plan} for seed in range(seeds)]
                if not noisy:
                    cells += [{"system": "head", **shared, "seed": seed} for seed in range(seeds)]
    if args.quick and "snips" in SETS:
        shared = {"set": "snips", "noisy": 0, "limit": 0, "test_limit": args.test_limit}
        cells.append({"system": "head", **shared, "seed": 0})
    return cells


def diet_cells(few: int, epochs: Sequence[int] = DIET_EPOCHS) -> list[dict[str, Any]]:
    """DIET on `few` rows: one seed; on typed SNIPS rows also after fewer epochs, a point of its learning curve."""
    cells = []
    for name in SETS:
        for noisy in (0, 1):
            for count in epochs if (name, noisy) == ("snips", 0) else epochs[-1:]:
                shared = {"set": name, "noisy": noisy, "limit": few, "test_limit": 0, "seed": 0}
                # ATIS has 83 slot types: with BILOU tags an epoch of the CRF costs four times as much.
                tagging = {"bilou": int(name == "snips"), "batch": list(DIET_BATCH)}
                cells.append({"system": "diet", **shared, "epochs": count, **tagging})
    return cells


def record(path: Path, results: Sequence[Result]) -> None:
    """File the peer's results with command, date and machine, for runs without the peer."""
    machine = common.report("nlu-peers", [0], [], os.getloadavg())
    document = {
        "what": "Rasa 3.6.21 DIET, measured by a real run of this benchmark; read where no --peer is given",
        "command": machine.command,
        "date": datetime.date.today().isoformat(),
        "commit": machine.commit,
        "machine": machine.machine,
        "cells": [{"cell": dict(result.cell), "result": result.result} for result in results],
    }
    path.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")


def filed(recorded: dict[str, Any], few: int) -> list[Result]:
    """The filed results on as many training rows and on the sets of this run."""
    found = (Result(entry["cell"], entry["result"]) for entry in recorded["cells"])
    return [result for result in found if result.cell["limit"] == few and result.cell["set"] in SETS]


if __name__ == "__main__":
    sys.exit(main())
