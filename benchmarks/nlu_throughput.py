"""How many sentences of many conversations are understood in a second, batched across them and one by one.

    assistant bench nlu-throughput [--json] [--quick] [--data DIR] [--seeds N]

Both sides run the same model in two threads beside the event loop that makes the load; the baseline gives the model
one sentence a run. Open loop: Poisson arrivals at rising rates; the highest rate at which 99 of 100 sentences are
understood within 50 ms of their planned arrival (a rate that fails is tried once more). Closed loop: users who say the
next sentence when the last one is understood. Then the model is exchanged under the load of 16 users, by way of the
registry.

--data: folder of the public sets (SLURP's devel sentences); without it the benchmark's own sentences stand in.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import common
from benchmarks.common import Row, Steps, row
from benchmarks.nlu_throughput_load import BOUND, Rung, batched, closed, held, rising, sentences, unbatched
from benchmarks.nlu_throughput_swap import USERS, Swapped, registry, swapping
from benchmarks.statistics import mean_interval
from nlu.runtime import Understander

NAME = "nlu-throughput"
SYSTEMS = {"batched": batched, "unbatched": unbatched}
_BASELINE = "one sentence a run, two threads"


@dataclass(frozen=True)
class Scale:
    """How much is measured: seeds, numbers of users, seconds of each load, rates, exchanges a seed."""

    seeds: tuple[int, ...]
    users: tuple[int, ...]
    seconds: float
    start: float
    step: float
    rung: float
    swaps: int
    alone: int


FULL = Scale((21, 22, 23, 24, 25), (1, 2, 4, 8, 16, 32, 64, 128, 256), 2.0, 100.0, 1.1, 3.0, 4, 400)
QUICK = Scale((21, 22, 23), (1, 16, 64, 256), 1.0, 100.0, 1.25, 1.0, 2, 150)


@dataclass
class Seed:
    """What one seed has measured, by system; rates in sentences a second, times in seconds."""

    alone: dict[str, float] = field(default_factory=dict)
    closed: dict[tuple[str, int], tuple[float, float]] = field(default_factory=dict)  # rate, p99
    rungs: dict[str, list[Rung]] = field(default_factory=dict)
    swapped: Swapped = field(default_factory=Swapped)
    failed: int = 0


def main(argv: list[str] | None = None) -> int:
    """Measure and print; returns 1 when a claim fails."""
    parser = common.arguments(NAME, "Sentences a second, batched across conversations and one by one.")
    parser.add_argument("--data", type=Path, default=common.ROOT.parent / "shared" / "data", metavar="DIR")
    parser.add_argument("--seeds", type=int, metavar="N", help="so many seeds (default: 5, quick 3)")
    args = parser.parse_args(argv)
    scale = QUICK if args.quick else FULL
    if args.seeds is not None and args.seeds < 1:
        parser.error("--seeds must be at least 1")
    seeds = scale.seeds if args.seeds is None else tuple(scale.seeds[0] + number for number in range(args.seeds))
    before = os.getloadavg()
    source = sentences(args.data, 0)[1]
    print(source, file=sys.stderr)
    with Steps(4 * len(seeds)).shown() as steps:
        found = [asyncio.run(measure(scale, seed, args.data, steps)) for seed in seeds]
    report = common.report(NAME, seeds, rows(scale, found), before)
    if not args.json:
        return report.show(False)
    machine = report.machine | {"affinity": len(os.sched_getaffinity(0))}
    details = {"sentences": source, "table": table(scale, seeds, found)}
    print(json.dumps(asdict(report) | {"machine": machine} | details, ensure_ascii=False, indent=2))
    return 0 if report.met else 1


async def measure(scale: Scale, seed: int, data: Path, steps: Steps) -> Seed:
    """Everything for one seed; the two systems take turns, so that what else the machine does hits both."""
    from assistant.building import load_host
    from assistant.config import load

    texts = sentences(data, seed)[0]
    examples = await asyncio.to_thread(lambda: load_host(load()).examples())
    understander = (await asyncio.to_thread(Understander.load)).with_examples(examples)
    found = Seed()
    order = list(SYSTEMS) if seed % 2 else list(SYSTEMS)[::-1]
    steps.begin(f"seed {seed}: one user")
    for name in order:
        async with SYSTEMS[name](understander) as parse:
            await closed(parse, texts, 8, 0.5)  # warm-up
            nine = [text for text in texts if len(text.split()) == 7] or texts
            result = await closed(parse, nine, 1, scale.alone * 0.004)
            found.alone[name], found.failed = result.percentile(50), found.failed + len(result.failed)
    steps.done()
    steps.begin(f"seed {seed}: closed loop")
    for users in scale.users:
        for name in order:
            async with SYSTEMS[name](understander) as parse:
                result = await closed(parse, texts, users, scale.seconds)
                found.closed[name, users] = result.rate, result.percentile(99)
                found.failed += len(result.failed)
    steps.done()
    steps.begin(f"seed {seed}: rising rates")
    for name in order:
        async with SYSTEMS[name](understander) as parse:
            rng = np.random.default_rng(seed)
            found.rungs[name] = await rising(parse, texts, scale.start, scale.step, scale.rung, rng)
    steps.done()
    steps.begin(f"seed {seed}: exchange under load")
    with tempfile.TemporaryDirectory() as folder:
        versions = await asyncio.to_thread(registry, Path(folder))
        found.swapped = await swapping(versions, texts, examples, scale.swaps)
    steps.done()
    return found


def rows(scale: Scale, found: Sequence[Seed]) -> list[Row]:
    """The claims: more sentences a second than one by one, no later alone, and an exchange that nobody notices."""
    made: list[Row] = []

    def against(metric: str, ours: Sequence[float], theirs: Sequence[float], ratio: str = "", **more: Any) -> None:
        mean, bounds = mean_interval(ours)
        made.append(row(metric, mean, ci95=bounds, baseline=float(np.mean(theirs)), baseline_name=_BASELINE))
        if ratio:
            value, bounds = mean_interval([mine / other for mine, other in zip(ours, theirs, strict=True)])
            made.append(row(ratio, value, ci95=bounds, **more))

    rates = [[held(seed.rungs[name]) for seed in found] for name in SYSTEMS]
    floor = [[value or scale.start for value in side] for side in rates]
    against(f"sentences/s at p99 <= {BOUND * 1e3:.0f} ms, Poisson arrivals", rates[0], rates[1])
    mean, bounds = mean_interval([mine / other for mine, other in zip(*floor, strict=True)])
    made.append(row("the same, batched over one by one", mean, ci95=bounds))
    for users in scale.users:
        sides = [[seed.closed[name, users] for seed in found] for name in SYSTEMS]
        ratio = f"the same, {users} users, batched over one by one" if users >= 16 else ""
        many: dict[str, Any] = {"bar": 1.0, "better": "higher"} if users >= 64 else {}
        ours, theirs = ([rate for rate, _ in side] for side in sides)
        against(f"sentences/s, {users} users in a closed loop", ours, theirs, ratio, **many)
        ours, theirs = ([1e3 * p99 for _, p99 in side] for side in sides)
        against(f"p99 with {users} users, ms", ours, theirs)
    ours, theirs = ([1e3 * seed.alone[name] for seed in found] for name in SYSTEMS)
    against("p50 alone, seven words, ms", ours, theirs, "the same, batched over one by one", bar=1.15)
    made.append(row("failed parses without an exchange", sum(seed.failed for seed in found), bar=0))
    swaps = [seed.swapped for seed in found]
    made.append(row("failed parses under exchange", sum(len(swap.failed) for swap in swaps), bar=0))
    made.append(row("parses recorded with a version that did not answer", sum(swap.mixed for swap in swaps), bar=0))
    ratios = [np.percentile(swap.during, 99) / np.percentile(swap.otherwise, 99) for swap in swaps]
    value, bounds = mean_interval([float(ratio) for ratio in ratios])
    made.append(row(f"p99 during an exchange over p99 otherwise, {USERS} users", value, ci95=bounds, bar=2.0))
    value, bounds = mean_interval([float(np.mean(swap.lengths)) for swap in swaps])
    made.append(row("an exchange under load (load, fit, warm, swap), s", value, ci95=bounds))
    return made


def table(scale: Scale, seeds: Sequence[int], found: Sequence[Seed]) -> list[dict[str, Any]]:
    """All cells: per system and load the mean and deviation over the seeds, and each rung of the rising rates."""
    lines: list[dict[str, Any]] = []
    for name in SYSTEMS:
        for users in scale.users:
            cells = np.array([seed.closed[name, users] for seed in found])
            spread = cells.std(axis=0, ddof=1) if len(found) > 1 else np.zeros(2)
            lines.append(
                {
                    "system": name, "load": "closed", "users": users, "n": len(found),
                    "rate": round(float(cells[:, 0].mean()), 1), "rate_sd": round(float(spread[0]), 1),
                    "p99_ms": round(1e3 * float(cells[:, 1].mean()), 2), "p99_ms_sd": round(1e3 * float(spread[1]), 2),
                }
            )  # fmt: skip
        for number, seed in zip(seeds, found, strict=True):
            for rung in seed.rungs[name]:
                times = {"p50_ms": round(1e3 * rung.p50, 2), "p99_ms": round(1e3 * rung.p99, 2)}
                rate = {"rate": round(rung.rate, 1), "failed": rung.failed, "held": rung.held}
                lines.append({"system": name, "load": "poisson", "seed": number, **rate, **times})
    for number, seed in zip(seeds, found, strict=True):
        swap = seed.swapped
        lines.append(
            {
                "system": "batched", "load": f"exchange, {USERS} users", "seed": number, "exchanges": len(swap.lengths),
                "parses_during": len(swap.during),
                "p99_ms_during": round(1e3 * float(np.percentile(swap.during, 99)), 2),
                "p99_ms_otherwise": round(1e3 * float(np.percentile(swap.otherwise, 99)), 2),
                "seconds": [round(value, 3) for value in swap.lengths], "versions": sorted(swap.versions),
            }
        )  # fmt: skip
    return lines


if __name__ == "__main__":
    sys.exit(main())
