"""Ranking evidence for product questions: the trained ranker beside random, BM25, cosine, their sum, and boosting.

    python -m benchmarks.product_rank [--json] [--seeds 1] [--data DIR] [--cache DIR] [--workers 1] [--untrained]

ePQA and hetPQA by five folds of products: each fold's network is trained on the products of the others, its final
layers on what the other folds' networks said. semiPQA's test parts by the network trained on all. Every training step
is kept under `--cache` and gone on with after a stop. `--untrained` (and `--quick`) measures what needs no training.
`ours` is the network, what can be counted, and the cosine that the index gives with every hit.
Bars: P@1 .72 and MRR .83 on the 805 answerable questions, answerability AUPRC .90 on all 977, 30 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import common
from benchmarks.cells import run_cells
from benchmarks.common import Row
from benchmarks.product_rank_cells import RUNS
from benchmarks.product_rank_report import epqa_rows, finished, latency_rows, network, set_rows, systems
from benchmarks.product_rank_systems import bm25, dense
from plugins.product_qa.ranker.runtime import SHIPPED
from plugins.product_qa.training import pairs as sets
from plugins.product_qa.training.cosines import cosines
from plugins.product_qa.training.folds import STEPS, Logits, held_logits, judge
from plugins.product_qa.training.pairs import Asked
from plugins.product_qa.training.train import MODEL

CACHE = Path("~/.cache/learning-assistant/bench/product-rank")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is missing and print; returns 1 when a claim fails, 2 when an argument is wrong."""
    parser = common.arguments("product-rank", "Ranking evidence for product questions.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data")
    parser.add_argument("--cache", type=Path, default=CACHE, help="finished cells and training runs")
    parser.add_argument("--workers", type=int, default=1, help="processes of one thread (default 1)")
    parser.add_argument("--seeds", type=int, default=1, help="number of seeds (default 1)")
    parser.add_argument("--frozen", type=int, default=3, help="lowest layers that do not train (default 3; 0: none)")
    parser.add_argument("--untrained", action="store_true", help="baselines only")
    args = parser.parse_args(argv)
    if not (args.data / "pqa_contextual").is_dir():
        parser.error(f"data folder is missing: {args.data / 'pqa_contextual'} (give the folder above it with --data)")
    args.untrained = args.untrained or args.quick
    before = os.getloadavg()
    rows = measure(args)
    return common.report("product-rank", range(args.seeds), rows, before).show(args.json)


def measure(args: argparse.Namespace) -> list[Row]:
    """All rows; trains what is missing unless told not to."""

    cache: Path = args.cache.expanduser()
    runs, seeds = cache / ("runs" if args.frozen == 3 else f"runs-{args.frozen}"), range(args.seeds)
    os.environ[RUNS] = str(runs)
    if not args.untrained:
        for steps in (STEPS[:1], STEPS[1:]):
            cells = [{"step": step, "seed": seed, "frozen": args.frozen} for seed in seeds for step in steps]
            run_cells(
                "product-rank", cells, "benchmarks.product_rank_cells:measure",
                data=args.data, cache=cache, workers=args.workers,
            )  # fmt: skip
    logits = [] if args.untrained else [held_logits(runs, seed) for seed in seeds]
    epqa, hetpqa = sets.epqa(args.data), sets.hetpqa(args.data)
    kept = cosines([*epqa, *hetpqa], runs / "cosines.json")
    rows = epqa_rows(epqa, systems(epqa, kept, logits, seeds))
    het = {"bm25": [bm25(hetpqa)], "cosine": [dense(hetpqa, kept)]}
    if logits:
        het["network"] = [network(hetpqa, own, "relevant") for own in logits]
        het["ours"] = [finished(hetpqa, own, epqa, own, kept) for own in logits]
    rows += set_rows("hetpqa", hetpqa, het)
    for part in ("testseen", "testunseen"):
        asked = sets.semipqa(args.data, part)
        kept = cosines(asked, runs / "cosines.json")
        found = {"bm25": [bm25(asked)], "cosine": [dense(asked, kept)]}
        if logits:
            judged = [_judged(asked, runs, seed, part) for seed in seeds]
            found["network"] = [network(asked, own, "fully") for own in judged]
            pairs = zip(judged, logits, strict=True)
            found["ours"] = [finished(asked, own, epqa, folds, kept) for own, folds in pairs]
        rows += set_rows(f"semipqa {part}", asked, found)
    if (SHIPPED / "ranker.json").exists():
        rows += latency_rows(epqa, SHIPPED)
    return rows


def _judged(asked: Sequence[Asked], runs: Path, seed: int, part: str) -> Logits:
    """What the network trained on all says of a test part; kept."""
    home = runs / str(seed) / "all"
    path = home / f"semipqa-{part}.json"
    if not path.exists():
        path.write_text(json.dumps(judge(home / MODEL, asked)) + "\n", encoding="utf-8")
    found: Logits = json.loads(path.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    sys.exit(main())
