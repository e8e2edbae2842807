"""`assistant config check`: check the configuration and explain what it would build."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys

from assistant.building import Building, as_json, build
from assistant.commands.options import add_config, add_json, configuration, print_json
from assistant.config import SHIPPED
from assistant.document import InvalidDocument


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assistant config`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="check")
    check = actions.add_parser("check", help="check the configuration and explain what it would build")
    add_config(check)
    add_json(check)


def run(args: argparse.Namespace) -> int:
    """Check the file, then load its plugins; 0 only where nothing is wrong."""
    try:
        config = configuration(args)
    except InvalidDocument as error:
        if args.json:
            print_json({"ok": False, "problems": [as_json(problem) for problem in error.problems]})
        print(error, file=sys.stderr)
        return 1
    if not args.verbose:
        logging.getLogger("dialog.host").setLevel(logging.ERROR)  # what it warns of stands in the explanation
    building = asyncio.run(build(config))
    if args.json:
        print_json(building.to_json())
    else:
        _explain(building)
    sys.stdout.flush()
    for problem in building.problems:
        print(problem, file=sys.stderr)
    return 1 if building.problems else 0


def _explain(building: Building) -> None:
    config, told = building.config, building.to_json()
    own = config.source is not None and not config.source.samefile(SHIPPED)
    kept = f"{config.log.retention_days} days" if config.log.retention_days else "for ever"
    token = "set" if told["server"]["token_set"] else "not set"
    rows = {
        "configuration": f"{config.source} over the shipped one" if own else "the shipped one",
        "data": config.assistant.data_dir,
        "log": f"{building.log_url} (durability {config.log.durability}, kept {kept})",
        "understanding": building.nlu,
        "policy": f"{building.router}, seed {config.assistant.seed}",
        "server": f"{told['server']['url']} (token in {config.server.token_env}: {token})",
        "user": ", ".join(f"{name} {value}" for name, value in told["user"].items() if value is not None),
        "plugin folder": config.plugin_folder or "none",
    }
    for name, value in rows.items():
        print(f"{name:<15}{value}")
    print("plugins")
    for number, record in enumerate(building.host.records.values(), 1):
        state = record.error or ", ".join(record.hooks)
        skills = f"; skills: {', '.join(record.skills)}" if record.skills else ""
        print(f"  {number:>2} {record.name:<14} {record.source or '-':<24} {state}{skills}")
