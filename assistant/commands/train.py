"""`assistant train PART`: train a part of the assistant. Its own arguments follow the part's name."""

from __future__ import annotations

import argparse

from assistant.parts import TRAINED, run_part


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assistant train`."""
    parser.add_argument("part", choices=TRAINED, metavar="PART", help=f"one of: {', '.join(TRAINED)}")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments of the part; --help lists them")


def run(args: argparse.Namespace) -> int:
    """Hand over to the part's own training."""
    return run_part(TRAINED[args.part].train, args.arguments)
