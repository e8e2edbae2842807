"""`assistant bench NAME`: run a benchmark of the checkout."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import assistant
from dialog.errors import AssistantError

#: The folder of benchmarks beside the packages; a wheel does not have it.
FOLDER = Path(assistant.__file__).resolve().parent.parent / "benchmarks"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assistant bench`."""
    parser.add_argument("name", metavar="NAME", help=f"one of: {', '.join(names()) or 'none here'}")
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, help="--json, --quick and others; NAME --help lists them"
    )


def names() -> list[str]:
    """The benchmarks that can be run here."""
    return sorted(
        path.stem.replace("_", "-")
        for path in FOLDER.glob("*.py")
        if not path.stem.startswith("_") and '__name__ == "__main__"' in path.read_text(encoding="utf-8")
    )


def run(args: argparse.Namespace) -> int:
    """Run the benchmark as a program of its own, so that nothing of this one is measured with it."""
    known = names()
    name = args.name.replace("_", "-")
    if not known:
        raise AssistantError(f"there are no benchmarks in {FOLDER}: they come with a checkout, not with the package")
    if name not in known:
        from assistant.sections import nearest

        hint = nearest(args.name, known)
        raise AssistantError(f"there is no benchmark {args.name!r}{hint} (there are: {', '.join(known)})")
    path = os.pathsep.join(filter(None, (str(FOLDER.parent), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-P", "-m", f"benchmarks.{name.replace('-', '_')}", *args.arguments]
    return subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, check=False).returncode
