"""`assistant promote VERSION`: put a routing policy in force, or on trial, also in an assistant that is running."""

from __future__ import annotations

import argparse

from assistant.commands.models import permit, try_out
from assistant.commands.options import add_config, add_json, configuration, print_json
from dialog.errors import AssistantError
from dialog.registry import SHIPPED, Registry
from dialog.registry.trial import Trials

KIND = "policy"


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of `assistant promote`."""
    parser.add_argument("version", metavar="VERSION", help=f"a version of the policy, or {SHIPPED!r}")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--canary", type=float, metavar="SHARE", help="let it decide for this share of the conversations")
    how.add_argument("--shadow", action="store_true", help="let it look on: what it would have done is logged")
    parser.add_argument("--force", action="store_true", help="without a certificate; needs --note")
    parser.add_argument("--note", default="", metavar="WHY", help="why it is forced, kept with the registry")
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Do it. Raises `AssistantError` with the reason why not; then nothing has changed."""
    if args.force and not args.note.strip():
        raise AssistantError("--force needs --note WHY: a reason that is kept")
    registry = Registry(configuration(args).assistant.data_dir / "models")
    trials = Trials(registry, KIND)
    version = None if args.version == SHIPPED else args.version
    if version is None and (args.shadow or args.canary is not None):
        raise AssistantError(f"{SHIPPED} cannot be on trial; assistant policy stop ends a trial")
    if args.canary is not None and not 0.0 < args.canary < 1.0:
        raise AssistantError(f"--canary {args.canary:g}: a share between 0 and 1 is needed")
    with trials.alone():
        before = registry.current(KIND)
        try_out(registry, KIND, version)
        if version is not None and not args.shadow:  # whoever only looks on needs no certificate
            if args.force:
                trials.waive(version, args.note)
            permit(registry, KIND, version)
        if version is not None and args.shadow:
            trials.shadow(version)
            how = "looks on (shadow)"
        elif version is not None and args.canary is not None:
            trials.canary(version, args.canary)
            how = f"decides for {args.canary:.1%} of the conversations (canary)"
        else:
            registry.use(KIND, version)
            if version is not None:
                trials.change(lambda known: known.without(version))
            how = "is in force"
    if args.json:
        trial = trials.read()
        canary = None if trial.canary is None else {"version": trial.canary, "share": trial.share}
        print_json(
            {
                "kind": KIND, "version": args.version, "before": before.version or SHIPPED,
                "in_force": registry.current(KIND).version or SHIPPED, "shadow": trial.shadow, "canary": canary,
            }
        )  # fmt: skip
    else:
        print(f"{KIND} {args.version} {how}; an assistant that is running takes it up within seconds")
    return 0
