"""Runs the command line as a user does: another process, its exit code, its two streams."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEYWORDS = Path(__file__).with_name("keywords.py")

#: A configuration without models: the shipped plugins are off, `keywords.py` does everything.
LIGHT = """\
assistant:
  data_dir: data
plugins:
  {off}
  keywords:
    use: {keywords}
"""


def light(folder: Path, extra: str = "") -> Path:
    """Write a configuration that starts quickly; gives its file."""
    from assistant.config import load

    off = "\n  ".join(f"{name}: {{enabled: false}}" for name in load().plugins)
    path = folder / "config.yml"
    path.write_text(LIGHT.format(off=off, keywords=KEYWORDS) + extra)
    return path


def assistant(
    *arguments: str | bytes | Path, stdin: bytes = b"", folder: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `assistant ARGUMENTS` in `folder` with warnings as errors; what it wrote is decoded as UTF-8."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ASSISTANT_")}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **(env or {})}
    done = subprocess.run(
        [sys.executable, "-m", "assistant", *arguments],
        input=stdin,
        capture_output=True,
        cwd=folder or ROOT,
        env=environment,
        timeout=120,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
