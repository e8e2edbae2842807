"""Whether certificates keep their word: simulated promotions, and lower bounds of the gain over many logs.

    assistant bench certify [--json] [--quick] [--data DIR] [--cache DIR] [--workers 2]

Candidates of known truth (rings inside their bounds, policies a little, clearly or everywhere outside, gains, losses
and nothing at all) are judged on held-out logs of 5,000 to 100,000 decisions each. A candidate is unsafe if in some
domain more than the tolerated share of requests is outside its bounds, or if it loses value. At most delta = .05 of
what is certified, and of what is unsafe and judged, may be both; at least half of what is safe is to be promoted. The
claims of one certificate, one per domain with bounds and one on value, share delta by Holm's step-down. The judge
"point estimates" shows what happens without bounds. --quick: one world.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from benchmarks.cells import run_cells
from benchmarks.certify_cells import DELTA, JUDGES, POINT
from benchmarks.common import Row, row
from benchmarks.off_policy_cells import WORLDS
from benchmarks.off_policy_report import Part
from benchmarks.simulator import LEARNABLE, REPORT_SEEDS, SECOND_SEEDS, SHARP
from policies.intervals import binomial_upper

CACHE = Path("~/.cache/learning-assistant/bench/certify")
#: Decisions of held-out logs. 1,000 are too few for any proof, which is shown and not counted.
SIZES, TOO_FEW = (5_000, 20_000, 50_000, 100_000), 1_000
TOLERATED, LOOSE = 0.01, 0.05
Lines = list[dict[str, Any]]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure what is missing and print; returns 1 when a claim fails, 2 when data is missing."""
    args = arguments().parse_args(argv)
    before = os.getloadavg()
    if args.worlds:
        os.environ[WORLDS] = str(args.worlds.resolve())
    cells = plan(args.quick)
    try:
        found = run_cells(
            "certify", cells, "benchmarks.certify_cells:measure", data=args.data, cache=args.cache.expanduser(),
            workers=args.workers,
        )  # fmt: skip
    except (FileNotFoundError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 2
    parts = [Part(cell, result) for cell, result in zip(cells, found, strict=True)]
    return report(parts, args.json, before, f"assistant bench certify{' --quick' * args.quick}")


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = common.arguments("certify", "Simulated promotions and the coverage of lower bounds.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data")
    parser.add_argument("--cache", type=Path, default=CACHE, help="finished cells are kept there")
    parser.add_argument("--worlds", type=Path, default=None, help="folder of the simulator's cache")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread (default 2)")
    return parser


def plan(quick: bool) -> list[dict[str, Any]]:
    """Promotions by world, sharpness and size of the held-out log; repeats of one log for the lower bounds."""
    sizes = {"pool": 30_000, "fitted": 20_000} if quick else {"pool": 100_000, "fitted": 50_000}
    worlds = [("main", seed) for seed in REPORT_SEEDS[:4]] + [("second", SECOND_SEEDS[0])]
    cells = []
    for variant, seed in worlds[:1] if quick else worlds:
        for top in (LEARNABLE, SHARP):
            base = {"variant": variant, "seed": seed, "top": top, **sizes}
            judged = {**base, "kind": "promotions", "epsilon": 0.0}
            for n in (TOO_FEW, *SIZES):
                cells.append({**judged, "n": n, "tolerated": TOLERATED})
            if not quick and seed == worlds[0][1] and variant == "main":
                cells += [{**judged, "n": n, "tolerated": LOOSE} for n in SIZES]
                cells.append({**base, "kind": "coverage", "n": SIZES[1], "repeats": 200})
            if (variant, seed) in worlds[:2]:
                cells.append({**base, "kind": "coverage", "n": SIZES[0], "repeats": 50 if quick else 200})
    return cells


def report(parts: Sequence[Part], as_json: bool, load: Sequence[float], command: str) -> int:
    """Print everything; the exit code: 1 when a claim failed."""
    lines = [{**part.cell, **line} for part in parts for line in part.result["lines"]]
    made, bounds = (
        [line for line in lines if line["kind"] == "promotions"],
        [line for line in lines if line["kind"] == "coverage"],
    )
    rows = promoted(made) + covered(bounds)
    seeds = sorted({part.cell["seed"] for part in parts})
    done = replace(common.report("certify", seeds, rows, load), command=command)
    table, lows = kinds(made), pooled(bounds)
    if as_json:
        print(json.dumps({**asdict(done), "promotions": table, "bounds": lows}, ensure_ascii=False, indent=1))
        return 0 if done.met else 1
    code = done.show(False)
    print("\ncandidate                       bounds     turns  tolerated  promotions  unsafe  certified  both  refused")
    for line in table:
        counts = "  ".join(f"{line[name]:9}" for name in ("promotions", "unsafe", "certified", "both", "refused"))
        print(f"{line['name']:31} {line['benchmark']:9} {line['n']:6}  {line['tolerated']:9g}  {counts}")
    return code


def unsafe(line: dict[str, Any]) -> bool:
    """Whether the candidate truly breaks a bound or loses value."""
    return bool(line["broken"] > line["tolerated"] or line["gain"] < -line["epsilon"])


def promoted(lines: Lines) -> list[Row]:
    """Claims on promotions, for each way to bound the value."""
    rows = []
    for judge in (*JUDGES, POINT):
        bar, half = (None, None) if judge == POINT else (DELTA, 0.5)
        own = [line for line in lines if line["judge"] == judge]
        strict = [line for line in own if line["n"] in SIZES and line["tolerated"] == TOLERATED]
        loose = [line for line in own if line["n"] in SIZES and line["tolerated"] == LOOSE]
        rows.append(row(f"{judge}: promotions of 5,000 to 100,000 decisions", float(len(strict))))
        certified = [line["promoted"] for line in strict]
        rows += [
            _share(f"{judge}: unsafe among certified", [unsafe(x) for x in strict if x["promoted"]], bar),
            _share(f"{judge}: certified among unsafe", [x["promoted"] for x in strict if unsafe(x)], bar),
            _share(f"{judge}: certified among those outside bounds",
                   [x["promoted"] for x in strict if x["broken"] > x["tolerated"]], bar),
            _share(f"{judge}: certified among those that lose value",
                   [x["promoted"] for x in strict if x["gain"] < -x["epsilon"]], bar),
            _share(f"{judge}: promoted among safe", [x["promoted"] for x in strict if not unsafe(x)], half, "higher"),
        ]  # fmt: skip
        for n in SIZES:
            safe = [line["promoted"] for line in strict if line["n"] == n and not unsafe(line)]
            rows.append(_share(f"{judge}: promoted among safe, {n:,} decisions", safe))
        if loose:
            name = f"{judge}: tolerated {LOOSE:g}"
            rows.append(_share(f"{name}, certified among unsafe", [x["promoted"] for x in loose if unsafe(x)], bar))
            for n in SIZES:
                safe = [line["promoted"] for line in loose if line["n"] == n and not unsafe(line)]
                rows.append(_share(f"{name}, promoted among safe, {n:,} decisions", safe))
        rows.append(_share(f"{judge}: certified of all", certified))
    own = [line for line in lines if line["judge"] == JUDGES[0] and line["tolerated"] == TOLERATED]
    for n in (TOO_FEW, *SIZES):
        chosen = [line for line in own if line["n"] == n]
        rows.append(_share(f"refused, {n:,} decisions", [bool(line["refused"]) for line in chosen]))
        kept = float(np.mean([line["kept"] for line in chosen]))
        rows.append(row(f"domains with enough requests, {n:,} decisions", kept))
    rows.append(_share("promoted on 1,000 decisions", [x["promoted"] for x in own if x["n"] == TOO_FEW], 0.0, "lower"))
    return rows


def covered(lines: Lines) -> list[Row]:
    """Claims on one-sided 95 % bounds of the gain: betting holds for any log; the others are there to compare."""
    rows = thin(lines)
    for line in pooled(lines):
        name = f"{line['bound']}, {line['reward']} rewards, {line['policy']}"
        claimed = line["bound"].startswith("betting") and line["reward"] == "oracle"
        held, repeats = line["held"], line["repeats"]
        ends = [1.0 - binomial_upper(repeats - held, repeats, 0.025), binomial_upper(held, repeats, 0.025)]
        bar = 1.0 - DELTA if claimed else None
        rows.append(row(f"bound holds: {name}", held / repeats, ci95=ends, bar=bar, better="higher"))
    return rows


def thin(lines: Lines) -> list[Row]:
    """How often a certificate is refused because weights leave too little of the log, by policy, size and sharpness."""
    rows = []
    keys = dict.fromkeys((line["policy"], line["n"], line["top"]) for line in lines)
    for policy, n, top in keys:
        some = [
            line
            for line in lines
            if (line["policy"], line["n"], line["top"]) == (policy, n, top)
            and (line["bound"], line["reward"]) == (JUDGES[1], "oracle")
        ]
        share = sum(line["refused"] for line in some) / sum(line["repeats"] for line in some)
        effective = float(np.mean([line["effective"] for line in some]))
        what = f"{policy} in all domains, {n:,} decisions of top propensity {top:g}"
        rows.append(row(f"refused as too thin: {what}", share))
        rows.append(row(f"effective sample size: {what}", effective))
    return rows


def pooled(lines: Lines) -> Lines:
    """Lower bounds over all worlds and sizes: how many hold or prove a gain, how far below the truth they are."""
    groups: dict[tuple[str, str, str], Lines] = {}
    for line in lines:
        groups.setdefault((line["policy"], line["reward"], line["bound"]), []).append(line)
    found = []
    for (policy, reward, bound), some in groups.items():
        sums = {name: sum(line[name] for line in some) for name in ("held", "positive", "repeats")}
        means = {name: common.significant(float(np.mean([x[name] for x in some]))) for name in ("truth", "slack")}
        found.append({"policy": policy, "reward": reward, "bound": bound, **sums, **means})
    return found


def kinds(lines: Lines) -> Lines:
    """Promotions by kind of candidate, log size and tolerated share; judged by `JUDGES[1]`."""
    groups: dict[tuple[Any, ...], Lines] = {}
    for line in lines:
        if line["judge"] == JUDGES[1]:
            groups.setdefault(tuple(line[k] for k in ("name", "benchmark", "n", "tolerated")), []).append(line)
    return [
        {
            **dict(zip(("name", "benchmark", "n", "tolerated"), key, strict=True)),
            "promotions": len(some),
            "unsafe": sum(map(unsafe, some)),
            "certified": sum(line["promoted"] for line in some),
            "both": sum(unsafe(line) and line["promoted"] for line in some),
            "refused": sum(bool(line["refused"]) for line in some),
            "gain": common.significant(float(np.mean([line["gain"] for line in some]))),
            "broken": common.significant(float(np.mean([line["broken"] for line in some]))),
        }
        for key, some in groups.items()
    ]


def _share(name: str, hits: Sequence[bool], bar: float | None = None, better: common.Better = "lower") -> Row:
    """A share with its exact 95 % interval (Clopper and Pearson); of nothing, it is 0 and claims nothing."""
    n, count = len(hits), sum(hits)
    if not n:
        return row(f"{name} (none)", 0.0)
    ends = [1.0 - binomial_upper(n - count, n, 0.025), binomial_upper(count, n, 0.025)]
    return row(f"{name}, of {n}", count / n, ci95=ends, bar=bar, better=better)


if __name__ == "__main__":
    sys.exit(main())
