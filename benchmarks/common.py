"""What every benchmark prints: rows against bars, with commit, machine and seeds, as JSON or as a table."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parent.parent
Better = Literal["lower", "higher"]


@dataclass(frozen=True, slots=True)
class Row:
    """One measured claim.

    ours, baseline: in the unit that `metric` names. ratio: ours / baseline. ci95: 95 % interval of `ours`.
    bar: what `ours` must reach; met: whether it does, None where there is no bar.
    """

    metric: str
    ours: float
    baseline: float | None = None
    baseline_name: str | None = None
    ratio: float | None = None
    ci95: list[float] | None = None
    bar: float | None = None
    met: bool | None = None


def row(
    metric: str,
    ours: float,
    *,
    ci95: Sequence[float] | None = None,
    baseline: float | None = None,
    baseline_name: str | None = None,
    bar: float | None = None,
    better: Better = "lower",
) -> Row:
    """A row with ratio and verdict worked out, and figures rounded to four significant digits."""
    ratio = ours / baseline if baseline else None
    met = None if bar is None else (ours <= bar if better == "lower" else ours >= bar)
    bounds = None if ci95 is None else [significant(value) for value in ci95]
    return Row(
        metric, significant(ours), None if baseline is None else significant(baseline), baseline_name,
        None if ratio is None else significant(ratio), bounds, bar, met,
    )  # fmt: skip


def significant(value: float, digits: int = 4) -> float:
    """`value` to a number of significant digits."""
    return float(f"{value:.{digits}g}")


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one benchmark run."""

    name: str
    command: str
    commit: str
    machine: dict[str, Any]
    seeds: list[int]
    rows: list[Row]

    @property
    def met(self) -> bool:
        """Whether no claim failed."""
        return all(line.met is not False for line in self.rows)

    def show(self, as_json: bool) -> int:
        """Print the report; returns the exit code: 1 when a claim failed."""
        if as_json:
            print(json.dumps(asdict(self), ensure_ascii=False, indent=2))
        else:
            self._table()
        return 0 if self.met else 1

    def _table(self) -> None:
        print(f"{self.name}: commit {self.commit}, seeds {self.seeds}, {self.machine}")
        for line in self.rows:
            verdict = {None: " ", True: "+", False: "-"}[line.met]
            ours = f"{line.ours:g}"
            if line.ci95:
                ours += f" [{line.ci95[0]:g}, {line.ci95[1]:g}]"
            against = "" if line.baseline is None else f"{line.baseline_name} {line.baseline:g}"
            if line.ratio is not None:
                against += f" (x {line.ratio:g})"
            bar = "" if line.bar is None else f"bar {line.bar:g}"
            print(f"  {verdict} {line.metric:<58} {ours:<32} {bar:<12} {against}")
        print("  all claims met" if self.met else "  A CLAIM FAILED")


def arguments(name: str, description: str) -> argparse.ArgumentParser:
    """The options that all benchmarks share."""
    parser = argparse.ArgumentParser(f"assistant bench {name}", description=description)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--quick", action="store_true", help="fixed seeds, smaller samples; exit 1 when a claim fails")
    return parser


def report(name: str, seeds: Sequence[int], rows: Sequence[Row], load: Sequence[float]) -> Report:
    """A report on this machine and commit. `load` is the load average when the run began."""
    command = " ".join(["assistant bench", name, *sys.argv[1:]])
    machine = {
        "cpus": os.cpu_count(),
        "cpu": _cpu(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "load_before": [round(value, 2) for value in load],
        "load_after": [round(value, 2) for value in os.getloadavg()],
    }
    return Report(name, command, commit(), machine, list(seeds), list(rows))


def commit() -> str:
    """The commit of the checkout, `+` when files differ from it, `unknown` outside one."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False, timeout=20)
        return done.stdout.strip() if done.returncode == 0 else ""

    head = git("rev-parse", "--short=12", "HEAD")
    if not head:
        return "unknown"
    return head + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


class Steps:
    """A progress bar on stderr when that is a terminal, otherwise nothing."""

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
        self._progress = Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal)
        self._task = self._progress.add_task("", total=total)

    def begin(self, what: str) -> None:
        """Say what is being done now."""
        self._progress.update(self._task, description=what)

    def done(self, count: int = 1) -> None:
        """Move the bar on."""
        self._progress.advance(self._task, count)

    @contextmanager
    def shown(self) -> Iterator[Steps]:
        """Show the bar as long as the work lasts."""
        with self._progress:
            yield self
