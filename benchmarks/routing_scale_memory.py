"""The memory of another process while it runs: what it allocated, apart from the files that it maps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT

_EVERY = 0.005  # seconds between two looks


class Failed(RuntimeError):
    """The measured process ended with an error."""


@dataclass(frozen=True)
class Measured:
    """What a process printed, and its memory in bytes beyond that of its imports.

    anonymous: the most it had allocated. resident: the most that was in memory, pages of mapped files included, which
    the system takes back when it needs them.
    """

    result: dict[str, Any]
    anonymous: int
    resident: int


def measured(module: str, arguments: Sequence[str]) -> Measured:
    """Run `python -m module arguments`, which prints `{"ready": true}` when its imports are done and waits for a line.

    Raises `Failed` with what it wrote to stderr.
    """
    command = [sys.executable, "-m", module, *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        errors: list[str] = []
        reader = threading.Thread(target=lambda: errors.append(process.stderr.read()), daemon=True)  # type: ignore[union-attr]
        reader.start()
        if process.stdout.readline().strip() != '{"ready": true}':
            process.wait()
            reader.join()
            raise Failed(f"{' '.join(command)}: {''.join(errors)[-2000:]}")
        before = status(process.pid)
        watch = _Watch(process.pid)
        process.stdin.write("\n")
        process.stdin.close()
        watch.start()
        lines = process.stdout.read().splitlines()
        code = process.wait()
        watch.stop()
        reader.join()
    if code or not lines:
        raise Failed(f"{' '.join(command)} ended with {code}: {''.join(errors)[-2000:]}")
    return Measured(
        json.loads(lines[-1]), watch.most["RssAnon"] - before["RssAnon"], watch.most["VmRSS"] - before["VmRSS"]
    )


def status(pid: int) -> dict[str, int]:
    """`RssAnon` and `VmRSS` of a process in bytes; empty where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    known = (line.partition(":") for line in lines)
    return {name: int(value.split()[0]) * 1024 for name, _, value in known if name in ("RssAnon", "VmRSS")}


class _Watch(threading.Thread):
    """Looks at a process until it ends."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.most = {"RssAnon": 0, "VmRSS": 0}
        self._pid = pid
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            for name, value in status(self._pid).items():
                self.most[name] = max(self.most[name], value)
            time.sleep(_EVERY)

    def stop(self) -> None:
        self._over.set()
        self.join()
