"""`assistant eval nlu`: measures a model on labelled data.

--data takes the formats of `assistant train nlu`. Given the folder of public data sets instead (or nothing: then
../shared/data), the figures of the shipped model's card are made again. --clusters looks at how well entities separate.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nlu.data import OUT_OF_SCOPE
from nlu.formats import Corpus, DataError, read, unknown_labels
from nlu.runtime import Understander
from nlu.training.cli import tell_notes
from nlu.training.display import say
from nlu.training.scores import latency, measure, parse_all

PUBLIC = Path("../shared/data")
_CONFUSIONS = 15


def parser() -> argparse.ArgumentParser:
    """The command line."""
    out = argparse.ArgumentParser(
        prog="assistant eval nlu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    out.add_argument("--data", type=Path, nargs="+", default=[PUBLIC], metavar="PATH", help="files and folders")
    out.add_argument("--model", type=Path, metavar="DIR", help="folder of the model (default: shipped)")
    out.add_argument("--out-of-scope", default=OUT_OF_SCOPE, metavar="INTENT", help="its name in the data")
    out.add_argument("--allow-unknown", action="store_true", help="labels that the model lacks count as wrong")
    out.add_argument("--clusters", action="store_true", help="hand over to the report on entity clusters")
    out.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    return out


def is_public(paths: Sequence[Path]) -> bool:
    """Whether this is the folder that holds the public data sets."""
    return len(paths) == 1 and (paths[0] / "slurp" / "dataset").is_dir() and (paths[0] / "clinc150").is_dir()


def main(argv: list[str] | None = None) -> int:
    """Runs the command; the result is the exit code."""
    given = sys.argv[1:] if argv is None else argv
    if "--clusters" in given:
        clusters = importlib.import_module("nlu.joint.clusters")
        return int(clusters.main([word for word in given if word != "--clusters"]) or 0)
    options, others = parser().parse_known_args(given)
    if is_public(options.data) or options.data == [PUBLIC]:
        from nlu import evaluate

        return evaluate.main(given)
    if others:
        parser().error(f"unrecognized arguments: {' '.join(others)}")
    try:
        corpus = read(options.data)
        result = evaluate_on(Understander.load(options.model), corpus, options.out_of_scope, options.allow_unknown)
    except DataError as error:
        say(str(error))
        return 1
    except (FileNotFoundError, ValueError) as error:
        say(f"the model {options.model or '(shipped)'} cannot be loaded: {error}")
        return 1
    print(json.dumps(result, indent=1, ensure_ascii=False) if options.json else lines(result))
    return 0


def evaluate_on(
    understander: Understander, corpus: Corpus, out_of_scope: str = OUT_OF_SCOPE, allow_unknown: bool = False
) -> dict[str, Any]:
    """All figures. Raises `DataError` for a label that the model lacks, unless such sentences may count as wrong."""
    known = unknown_labels(corpus, (*understander.intents, out_of_scope), understander.entities)
    if known and not allow_unknown:
        more = f" (and {len(known) - 1} more labels)" if len(known) > 1 else ""
        message = f"{known[0].message.replace('training data lacks it', 'the model lacks it')}{more}"
        raise DataError(known[0].place, f"{message}; --allow-unknown counts them as wrong")
    tell_notes((*corpus.notes, *known))
    rows = [replace(row, intent=OUT_OF_SCOPE) if row.intent == out_of_scope else row for row in corpus.rows]
    texts = [row.text for row in rows]
    result = {"model": understander.version, **measure(parse_all(understander, texts), rows)}
    heard = [(sample.alternatives[0][0], row) for sample, row in zip(corpus, rows, strict=True) if sample.alternatives]
    if heard:
        # Offsets of the clean text mean nothing in what was heard.
        spoken = [replace(row, text=text, spans=None) for text, row in heard]
        result["recognised"] = measure(parse_all(understander, [row.text for row in spoken]), spoken)
    result["prediction"] = latency(understander, texts)
    result["notes"] = [str(note) for note in (*corpus.notes, *known)]
    return result


def lines(result: dict[str, Any]) -> str:
    """The figures for a reader."""
    out = [f"model {result['model']}, {result['sentences']} sentences"]
    for title, part in (("", result), ("recognised: ", result.get("recognised", {}))):
        for name in ("intent_accuracy", "intent_macro_f1", "entity_f1", "ece"):
            if name in part:
                out.append(f"{title}{name.replace('_', ' ')}: {100 * part[name]:.1f} %")
    if "out_of_scope" in result:
        scope = result["out_of_scope"]
        out.append(
            f"out of scope: {100 * scope['rejected']:.1f} % of {scope['sentences']} rejected; "
            f"{100 * scope['accepted_at_95_recall']:.1f} % accepted at 95 % recall, AUROC {scope['auroc']:.3f}"
        )
    out.append(f"one sentence: {result['prediction']['p50_ms']:.1f} ms (p99 {result['prediction']['p99_ms']:.1f})")
    if result["confusions"]:
        out.append("taken for another intent:")
    for item in result["confusions"][:_CONFUSIONS]:
        out.append(f"  {item['count']:4} x {item['intent']} -> {item['taken_for']}")
    return "\n".join(out)


if __name__ == "__main__":
    sys.exit(main())
