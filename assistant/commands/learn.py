"""`assistant learn`: make a version of the routing policy from the log, prove that it keeps its bounds, and keep it."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from assistant.commands.options import add_config, add_json, configuration, print_json
from dialog.errors import AssistantError


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assistant learn`."""
    data = parser.add_argument_group("what to learn from")
    data.add_argument(
        "--since", metavar="TIME", help="turns from then on: 2026-11-20, or with a time, or epoch seconds"
    )
    data.add_argument("--until", metavar="TIME", help="turns before then")
    data.add_argument("--from", dest="source", type=Path, metavar="FOLDER", help="a saved data set, not the log")
    data.add_argument("--min-rewards", type=int, default=200, metavar="N", help="fewer are refused (default: 200)")
    how = parser.add_argument_group("how")
    how.add_argument("--method", default="ring", help="ring (default), metagrad, metagrad_forward, quadratic, ...")
    how.add_argument("--seed", type=int, default=0, help="of everything that is drawn (default: 0)")
    how.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting, such as steps=500")
    how.add_argument(
        "--no-cases", dest="cases", action="store_false", help="take no case in; the candidate is still examined on all"
    )
    proof = parser.add_argument_group("what must be proven")
    proof.add_argument("--delta", type=float, default=0.05, help="chance that any claim is false (default: 0.05)")
    proof.add_argument(
        "--tolerated", type=float, default=0.01, help="share of requests outside their bounds (default: 0.01)"
    )
    proof.add_argument("--epsilon", type=float, default=0.0, help="loss of reward that may remain (default: 0)")
    proof.add_argument("--least-effective", type=float, default=500.0, metavar="N", help="effective sample size")
    result = parser.add_argument_group("what comes out")
    result.add_argument("--version", metavar="NAME", help="name of the version (default: made of its contents)")
    result.add_argument("--note", default="", help="a line for people")
    result.add_argument("--out", type=Path, metavar="FOLDER", help="where the report goes, also of what is refused")
    result.add_argument("--dry-run", action="store_true", help="keep no version")
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Learn; 1 where the candidate is refused: nothing has changed then. Raises `AssistantError`."""
    from assistant.cases.table import show
    from assistant.learning.errors import LearningError
    from assistant.learning.learn import Window, Workplace, candidate, keep, save
    from assistant.learning.report import shown
    from assistant.learning.wishes import Wishes
    from policies.errors import PolicyError

    config = configuration(args)
    wishes = Wishes(
        args.method, args.seed, args.min_rewards, args.delta, args.tolerated, args.epsilon, args.least_effective,
        tuple(args.set), args.cases,
    )  # fmt: skip
    window = Window(_time(args.since, "--since"), _time(args.until, "--until"), args.source)
    with Workplace(config) as work:
        try:
            with Bars() as bars:
                report = candidate(config, window, wishes, work, bars.told)
            if not report.reasons and not args.dry_run:
                made = keep(config, report, work, args.version, args.note)
                name: str | None = made.version
            else:
                name = None
        except PolicyError as error:
            raise LearningError(str(error)) from error
    out = args.out or (config.assistant.data_dir / "learning" / name if name else None)
    written = save(report, out) if out else []
    if args.json:
        print_json({**report.to_json(), "kept_as": name, "report": [str(path) for path in written]})
    else:
        show(shown(report))
        if name:
            print(f"policy {name} is kept; put it in force: assistant promote {name}")
        else:
            print(f"nothing is kept; {report.parent} stays in force")
        if written:
            print(f"report: {written[-1]}")
    return 1 if report.reasons else 0


def _time(text: str | None, option: str) -> float | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise AssistantError(f"{option} {text}: a time such as 2026-11-20 or 2026-11-20T12:00 is needed") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


class Bars:
    """Progress on a terminal, one bar for each kind of work; silent elsewhere."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty())
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def told(self, what: str, done: int, total: int | None) -> None:
        """Show how far a kind of work is."""
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._tasks[what], completed=done, total=total)
