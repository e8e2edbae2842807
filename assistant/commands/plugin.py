"""`assistant plugin new|list|check`: start, list and check plugins."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import Any

from assistant.building import described, faults, load_host
from assistant.commands.options import add_config, add_json, configuration, print_json, set_up_logging
from assistant.config import Config
from dialog.errors import AssistantError
from dialog.host import Host, PluginRecord
from dialog.plugin import GROUP, Hooks
from dialog.settings import PluginSettings


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assistant plugin`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="new|list|check")
    new = actions.add_parser("new", help="write a small plugin to start from")
    new.add_argument("name", metavar="NAME")
    new.add_argument("--folder", type=Path, default=Path("plugins"), help="where to (default: plugins)")
    listing = actions.add_parser("list", help="list the plugins of the configuration")
    check = actions.add_parser("check", help="load one plugin and tell what is wrong with it")
    check.add_argument("plugin", metavar="NAME|FILE.py")
    for action in (listing, check):
        add_config(action)
        add_json(action)


def run(args: argparse.Namespace) -> int:
    """Do what was asked; `check` exits with 1 when the plugin has a fault."""
    if args.action == "new":
        from assistant.init import write_plugin

        print(f"{write_plugin(args.folder, args.name)}: edit it, then: assistant plugin check FILE", file=sys.stderr)
        return 0
    if not args.verbose:
        set_up_logging(0)
        logging.getLogger("dialog.host").setLevel(logging.ERROR)  # what it warns of is printed below
    return _list(args) if args.action == "list" else _check(args)


def _list(args: argparse.Namespace) -> int:
    records = [described(record) for record in load_host(configuration(args)).records.values()]
    if args.json:
        print_json(records)
        return 0
    for record in records:
        state = record["error"] or ", ".join(record["hooks"])
        print(f"{record['name']:<14} {record['source'] or '-':<24} {record['version'] or '-':<8} {state}")
        for note in record["notes"]:
            print(f"{'':<14} {note}")
    return 0


def _check(args: argparse.Namespace) -> int:
    config = configuration(args)
    host = Host([_settings(config, args.plugin)], None, config.assistant.seed)
    record = next(iter(host.records.values()))
    found = described(record) | {"intents": sorted(host.claims)}
    messages = [problem.message for problem in faults(config, record)]
    if not record.error:
        messages += [*_unknown_hooks(record.module), *_unkept(host, record)]
    found["problems"] = messages
    if args.json:
        print_json(found)
    else:
        for key in ("name", "source", "hooks", "skills", "intents"):
            value = found[key]
            print(f"{key:<8} {', '.join(value) if isinstance(value, list) else value}")
    sys.stdout.flush()
    for message in messages:
        print(f"{args.plugin}: {message}", file=sys.stderr)
    return 1 if messages else 0


def _settings(config: Config, plugin: str) -> PluginSettings:
    if plugin.endswith(".py"):
        if not Path(plugin).is_file():
            raise AssistantError(f"{plugin} does not exist")
        return PluginSettings(Path(plugin).stem, str(Path(plugin).absolute()))
    known = {settings.name: settings for settings in config.plugin_settings()}
    if plugin in known:
        return PluginSettings(plugin, known[plugin].use, known[plugin].options)
    in_folder = config.plugin_folder / f"{plugin}.py" if config.plugin_folder else None
    return PluginSettings(plugin, str(in_folder) if in_folder and in_folder.is_file() else "")


def _unknown_hooks(module: Any) -> list[str]:
    """Functions marked as hooks that no one will ever call."""
    from assistant.sections import nearest

    known = [name for name in vars(Hooks) if not name.startswith("_")]
    marked = [name for name in dir(module) if hasattr(getattr(module, name), f"{GROUP}_impl")]
    return [f"there is no hook {name!r}{nearest(name, known)}" for name in marked if name not in known]


def _unkept(host: Host, record: PluginRecord) -> list[str]:
    """Offers that do not fulfil their contract."""
    messages = []
    for hook in ("nlu", "router"):
        if hook in record.hooks:
            try:
                getattr(host, hook)()
            except AssistantError:
                messages.append(record.error or f"{hook}() offers nothing")
    return messages
