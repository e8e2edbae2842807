"""Constrained policies on the simulator: the paper's Table 1, the exact policy beside its baselines.

    assistant bench routing [--json] [--quick] [--seeds N] [--benchmarks global,critical,explore,tight,shift]
                            [--methods ...] [--variant main|second] [--pictures DIR] [--tune]

Every seed is a world with a production policy of the learners' class, its log of a week, and fresh requests on which
the simulator's true P(satisfied) judges: exact expectations, no sampling. All methods have the same log, features,
width, steps, batch and number of snapshots. `--tune` chooses the baselines' settings from the paper's grids on seeds
that are never reported and writes them to `routing_chosen.json`. In the full run a training without meta-gradient is
some 15 s of one core. `--quick`: directions only, in under three minutes on two cores, on the tuning seeds too, so that
looking at it often spoils no reported figure.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import common, routing_tune
from benchmarks.cells import run_cells
from benchmarks.routing_cells import FOLDER
from benchmarks.routing_methods import METHODS
from benchmarks.routing_report import report
from benchmarks.routing_results import BENCHMARKS, Results
from benchmarks.routing_world import simulator_version
from benchmarks.simulator.constraints import DRAWS
from benchmarks.simulator.seeds import REPORT_SEEDS, SECOND_SEEDS, TUNE_SEEDS
from benchmarks.simulator.variants import VARIANTS

CACHE = Path("~/.cache/learning-assistant/bench/routing")
QUICK_METHODS = ("pi0", "ips", "quadratic", "minimax", "metagrad_forward", "ring", "oracle")
QUICK_BENCHMARKS = ("global", "critical", "explore")
QUICK_SEEDS = 2
#: log and test: decisions; what a training may take. Full, then quick.
BUDGET = {"log": 100_000, "test": 20_000, "steps": 600, "batch": 2048, "width": 32}
QUICK_BUDGET = {"log": 20_000, "test": 5_000, "steps": 200, "batch": 1024, "width": 32}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is missing and print; returns 1 when a claim fails, 2 when an argument is wrong."""
    parser = arguments()
    args = parser.parse_args(argv)
    try:
        cells = tune_cells(args) if args.tune else plan_cells(args)
    except ValueError as error:
        parser.error(str(error))
    if not (args.data / "hwu64").is_dir():
        parser.error(f"data folder is missing: {args.data / 'hwu64'} (give the folder above it with --data)")
    before = os.getloadavg()
    cache = args.cache.expanduser()
    os.environ[FOLDER] = str(cache / "shared")
    function = f"benchmarks.routing_cells:{'validate' if args.tune else 'measure'}"
    where = cache / "tune" if args.tune else cache
    found = run_cells("routing", cells, function, data=args.data, cache=where, workers=args.workers)
    if args.tune:
        choice = routing_tune.choose(cells, found)
        routing_tune.write(choice, args.chosen)
        print(json.dumps(choice["chosen"], indent=2))
        return 0
    return report(Results(cells, found, benchmarks_of(args)), args, before)


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = common.arguments("routing", "Policies that learn within bounds on replication, on the simulator.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data")
    parser.add_argument("--cache", type=Path, default=CACHE, help="finished cells and shared models")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="write pictures (PNG) there")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread (default 2)")
    parser.add_argument("--variant", choices=tuple(VARIANTS), default="main", help="of the simulator")
    parser.add_argument("--seeds", type=int, default=None, help="number of seeds (default all declared, quick 2)")
    parser.add_argument("--benchmarks", type=_list, default=None, help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--methods", type=_list, default=None, help=f"of {', '.join(METHODS)}")
    parser.add_argument("--tune", action="store_true", help="choose the baselines' settings on the tuning seeds")
    parser.add_argument("--chosen", type=Path, default=routing_tune.CHOSEN, help="file of the chosen settings")
    for name, value in BUDGET.items():
        parser.add_argument(f"--{name}", type=int, default=None, help=f"default {value}, quick {QUICK_BUDGET[name]}")
    return parser


def plan_cells(args: argparse.Namespace) -> list[dict[str, Any]]:
    """All cells, seed by seed, and one for the cost of a step. Raises ValueError for what cannot be measured."""
    methods = args.methods or (QUICK_METHODS if args.quick else METHODS)
    if unknown := [name for name in methods if name not in METHODS]:
        raise ValueError(f"unknown method {unknown[0]!r}: there are {', '.join(METHODS)}")
    if args.variant == "second" and args.chosen == routing_tune.CHOSEN and not args.chosen.exists():
        raise ValueError("the second variant is reported with settings chosen on the first: run --tune before")
    declared = {"main": TUNE_SEEDS if args.quick else REPORT_SEEDS, "second": SECOND_SEEDS}[args.variant]
    wanted = args.seeds or (QUICK_SEEDS if args.quick else len(declared))
    if not 0 < wanted <= len(declared):
        raise ValueError(f"--seeds must be 1 to {len(declared)}: more are not declared")
    known, base = routing_tune.read(args.chosen), _budget(args)
    cells = []
    for seed in declared[:wanted]:
        for benchmark in dict.fromkeys(_bounds(name, seed) for name in benchmarks_of(args)):
            for method in methods:
                settings = routing_tune.of(method, benchmark, known)
                cells.append({"method": method, "benchmark": benchmark, "seed": seed, **base, **settings})
    cells.append({"method": "cost", "benchmark": "global", "seed": declared[0], **base})
    return cells


def tune_cells(args: argparse.Namespace) -> list[dict[str, Any]]:
    """The grids on the tuning seeds. Raises ValueError where they cannot be chosen."""
    if args.variant != "main":
        raise ValueError("no method may be tuned on the second variant")
    if args.quick:
        raise ValueError("--tune takes the full budget: what is best for a short training is not for a long one")
    names = [name for name in benchmarks_of(args) if name != "shift"]
    methods = [name for name in args.methods or routing_tune.GRIDS if name in routing_tune.GRIDS]
    if not names or not methods:
        raise ValueError(f"there is nothing to tune: grids are for {', '.join(routing_tune.GRIDS)}")
    seeds = TUNE_SEEDS[: args.seeds or len(TUNE_SEEDS)]
    return [
        {"method": method, "benchmark": _bounds(name, seed), "seed": seed, **_budget(args), **point}
        for seed in seeds
        for name in names
        for method in methods
        for point in routing_tune.GRIDS[method]
    ]


def benchmarks_of(args: argparse.Namespace) -> tuple[str, ...]:
    """The benchmarks that are reported. Raises ValueError."""
    names: tuple[str, ...] = args.benchmarks or (QUICK_BENCHMARKS if args.quick else BENCHMARKS)
    if unknown := [name for name in names if name not in BENCHMARKS]:
        raise ValueError(f"unknown benchmark {unknown[0]!r}: there are {', '.join(BENCHMARKS)}")
    return names


def _bounds(benchmark: str, seed: int) -> str:
    """The bounds under which a benchmark's policies are trained: `shift` judges those of `global` once more; every seed
    has its own draw of `tight`, those of the tuning seeds at the end of the list."""
    if benchmark == "tight":
        return f"tight-{seed % DRAWS if seed not in TUNE_SEEDS else DRAWS - 1 - TUNE_SEEDS.index(seed)}"
    return "global" if benchmark == "shift" else benchmark


def _budget(args: argparse.Namespace) -> dict[str, Any]:
    base = QUICK_BUDGET if args.quick else BUDGET
    sizes = {name: getattr(args, name) or value for name, value in base.items()}
    return {"simulator": simulator_version(), "variant": args.variant, **sizes}


def _list(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


if __name__ == "__main__":
    sys.exit(main())
