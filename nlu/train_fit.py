"""The training loop of the joint model: checkpoints every epoch, the best epoch on devel wins."""

from __future__ import annotations

import copy
import json
import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nlu.train_calibrate import quick_scores
from nlu.train_data import Example
from nlu.train_model import Branch, batches, loss_of


def progress(text: str, end: str = "\r") -> None:
    """One status line on a terminal; whole lines only elsewhere."""
    if sys.stderr.isatty() or end == "\n":
        print(text, end=end, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Plan:
    """How one model is trained: passes, peak learning rate of the layers (heads take `head` times it), seed.

    average: decay a step of the moving average of the weights that is measured and kept; 0 keeps the last weights.
    """

    epochs: int
    rate: float
    seed: int
    head: float = 10.0
    batch: int = 32
    tag_weight: float = 1.0
    taught: float = 0.0
    average: float = 0.0


@torch.no_grad()
def follow(mean: Branch, model: Branch, decay: float) -> None:
    """Moves every weight of `mean` towards that of `model`: mean = decay x mean + (1 - decay) x model."""
    for kept, now in zip(mean.parameters(), model.parameters(), strict=True):
        kept.lerp_(now, 1 - decay)


def fit(model: Branch, copies: list[list[Example]], devel: list[Example], plan: Plan, folder: Path) -> dict[str, Any]:
    """Trains with checkpoints in `folder`; leaves the best epoch's weights in `model`, returns its scores."""
    folder.mkdir(parents=True, exist_ok=True)
    groups = [
        {"params": model.layers.parameters(), "lr": plan.rate},
        {"params": [*model.intent.parameters(), *model.tags.parameters()], "lr": plan.head * plan.rate},
    ]
    steps = math.ceil(len(copies[0]) / plan.batch)
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        [plan.rate, plan.head * plan.rate],
        total_steps=plan.epochs * steps + 1,
        pct_start=0.08,
        cycle_momentum=False,
    )
    checkpoint, mean = folder / "checkpoint.pt", copy.deepcopy(model)
    first, best = 0, {"mean": -1.0}
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=False)
        model.load_state_dict(saved["model"])
        mean.load_state_dict(saved["mean"])
        optimiser.load_state_dict(saved["optimiser"])
        schedule.load_state_dict(saved["schedule"])
        first, best = saved["epoch"] + 1, saved["best"]
    for epoch in range(first, plan.epochs):
        # All randomness of an epoch hangs on (seed, epoch), so a resumed run is the same run.
        torch.manual_seed(plan.seed * 1000 + epoch)
        generator = np.random.default_rng([plan.seed, epoch])
        chosen = generator.integers(0, len(copies), len(copies[0]))
        rows = [copies[number][index] for index, number in enumerate(chosen)]
        model.train()
        started, total, taken = time.time(), 0.0, epoch * steps
        for step, batch in enumerate(batches(rows, plan.batch, generator), 1):
            loss = loss_of(model, batch, plan.tag_weight, plan.taught)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            taken += 1
            follow(mean, model, min(plan.average, taken / (10 + taken)))
            total += float(loss.detach())
            if step % 20 == 0:
                done = step * plan.batch / len(rows)
                left = (time.time() - started) * (plan.epochs - epoch - done) / done
                progress(f"epoch {epoch + 1}/{plan.epochs} {done:4.0%} loss {total / step:.3f} {left:.0f} s ")
        scores = {"epoch": epoch + 1, **quick_scores(mean, devel)}
        seconds = time.time() - started
        progress(f"epoch {epoch + 1}: {json.dumps(scores)} loss {total / step:.3f} {seconds:.0f} s", "\n")
        if scores["mean"] > best["mean"]:
            best = scores
            torch.save(mean.state_dict(), folder / "best.pt")
        state = {"model": model.state_dict(), "mean": mean.state_dict(), "optimiser": optimiser.state_dict()}
        torch.save(state | {"schedule": schedule.state_dict(), "epoch": epoch, "best": best}, checkpoint)
    model.load_state_dict(torch.load(folder / "best.pt"))
    return best
