"""Where a training run is, on disk: a run that was killed goes on from here and ends with the same weights."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from plugins.math.training.problem import Problem
from plugins.math.training.settings import Settings, TrainingError

NAME = "checkpoint.pt"
Weights = dict[str, Tensor]


@dataclass
class Place:
    """Steps done, losses summed since the epoch began, the best epoch so far and how the epochs went."""

    step: int = 0
    losses: dict[str, float] = field(default_factory=dict)
    best: float = -1.0
    best_epoch: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


def fingerprint(train: Sequence[Problem], devel: Mapping[str, Sequence[Problem]], settings: Settings, seed: int) -> str:
    """Hash of all that decides the weights."""
    hashed = hashlib.sha256(json.dumps([settings.plain(), seed], sort_keys=True).encode())
    for problem in (*train, *(problem for name in sorted(devel) for problem in devel[name])):
        row = (problem.question, problem.prefix, str(problem.answer), problem.source)
        hashed.update(json.dumps(row).encode())
    return hashed.hexdigest()


def write(folder: Path, key: str, place: Place, weights: Mapping[str, Weights], optimiser: Mapping[str, Any]) -> None:
    """Whole or not at all: a run may be killed while it writes. `weights`: current, average, best."""
    part = folder / f"{NAME}.part"
    state = {"key": key, "place": vars(place), "weights": dict(weights), "optimiser": optimiser}
    torch.save(state, part)
    part.replace(folder / NAME)


def read(folder: Path, key: str) -> tuple[Place, dict[str, Weights], dict[str, Any]] | None:
    """The inverse of `write`; None where there is none. Raises `TrainingError` for a damaged one or another run's."""
    path = folder / NAME
    if not path.exists():
        return None
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        if saved["key"] == key:
            return Place(**saved["place"]), saved["weights"], saved["optimiser"]
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, EOFError, pickle.UnpicklingError) as error:
        raise TrainingError(f"{path}: damaged, delete it to begin anew: {error}") from error
    raise TrainingError(f"{path}: of a run with other data, settings or seed; delete it to begin anew")
