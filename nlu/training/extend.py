"""Adds intents to a model that stands, from a few examples each: numpy alone, on cached sentence vectors.

The result is a copy of the base model with `examples.json` (the sentences) and `extra-KEY.npz` (the fit, see
`nlu.extra_intents`), so that a model that was extended can be extended again.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlu.formats import Corpus
from nlu.runtime import HEAD_FOLDER, MODELS, Understander
from nlu.training.finish import peak_memory
from nlu.training.scores import parse_all, top

EXAMPLES = "examples.json"
_FILES = ("branch.onnx", "head.npz", "head.json", "anchors.npz")


def read_examples(folder: Path) -> dict[str, list[str]]:
    """Examples that were added to the model in `folder` earlier; none where it never was."""
    path = folder / EXAMPLES
    if not path.exists():
        return {}
    found: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def extend(base: Path | None, examples: Mapping[str, Sequence[str]], out: Path) -> dict[str, Any]:
    """Writes to `out` the model `base` (default: shipped) that also knows the intents of `examples`.

    `examples` may be a plugin's `examples()`. Returns the report. Raises ValueError for an intent without examples.
    """
    started = time.process_time()
    source = MODELS / HEAD_FOLDER if base is None else base
    merged = read_examples(source)
    for intent, sentences in examples.items():
        merged[intent] = [*dict.fromkeys([*merged.get(intent, ()), *sentences])]
    plain = Understander.load(source)
    out.mkdir(parents=True, exist_ok=True)
    if out.resolve() != source.resolve():
        for name in _FILES:
            shutil.copyfile(source / name, out / name)
    for old in out.glob("extra-*.npz"):
        old.unlink()
    extended = plain.with_examples(merged, out)
    (out / EXAMPLES).write_text(json.dumps(merged, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    known = set(json.loads((out / "head.json").read_text(encoding="utf-8"))["intents"])
    wanted = [(text, intent) for intent, sentences in merged.items() for text in sentences]
    found = parse_all(extended, [text for text, _ in wanted])
    right = [top(parse)[0] == intent for parse, (_, intent) in zip(found, wanted, strict=True)]
    report = {
        "model": extended.version,
        "base": plain.version,
        "intents_added": sorted(set(merged) - known),
        "intents_extended": sorted(set(merged) & known),
        "examples": len(wanted),
        "own_examples_recognised": float(np.mean(right)),
        "head_only": True,
        "cpu_seconds": time.process_time() - started,
        "peak_memory_mb": peak_memory(),
    }
    (out / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return report


def examples_of(corpus: Corpus) -> dict[str, list[str]]:
    """Sentences by intent."""
    out: dict[str, list[str]] = {}
    for sample in corpus:
        out.setdefault(sample.intent, []).append(sample.text)
    return out
