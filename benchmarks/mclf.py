"""Intents from recognised text: multi-grained contrast (MCLF), its baselines and ours, on one encoder and one budget.

    assistant bench mclf [--json] [--quick] [--ablations] [--folds 5] [--sets atis,trec6,trec50,slurp] [--rows ...]

Every cell is a method on a set with a seed: stage 1 (`--steps` of 32 pairs; what has no stage 1 gets as many steps more
in stage 2, `ce` and `oracle` apart), then `--epochs` of fine-tuning, the epoch chosen on dev. With `--frozen 3` the
lower half of the encoder is the shipped quantised trunk and the upper half trains; `--frozen 0` trains all six layers.
Bars: `ours` makes at least 20 % fewer errors than `ce` and 10 % fewer than the better SpokenCSE (its stage 1 without
its stage 2 counts as one), and reaches 97.0 / 89.5 / 82.0 % on atis / trec6 / trec50. `--quick`: directions only, in
under ten minutes.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.cells import run_cells
from benchmarks.mclf_cells import SETTINGS, SHARED
from benchmarks.mclf_report import report
from benchmarks.mclf_results import Results
from nlu.robust.classifier import POOLINGS
from nlu.robust.parallel import SETS
from nlu.robust.recipes import ABLATIONS, ROWS, Settings, plan_of

DEFAULT_SETS = ("atis", "trec6", "trec50", "slurp")
#: What `--quick` measures: enough to see each claim's direction.
QUICK_ROWS = ("ce", "spokencse_paper", "mclf", "mix", "ours", "oracle")
QUICK_SETS = ("atis", "trec50")
QUICK_STEPS, QUICK_EPOCHS, QUICK_LIMIT = 100, 4, 2000
CACHE = Path("~/.cache/learning-assistant/bench/mclf")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is missing and print; returns 1 when a claim fails, 2 when an argument is wrong."""
    parser = arguments()
    args = parser.parse_args(argv)
    try:
        cells = plan_cells(args)
    except ValueError as error:
        parser.error(str(error))
    for name in dict.fromkeys(cell["set"] for cell in cells):
        part = "slurp_synth_asr" if name == "slurp" else f"phonemebert/{name}"
        if not (args.data / part).is_dir():
            parser.error(f"data folder is missing: {args.data / part} (give the folder above it with --data)")
    before = os.getloadavg()
    cache = args.cache.expanduser()
    os.environ[SHARED] = str(cache / "shared")
    found = run_cells("mclf", cells, "benchmarks.mclf_cells:measure", data=args.data, cache=cache, workers=args.workers)
    return report(Results(cells, found), args, before)


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    defaults = Settings()
    parser = common.arguments("mclf", "Intents from recognised text: contrast, mixing, teachers, phones.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data")
    parser.add_argument("--cache", type=Path, default=CACHE, help="finished cells and shared weights")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="write pictures (PNG) there")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread (default 2)")
    parser.add_argument("--sets", type=_list, default=None, help=f"of {', '.join(SETS)}")
    parser.add_argument("--rows", type=_list, default=None, help=f"of {', '.join(ROWS | ABLATIONS)}")
    parser.add_argument("--seeds", type=int, default=None, help="number of seeds (default 5, quick 1)")
    parser.add_argument(
        "--folds", type=int, default=0, help="cross-validate over all parts pooled (default: official split)"
    )
    parser.add_argument("--ablations", action="store_true", help="further rows, poolings and batch sizes")
    parser.add_argument("--ours", default="", metavar="KEY=VALUE,...", help="change the row ours, e.g. stage1=both+da")
    parser.add_argument("--limit", type=int, default=0, help="training utterances of each set (default all)")
    parser.add_argument("--steps", type=int, default=None, help=f"of stage 1 (default {defaults.steps})")
    parser.add_argument("--epochs", type=int, default=None, help=f"of fine-tuning (default {defaults.epochs})")
    for name in ("batch1", "batch", "frozen"):
        parser.add_argument(f"--{name}", type=int, default=getattr(defaults, name), help="default %(default)s")
    for name in ("rate1", "rate"):
        parser.add_argument(f"--{name}", type=float, default=getattr(defaults, name), help="default %(default)s")
    parser.add_argument("--pooling", choices=POOLINGS, default=defaults.pooling)
    return parser


def plan_cells(args: argparse.Namespace) -> list[dict[str, Any]]:
    """All cells, seed by seed and set by set. Raises ValueError for what cannot be measured."""
    sets = args.sets or (QUICK_SETS if args.quick else DEFAULT_SETS)
    rows = args.rows or (QUICK_ROWS if args.quick else tuple(ROWS))
    if unknown := [name for name in sets if name not in SETS]:
        raise ValueError(f"unknown set {unknown[0]!r}: there are {', '.join(SETS)}")
    if args.folds == 1 or args.folds < 0:
        raise ValueError("--folds must be 0 or at least 2")
    if args.frozen not in (0, 3):
        raise ValueError("--frozen must be 0 or 3")
    seeds = args.seeds or (1 if args.quick else 5)
    base = {key: getattr(args, key) for key in (*SETTINGS, "limit", "folds")}
    base["limit"] = args.limit or (QUICK_LIMIT if args.quick else 0)
    base["steps"] = args.steps or (QUICK_STEPS if args.quick else Settings().steps)
    base["epochs"] = args.epochs or (QUICK_EPOCHS if args.quick else Settings().epochs)
    wanted: list[tuple[str, dict[str, Any]]] = [(row, {}) for row in rows]
    if args.ablations:
        wanted += [(row, {}) for row in ABLATIONS if row not in rows]
        wanted += [(row, {"pooling": how}) for row in ("ce", "both") for how in POOLINGS if how != args.pooling]
        wanted += [("both", {"batch1": size}) for size in (16, 64) if size != args.batch1]
        wanted += [("both", {"batch": size}) for size in (16, 64) if size != args.batch]
    cells = []
    for seed in range(seeds):
        for name in sets:
            for fold in range(args.folds) if args.folds else (-1,):
                for row, changes in wanted:
                    plan = args.ours if row == "ours" else ""
                    plan_of(row, plan)
                    cells.append({"row": row, "set": name, "seed": seed, "fold": fold, "plan": plan, **base, **changes})
    return cells


def _list(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


if __name__ == "__main__":
    sys.exit(main())
