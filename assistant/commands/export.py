"""`assistant export USER`: write out everything that is known of a user, as Rasa's tracker events."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from assistant.commands.options import add_config, clean, configuration
from assistant.config import Config
from dialog.errors import AssistantError


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assistant export`."""
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("user", nargs="?", metavar="USER")
    whose.add_argument("--all", action="store_true", help="the whole log")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write to a new file, for its owner's eyes alone")
    parser.add_argument("--json", action="store_true", help="one JSON array instead of a line for each event")
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Stream the events; raises `AssistantError` when there are none."""
    config, user = configuration(args), None if args.all else clean(args.user)
    with _target(args.output) as out:
        count = asyncio.run(_export(config, user, out, args.json))
    if not count:
        raise AssistantError("the log is empty" if user is None else f"nothing is known of a user {user!r}")
    print(f"{count} events", file=sys.stderr)
    return 0


@contextlib.contextmanager
def _target(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    path.touch(mode=0o600, exist_ok=False)
    with path.open("w", encoding="utf-8") as out:
        yield out


async def _export(config: Config, user: str | None, out: TextIO, array: bool) -> int:
    from dialog.log import Log

    count = 0
    async with await Log.open(config.log_url, read_only=True) as log:
        async for event in log.export(user_id=user):
            text = json.dumps(event, ensure_ascii=False)
            out.write((",\n" if count else "[\n") + text if array else text + "\n")
            count += 1
    if array:
        out.write("\n]\n" if count else "[]\n")
    return count
