"""`assistant cases add|list|report|retire|export`: known defects and wanted behaviour, to examine policies on."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.commands.options import add_config, add_json, clean, configuration, print_json
from assistant.config import Config
from dialog.errors import AssistantError

if TYPE_CHECKING:
    from assistant.cases.store import Stored
    from dialog.types import RoutingContext, Turn

_KINDS = ("regression", "progression")
_SEVERITIES = ("low", "medium", "high", "critical")


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assistant cases`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="add|list|report|retire|export")
    adding = actions.add_parser("add", help="make a case of a logged turn")
    which = adding.add_mutually_exclusive_group(required=True)
    which.add_argument("turn", nargs="?", type=int, metavar="TURN_ID", help="as /why tells it")
    which.add_argument("--last", metavar="CONVERSATION", help="the last turn of a conversation")
    adding.add_argument("--kind", choices=_KINDS, required=True, help="what must not come back, or what is wanted")
    adding.add_argument(
        "--use", metavar="SKILL", help="the skill that is wanted (progression: else the one that answered)"
    )
    adding.add_argument("--severity", choices=_SEVERITIES, default="medium")
    adding.add_argument("--note", default="", metavar="TEXT", help="what is wrong, for people")
    adding.add_argument("--incident", default="", metavar="NAME", help="a name for cases of one cause")
    adding.add_argument("--id", metavar="NAME", help="default: r or p, and the turn's id")
    adding.add_argument("--replace", action="store_true", help="put it in the place of a case of that id")
    listing = actions.add_parser("list", help="list the cases")
    listing.add_argument("--all", action="store_true", help="retired ones too")
    reporting = actions.add_parser("report", help="examine a policy; exit code 1 where the guard-rail blocks it")
    reporting.add_argument("--policy", metavar="VERSION", help="a version, or 'shipped' (default: the one in force)")
    reporting.add_argument("--html", type=Path, metavar="FILE", help="write the report as a page too")
    retiring = actions.add_parser("retire", help="examine no policy on a case any more")
    retiring.add_argument("id", metavar="ID")
    exporting = actions.add_parser("export", help="write out all cases as JSON lines")
    exporting.add_argument("--output", type=Path, metavar="FILE", help="a new file, for its owner's eyes alone")
    for action in (adding, listing, reporting, retiring, exporting):
        add_config(action)
    for action in (adding, listing, reporting, retiring):
        add_json(action)


def run(args: argparse.Namespace) -> int:
    """Do what was asked. Raises `AssistantError` with the reason why not; then nothing has changed."""
    from policies.errors import PolicyError

    act = {"add": _add, "list": _list, "report": _report, "retire": _retire, "export": _export}[args.action]
    try:
        return act(configuration(args), args)
    except PolicyError as error:
        raise AssistantError(str(error)) from None


def _add(config: Config, args: argparse.Namespace) -> int:
    from assistant.cases.logged import case_of, turn_of
    from assistant.cases.store import CaseStore
    from dialog.log import Log

    async def read() -> tuple[Turn, RoutingContext]:
        async with await Log.open(config.log_url, read_only=True) as log:
            last = None if args.last is None else clean(args.last)
            return await turn_of(log, args.turn, last, config.dialog.session_timeout)

    turn, context = asyncio.run(read())
    case = case_of(
        turn, context, args.kind, use=args.use, name=args.id, note=clean(args.note), severity=args.severity,
        incident=clean(args.incident),
    )  # fmt: skip
    CaseStore.of(config.assistant.data_dir).add(case, args.replace)
    if args.json:
        print_json(case.to_json())
        return 0
    skill = case.request.options[case.target].skill
    print(f"{case.kind} case {case.id} ({case.severity}): {'not ' if case.kind == 'regression' else ''}{skill}")
    return 0


def _stored(config: Config) -> Stored:
    """What is kept; damaged lines are told on stderr."""
    from assistant.cases.store import CaseStore

    store = CaseStore.of(config.assistant.data_dir)
    stored = store.read()
    for line in stored.damaged:
        print(f"{store.path}:{line.number}: passed over: {line.problem}", file=sys.stderr)
    return stored


def _list(config: Config, args: argparse.Namespace) -> int:
    from assistant.cases.table import listed, show

    stored = _stored(config)
    cases = list(stored.cases.values()) if args.all else stored.active
    if args.json:
        print_json([case.to_json() for case in cases])
    elif cases:
        show(listed(cases))
    else:
        print("there are no cases; assistant cases add makes one of a logged turn")
    return 0


def _report(config: Config, args: argparse.Namespace) -> int:
    from assistant.cases.page import page
    from assistant.cases.policy import policy_of, routing_options
    from assistant.cases.report import examine
    from assistant.cases.table import reported, show
    from plugins.routing import hotfixes_of, thresholds_of

    stored = _stored(config)
    options = routing_options(config)
    hotfixes, thresholds = hotfixes_of(options), thresholds_of(options)
    examined = asyncio.run(policy_of(config, args.policy, list(stored.cases.values())))
    warnings = [*(f"line {line.number} of the cases was passed over: {line.problem}" for line in stored.damaged)]
    made = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    report = examine(
        examined.version, examined.propensities, examined.cases, hotfixes, made, thresholds,
        (*warnings, *examined.warnings),
    )  # fmt: skip
    if args.html is not None:
        _write(args.html, page(report), os.O_TRUNC)
    if args.json:
        print_json(report.to_json())
    else:
        show(reported(report))
        if args.html is not None:
            print(f"written to {args.html}")
    return int(report.verdict.blocked)


def _retire(config: Config, args: argparse.Namespace) -> int:
    from assistant.cases.store import CaseStore

    case = CaseStore.of(config.assistant.data_dir).retire(args.id)
    if args.json:
        print_json(case.to_json())
    else:
        print(f"case {case.id} is retired: no policy is examined on it any more")
    return 0


def _export(config: Config, args: argparse.Namespace) -> int:
    cases = list(_stored(config).cases.values())
    text = "".join(json.dumps(case.to_json()) + "\n" for case in cases)
    if args.output is None:
        sys.stdout.write(text)
    else:
        _write(args.output, text, os.O_EXCL)
    print(f"{len(cases)} cases", file=sys.stderr)
    return 0


def _write(path: Path, text: str, how: int) -> None:
    """Write a file that its owner alone may read: cases hold what people have said."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as out:
        out.write(text)
