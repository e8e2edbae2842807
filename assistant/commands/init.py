"""`assistant init DIR`: make a small assistant of your own."""

from __future__ import annotations

import argparse
from pathlib import Path

from assistant.init import write_assistant


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assistant init`."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to; nothing that is there is overwritten")


def run(args: argparse.Namespace) -> int:
    """Write the files and say what to do next."""
    for path in write_assistant(args.folder):
        print(path)
    print(f"next: cd {args.folder} && assistant test && assistant chat")
    return 0
