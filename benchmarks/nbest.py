"""Frames of live callers from the recogniser's 10-best against its best line (DSTC2, train -> dev); serving's merge.

    assistant bench nbest [--json] [--quick] [--data DIR] [--cache DIR] [--seeds 3] [--rows ...] [--pictures DIR]

Every cell is a way of understanding with a seed: the live system's own frames, the linear floor, or the shipped encoder
with its upper half trained on an equal number of encoded texts. A tenth of the training dialogs (by hash) chooses
thresholds, temperatures and shares; dev chooses nothing. Items are act-slot-value triples: micro F1, and joint accuracy
(the exact set). Bars: F1 90, joint 82.5. `--quick`: one seed, directions only, in under ten minutes.
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
from benchmarks.nbest_cells import STATES, parts, store
from benchmarks.nbest_merge import TRANSCRIPTS
from benchmarks.nbest_report import Results, report
from nlu.nbest.merge import RULE
from nlu.nbest.turns import DSTC2
from nlu.runtime import Understander

CACHE = Path("~/.cache/learning-assistant/bench/nbest")
_LINEAR = {"kind": "linear", "c": 0.1, "how": "nbest", "presence": 0.0, "temperature": 1.0}
_ENCODER = {"kind": "encoder", "how": "nbest", "hypotheses": 1, "temperature": 2.0, "rate": 3e-4}
_POOLED = _ENCODER | {"hypotheses": 2, "pool": True}
#: Row -> its cell. `hypotheses`: encoded a turn and step in training; `presence`: words anywhere in the list.
ROWS: dict[str, dict[str, Any]] = {
    "live system": {"kind": "live"},
    "linear, best line": _LINEAR | {"how": "best"},
    "linear, 10-best": _LINEAR,
    "linear, 10-best + presence": _LINEAR | {"presence": 0.5, "temperature": 2.0},
    "linear, clean": _LINEAR | {"how": "clean"},
    "clean reader, best of ten by hindsight": {"kind": "hindsight", "c": 0.1},
    "encoder, best line": _ENCODER | {"how": "best"},
    "encoder, drawn": _ENCODER,
    "encoder, pooled": _POOLED,
    "pooled + consistency": _POOLED | {"consistency": 0.3},
    "pooled + teacher": _POOLED | {"teacher": 0.5},
    "pooled on the linear floor": _POOLED | {"floor": True},
    "ours": _POOLED | {"teacher": 0.5, "stack": True},
    "encoder, clean": _ENCODER | {"how": "clean"},
}
QUICK_ROWS = ("live system", "linear, best line", "linear, 10-best", "encoder, best line", "ours")
MERGE = {"kind": "merge", "row": "merge", "limit": 0}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is missing and print; returns 1 when a claim fails, 2 when an argument is wrong."""
    parser = arguments()
    args = parser.parse_args(argv)
    rows = args.rows or list(QUICK_ROWS if args.quick else ROWS)
    unknown = [name for name in rows if name not in ROWS]
    if unknown or args.seeds < 0 or args.workers < 1 or args.texts < 1:
        parser.error(f"unknown rows {unknown} (there are {list(ROWS)}), or a number that is too small")
    for name in (DSTC2, TRANSCRIPTS, "slurp/dataset/slurp/devel.jsonl"):
        if not (args.data / name).is_file():
            parser.error(f"data file is missing: {args.data / name} (give the folder of the data with --data)")
    before = os.getloadavg()
    cells = plan(rows, args.seeds or (1 if args.quick else 3), args.dialogs, args.texts)
    cells.append(MERGE | {"limit": args.sentences, "model": Understander.load().version, "rule": str(RULE)})
    cache = args.cache.expanduser()
    os.environ[STATES] = str(cache)
    if any(cell["kind"] == "encoder" for cell in cells):
        store(args.data, args.dialogs)  # once, before the cells share it
    found = run_cells(
        "nbest", cells, "benchmarks.nbest_cells:measure", data=args.data, cache=cache, workers=args.workers
    )
    dialogs = [turn.dialog for turn in parts(args.data, args.dialogs)[2]]
    return report(Results(cells, found, dialogs), args, before)


def plan(rows: Sequence[str], seeds: int, dialogs: int, texts: int) -> list[dict[str, Any]]:
    """The cells of the rows: only the encoder has seeds, the others give the same result every time."""
    cells = []
    for name in rows:
        cell = {"row": name, "dialogs": dialogs} | ROWS[name]
        if cell["kind"] == "encoder":
            cells += [cell | {"texts": texts, "seed": seed} for seed in range(seeds)]
        else:
            cells.append(cell)
    return cells


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = common.arguments("nbest", "Frames of live callers from the recogniser's 10-best; serving's merge.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data")
    parser.add_argument("--cache", type=Path, default=CACHE, help="finished cells and states of texts")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="write pictures (PNG) there")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread (default 2)")
    parser.add_argument("--seeds", type=int, default=0, help="seeds of the encoder's rows (default 3, quick 1)")
    parser.add_argument("--rows", type=_list, default=None, help=f"separated by semicolons, of {'; '.join(ROWS)}")
    parser.add_argument("--texts", type=int, default=45_000, help="texts encoded in training (default %(default)s)")
    parser.add_argument("--dialogs", type=int, default=0, help="only the first dialogs of each split (default all)")
    parser.add_argument("--sentences", type=int, default=0, help="only the first of SLURP devel (default all)")
    return parser


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


if __name__ == "__main__":
    sys.exit(main())
