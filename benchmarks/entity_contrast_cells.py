"""One cell of the entity-contrast benchmark: a method trained on a data set with a seed, measured on its test views."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.entity_contrast_data import Suite, domain_of, read_suite
from nlu.backbone import Backbone
from nlu.data import Row
from nlu.joint import sentence_contrast
from nlu.joint.examples import Example, Labels, prepare
from nlu.joint.gazetteer import Gazetteer
from nlu.joint.metrics import alignment, mean_alignment, rates, tally, uniformity
from nlu.joint.model import JointModel, Options
from nlu.joint.noise import noisy_copies
from nlu.joint.predict import embeddings, frame_of, predict
from nlu.joint.sentence_contrast import SentencePlan
from nlu.joint.train import Plan, Trainer, type_counts

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
#: Words of a test view whose geometry is measured.
GEOMETRY_SENTENCES = 1500


@dataclass(frozen=True)
class Method:
    """A row of the table.

    extra: joint steps instead of the sentence contrast's, so that both have had the same number. tuned: sentence
    contrast first, on the recognised copies too where there are any. noisy: share of these in a batch. own: gazetteer
    flags see a training sentence's own values.
    """

    title: str
    options: Options = field(default_factory=Options)
    tuned: bool = False
    extra: bool = False
    noisy: float = 0.0
    own: bool = True


_FLAG, _TYPED = Options(gazetteer="flag"), Options(gazetteer="typed")
_OURS = Options(gazetteer="typed", contrast="gaussian", negatives="boundary", guard=50.0)
METHODS: dict[str, Method] = {
    "joint": Method("joint (CE + CRF)"),
    "joint+steps": Method("joint, as many steps more as sentence contrast costs", extra=True),
    "joint+entity": Method("joint + entity loss", Options(contrast="gaussian")),
    "gazetteer": Method("joint + gazetteer", _FLAG),
    "encoder": Method("+ contrastive encoder", _FLAG, tuned=True),
    "entity": Method("+ entity contrast", Options(gazetteer="flag", contrast="gaussian"), tuned=True),
    "point": Method("points (SupCon) for Gaussians", Options(gazetteer="flag", contrast="point"), tuned=True),
    "outside": Method(
        "O words repel too", Options(gazetteer="flag", contrast="gaussian", negatives="all"), tuned=True
    ),
    "boundary": Method(
        "O words beside an entity repel too",
        Options(gazetteer="flag", contrast="gaussian", negatives="boundary"), tuned=True,
    ),
    "guard": Method("rare labels guarded", Options(gazetteer="flag", contrast="gaussian", guard=50.0), tuned=True),
    "joint+noise": Method("joint + recognised copies", noisy=0.125, extra=True),
    "ours-entity": Method("ours without the entity loss", _TYPED, tuned=True, noisy=0.125, own=False),
    "ours-quiet": Method("ours without recognised copies", _OURS, tuned=True, own=False),
    "ours": Method("ours", _OURS, tuned=True, noisy=0.125, own=False),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Prepared:
    """A suite with the states of the frozen layers, which all methods and seeds share; tests: each text once."""

    suite: Suite
    labels: Labels
    train: list[Example]
    dev: list[Example]
    copies: list[Example]
    tests: dict[str, list[Example]]


@lru_cache(maxsize=1)
def prepared(data: Path, name: str, limit: int | None) -> Prepared:
    """Reads a suite and runs its sentences through the frozen layers; the last one asked for is kept."""
    suite = read_suite(data, name, limit)
    labels = Labels.of_rows(suite.train)
    backbone = Backbone()
    copies = noisy_copies(suite.train, suite.heard, suite.wer, seed=0)
    return Prepared(
        suite,
        labels,
        prepare(backbone, suite.train, labels),
        prepare(backbone, suite.dev, labels),
        prepare(backbone, copies, labels),
        {view: prepare(backbone, distinct(rows), labels) for view, rows in suite.tests.items()},
    )


def distinct(rows: Sequence[Row]) -> list[Row]:
    """The first row of every text: recordings that were heard alike are read once."""
    return list({row.text: row for row in reversed(rows)}.values())


def measure(cell: Mapping[str, Any], data: Path) -> dict[str, Any]:
    """Trains and measures `{row, set, seed, limit, steps, sentence_steps, batch, rate, head_rate}`.

    See `view_result` for what comes back.
    """
    torch.set_num_threads(1)
    found = prepared(data, cell["set"], cell["limit"])
    started = time.process_time()
    model, gazetteer, history = trained_model(cell, found)
    seconds = time.process_time() - started
    return {
        "seconds": seconds,
        "steps": history["steps"],
        "dev": history["dev"],
        "notes": found.suite.notes,
        "views": {
            view: view_result(model, rows, found.tests[view], gazetteer) for view, rows in found.suite.tests.items()
        },
    }


def trained_model(cell: Mapping[str, Any], found: Prepared) -> tuple[JointModel, Gazetteer | None, dict[str, Any]]:
    """The model of a cell, its gazetteer and its history."""
    method, seed = METHODS[cell["row"]], int(cell["seed"])
    options = method.options
    torch.manual_seed(seed)
    backbone = Backbone()
    if method.tuned:
        pool = found.train + (found.copies if method.noisy else [])
        intents = [example.row.intent for example in pool]
        domains = [domain_of(found.suite.name, intent) for intent in intents]
        plan = SentencePlan(steps=cell["sentence_steps"], size=cell["batch"])
        sentence_contrast.tune(backbone, [example.states for example in pool], intents, domains, plan, seed)
    torch.manual_seed(seed)
    model = JointModel(backbone, found.labels, options, type_counts(found.train, found.labels))
    gazetteer = Gazetteer.of_rows(found.suite.train) if options.gazetteer != "none" else None
    steps = cell["steps"] + (cell["sentence_steps"] if method.extra else 0)
    plan_of_joint = Plan(
        steps, cell["batch"], cell["rate"], cell["head_rate"], own=method.own, noisy=method.noisy, seed=seed
    )
    copies = found.copies if method.noisy else None
    history = Trainer(model, found.train, found.dev, plan_of_joint, gazetteer, copies).run()
    return model, gazetteer, {"steps": history.steps, "dev": history.dev}


def view_result(
    model: JointModel, rows: Sequence[Row], examples: Sequence[Example], gazetteer: Gazetteer | None
) -> dict[str, Any]:
    """Rates, wrong and gold items sentence by sentence, and geometry; examples: of every text of `rows`.

    `errors`, `gold`: numbers of wrong and of gold items of each sentence as digits (base 36); `wrong_intents`: 0 or 1
    of each. Alignment and uniformity of the Gaussian means (`mean_*`) and of the vectors that the CRF reads
    (`vector_*`), entity words only.
    """
    readings = predict(model, examples, gazetteer)
    frames = {example.row.text: one.frame for example, one in zip(examples, readings, strict=True)}
    gold, predicted = [frame_of(row) for row in rows], [frames[row.text] for row in rows]
    counts = [tally(a, b) for a, b in zip(gold, predicted, strict=True)]
    wrong = [a.intent != b.intent for a, b in zip(gold, predicted, strict=True)]
    overall = rates(gold, predicted)
    return {
        "semer": overall.semer, "icer": overall.icer, "irer": overall.irer, "slot_f1": overall.slot_f1, "n": overall.n,
        "errors": "".join(DIGITS[min(count.errors, 35)] for count in counts),
        "gold": "".join(DIGITS[min(count.gold, 35)] for count in counts),
        "wrong_intents": "".join(str(int(value)) for value in wrong),
    } | geometry(model, examples, gazetteer)  # fmt: skip


def geometry(model: JointModel, examples: Sequence[Example], gazetteer: Gazetteer | None) -> dict[str, float]:
    """Alignment and uniformity of the entity words of at most `GEOMETRY_SENTENCES` sentences."""
    stride = max(1, len(examples) // GEOMETRY_SENTENCES)
    chosen = list(examples)[::stride]
    vectors, means, places = embeddings(model, chosen, gazetteer)
    tags = np.array([chosen[sentence].tags[word] for sentence, word in places])
    labels = [model.labels.types[(tag - 1) // 2] for tag in tags[tags > 0]]
    out = {}
    for name, points in (("vector", vectors[tags > 0]), ("mean", means[tags > 0])):
        out[f"{name}_alignment"] = mean_alignment(alignment(points, labels))
        out[f"{name}_uniformity"] = uniformity(points)
    return out
