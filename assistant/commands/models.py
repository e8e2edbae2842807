"""`assistant models list|add|use|rollback`: versions of models, and which one answers."""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assistant.commands.options import add_config, add_json, configuration, print_json
from assistant.config import Config
from dialog.errors import AssistantError
from dialog.registry import SHIPPED, Damaged, Manifest, Pointer, Registry, RegistryError

#: The kinds of models, and where a version is tried out: `check(folder) -> version` raises what is wrong with it;
#: `permit(registry, version)`, where there is one, why it must not be put in force.
CHECKS: Mapping[str, str] = {"nlu": "plugins.understanding", "policy": "plugins.routing"}

_KINDS = f"one of: {', '.join(CHECKS)}"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assistant models`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|add|use|rollback")
    listing = actions.add_parser("list", help="list versions; * marks the one in force")
    listing.add_argument("kind", nargs="?", choices=CHECKS, metavar="KIND", help="default: all")
    adding = actions.add_parser("add", help="keep an exported model as a version")
    adding.add_argument("kind", choices=CHECKS, metavar="KIND", help=_KINDS)
    adding.add_argument("folder", type=Path, metavar="FOLDER", help="what training has exported")
    adding.add_argument("--version", metavar="NAME", help="name of the version (default: that of the folder)")
    adding.add_argument("--metrics", type=Path, metavar="FILE.json", help="what was measured, kept with it")
    adding.add_argument("--parent", metavar="NAME", help="what it was made from (default: the version in force)")
    adding.add_argument("--note", default="", help="a line for people")
    using = actions.add_parser("use", help="put a version in force, also in an assistant that is running")
    using.add_argument("kind", choices=CHECKS, metavar="KIND", help=_KINDS)
    using.add_argument("version", metavar="VERSION", help=f"a version, or {SHIPPED!r}")
    back = actions.add_parser("rollback", help="put the version in force that was before")
    back.add_argument("kind", choices=CHECKS, metavar="KIND", help=_KINDS)
    for action in (listing, adding, using, back):
        add_config(action)
        add_json(action)


def run(args: argparse.Namespace) -> int:
    """Do what was asked. Raises `AssistantError` with the reason why not; then nothing has changed."""
    config = configuration(args)
    registry = Registry(config.assistant.data_dir / "models")
    if args.action == "list":
        return _list(registry, args)
    if args.action == "add":
        return _add(registry, args)
    if args.action == "use":
        version = None if args.version == SHIPPED else args.version
        try_out(registry, args.kind, version)
        permit(registry, args.kind, version)
        pointer = registry.use(args.kind, version)
    else:
        try_out(registry, args.kind, registry.current(args.kind).back().version)
        pointer = registry.rollback(args.kind)
    return _chosen(config, args, pointer)


def _list(registry: Registry, args: argparse.Namespace) -> int:
    kinds = [args.kind] if args.kind else registry.kinds()
    found = {kind: _described(registry, kind) for kind in kinds}
    if args.json:
        print_json(found)
        return 0
    for kind, listed in found.items():
        for entry in [{"version": SHIPPED}, *listed["versions"]]:
            mark = "*" if entry["version"] == listed["current"] else " "
            plain = {
                name: value for name, value in entry.get("metrics", {}).items() if isinstance(value, int | float | str)
            }
            figures = " ".join(f"{name}={value}" for name, value in plain.items())
            words = [entry.get("created", ""), entry.get("problem", ""), figures, entry.get("note", "")]
            print(f"{mark} {kind} {entry['version']:<28} {' '.join(filter(None, words))}".rstrip())
        if listed["problem"]:
            print(f"  {kind}: {listed['problem']}")
    if not kinds:
        print(f"no versions in {registry.folder}: the shipped models are used")
    return 0


def _described(registry: Registry, kind: str) -> dict[str, Any]:
    problem = None
    pointer = Pointer()
    try:
        pointer = registry.current(kind)
    except Damaged as error:
        problem = str(error)
    versions: list[dict[str, Any]] = []
    for version in registry.versions(kind):
        try:
            versions.append(registry.manifest(kind, version).to_json())
        except RegistryError as error:
            versions.append({"version": version, "problem": str(error)})
    before = [version or SHIPPED for version in pointer.before]
    current = None if problem else pointer.version or SHIPPED
    return {"current": current, "before": before, "problem": problem, "versions": versions}


def _add(registry: Registry, args: argparse.Namespace) -> int:
    folder = args.folder.expanduser()
    if not folder.is_dir():
        raise AssistantError(f"{folder} is not a folder")
    importlib.import_module(CHECKS[args.kind]).check(folder)
    parent = args.parent or registry.current(args.kind).version
    version = args.version or folder.resolve().name
    made: Manifest = registry.add(
        args.kind, version, folder, metrics=_metrics(args.metrics), parent=parent, note=args.note
    )
    if args.json:
        print_json(made.to_json())
    else:
        print(f"{made.kind} {made.version}: {len(made.files)} files kept; assistant models use {made.kind} {version}")
    return 0


def _metrics(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise AssistantError(f"{path}: not JSON: {error}") from None
    if not isinstance(found, dict):
        raise AssistantError(f"{path}: an object of figures is needed")
    return found


def try_out(registry: Registry, kind: str, version: str | None) -> None:
    """What cannot be loaded here would not be loaded by the running assistant either."""
    if version is not None:
        importlib.import_module(CHECKS[kind]).check(registry.open(kind, version).path)


def permit(registry: Registry, kind: str, version: str | None) -> None:
    """Raise `RegistryError` where a version must not be put in force. A rollback is never held up by that."""
    rule = getattr(importlib.import_module(CHECKS[kind]), "permit", None)
    if rule is not None and version is not None:
        rule(registry, version)


def _chosen(config: Config, args: argparse.Namespace, pointer: Pointer) -> int:
    version = pointer.version or SHIPPED
    before = pointer.before[-1] or SHIPPED if pointer.before else None
    if args.json:
        print_json({"kind": args.kind, "version": version, "before": before, "sequence": pointer.sequence})
        return 0
    print(f"{args.kind} {version} is in force; an assistant that is running takes it up within seconds")
    named = config.plugins["understanding"].options.get("model") if args.kind == "nlu" else None
    if named not in (None, "current"):
        print(f"but the configuration names another: plugins.understanding.options.model: {named}")
    return 0
