"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assistant.config import Config, load

#: Names a configuration file where `--config` does not.
VARIABLE = "ASSISTANT_CONFIG"


def add_config(parser: argparse.ArgumentParser) -> None:
    """`--config` and `--verbose`."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"configuration to lay over the shipped one (default: ${VARIABLE}, or ./config.yml, or none)",
    )
    parser.add_argument("-v", "--verbose", action="count", default=0, help="tell more on stderr; twice for debugging")


def add_json(parser: argparse.ArgumentParser) -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def configuration_file(args: argparse.Namespace, folder: Path = Path()) -> Path | None:
    """The user's configuration file, if there is one."""
    if args.config is not None:
        return Path(args.config)
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    beside = folder / "config.yml"
    return beside if beside.is_file() else None


def configuration(args: argparse.Namespace, overrides: Mapping[str, Any] | None = None) -> Config:
    """The configuration that the arguments ask for, with logging set up; raises `ConfigError`."""
    set_up_logging(args.verbose)
    return load(configuration_file(args), overrides)


def set_up_logging(verbose: int) -> None:
    """Send the program's own messages to stderr, warnings and worse unless asked for more."""
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)


def print_json(value: Any) -> None:
    """Print a result as JSON."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def clean(text: str) -> str:
    """An argument as valid Unicode: bytes that are not UTF-8 become replacement characters."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
