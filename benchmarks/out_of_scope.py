"""How much of what is out of scope is accepted when 95 % of what is in scope must be (CLINC150).

    assistant bench out-of-scope [--seeds 3] [--epochs 5] [--data DIR] [--cache DIR] [--workers 2] [--quick] [--json]

The score (probability of out of scope, largest intent probability, energy) is chosen on CLINC150's validation parts;
the test parts choose nothing. `--quick` is one seed and two epochs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import common
from benchmarks.cells import run_cells
from benchmarks.statistics import mean_interval

CACHE = Path("~/.cache/learning-assistant/bench/out-of-scope")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report."""
    before = os.getloadavg()
    parser = common.arguments("out-of-scope", "Out-of-scope rejection by the CLINC150 protocol.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args(argv)
    path = args.data / "clinc150/data/data_oos_plus.json"
    if not path.exists():
        parser.error(f"CLINC150 is missing: {path} (give the folder of the data sets with --data)")
    seeds = [0] if args.quick else list(range(args.seeds))
    epochs = 2 if args.quick else args.epochs
    cells = [{"system": "ours", "seed": seed, "epochs": epochs} for seed in seeds] + [{"system": "linear", "seed": 0}]
    results = run_cells(
        "out-of-scope", cells, "benchmarks.out_of_scope_cells:measure",
        data=args.data, cache=args.cache.expanduser(), workers=args.workers,
    )  # fmt: skip
    ours, linear = results[:-1], results[-1]
    rows = []
    for metric, key, bar, better in (
        ("out of scope accepted at 95 % in-scope recall", "accepted", 0.10, "lower"),
        ("the same, threshold from the validation part", "accepted_at_val_threshold", 0.10, "lower"),
        ("in-scope recall at that threshold", "recall_at_val_threshold", None, "higher"),
        ("intent accuracy in scope", "accuracy", linear["accuracy"], "higher"),
        ("AUROC", "auroc", linear["auroc"], "higher"),
    ):
        mean, interval = mean_interval([result[key] for result in ours])
        rows.append(
            common.row(
                metric,
                mean,
                ci95=interval,
                baseline=linear[key],
                baseline_name="TF-IDF + logistic regression",
                bar=bar,
                better="lower" if better == "lower" else "higher",
            )
        )
    return common.report("out-of-scope", seeds, rows, before).show(args.json)


if __name__ == "__main__":
    sys.exit(main())
