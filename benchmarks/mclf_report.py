"""What the `mclf` benchmark prints and draws."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from benchmarks.common import Row, row
from benchmarks.mclf_results import Part, Results
from nlu.robust.parallel import read, word_errors

#: Accuracy that `ours` is to reach on the official tests, in percent.
BARS = {"atis": 97.0, "trec6": 89.5, "trec50": 82.0}
#: What the comparison of each part of the method is, as (row with it, row without it).
PARTS: dict[str, tuple[tuple[str, str], ...]] = {
    "masked language modelling": (("mlm", "ce+steps"),),
    "global contrast": (("global", "mlm"), ("both", "fine")),
    "fine-grained contrast": (("fine", "mlm"), ("both", "global")),
    "augmentation": (("both+da", "both"), ("both+insertion", "both"), ("both+deletion", "both"),
                     ("both+substitution", "both")),
    "listing instead of equations": (("both+listing", "both"),),
    "stage 2": (("mclf", "both+da"), ("stage2", "ce")),
    "more steps": (("ce+steps", "ce"),),
    "clean text beside recognised": (("mix", "ce+steps"),),
    "clean teacher": (("mix+teacher", "mix"),),
    "phone stream": (("mix+phones", "mix"), ("ce+phones", "ce")),
}  # fmt: skip


def read_parts(results: Results, data: Path, folds: int) -> dict[str, Part]:
    """Test items of each set, in the order of the cells' answers."""
    out = {}
    for name in results.sets:
        corpus = read(data, name)
        tests = [corpus.fold(number, folds).test for number in range(folds)] if folds else [corpus.test]
        test = tests[0]
        for more in tests[1:]:
            test = test + more
        errors = [word_errors(clean, heard) for clean, heard in zip(test.clean, test.heard, strict=True)]
        out[name] = Part(np.array(test.groups), np.array(errors))
    return out


def report(results: Results, args: argparse.Namespace, load: Sequence[float]) -> int:
    """Print (and draw) everything; the exit code: 1 when a claim failed."""
    results.parts = read_parts(results, args.data, args.folds)
    paired = {
        part: [line for ours, base in pairs if results.has(ours, base) for line in results.differences(ours, base)]
        for part, pairs in PARTS.items()
    }
    best = results.better_spokencse()
    against = [base for base in ("ce", "ce+steps", "mix", "mclf", best) if base and results.has("ours", base)]
    paired["ours"] = [line for base in dict.fromkeys(against) for line in results.differences("ours", base)]
    paired = {part: lines for part, lines in paired.items() if lines}
    filed = common.report("mclf", results.seeds, claims(results, args.quick, args.folds), load)
    table = results.table()
    shared = {key: value for key, value in results.cells[0].items() if key not in ("row", "set", "seed", "fold")}
    details = {"settings": shared, "table": table, "paired": paired, "buckets": results.buckets()}
    if args.pictures:
        from benchmarks import mclf_pictures

        mclf_pictures.draw(results, args.pictures)
    if args.json:
        print(json.dumps(asdict(filed) | details, ensure_ascii=False, indent=2))
        return 0 if filed.met else 1
    _print_table(table, results.sets)
    _print_paired(paired)
    return filed.show(False)


def claims(results: Results, quick: bool, folds: int) -> list[Row]:
    """The rows against bars; `quick` asks only for the direction."""
    rows = []
    best = results.better_spokencse()
    for base, bar in (("ce", 0.8), (best, 0.9)):
        if base is None or not results.has("ours", base):
            continue
        ratio, bounds = results.error_ratio("ours", base)
        name = f"errors of ours / errors of {base}, mean of sets"
        rows.append(Row(name, common.significant(ratio), None, None, common.significant(ratio),
                        [common.significant(value) for value in bounds], 1.0 if quick else bar,
                        ratio < 1 if quick else ratio <= bar))  # fmt: skip
    if results.has("ours", "oracle"):
        ratio, bounds = results.error_ratio("oracle", "ours")
        rows.append(row("errors of the clean oracle / errors of ours, mean of sets", ratio, ci95=bounds, bar=1.0))
    for name in results.sets:
        if results.has("ours"):
            accuracy = 100 * float(results.right("ours", name).mean())
            base_name = "ce" if results.has("ce") else None
            baseline = 100 * float(results.right("ce", name).mean()) if base_name else None
            target = None if quick or folds else BARS.get(name)
            rows.append(row(f"accuracy of ours on {name}, %", accuracy, baseline=baseline, baseline_name=base_name,
                            bar=target, better="higher"))  # fmt: skip
    return rows


def _print_table(table: Sequence[dict[str, Any]], sets: Sequence[str]) -> None:
    cells = {(line["row"], line["set"]): line for line in table}
    print(f"{'accuracy, %':<24}" + "".join(f"{name:>22}" for name in sets) + f"{'s a cell':>10}")
    for name in dict.fromkeys(line["row"] for line in table):
        texts = []
        for part in sets:
            line = cells.get((name, part))
            spread = "" if line is None or line["sd"] is None else f" ± {line['sd']:.2f}"
            texts.append("" if line is None else f"{line['mean']:.2f}{spread} (dev {line['dev']:.1f})")
        seconds = np.mean([line["seconds"] for line in table if line["row"] == name])
        print(f"{name:<24}" + "".join(f"{text:>22}" for text in texts) + f"{seconds:>10.0f}")


def _print_paired(paired: dict[str, list[dict[str, Any]]]) -> None:
    for part, lines in paired.items():
        print(part)
        for line in lines:
            low, high = line["ci95"]
            against = f"{line['ours']} - {line['base']}"
            text = f"{line['difference']:+.2f} [{low:+.2f}, {high:+.2f}] p {line['p_holm']:.3f}"
            print(f"  {against:<34}{line['set']:<8}{text}")
    sys.stdout.flush()
