"""The simulator's checks of itself and its basic figures for one seed.

    python -m benchmarks.simulator [--json] [--quick] [--data DIR] [--cache DIR] [--seed 100] [--variant main]

The first run makes spoken forms and sentence vectors and keeps them in the cache, which takes minutes. `--quick`:
20,000 requests instead of 100,000. Exit code 1 when a check fails, 2 when the data is missing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import common
from benchmarks.simulator.checks import checks
from benchmarks.simulator.seeds import TUNE_SEEDS
from benchmarks.simulator.variants import VARIANTS
from benchmarks.simulator.world import CACHE, World

REQUESTS = {False: 100_000, True: 20_000}


def main(argv: Sequence[str] | None = None) -> int:
    """Print the report; returns the exit code."""
    parser = common.arguments("simulator", __doc__ or "")
    parser.prog = "python -m benchmarks.simulator"
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data")
    parser.add_argument("--cache", type=Path, default=CACHE, help="spoken forms, sentence vectors, understanding")
    parser.add_argument("--seed", type=int, default=TUNE_SEEDS[0], help=f"of the world (default {TUNE_SEEDS[0]})")
    parser.add_argument("--variant", choices=sorted(VARIANTS), default="main")
    args = parser.parse_args(argv)
    load = os.getloadavg()

    def world() -> World:
        return World(args.seed, args.variant, data=args.data, cache=args.cache)

    try:
        rows = checks(world(), world, REQUESTS[args.quick])
    except FileNotFoundError as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2
    report = common.report("simulator", [args.seed], rows, load)
    command = " ".join(["python -m benchmarks.simulator", *(sys.argv[1:] if argv is None else argv)])
    return replace(report, command=command).show(args.json)


if __name__ == "__main__":
    sys.exit(main())
