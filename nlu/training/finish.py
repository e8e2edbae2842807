"""From an exported graph to a folder that serves: parity, calibration, anchors and the report.

A folder is built beside the final one and moved only when it has passed; nothing half done can be loaded.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.anchors import write_anchors
from nlu.encoder import Encoder
from nlu.runtime import Understander
from nlu.train_data import Example, Labels
from nlu.training.calibration import calibrate
from nlu.training.exported import outputs_of
from nlu.training.scores import latency, measure, parse_all
from nlu.training.split import Split
from nlu.types import Parse

#: Share of sentences on which the exported model must name the same intent as the trained one.
PARITY = 0.995
#: Sentences that parity looks at, at the least, where there are so many; and those of the batch test.
PARITY_ROWS, BATCH_ROWS = 400, 64
FILES = ("branch.onnx", "head.npz", "head.json", "anchors.npz", "report.json")


class ParityError(RuntimeError):
    """The exported model does not say what the trained one says; nothing was put in place."""


@dataclass(frozen=True)
class Trained:
    """What training leaves: labels, the split, examples of dev and outside, and for parity some examples with the
    trained model's intent logits [n, I].
    """

    labels: Labels
    split: Split
    dev: Sequence[Example]
    outside: Sequence[Example]
    parity: Sequence[Example]
    logits: NDArray[np.float64]
    chosen: dict[str, Any]


def parity_rows(dev: Sequence[Example], train: Sequence[Example]) -> list[Example]:
    """The development examples, filled up with training ones where they are few."""
    return [*dev, *train[: max(0, PARITY_ROWS - len(dev))]]


def building(out: Path) -> Path:
    """The folder in which a model is built."""
    folder = out / "building"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def finish(
    out: Path, name: str, encoder: Encoder, trained: Trained, started: float, facts: dict[str, Any]
) -> dict[str, Any]:
    """Tests parity, calibrates, writes all files of the model and moves them to `out`; returns the report.

    `branch.onnx` and `head.npz` lie in `building(out)`. `started` is the process time at the start. Raises
    `ParityError`.
    """
    folder, labels, split = building(out), trained.labels, trained.split
    same = same_intent(folder, trained.parity, trained.logits)
    # Fewer than 200 sentences cannot tell 99.5 % from less: one of them may differ.
    if (1 - same) * len(trained.parity) > max(1.0, (1 - PARITY) * len(trained.parity)) + 1e-9:
        raise ParityError(
            f"{out}: the exported model names the same intent as the trained one on {same:.2%} of "
            f"{len(trained.parity)} sentences, less than {PARITY:.1%}; nothing was put in place"
        )
    numbers = calibrated(folder, trained)
    card = {"name": name, "encoder": encoder.version, **numbers, **facts, "chosen": trained.chosen}
    card |= {"rows": len(split.train), "intents": labels.intents, "entities": labels.entities}
    (folder / "head.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    write_anchors(folder / "anchors.npz", split.train, labels.intents, encoder, int(facts.get("seed", 0)))
    understander = Understander.load(folder)
    rows = [*split.dev, *split.outside]
    texts = [row.text for row in rows]
    if not alone_is_batch(understander, texts[:BATCH_ROWS]):
        raise ParityError(f"{out}: a sentence's result depends on the others of its batch; nothing was put in place")
    report = {
        "model": understander.version,
        "parity": {"same_intent": same, "sentences": len(trained.parity), "needed": PARITY},
        "alone_is_batch": {"equal": True, "sentences": min(len(texts), BATCH_ROWS)},
        "dev": measure(parse_all(understander, [row.text for row in split.dev]), split.dev),
        "with_out_of_scope": measure(parse_all(understander, texts), rows).get("out_of_scope"),
        "out_of_scope_rows": "made up: keyboard mash and word salad" if split.made_up else "from the data",
        "calibration": numbers,
        "chosen": trained.chosen,
        "prediction": latency(understander, [row.text for row in split.dev], 200),
        "cpu_seconds": time.process_time() - started,
        "peak_memory_mb": peak_memory(),
        "notes": [str(note) for note in split.notes],
        **facts,
    }
    (folder / "report.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for file in FILES:
        (folder / file).replace(out / file)
    folder.rmdir()
    return report


def same_intent(folder: Path, examples: Sequence[Example], logits: NDArray[np.float64]) -> float:
    """Share of the examples on which the exported model's best intent is that of `logits`."""
    ours = outputs_of(folder, [example.trunk for example in examples]).logits
    return float((ours.argmax(axis=1) == logits.argmax(axis=1)).mean())


def calibrated(folder: Path, trained: Trained) -> dict[str, float]:
    """Temperatures and bias of the exported model, on the held-out examples."""
    inside = [example for example in trained.dev if example.intent >= 0]
    last = len(trained.labels.intents) - 1
    outputs = outputs_of(folder, [example.trunk for example in (*inside, *trained.outside)])
    wanted = np.array([example.intent for example in inside] + [last] * len(trained.outside))
    scores = [tags[example.tags >= 0] for tags, example in zip(outputs.tags, inside, strict=False)]
    gold = [example.tags[example.tags >= 0] for example in inside]
    tags = np.concatenate(scores) if scores else np.zeros((0, trained.labels.tags))
    return calibrate(
        outputs.logits, wanted, tags.astype(np.float64), np.concatenate(gold) if gold else np.zeros(0, int)
    )


def alone_is_batch(understander: Understander, texts: Sequence[str]) -> bool:
    """Whether every sentence gives the same alone as among all of `texts`, bit for bit."""
    together = understander.parse(texts)
    return all(_same(understander.parse([text])[0], parse) for text, parse in zip(texts, together, strict=True))


def _same(a: Parse, b: Parse) -> bool:
    numbers = (a.intents, a.out_of_scope, a.entities) == (b.intents, b.out_of_scope, b.entities)
    return numbers and a.vector.tobytes() == b.vector.tobytes()


def peak_memory() -> float:
    """The most memory that this process has used, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
