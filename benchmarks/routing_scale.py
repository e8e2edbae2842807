"""Ten million logged turns: from the log to arrays, from arrays to a certified policy, in memory that does not grow.

    assistant bench routing-scale [--json] [--quick] [--folder DIR]

Turns are written through the real log and read back by `assistant learn`'s extraction, at two sizes. Decisions by the
million are written shard by shard in the format that extraction leaves behind; a process of its own trains on most of
them and certifies the policy on the others. Counted is the memory that it allocates beyond its imports; the pages of
mapped files, which the system takes back at any time, are not.
--quick: 500,000 decisions against 100,000, logs of 2,000 and 6,000 turns.
--folder: on a disk with room for 4 GB (default: where temporary files are).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import common
from benchmarks.common import Row, Steps, row
from benchmarks.routing_scale_data import write
from benchmarks.routing_scale_log import fill
from benchmarks.routing_scale_memory import Measured, measured

METHODS = ("ring", "ips")
CELLS = "benchmarks.routing_scale_cells"
ANONYMOUS, GROWTH, FLAT = 500.0, 1.5, 1.5  # bars: MB of the largest run; ratios of memory
_MB = 1e6


@dataclass(frozen=True)
class Scale:
    """Turns of the logs, numbers of decisions, steps of a training."""

    turns: tuple[int, int]
    decisions: tuple[int, int]
    steps: int


FULL = Scale((20_000, 60_000), (1_000_000, 10_000_000), 200)
QUICK = Scale((2_000, 6_000), (100_000, 500_000), 40)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; returns 1 when a claim fails."""
    parser = common.arguments("routing-scale", "Learning from ten million logged turns in bounded memory.")
    parser.add_argument("--folder", type=Path, help="for the files, which are removed at the end")
    parser.add_argument("--seed", type=int, default=0)
    args: argparse.Namespace = parser.parse_args(argv)
    scale, before = QUICK if args.quick else FULL, os.getloadavg()
    with Steps(2 * len(scale.turns) + len(scale.decisions) * (1 + len(METHODS))).shown() as steps:
        rows = [*extraction(scale, args.folder, args.seed, steps), *learning(scale, args.folder, args.seed, steps)]
    return common.report("routing-scale", [args.seed], rows, before).show(args.json)


def extraction(scale: Scale, folder: Path | None, seed: int, steps: Steps) -> list[Row]:
    """From logs to arrays."""
    found: list[Measured] = []
    for turns in scale.turns:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            steps.begin(f"a log of {turns:,} turns")
            fill(Path(place), turns, seed)
            steps.done()
            found.append(measured(CELLS, [place, "extract"]))
            steps.done()
    rows = []
    for turns, one in zip(scale.turns, found, strict=True):
        rows.append(row(f"extract: turns/s ({turns:,} turns)", one.result["decisions"] / one.result["seconds"]))
        rows.append(row(f"extract: memory, MB ({turns:,} turns)", one.anonymous / _MB))
    small, large = found
    rows.append(
        row(
            f"extract: memory at {scale.turns[1]:,} turns to {scale.turns[0]:,}",
            large.anonymous / small.anonymous,
            bar=FLAT,
        )
    )
    return rows


def learning(scale: Scale, folder: Path | None, seed: int, steps: Steps) -> list[Row]:
    """From arrays to a policy and its certificate."""
    found: dict[tuple[str, int], Measured] = {}
    rows = []
    for decisions in scale.decisions:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            steps.begin(f"{decisions:,} decisions")
            data = Path(place) / "data"
            size = write(data, decisions, seed)
            steps.done()
            rows.append(row(f"data set: GB on disk ({decisions:,} decisions)", size / 1e9))
            for method in METHODS:
                steps.begin(f"{method} on {decisions:,} decisions")
                found[method, decisions] = measured(CELLS, [str(data), method, str(scale.steps)])
                steps.done()
    small, large = scale.decisions
    for method in METHODS:
        one, many = found[method, small], found[method, large]
        told = many.result
        rows += [
            row(f"{method}: memory, MB ({small:,} decisions)", one.anonymous / _MB),
            row(f"{method}: memory, MB ({large:,} decisions)", many.anonymous / _MB, bar=ANONYMOUS),
            row(f"{method}: memory at {large:,} to {small:,}", many.anonymous / one.anonymous, bar=GROWTH),
            row(f"{method}: memory with mapped pages, MB ({large:,})", many.resident / _MB),
            row(f"{method}: examples/s in training ({large:,})", told["examples"] / told["steps_seconds"],
                baseline=one.result["examples"] / one.result["steps_seconds"], baseline_name=f"{small:,}"),
            row(f"{method}: seconds to read, train and evaluate ({large:,})", told["seconds"]),
            row(f"{method}: held-out decisions/s through the policy", told["held"] / told["evaluated"]),
            row(f"{method}: held-out decisions/s through the certificate", told["held"] / told["certified"]),
        ]  # fmt: skip
    return rows


if __name__ == "__main__":
    sys.exit(main())
