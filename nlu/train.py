"""Trains the shipped joint intent + entity model: `python -m nlu.train --data DIR --out DIR --seed N`.

Teachers first: all six layers of the encoder train, one run after the other; the first fills in the entity tags of
rows that nobody annotated. Then the student that is served: the lower layers (the trunk) stay as shipped and
quantised, and copies of the upper layers learn the labels and the teachers' mean intent logits, also for recognised
and damaged copies of a sentence, whose teacher saw the clean one (clean teacher, noisy student). SLURP devel chooses
the epochs; temperature and out-of-scope bias come from held-out training sentences and CLINC150's oos_val. A run
continues from the checkpoints in OUT if there are any; the same seed gives the same weights on the same kind of
machine.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nlu.anchors import write_anchors
from nlu.backbone import Backbone
from nlu.data import OUT_OF_SCOPE, Row, banned_texts, clinc, mash, normalise, slurp_gold, training_rows
from nlu.encoder import Encoder
from nlu.export_encoder import read_weights, upstream
from nlu.runtime import ENCODER_FOLDER, MODELS
from nlu.train_calibrate import calibrate, quick_scores
from nlu.train_data import Example, Labels, augment, authored_dialog, authored_lists, examples, tag_list_items
from nlu.train_fit import Plan, fit, progress
from nlu.train_layers import Floats
from nlu.train_model import Branch, export_branch, intent_logits_of, self_label

NAME = "slurp-joint-2"


def gather(options: argparse.Namespace) -> tuple[Labels, list[Row], list[Row], list[Row], list[Row]]:
    """(labels, train, held-out in scope and foreign, oos_val, devel) rows."""
    train, held = training_rows(options.data, options.seed)
    rng = random.Random(options.seed)
    devel = [item["row"] for item in slurp_gold(options.data, "devel")]
    banned = banned_texts(options.data)
    own = authored_lists(rng, 300) + authored_dialog() * 2
    train = [tag_list_items(row) for row in train] + [row for row in own if normalise(row.text) not in banned]
    if options.limit:
        train = rng.sample(train, options.limit)
    outside = [Row(text, OUT_OF_SCOPE, None, "clinc", "") for text, _ in clinc(options.data, "oos_val")]
    outside += [Row(mash(rng), OUT_OF_SCOPE, None, "mash") for _ in range(30)]
    return Labels.of(train), train, held, outside, devel


def variants(rows: list[Row], banned: set[str], options: argparse.Namespace) -> list[list[Row]]:
    """The rows as they are, and augmented copies of all (none of which may become a `banned` text)."""
    rng = random.Random(options.seed)
    out = [rows]
    for _ in range(options.copies):
        pairs = [(row, augment(row, rng)) for row in rows]
        out.append([row if normalise(changed.text) in banned else changed for row, changed in pairs])
    return out


def teach(
    rows: list[list[Row]], devel: list[Row], labels: Labels, options: argparse.Namespace
) -> tuple[Floats, list[list[NDArray[np.int64]]], list[dict[str, Any]]]:
    """Trains the teachers: mean intent logits [N, I] of the rows as they are, tags of all copies, scores on devel."""
    source = Backbone(0)
    copies = [examples(part, labels, source) for part in rows]
    held = examples(devel, labels, source)
    weights = read_weights(upstream())
    logits, scores = np.zeros((len(rows[0]), len(labels.intents)), np.float32), []
    for number in range(options.teachers):
        progress(f"teacher {number + 1}/{options.teachers}", "\n")
        torch.manual_seed(options.seed + number)
        model = Branch(weights, 0, labels)
        plan = Plan(options.teacher_epochs, options.teacher_rate, options.seed + number)
        scores.append(fit(model, copies, held, plan, options.out / f"teacher{number}"))
        logits += intent_logits_of(model, copies[0]) / options.teachers
        copies = [self_label(model, part, options.sure) for part in copies]
    clean = {row.origin: logits[i] for i, row in enumerate(rows[0]) if row.source == "slurp_train"}
    for index, row in enumerate(rows[0]):
        if row.source in ("synth_asr", "synth_nbest"):
            logits[index] = clean.get(row.origin, logits[index])
    return logits, [[example.tags for example in part] for part in copies], scores


@dataclass(frozen=True)
class Student:
    """One run over the same rows: passes, moving average of the weights, and whether it reads further n-best lines."""

    epochs: int
    average: float
    n_best: bool


#: They start from the same weights and differ in noise and averaging, so their mean is better than each (Wortsman et
#: al. 2022): on devel and on recognised devel, which chose them.
STUDENTS = (Student(10, 0.0, True), Student(8, 0.999, True), Student(7, 0.999, False))


def best_lines(rows: list[list[Row]], copies: list[list[Example]]) -> list[list[Example]]:
    """The examples without the n-best: rows whose best line is right are left out, the others keep their best line."""
    kept = [i for i, row in enumerate(rows[0]) if row.source != "synth_nbest"]
    own = [row.source == "synth_asr" for row in rows[0]]
    return [[copies[0 if own[i] else n][i] for i in kept] for n in range(len(copies))]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    out = argparse.ArgumentParser(prog="python -m nlu.train", description=__doc__)
    out.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the public data sets")
    out.add_argument("--out", type=Path, required=True, help="folder for the model and its checkpoint")
    out.add_argument("--encoder", type=Path, default=MODELS / ENCODER_FOLDER)
    out.add_argument("--seed", type=int, default=0)
    out.add_argument("--students", type=int, default=3, help="so many of the students whose weights are averaged")
    out.add_argument("--rate", type=float, default=2e-4, help="peak learning rate of the layers; heads: ten times it")
    out.add_argument("--teachers", type=int, default=2, help="0: the student learns from the labels alone")
    out.add_argument("--teacher-epochs", type=int, default=4)
    out.add_argument("--teacher-rate", type=float, default=1.5e-4)
    out.add_argument("--taught", type=float, default=0.5, help="share of the intent loss that follows the teachers")
    out.add_argument("--outside", type=float, default=0.05, help="share of utterances taken to be out of scope")
    out.add_argument("--sure", type=float, default=0.8, help="probability from which a teacher's own tags count")
    out.add_argument("--copies", type=int, default=2, help="augmented copies of the training rows")
    out.add_argument("--limit", type=int, default=0, help="use only this many rows (a trial run)")
    out.add_argument("--threads", type=int, default=1)
    return out


def main(argv: list[str] | None = None) -> int:
    """Runs training and writes `branch.onnx`, `head.npz`, `head.json`, `anchors.npz` into --out."""
    options = parser().parse_args(argv)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    encoder = Encoder(options.encoder)
    labels, train, held, outside, devel_rows = gather(options)
    progress(f"{len(train)} training rows, {len(held)} held out, {len(devel_rows)} devel", "\n")
    rows = variants(train, banned_texts(options.data), options)
    copies = [examples(part, labels, encoder) for part in rows]
    devel = examples(devel_rows, labels, encoder)
    scores: list[dict[str, Any]] = []
    if options.teachers:
        logits, tags, scores = teach(rows, devel_rows, labels, options)
        copies = [
            [replace(one, tags=tags[n][i], teacher=logits[i]) for i, one in enumerate(part)]
            for n, part in enumerate(copies)
        ]
    kept, states, best = Branch(read_weights(upstream()), encoder.trunk, labels), [], []
    for number, student in enumerate(STUDENTS[: options.students]):
        progress(f"student {number + 1}/{min(len(STUDENTS), options.students)}", "\n")
        lessons = copies if student.n_best else best_lines(rows, copies)
        torch.manual_seed(options.seed)
        model = Branch(read_weights(upstream()), encoder.trunk, labels)
        taught = options.taught if options.teachers else 0.0
        plan = Plan(student.epochs, options.rate, options.seed, taught=taught, average=student.average)
        best.append(fit(model, lessons, devel, plan, options.out / f"student{number}"))
        states.append(model.state_dict())
    kept.load_state_dict({name: sum(state[name] for state in states) / len(states) for name in states[0]})
    model, best = kept, [*best, {"average of all": True, **quick_scores(kept, devel)}]
    numbers = calibrate(model, examples(held, labels, encoder), examples(outside, labels, encoder), options.outside)
    head = export_branch(model, options.out / "branch.onnx", encoder.trunk, copies[0][:300])
    np.savez(options.out / "head.npz", intent_weight=head["intent_weight"], intent_bias=head["intent_bias"])
    card = {
        "name": NAME,
        "encoder": encoder.version,
        **numbers,
        "seed": options.seed,
        "teachers": scores,
        "chosen": best,
        "rows": len(train),
        "intents": labels.intents,
        "entities": labels.entities,
    }
    (options.out / "head.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    write_anchors(options.out / "anchors.npz", train, labels.intents, encoder, options.seed)
    progress(json.dumps(card | {"intents": len(labels.intents), "entities": len(labels.entities)}), "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
