"""Kill the assistant at random moments under load; after each restart the log and the ledger must agree exactly.

    assistant bench kill_loop [--kills 1000] [--seed 20] [--folder DIR] [--quick] [--json]

A process of its own keeps the ledger of every acknowledged answer, drives 16 users (timers included) and sends
SIGKILL. The killed process runs the dialog core on a log with durability "full"; its understanding is a stub, and it is
forked from a process that has its modules imported, so that a restart is quick. A byte of mapped memory, written by the
log's own commit hook, proves how many kills fell between BEGIN and the return of COMMIT.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from benchmarks import common
from benchmarks.common import Row, row
from benchmarks.kill.load import Loop, Outcome
from benchmarks.statistics import bootstrap, percentile

_QUICK = 60


def main(argv: list[str] | None = None) -> int:
    """Run the loop; returns 1 when a claim fails."""
    parser = common.arguments("kill_loop", "Kill the assistant under load; hold its log against a ledger.")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="keep the log there (default: a temporary folder)")
    args = parser.parse_args(argv)
    kills = min(args.kills, _QUICK) if args.quick else args.kills
    before = os.getloadavg()
    with tempfile.TemporaryDirectory() as temporary, common.Steps(kills).shown() as steps:
        steps.begin("kills")
        folder = args.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        outcome = asyncio.run(Loop(folder, args.seed).run(kills, steps.done))
    for detail in outcome.ledger.details:
        print(detail, file=sys.stderr)
    return common.report("kill_loop", [args.seed], rows(outcome, kills), before).show(args.json)


def rows(outcome: Outcome, kills: int) -> list[Row]:
    """The claims of a kill loop."""
    ledger = outcome.ledger
    restart, bounds = bootstrap([outcome.restarts], percentile(50))
    third = max(1, kills // 3)
    found = [
        row("kills", outcome.kills, bar=kills, better="higher"),
        row("kills inside a commit (BEGIN to the return of COMMIT)", outcome.inside, bar=third, better="higher"),
        row("kills while COMMIT was running", outcome.committing),
        row("load, acknowledged turns/s while alive", outcome.rate, bar=50, better="higher"),
        row("turns acknowledged", len(ledger.acknowledged)),
        row("turns checked against the ledger", ledger.checked),
        row("turns in the log whose answer was lost by the kill", ledger.unacknowledged),
        row("timers set", len(ledger.timers)),
        row("timers that did not ring, or were not heard", len(ledger.silent), bar=0),
        row("mismatches between log and ledger", ledger.mismatches.total(), bar=0),
        row("restart, s (p50)", restart, ci95=bounds, bar=0.7),
    ]
    return found + [row(f"mismatches: {kind}", count, bar=0) for kind, count in sorted(ledger.mismatches.items())]


if __name__ == "__main__":
    sys.exit(main())
