"""The embedded solver of word problems: its channels, the vote on them, and a plain sequence-to-sequence baseline.

    assistant bench math [--data DIR] [--models DIR ...] [--plain DIR ...] [--greedy DIR ...] [--cache DIR]
                         [--out FILE] [--picture FILE] [--workers 1] [--quick] [--json]

--models: exported solvers (with their `vote.json`), one for each seed; the shipped one alone unless given. --plain and
--greedy: trained baselines, one for each seed: a bidirectional GRU from scratch, and the pretrained encoder with the
sequence decoder alone, both greedy. Sets: MultiArith, AddSub, SingleEq, SVAMP, ASDiv (measured on alone), SVAMP without
its questions; MultiArith and SVAMP also as a recogniser writes them, and with numbers misheard. Thresholds are those of
each solver's own development problems. `--quick`: the shipped solver, 200 questions of each set.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.cells import run_cells
from benchmarks.math_baselines import FILES
from benchmarks.math_cells import SETS, VARIANTS
from benchmarks.math_report import NAMES, Results, picture, rows
from benchmarks.math_systems import CARD, VOTE, digest, offered
from dialog.errors import AssistantError

CACHE = Path("~/.cache/learning-assistant/bench/math")
SHIPPED = common.ROOT / "plugins" / "math" / "models" / "solver-1"
QUICK = 200
#: What is measured as a recogniser writes it, and with numbers misheard.
SPOKEN = ("MultiArith", "SVAMP")


def cells_of(models: Sequence[str], baselines: Sequence[tuple[str, str]], quick: bool) -> list[dict[str, Any]]:
    """Everything that is measured, for solvers and (name, digest) of baselines."""
    limit = QUICK if quick else None
    wanted = [(name, "clean") for name in SETS]
    wanted += [(name, variant) for name in SPOKEN for variant in VARIANTS[1:] if not quick]
    found: list[dict[str, Any]] = [{"kind": "speed", "model": models[0], "threads": threads} for threads in (1, 2)]
    for name, variant in wanted:
        base = {"set": name, "variant": variant, "limit": limit}
        found += [{"kind": "solver", "model": model, **base} for model in models]
        found += [{"kind": "baseline", "system": system, "model": model, **base} for system, model in baselines]
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report; returns 1 when a claim fails, 2 when something needed is missing."""
    before = os.getloadavg()
    parser = common.arguments("math", "The embedded solver of word problems.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data")
    parser.add_argument("--models", type=Path, nargs="+", default=[SHIPPED], metavar="DIR", help="exported solvers")
    for name, text in NAMES.items():
        parser.add_argument(f"--{name}", type=Path, nargs="+", default=[], metavar="DIR", help=f"trained: {text}")
    parser.add_argument("--cache", type=Path, default=CACHE, help="finished cells are kept there")
    parser.add_argument("--workers", type=int, default=1, help="processes of one thread (default 1)")
    parser.add_argument("--out", type=Path, default=None, help="also write the report and every answer as JSON")
    parser.add_argument("--picture", type=Path, default=None, help="also draw accuracy against coverage (PNG)")
    args = parser.parse_args(argv)
    if args.quick:
        args.models, args.plain, args.greedy = args.models[:1], [], []
    try:
        models = [(digest(path, (CARD, VOTE)), path) for path in args.models]
        trained = [(name, digest(path, FILES), path) for name in NAMES for path in getattr(args, name)]
        offered([*models, *((mark, path) for _, mark, path in trained)])
        cells = cells_of([mark for mark, _ in models], [(name, mark) for name, mark, _ in trained], args.quick)
        results = run_cells(
            "math", cells, "benchmarks.math_cells:measure",
            data=args.data, cache=args.cache.expanduser(), workers=args.workers,
        )  # fmt: skip
    except (FileNotFoundError, RuntimeError, AssistantError) as error:
        print(f"{error} (see --models, --plain, --greedy and --data)", file=sys.stderr)
        return 2
    found = Results.of(cells, results)
    report = common.report("math", list(range(len(models))), rows(found, quick=args.quick), before)
    if args.picture:
        picture(found, args.picture)
    if args.out:
        full = {"report": asdict(report), "cells": cells, "results": results}
        args.out.write_text(json.dumps(full) + "\n", encoding="utf-8")
    return report.show(args.json)


if __name__ == "__main__":
    sys.exit(main())
