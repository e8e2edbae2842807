"""Joint intent and entity models with entity contrast, on clean and recognised text.

    assistant bench entity-contrast [--json] [--quick] [--ablations] [--sets atis,snips,slurp,hwu] [--folds 2]

A cell is a method on a set with a seed. Every method takes `--steps` of `--batch` sentences; sentence contrast comes on
top of that with `--sentence-steps`, which `joint+steps` and `joint+noise` take as joint steps. Sets: ATIS (clean, and
PhonemeBERT's transcripts with the slots moved onto their words), SNIPS (clean), SLURP (test text, and 13,071 real
transcripts), HWU64 (folds; clean). Changes are relative to the named baseline; negative is better. Bars: ours against
the plain joint model -15 % SEMER, the entity loss alone -5 %, better alignment, no domain worse than +2 %. `--quick`:
only the directions of what holds (ours on recognised text, alignment), in under ten minutes.
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
from benchmarks.entity_contrast_cells import METHODS
from benchmarks.entity_contrast_data import HWU_FOLDS, read_suite
from benchmarks.entity_contrast_report import report
from benchmarks.entity_contrast_results import Results
from nlu.joint.train import Plan

SETS = ("atis", "snips", "slurp", "hwu")
QUICK_SETS = ("atis", "snips")
#: Rows that `--ablations` adds.
ABLATIONS = ("joint+entity", "point", "outside", "boundary", "guard")
QUICK_ROWS = ("joint", "encoder", "entity", "ours")
#: Training sentences of `--quick`, of SNIPS only; `--limit` sets it for all.
QUICK_LIMIT = 3000
CACHE = Path("~/.cache/learning-assistant/bench/entity-contrast")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is missing and print; returns 1 when a claim fails, 2 when an argument or a file is wrong."""
    parser = arguments()
    args = parser.parse_args(argv)
    try:
        cells = plan_cells(args)
        names = list(dict.fromkeys((cell["set"], cell["limit"]) for cell in cells))
        suites = {name: read_suite(args.data, name, limit) for name, limit in names}
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))
    before = os.getloadavg()
    cache = args.cache.expanduser()
    found = run_cells(
        "entity-contrast", cells, "benchmarks.entity_contrast_cells:measure", data=args.data, cache=cache,
        workers=args.workers,
    )  # fmt: skip
    return report(Results(cells, found, suites), args, before)


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = common.arguments("entity-contrast", "Joint intent and entity models with entity contrast.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where finished cells are kept")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="write pictures (PNG) there")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread (default 2)")
    parser.add_argument("--sets", type=_list, default=None, help=f"of {', '.join(SETS)}")
    parser.add_argument("--rows", type=_list, default=None, help=f"of {', '.join(METHODS)}")
    parser.add_argument("--ablations", action="store_true", help=f"add the rows {', '.join(ABLATIONS)}")
    parser.add_argument("--seeds", type=int, default=None, help="number of seeds (default 3, quick 2)")
    parser.add_argument("--folds", type=int, default=2, help="folds of hwu, 1 to 10 (default 2)")
    parser.add_argument("--steps", type=int, default=None, help="of the joint training (default 700, quick 300)")
    parser.add_argument("--sentence-steps", type=int, default=None, help="of sentence contrast (default 100, quick 50)")
    parser.add_argument("--batch", type=int, default=32, help="sentences of a step (default 32)")
    parser.add_argument("--rate", type=float, default=Plan.rate, help="of the encoder's layers (default %(default)s)")
    parser.add_argument("--head-rate", type=float, default=Plan.head_rate, help="of all else (default %(default)s)")
    parser.add_argument("--limit", type=int, default=None, help="training sentences of each set (default all)")
    return parser


def plan_cells(args: argparse.Namespace) -> list[dict[str, Any]]:
    """All cells, set by set so that a process reads a set once. Raises ValueError for what cannot be measured."""
    sets = args.sets or (QUICK_SETS if args.quick else SETS)
    core = QUICK_ROWS if args.quick else tuple(name for name in METHODS if name not in ABLATIONS)
    rows = args.rows or core + (ABLATIONS if args.ablations else ())
    for kind, names, known in (("set", sets, SETS), ("row", rows, METHODS)):
        if unknown := [name for name in names if name not in known]:
            raise ValueError(f"unknown {kind} {unknown[0]!r}: there are {', '.join(known)}")
    if not 1 <= args.folds <= HWU_FOLDS:
        raise ValueError(f"--folds must be in 1 to {HWU_FOLDS}, not {args.folds}")
    suites = [suite for name in sets for suite in (_folds(args.folds) if name == "hwu" else [name])]
    shared = {
        "rate": args.rate, "head_rate": args.head_rate,
        "steps": args.steps or (300 if args.quick else 700), "batch": args.batch,
        "sentence_steps": args.sentence_steps or (50 if args.quick else 100),
    }  # fmt: skip
    seeds = range(args.seeds or (2 if args.quick else 3))
    return [
        {"row": row, "set": suite, "seed": seed, "limit": args.limit or _limit(suite, args.quick), **shared}
        for suite in suites
        for seed in seeds
        for row in rows
    ]


def _folds(count: int) -> list[str]:
    return [f"hwu{number}" for number in range(1, count + 1)]


def _limit(suite: str, quick: bool) -> int | None:
    return QUICK_LIMIT if quick and suite == "snips" else None


def _list(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


if __name__ == "__main__":
    sys.exit(main())
