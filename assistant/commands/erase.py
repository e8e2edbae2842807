"""`assistant erase USER`: erase everything that is known of a user, backups and typed lines included."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping, Sequence

from assistant.commands.options import add_config, add_json, clean, configuration, print_json
from assistant.config import Config
from assistant.repl.history import history_file
from dialog.errors import AssistantError


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assistant erase`."""
    parser.add_argument("user", metavar="USER")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Erase; raises `AssistantError` when nothing is known of the user, or the log is in use."""
    config, user = configuration(args), clean(args.user)
    if not args.yes:
        if not sys.stdin.isatty():
            raise AssistantError("say --yes to erase without being asked")
        log = config.log_url.rpartition("@")[2]
        print(f"Erase everything about {user!r} from {log}? [y/N] ", end="", file=sys.stderr)
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise AssistantError("nothing was erased")
    done, cases = asyncio.run(_erase(config, user))
    holding = _holding(config, cases)
    if args.json:
        print_json({"user": user, **done, "policies": holding})
        return 0
    print(", ".join(f"{count} {name}" for name, count in done.items()) + " erased")
    if holding:
        print(
            f"sentence vectors (no texts) of these cases remain in the policies {', '.join(holding)}; "
            "learn and promote a new one, and remove their folders"
        )
    return 0


def _holding(config: Config, cases: Sequence[str]) -> list[str]:
    """Versions of the policy that have taken these cases in."""
    from dialog.registry import Registry, RegistryError

    registry, found = Registry(config.assistant.data_dir / "models"), []
    for version in registry.versions("policy") if cases else ():
        try:
            absorbed = registry.manifest("policy", version).metrics.get("absorbed")
        except RegistryError:
            continue  # a damaged version cannot be put in force
        if isinstance(absorbed, Mapping) and set(cases) & set(absorbed.get("ids", ())):
            found.append(version)
    return found


async def _erase(config: Config, user: str) -> tuple[dict[str, int], tuple[str, ...]]:
    from assistant.cases.store import CaseStore
    from dialog.log import Log

    typed = history_file(config.assistant.data_dir, user)
    async with await Log.open(config.log_url, read_only=True) as log:  # a slip in the URL must not make a new log
        known = bool(await log.memory(user))
    async with await Log.open(config.log_url) as log:
        done = await log.erase(user)
    cases = await asyncio.to_thread(CaseStore.of(config.assistant.data_dir).erase, user)
    if not (known or done.turns or done.conversations or cases or typed.exists()):
        raise AssistantError(f"nothing is known of a user {user!r}")
    files = int(typed.exists())
    typed.unlink(missing_ok=True)
    counts = {
        "turns": done.turns, "conversations": done.conversations, "cases": len(cases), "history files": files,
    }  # fmt: skip
    return counts, cases
