"""One cell of the `mclf` table: a method on a set with a seed."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from benchmarks.cells import bits
from nlu.robust.experiment import Prepared, run
from nlu.robust.parallel import read
from nlu.robust.recipes import Settings, plan_of

#: Folder of what cells share (weights after stage 1, teachers); set by the benchmark for its processes.
SHARED = "MCLF_SHARED"
#: Keys of a cell that are settings of both stages.
SETTINGS = ("steps", "batch1", "rate1", "epochs", "batch", "rate", "frozen", "pooling")


def measure(cell: Mapping[str, Any], data: Path) -> dict[str, Any]:
    """accuracy (test), dev (accuracy of the chosen epoch), right and dev_right ("0110.."), epoch, wide (weight of the
    phone stream), steps, seconds.

    cell: row, set, seed, fold and folds (-1, 0: the official split), limit (training utterances, 0: all), plan
    (changes of the row's plan) and SETTINGS.
    """
    torch.set_num_threads(1)
    started = time.monotonic()
    prepared = _prepared(str(data), cell["set"], cell["frozen"], cell["fold"], cell["folds"], cell["limit"])
    plan = plan_of(cell["row"], cell["plan"])
    settings = Settings(**{key: cell[key] for key in SETTINGS})
    outcome = run(prepared, plan, settings, cell["seed"], Path(os.environ[SHARED]))
    return {
        "accuracy": float(outcome.test.mean()),
        "dev": float(outcome.dev.mean()),
        "right": bits(outcome.test),
        "dev_right": bits(outcome.dev),
        "wide": outcome.weight,
        "epoch": outcome.fitted.epoch,
        "steps": len(outcome.fitted.losses) + (settings.steps if plan.stage1 else 0),
        "seconds1": round(outcome.seconds1, 1),
        "seconds2": round(outcome.seconds2, 1),
        "seconds": round(time.monotonic() - started, 1),
    }


@lru_cache(maxsize=1)
def _prepared(data: str, name: str, frozen: int, fold: int, folds: int, limit: int) -> Prepared:
    """States of a set; cells of a set follow each other, so that a process computes them once."""
    corpus = read(Path(data), name)
    if folds:
        corpus = corpus.fold(fold, folds)
    if limit:
        corpus = corpus.first(limit)
    return Prepared.of(corpus, frozen)
