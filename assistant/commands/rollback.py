"""`assistant rollback`: end a canary, or where there is none put the policy in force that was before."""

from __future__ import annotations

import argparse
from dataclasses import replace

from assistant.commands.models import try_out
from assistant.commands.options import add_config, add_json, configuration, print_json
from assistant.commands.promote import KIND
from dialog.registry import SHIPPED, Registry
from dialog.registry.trial import Trials
from plugins.deployment import SOFTMAX


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assistant rollback`."""
    parser.add_argument(
        "--keep-canary", action="store_true", help="leave a canary as it is, roll back what is in force"
    )
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Take back the last step. Raises `AssistantError` where there is none."""
    registry = Registry(configuration(args).assistant.data_dir / "models")
    trials = Trials(registry, KIND)
    with trials.alone():
        canary = trials.read().canary
        if canary is not None and not args.keep_canary:
            trials.change(lambda known: replace(known, canary=None, share=0.0))
            said = f"{KIND} {canary} is no canary any more; {registry.current(KIND).version or SHIPPED} stays in force"
        else:
            canary = None
            try_out(registry, KIND, registry.current(KIND).back().version)
            pointer = registry.rollback(KIND)
            said = f"{KIND} {pointer.version or f'{SHIPPED} ({SOFTMAX})'} is in force again"
    if args.json:
        print_json({"kind": KIND, "version": registry.current(KIND).version or SHIPPED, "canary_ended": canary})
    else:
        print(f"{said}; an assistant that is running takes it up within seconds")
    return 0
