"""Trains the joint intent + entity head: `python -m nlu.train --data DIR --out DIR --seed N`.

The encoder's lower layers (the trunk) stay as shipped and quantised; their states are computed once. Copies
of the upper layers are fine-tuned with an intent head and a BIO tag head. SLURP devel chooses the epoch and
the round; temperature and out-of-scope bias come from held-out training sentences and CLINC150's oos_val. A
run continues from the checkpoints in OUT if there are any; the same seed gives the same weights on the same
kind of machine.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nlu.anchors import write_anchors
from nlu.data import OUT_OF_SCOPE, Row, banned_texts, clinc, mash, normalise, slurp_gold, training_rows
from nlu.encoder import Encoder
from nlu.export_encoder import read_weights, upstream
from nlu.runtime import ENCODER_FOLDER, MODELS
from nlu.train_calibrate import calibrate, quick_scores
from nlu.train_data import Example, Labels, augment, authored_dialog, authored_lists, examples, tag_list_items
from nlu.train_model import Branch, batches, export_branch, loss_of, self_label

NAME = "slurp-joint-1"


def progress(text: str, end: str = "\r") -> None:
    """One status line on a terminal; whole lines only elsewhere."""
    if sys.stderr.isatty() or end == "\n":
        print(text, end=end, file=sys.stderr, flush=True)


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


def variants(
    rows: list[Row], banned: set[str], labels: Labels, encoder: Encoder, options: argparse.Namespace
) -> list[list[Example]]:
    """The rows as they are, and augmented copies of all (none of which may become a `banned` text)."""
    rng = random.Random(options.seed)
    out = [examples(rows, labels, encoder)]
    for number in range(options.copies):
        progress(f"augmented copy {number + 1}/{options.copies}", "\n")
        pairs = [(row, augment(row, rng)) for row in rows]
        chosen = [row if normalise(changed.text) in banned else changed for row, changed in pairs]
        out.append(examples(chosen, labels, encoder))
    return out


def fit(
    model: Branch,
    copies: list[list[Example]],
    devel: list[Example],
    options: argparse.Namespace,
    folder: Path,
) -> dict[str, Any]:
    """Trains with checkpoints in `folder`; leaves the best epoch's weights in `model`, returns its scores."""
    folder.mkdir(parents=True, exist_ok=True)
    heads = [*model.intent.parameters(), *model.tags.parameters()]
    optimiser = torch.optim.AdamW(
        [
            {"params": model.layers.parameters(), "lr": options.rate},
            {"params": heads, "lr": 10 * options.rate},
        ],
        weight_decay=0.01,
    )
    steps = options.epochs * (len(copies[0]) // options.batch + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        [options.rate, 10 * options.rate],
        total_steps=steps + 1,
        pct_start=0.08,
        cycle_momentum=False,
    )
    checkpoint = folder / "checkpoint.pt"
    first, best = 0, {"mean": -1.0}
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=False)
        model.load_state_dict(saved["model"])
        optimiser.load_state_dict(saved["optimiser"])
        schedule.load_state_dict(saved["schedule"])
        first, best = saved["epoch"] + 1, saved["best"]
    for epoch in range(first, options.epochs):
        # All randomness of an epoch hangs on (seed, epoch), so a resumed run is the same run.
        torch.manual_seed(options.seed * 1000 + epoch)
        generator = np.random.default_rng([options.seed, epoch])
        chosen = generator.integers(0, len(copies), len(copies[0]))
        rows = [copies[number][index] for index, number in enumerate(chosen)]
        model.train()
        started, total = time.time(), 0.0
        for step, batch in enumerate(batches(rows, options.batch, generator), 1):
            loss = loss_of(model, batch, options.tag_weight)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
            if step % 20 == 0:
                done = step * options.batch / len(rows)
                left = (time.time() - started) * (options.epochs - epoch - done) / done
                progress(
                    f"epoch {epoch + 1}/{options.epochs} {done:4.0%} loss {total / step:.3f} {left:.0f} s "
                )
        scores = {"epoch": epoch + 1, **quick_scores(model, devel)}
        progress(
            f"epoch {epoch + 1}: {json.dumps(scores)} loss {total / step:.3f} {time.time() - started:.0f} s",
            "\n",
        )
        if scores["mean"] > best["mean"]:
            best = scores
            torch.save(model.state_dict(), folder / "best.pt")
        torch.save(
            {
                "model": model.state_dict(),
                "optimiser": optimiser.state_dict(),
                "epoch": epoch,
                "best": best,
                "schedule": schedule.state_dict(),
            },
            checkpoint,
        )
    model.load_state_dict(torch.load(folder / "best.pt"))
    return best


def parser() -> argparse.ArgumentParser:
    """The command line."""
    out = argparse.ArgumentParser(prog="python -m nlu.train", description=__doc__)
    out.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="folder of the public data sets"
    )
    out.add_argument("--out", type=Path, required=True, help="folder for the model and its checkpoint")
    out.add_argument("--encoder", type=Path, default=MODELS / ENCODER_FOLDER)
    out.add_argument("--seed", type=int, default=0)
    out.add_argument("--epochs", type=int, default=6)
    out.add_argument("--batch", type=int, default=32)
    out.add_argument(
        "--rate", type=float, default=2e-4, help="peak learning rate of the layers; heads take ten times it"
    )
    out.add_argument("--tag-weight", type=float, default=1.0)
    out.add_argument(
        "--rounds",
        type=int,
        default=2,
        help="after each round the model's own tags fill rows whose entities nobody annotated",
    )
    out.add_argument(
        "--sure", type=float, default=0.8, help="probability from which the model's own tags count"
    )
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
    copies = variants(train, banned_texts(options.data), labels, encoder, options)
    devel = examples(devel_rows, labels, encoder)
    weights = read_weights(upstream())
    model = Branch(weights, encoder.trunk, labels)
    best: dict[str, Any] = {}
    best_state = model.state_dict()
    for number in range(1, options.rounds + 1):
        progress(f"round {number}/{options.rounds}", "\n")
        if number > 1:
            copies = [self_label(model, rows, options.sure) for rows in copies]
        torch.manual_seed(options.seed)
        model = Branch(weights, encoder.trunk, labels)
        found = fit(model, copies, devel, options, options.out / f"round{number}")
        if not best or found["mean"] > best["mean"]:
            best, best_state = {"round": number, **found}, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_state)
    numbers = calibrate(model, examples(held, labels, encoder), examples(outside, labels, encoder))
    head = export_branch(model, options.out / "branch.onnx", encoder.trunk, copies[0][:300])
    np.savez(options.out / "head.npz", intent_weight=head["intent_weight"], intent_bias=head["intent_bias"])
    card = {
        "name": NAME,
        "encoder": encoder.version,
        **numbers,
        "seed": options.seed,
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
