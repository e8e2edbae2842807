"""`assistant test [DIR]`: play conversation tests against an assistant with an empty log."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from assistant.commands.options import add_config, add_json, configuration_file, print_json, set_up_logging
from assistant.config import Config, load
from assistant.document import Problem
from assistant.story import Story, load_stories, play
from dialog.errors import AssistantError


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assistant test`."""
    parser.add_argument("place", nargs="?", type=Path, default=Path(), metavar="DIR|FILE", help="default: here")
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Play all stories; 0 only when there are some and all went as written."""
    set_up_logging(args.verbose)
    place: Path = args.place
    if not place.exists():
        raise AssistantError(f"{place} does not exist")
    files = [place] if place.is_file() else sorted(place.rglob("test_*.yml"))
    stories = [story for file in files for story in load_stories(file)]
    if not stories:
        raise AssistantError(f"there are no stories in files test_*.yml under {place}")
    source = configuration_file(args, place if (place / "config.yml").is_file() else Path())
    with tempfile.TemporaryDirectory(prefix="assistant-test-") as folder:
        fresh = {"assistant.data_dir": folder, "log.url": "sqlite:///{data_dir}/log.db", "log.url_env": None}
        config = load(source, fresh)
        outcomes = asyncio.run(_play_all(config, stories))
    failed = sum(bool(problems) for _, problems in outcomes)
    if args.json:
        print_json([_as_json(story, problems) for story, problems in outcomes])
    sys.stdout.flush()
    for _, problems in outcomes:
        for problem in problems:
            print(problem, file=sys.stderr)
    if not args.json:
        print(f"{len(outcomes) - failed} passed, {failed} failed")
    return 1 if failed else 0


async def _play_all(config: Config, stories: list[Story]) -> list[tuple[Story, list[Problem]]]:
    from assistant.app import Assistant

    async with Assistant(config) as assistant:
        return [(story, await play(assistant, story, f"test-{number}")) for number, story in enumerate(stories)]


def _as_json(story: Story, problems: list[Problem]) -> dict[str, object]:
    return {
        "file": story.file,
        "line": story.line,
        "story": story.name,
        "passed": not problems,
        "problems": [{"line": problem.line, "message": problem.message} for problem in problems],
    }
