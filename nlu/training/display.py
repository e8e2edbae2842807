"""A progress bar with the time left on a terminal, whole lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

#: Tells the bar how many steps of all are done, and a word on how it goes.
Tell = Callable[[float, str], None]


def say(text: str) -> None:
    """A whole line on stderr."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def bar(title: str, total: int) -> Iterator[Tell]:
    """A bar of `total` steps. Without a terminal nothing moves: one line says how long it took."""
    console = Console(stderr=True)
    started = time.monotonic()
    if not console.is_terminal:
        yield lambda done, note: None
        say(f"{title}: {time.monotonic() - started:.1f} s")
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[note]}"), console=console) as progress:
        task = progress.add_task(title, total=total, note="")
        yield lambda done, note: progress.update(task, completed=done, note=note)
