"""`assistant train nlu`: trains understanding on one's own data.

Reads Rasa NLU YAML, BIO (seq.in/seq.out/label or CoNLL columns), JSON lines, and parallel clean and recognised files;
several files and folders merge. Writes a folder that serves: set it as `model` of the plugin `understanding`. A run
that was stopped goes on where it was. With --head-only --base, intents are added to a model that stands.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from nlu.formats import DataError, Note, read
from nlu.training.config import load_config
from nlu.training.display import say
from nlu.training.finish import ParityError
from nlu.training.split import make_split

_SHOWN = 20


def parser() -> argparse.ArgumentParser:
    """The command line."""
    out = argparse.ArgumentParser(
        prog="assistant train nlu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    out.add_argument("--data", type=Path, nargs="+", required=True, metavar="PATH", help="files and folders to learn")
    out.add_argument("--dev", type=Path, nargs="+", metavar="PATH", help="data that chooses the epoch and calibrates")
    out.add_argument("--config", type=Path, metavar="FILE", help="settings to lay over the shipped ones")
    out.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the model")
    out.add_argument("--seed", type=int, help="instead of the configuration's")
    out.add_argument("--head-only", action="store_true", help="heads on the encoder as it is: seconds, no torch")
    out.add_argument("--base", type=Path, metavar="DIR", help="with --head-only: add the data's intents to this model")
    out.add_argument("--no-resume", dest="resume", action="store_false", help="begin anew instead of going on")
    out.add_argument("--allow-unknown", action="store_true", help="labels of --dev that --data lacks count as wrong")
    out.add_argument("--json", action="store_true", help="print the report as JSON")
    return out


def main(argv: list[str] | None = None) -> int:
    """Runs the command; the result is the exit code."""
    options = parser().parse_args(argv)
    try:
        report = train(options)
    except (DataError, ParityError) as error:
        say(str(error))
        return 1
    print(json.dumps(report, indent=1, ensure_ascii=False) if options.json else summary(report, options.out))
    return 0


def train(options: argparse.Namespace) -> dict[str, Any]:
    """The report of the training that the options ask for. Raises `DataError` or `ParityError`."""
    changes = {} if options.seed is None else {"seed": options.seed}
    config = load_config(options.config, **changes)
    head_only = options.head_only or config.head_only
    if options.base is not None and not head_only:
        raise DataError(options.base, "--base goes with --head-only: full training starts from the encoder")
    corpus = read(options.data)
    if options.base is not None:
        from nlu.training.extend import examples_of, extend

        tell_notes(corpus.notes)
        try:
            return extend(options.base, examples_of(corpus), options.out)
        except ValueError as error:
            raise DataError(options.base, str(error)) from None
    dev = read(options.dev) if options.dev else None
    split = make_split(corpus, dev, config.held_out, config.seed, config.out_of_scope, options.allow_unknown)
    tell_notes(split.notes)
    say(f"{len(split.samples)} sentences to learn, {len(split.dev)} held out")
    if head_only:
        from nlu.training.head_only import train_head_only

        return train_head_only(split, config, options.out)
    from nlu.training.fit import TrainingError, train_full

    try:
        return train_full(split, config, options.out, options.resume)
    except TrainingError as error:
        raise DataError(options.out, str(error)) from None


def tell_notes(notes: list[Note] | tuple[Note, ...]) -> None:
    """The first notes on stderr; all of them are in the report."""
    for note in notes[:_SHOWN]:
        say(f"note: {note}")
    if len(notes) > _SHOWN:
        say(f"note: {len(notes) - _SHOWN} more, all in report.json")


def summary(report: dict[str, Any], out: Path) -> str:
    """The report in a few lines."""
    lines = [f"{out}: {report['model']}"]
    if "dev" in report:
        names = ("intent_accuracy", "intent_macro_f1", "entity_f1", "ece")
        found = [f"{name} {100 * report['dev'][name]:.1f} %" for name in names if name in report["dev"]]
        lines.append(f"held out ({report['dev']['sentences']} sentences): {', '.join(found)}")
        parity = report["parity"]
        lines.append(
            f"exported = trained on {parity['same_intent']:.2%} of {parity['sentences']}; alone = in any batch"
        )
    else:
        lines.append(f"intents added: {', '.join(report['intents_added']) or 'none'}")
    lines.append(f"{report['cpu_seconds']:.0f} CPU-seconds, at most {report['peak_memory_mb']:.0f} MB")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
