"""What the `routing` benchmark prints: Table 1, the paired tests, and the claims against their bars."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from benchmarks import common
from benchmarks.common import Row, row
from benchmarks.routing_results import CLAMPED, FEASIBLE, OURS, Paired, Results
from benchmarks.routing_world import WORLD
from benchmarks.statistics import mean_interval

#: Share of the in-ball oracle's gain; gate's gain over ours; p; training time and MetaGrad's step over those of IPS.
SHARE, GATE, LEVEL, TIME, STEP = 0.8, 1 / 3, 0.01, 1.2, 1.5
#: What `--quick` asks of the share: half the way there.
QUICK_SHARE = 0.4


def report(results: Results, args: argparse.Namespace, load: Sequence[float]) -> int:
    """Print (and draw) everything; the exit code: 1 when a claim failed."""
    table, paired = results.table(), results.paired()
    filed = common.report("routing", results.seeds, claims(results, paired, args.quick), load)
    ordering = [line for key in ("macro", "macro_hinge") for line in results.ordering(key)]
    shared = {key: value for key, value in results.cells[0].items() if key in WORLD and key != "seed"}
    details = {
        "settings": shared | {"feasible": FEASIBLE},
        "table": table,
        "paired": [_finite(asdict(line)) for line in paired],
        "ordering": ordering,
        "cost": results.costs,
    }
    if args.pictures:
        from benchmarks import routing_pictures

        routing_pictures.draw(results, args.pictures)
    if args.json:
        print(json.dumps(asdict(filed) | details, ensure_ascii=False, indent=2))
        return 0 if filed.met else 1
    _print_table(table)
    _print_paired(paired)
    for line in ordering:
        verdict = "as in the paper" if line["reproduced"] else "not the paper's order"
        order = ", ".join(line["least_first"])
        print(f"{line['figure']} violation on {line['benchmark']}, least first: {order}; {verdict}")
    sys.stdout.flush()
    return filed.show(False)


def claims(results: Results, paired: Sequence[Paired], quick: bool) -> list[Row]:
    """The rows against bars; `quick` asks only for directions."""
    rows: list[Row] = []
    for benchmark in results.benchmarks:
        if results.has(OURS, benchmark):
            rows += _exact(results, benchmark, quick)
            rows += _against(benchmark, [line for line in paired if line.benchmark == benchmark], quick)
    for benchmark in results.benchmarks:
        rows += _ordering(results, benchmark)
    return rows + _costs(results, quick)


def _exact(results: Results, benchmark: str, quick: bool) -> list[Row]:
    outside = float(results.values(OURS, benchmark, "micro").max())
    rows = [row(f"{benchmark}: share of requests outside, ring, worst seed", outside, bar=0.0)]
    gain, ends = mean_interval(results.gain(OURS, benchmark).tolist())
    base = float(results.values(OURS, benchmark, "base").mean())
    rows.append(row(f"{benchmark}: gain of ring over the policy in force", gain, ci95=ends, baseline=base,
                    baseline_name="its value", bar=0.0, better="higher"))  # fmt: skip
    if results.has("oracle", benchmark):
        share, ends = results.share(OURS, "oracle", benchmark)
        ceiling = float(results.gain("oracle", benchmark).mean())
        bar = QUICK_SHARE if quick else SHARE
        rows.append(row(f"{benchmark}: ring's share of the in-ball oracle's gain", share, ci95=ends, baseline=ceiling,
                        baseline_name="oracle's gain", bar=bar, better="higher"))  # fmt: skip
    if results.has("gate", benchmark):
        share, ends = results.share("gate", OURS, benchmark)
        mean = float(results.gain("gate", benchmark).mean())
        rows.append(row(f"{benchmark}: gain of the gate / gain of ring", share, ci95=ends, baseline=mean,
                        baseline_name="gate's gain", bar=1.0 if quick else GATE))  # fmt: skip
    return rows


def _against(benchmark: str, paired: Sequence[Paired], quick: bool) -> list[Row]:
    """Ours against the best of the peers that respect the bounds, and whether it is better than every single one."""
    if not paired:
        return []
    best = min(paired, key=lambda line: line.mean)
    name = f"{benchmark}: value of ring less that of {best.peer}, the best of {len(paired)} feasible peers"
    rows = [row(name, best.mean, ci95=[best.low, best.high], bar=0.0, better="higher")]
    if not quick:
        worst = max(1.0 if math.isnan(line.p_holm) or line.mean <= 0 else line.p_holm for line in paired)
        rows.append(row(f"{benchmark}: greatest p (Holm), ring better than feasible peers", worst, bar=LEVEL))
    return rows


def _ordering(results: Results, benchmark: str) -> list[Row]:
    """The paper's order: reported, no bar."""
    rows = []
    for method in ("metagrad", "metagrad_forward"):
        peers = [name for name in ("minimax", "quadratic") if results.has(name, benchmark)]
        if not results.has(method, benchmark) or not peers:
            continue
        best = min(peers, key=lambda name: results.values(name, benchmark, "macro").mean())
        ours, theirs = (results.reduction(name, benchmark, "macro") for name in (method, best))
        if ours is not None and theirs is not None:
            mean, ends = mean_interval((ours - theirs).tolist())
            rows.append(row(f"{benchmark}: macro violation reduction, {method} less {best}, points", mean, ci95=ends,
                            baseline=float(theirs.mean()), baseline_name=best))  # fmt: skip
    return rows


def _costs(results: Results, quick: bool) -> list[Row]:
    rows = []
    for benchmark in results.benchmarks[:1]:
        if results.has(OURS, benchmark) and results.has("ips", benchmark):
            times = [results.seconds(name, benchmark) for name in (OURS, "ips")]
            ratio, ends = mean_interval((times[0] / np.maximum(times[1], 1e-9)).tolist())
            rows.append(row("training time of ring / of ips", ratio, ci95=ends, baseline=float(np.median(times[1])),
                            baseline_name="ips, s", bar=2.0 if quick else TIME))  # fmt: skip
    for found in results.costs:
        step = found["milliseconds"]
        for name, bar in (("metagrad", None), ("metagrad_forward", 2.0 if quick else STEP)):
            rows.append(row(f"a step of {name} / of ips", step[name] / step["ips"], bar=bar, baseline=step["ips"],
                            baseline_name="ips, ms"))  # fmt: skip
        for name in ("ips", "metagrad_forward", "metagrad", "reward"):
            rows.append(row(f"decisions/s in training, {name}", 1e3 * found["batch"] / step[name]))
    return rows


def _print_table(table: Sequence[dict[str, Any]]) -> None:
    benchmark = None
    for line in table:
        if line["benchmark"] != benchmark:
            benchmark = line["benchmark"]
            print(f"{benchmark:<20}{'reward':>9}{'gain':>10}{'clamped':>10}{'outside':>9}{'macro':>8}{'hinge':>9}"
                  f"{'repl.':>8}{'worst':>8}{'macro, micro reduction %':>26}{'s':>7}")  # fmt: skip
        reductions = [line.get(f"{key}_reduction") for key in ("macro", "micro")]
        shown = ", ".join("-" if value is None else f"{value:.1f}" for value in reductions)
        print(f"  {line['method']:<18}{line['reward']:>9.4f}{line['gain']:>+10.4f}{line['clamped_gain']:>+10.4f}"
              f"{line['micro']:>9.4f}{line['macro']:>8.3f}{line['macro_hinge']:>9.5f}{line['replication']:>8.3f}"
              f"{line['worst']:>+8.3f}{shown:>26}{line['seconds']:>7.1f}")  # fmt: skip


def _print_paired(paired: Sequence[Paired]) -> None:
    for line in paired:
        peer = line.peer.replace(CLAMPED, ", clamped")
        text = f"{line.mean:+.5f}"
        if not math.isnan(line.p):
            text += f" [{line.low:+.5f}, {line.high:+.5f}] p {line.p_holm:.4f}"
        print(f"  {line.benchmark:<10}{OURS} - {peer:<32}{text}")


def _finite(line: dict[str, Any]) -> dict[str, Any]:
    """Numbers that are none are null in JSON."""
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in line.items()}
