"""Hostile input: random programs by the hundred thousand, and coverage-guided fuzzing of every door text enters by.

    assistant bench math-fuzz [--programs 100000] [--seconds 120] [--seeds 1] [--packages DIR] [--cache DIR]
                              [--out FILE] [--quick] [--json]

Random programs, in and just outside the allowed subset, are read, run with the limits of the assistant, compared with
themselves and lifted; Python's own audit events tell if anything is imported, opened or executed on the way. Long texts
of one pattern over and over are read as questions and as answers, on the clock. Then each harness of `math_fuzz_checks`
is fuzzed for --seconds by atheris (--packages: the folder of `pip install --target DIR atheris` where it is not
installed; --seconds 0 leaves it out). Corpora and findings stay in --cache. `--quick`: 20,000 programs, ten seconds.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import common, math_fuzz_guided
from benchmarks.cells import run_cells
from benchmarks.math_fuzz_checks import HARNESSES, check_reading, check_source, check_template
from benchmarks.math_fuzz_text import Choices, long_text, program
from plugins.math.interpreter import DEFAULT

CACHE = Path("~/.cache/learning-assistant/bench/math-fuzz")
#: Programs of one cell; bars: seconds of the slowest reading and running of one, MB by which all of them may grow.
BLOCK, SLOWEST, GROWTH = 10_000, 2 * DEFAULT.seconds, 64.0
#: Long texts of a cell; their lengths, the most that is read of a question and of an answer; seconds that one may take:
#: no other thread runs while a regular expression is matched, so every conversation would wait.
LONG, QUESTION, READ, LONGEST = 1000, 4000, 8000, 0.25
#: Address space of the process that runs random programs.
MEMORY = 2 * 2**30
_SHOWN = 12


def random_programs(cell: Mapping[str, Any]) -> dict[str, Any]:
    """`count` programs from one seed: how they end, what escaped, the slowest (s), and how the memory grew (MB)."""
    rng = random.Random(cell["seed"])
    outcomes, escaped, slowest = Counter[str](), list[dict[str, str]](), 0.0
    texts = set[str]()
    check_source("ans = A")  # what is imported and hooked on first use
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(cell["count"]):
        source = program(Choices(rng))
        texts.add(source)
        started = time.perf_counter()
        try:
            outcomes[check_source(source, DEFAULT)] += 1
        except Exception as error:  # noqa: BLE001  anything that escapes is a finding, and the rest goes on
            escaped.append({"source": source, "error": f"{type(error).__name__}: {error}"[:300]})
        slowest = max(slowest, time.perf_counter() - started)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / 1e6
    return {
        "outcomes": dict(outcomes.most_common()),
        "distinct": len(texts),
        "escaped": escaped,
        "slowest": slowest,
        "grown_mb": grown,
    }


def long_texts(cell: Mapping[str, Any]) -> dict[str, Any]:
    """`count` texts of one pattern over and over, read as a question and as an answer: the slowest of each (CPU s)."""
    rng = random.Random(cell["seed"])
    found: dict[str, Any] = {}
    for name, length, check in (("question", QUESTION, check_template), ("answer", READ, check_reading)):
        slowest = (0.0, "")
        for _ in range(cell["count"]):
            text = long_text(Choices(rng), length)
            started = time.process_time()
            check(text)
            slowest = max(slowest, (time.process_time() - started, text[:40]))
        found[name] = {"slowest": slowest[0], "text": slowest[1]}
    return found


def measure(cell: Mapping[str, Any], data: Path) -> dict[str, Any]:
    """One cell: a block of random programs, long texts, or a campaign."""
    if cell["kind"] == "guided":
        return math_fuzz_guided.measure(cell, data)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    return random_programs(cell) if cell["kind"] == "random" else long_texts(cell)


def random_rows(results: Sequence[Mapping[str, Any]]) -> list[common.Row]:
    """The rows of the random programs."""
    outcomes = Counter[str]()
    for result in results:
        outcomes.update(result["outcomes"])
    kinds = Counter[str]()
    for how, count in outcomes.items():
        kinds[how.partition(":")[0]] += count
    escaped = sum(len(result["escaped"]) for result in results)
    return [
        common.row("random programs: read or refused, run or stopped", sum(outcomes.values()) + escaped),
        common.row("random programs: distinct texts (of each block)", sum(result["distinct"] for result in results)),
        common.row("random programs: anything but an answer or a refusal", escaped, bar=0),
        *(common.row(f"random programs: {kind}", count) for kind, count in kinds.most_common()),
        common.row("random programs: slowest, s", max(result["slowest"] for result in results), bar=SLOWEST),
        common.row("random programs: memory grown, MB", max(result["grown_mb"] for result in results), bar=GROWTH),
        *(common.row(f"ends: {how}", count) for how, count in outcomes.most_common(_SHOWN)),
    ]


def guided_rows(harness: str, results: Sequence[Mapping[str, Any]]) -> list[common.Row]:
    """The rows of one harness."""
    return [
        common.row(f"{harness}: executions", sum(result["executions"] for result in results)),
        common.row(f"{harness}: edges covered", max(result["covered"] for result in results)),
        common.row(f"{harness}: peak memory, MB", max(result["peak_mb"] for result in results)),
        common.row(f"{harness}: findings", len({name for one in results for name in one["findings"]}), bar=0),
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is missing and print; 1 where anything was found, 2 where atheris is not there."""
    before = os.getloadavg()
    parser = common.arguments("math-fuzz", "Hostile input against everything of the math plugin that reads text.")
    parser.add_argument("--programs", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=120, help="of each harness (0: no coverage-guided fuzzing)")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--packages", type=Path, default=None, help="a folder that has atheris")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--out", type=Path, default=None, help="also write the report and every outcome as JSON")
    args = parser.parse_args(argv)
    if args.programs < 1 or args.seeds < 1 or args.seconds < 0:
        parser.error("--programs and --seeds: at least one; --seconds: not negative")
    if args.packages:
        os.environ[math_fuzz_guided.PACKAGES] = str(args.packages.absolute())
    seconds = min(args.seconds, 10) if args.quick else args.seconds
    programs = min(args.programs, 20_000) if args.quick else args.programs
    cells: list[dict[str, Any]] = [
        {"kind": "random", "seed": at, "count": min(BLOCK, programs - at)} for at in range(0, programs, BLOCK)
    ]
    randoms = len(cells)
    cells.append({"kind": "long", "seed": 1, "count": LONG})
    plan = [(harness, seed) for harness in HARNESSES for seed in range(1, args.seeds + 1)] if seconds else []
    cells += [{"kind": "guided", "harness": harness, "seconds": seconds, "seed": seed} for harness, seed in plan]
    cache = args.cache.expanduser()
    commit = common.commit()
    if commit.endswith("+"):  # with uncommitted changes nothing that was found before says anything
        commit += time.strftime("%Y%m%d%H%M%S")
    cells = [{**cell, "commit": commit} for cell in cells]
    try:
        if plan:
            math_fuzz_guided.available()
        results = run_cells(
            "math-fuzz", cells, "benchmarks.math_fuzz:measure", data=cache / "corpora", cache=cache, workers=1
        )
    except (math_fuzz_guided.Missing, RuntimeError) as error:
        print(f"math-fuzz: {error}", file=sys.stderr)
        return 2
    rows = random_rows(results[:randoms])
    for name, found in results[randoms].items():
        rows.append(common.row(f"long texts as {name}: slowest of {LONG}, s of CPU", found["slowest"], bar=LONGEST))
    for harness in HARNESSES if plan else ():
        kept = [result for (name, _), result in zip(plan, results[randoms + 1 :], strict=True) if name == harness]
        rows += guided_rows(harness, kept)
    for result in results:
        for finding in [*result.get("escaped", ()), *result.get("findings", ())]:
            print(f"math-fuzz: found {finding} {result.get('told', '')}", file=sys.stderr)
    report = common.report("math-fuzz", [cell["seed"] for cell in cells], rows, before)
    if args.out:
        full = {"report": asdict(report), "cells": cells, "results": results}
        args.out.write_text(json.dumps(full) + "\n", encoding="utf-8")
    return report.show(args.json)


if __name__ == "__main__":
    sys.exit(main())
