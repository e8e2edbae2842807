"""Which product is meant: records of one shop found in the other's, spoken mentions found among thousands of titles.

    python -m benchmarks.product_resolve [--data DIR] [--mentions 250] [--seeds 3] [--quick] [--json]

Records: pairs of Abt-Buy, Amazon-Google and Walmart-Amazon are judged same or not; each system's threshold (ours: its
logistic weights too) is chosen without the test split. Mentions: shortened titles in questions, misheard; ours was
fitted on other titles (`plugins.product_qa.resolve.fit`), the templates of the questions are others too. "Found at 95 %
precision" is the share of mentions answered rightly with the threshold that leaves 95 % of answers right on the part
for choosing. Finished cells are kept in `--cache`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from benchmarks.cells import run_cells
from benchmarks.common import Row, row
from benchmarks.product_resolve_systems import SYSTEMS
from benchmarks.statistics import mean_interval
from plugins.product_qa.resolve.belief import WEIGHTS
from plugins.product_qa.resolve.records import SETS

CACHE = Path("~/.cache/learning-assistant/bench/product-resolve")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and report; 1 when a claim fails, 2 when an argument is wrong."""
    parser = common.arguments("product-resolve", "Which product is meant.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data")
    parser.add_argument("--cache", type=Path, default=CACHE, help="finished cells")
    parser.add_argument("--mentions", type=int, default=250, help="mentions at each error rate and seed")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=1, help="processes of one thread (default 1)")
    args = parser.parse_args(argv)
    before = os.getloadavg()
    seeds = [0] if args.quick else list(range(args.seeds))
    for name in ("dev", "testseen", "testunseen"):
        questions = args.data / f"pqa_contextual/semiPQA/attribute_ranking/{name}.csv"
        if not questions.exists():
            parser.error(f"questions are missing: {questions} (give the folder of the data sets with --data)")
    packed = args.data / "product_records_er"
    if not packed.exists() and not packed.with_name("product_records_er.tar.xz").exists():
        parser.error(f"product records are missing: {packed}.tar.xz (give the folder of the data sets with --data)")
    count = 60 if args.quick else args.mentions
    # Other weights are other systems: their cells are measured anew.
    weights = json.loads(WEIGHTS.read_text("utf-8"))["weights"]
    cells: list[dict[str, Any]] = [{"kind": "records", "set": name} for name in SETS]
    cells += [{"kind": kind, "seed": seed, "count": count, "weights": weights} for kind in ("mentions", "pages")
              for seed in seeds]  # fmt: skip
    cells += [{"kind": "lookup"}, {"kind": "scale", "size": 20_000 if args.quick else 100_000}]
    found = run_cells(
        "product-resolve", cells, "benchmarks.product_resolve_cells:measure",
        data=args.data, cache=args.cache.expanduser(), workers=args.workers,
    )  # fmt: skip
    results: dict[str, list[dict[str, Any]]] = {}
    for cell, result in zip(cells, found, strict=True):
        results.setdefault(cell["kind"], []).append(result)
    filed = common.report("product-resolve", seeds, rows(results), before)
    if args.json:
        print(json.dumps(asdict(filed) | {"details": results}, indent=2))
        return 0 if filed.met else 1
    return filed.show(False)


def rows(results: dict[str, list[dict[str, Any]]]) -> list[Row]:
    """The claims."""
    found = []
    for name, measured in zip(SETS, results["records"], strict=True):
        for metric, by in (("F1 of pairs", measured["pairs"]), ("accuracy@1 of linking", measured["linking"])):
            other = "bm25" if "bm25" in by else "token overlap"
            found.append(row(f"{name}: {metric}", by["ours"], baseline=by[other], baseline_name=other, bar=by[other],
                             better="higher"))  # fmt: skip
    spoken = results["mentions"]
    for key in spoken[0]:
        mean, interval = mean_interval([by[key]["letters+sounds"] for by in spoken])
        for other in SYSTEMS[:-1]:
            against = float(np.mean([by[key][other] for by in spoken]))
            bar = against if other == "letters" and key.startswith("accuracy") and not key.endswith(" 0") else None
            found.append(row(f"mentions: {key}", mean, ci95=interval, baseline=against, baseline_name=other, bar=bar,
                             better="higher"))  # fmt: skip
    for key in results["pages"][0]:
        mean, interval = mean_interval([by[key] for by in results["pages"]])
        found.append(row(f"page in view: {key}", mean, ci95=interval))
    for split, by in results["lookup"][0].items():  # the synonyms were written with the development part in view
        found.append(row(f"semiPQA {split}: P@1 of lookup", by["P@1"], baseline=by["random"], baseline_name="random",
                         better="higher"))  # fmt: skip
    scale = results["scale"][0]
    found.append(
        row(f"ms of one core per utterance, p50, {scale['titles']:,.0f} titles", scale["cpu_p50_ms"], bar=15.0)
    )
    found.append(row("ms per utterance, p50", scale["p50_ms"]))
    found.append(row("ms per utterance, p99", scale["p99_ms"]))
    found.append(row("MB resident of the whole process", scale["resident_mb"]))
    found.append(row("seconds to build the index", scale["build_seconds"]))
    return found


if __name__ == "__main__":
    sys.exit(main())
