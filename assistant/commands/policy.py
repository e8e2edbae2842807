"""`assistant policy list|show|stop`: versions of the routing policy, what is on trial, and the end of a trial."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from assistant.commands.options import add_config, add_json, configuration, print_json
from assistant.commands.promote import KIND
from dialog.registry import SHIPPED, Damaged, Registry, RegistryError
from dialog.registry.trial import Trial, Trials
from plugins.deployment import SOFTMAX, certified


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assistant policy`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|stop")
    listing = actions.add_parser("list", help="list versions; * marks the one in force")
    showing = actions.add_parser("show", help="what is known of a version")
    showing.add_argument("version", metavar="VERSION")
    stopping = actions.add_parser("stop", help="end the trial: no shadow, no canary; what is in force stays")
    for action in (listing, showing, stopping):
        add_config(action)
        add_json(action)


def run(args: argparse.Namespace) -> int:
    """Do what was asked. Raises `AssistantError`."""
    registry = Registry(configuration(args).assistant.data_dir / "models")
    if args.action == "show":
        return _show(registry, args)
    trials = Trials(registry, KIND)
    if args.action == "stop":
        trials.change(lambda known: Trial(waivers=known.waivers))
        if args.json:
            print_json({"shadow": None, "canary": None})
        else:
            print("nothing is on trial any more; an assistant that is running takes that up within seconds")
        return 0
    return _list(registry, trials.read(), args.json)


def _list(registry: Registry, trial: Trial, as_json: bool) -> int:
    problem = None
    try:
        current: str | None = registry.current(KIND).version or SHIPPED
    except Damaged as error:
        current, problem = None, str(error)
    versions = [_entry(registry, version) for version in registry.versions(KIND)]
    if as_json:
        canary = None if trial.canary is None else {"version": trial.canary, "share": trial.share}
        print_json(
            {"current": current, "problem": problem, "shadow": trial.shadow, "canary": canary, "versions": versions}
        )
        return 0
    for entry in [{"version": SHIPPED, "note": f"{SOFTMAX}, the formula without learning"}, *versions]:
        name = str(entry["version"])
        mark = "*" if name == current else " "
        roles = ["shadow"] * (name == trial.shadow) + [f"canary {trial.share:.1%}"] * (name == trial.canary)
        words = [entry.get("created"), entry.get("certificate"), *roles, entry.get("problem"), entry.get("note")]
        print(f"{mark} {name:<32} {' '.join(str(word) for word in words if word)}".rstrip())
    if problem:
        print(f"  {problem}")
    return 0


def _entry(registry: Registry, version: str) -> dict[str, Any]:
    try:
        known = registry.manifest(KIND, version)
    except RegistryError as error:
        return {"version": version, "problem": str(error)}
    return {
        "version": version, "created": known.created, "parent": known.parent, "note": known.note,
        "certificate": "certified" if certified(known.metrics) else "no certificate",
    }  # fmt: skip


def _show(registry: Registry, args: argparse.Namespace) -> int:
    release = registry.open(KIND, args.version)
    waiver = Trials(registry, KIND).read().waivers.get(args.version)
    data = {**release.manifest.to_json(), "waiver": waiver}
    if args.json:
        print_json(data)
        return 0
    for name in ("version", "created", "parent", "note", "waiver"):
        print(f"{name:<12} {data[name] or '-'}")
    for name, value in _flat(release.manifest.metrics):
        print(f"{name:<44} {value}")
    return 0


def _flat(values: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{before}{name}.")
        else:
            found.append((f"{before}{name}", _word(value)))
    return found


def _word(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_word, value)) or "-"
    if isinstance(value, float):
        return f"{value:.4f}"
    return "-" if value is None else str(value)
