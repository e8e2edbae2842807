"""The training loop: steps, evaluations, the best snapshot, checkpoints. A stopped run goes on as if it had not."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from policies.errors import Diverged, PolicyError

#: Called after steps with how many are done and how many there are.
Progress = Callable[[int, int], None]
Entry = dict[str, float]
_TRACES = 200  # how often at most the penalty weights are written down
_CHECKPOINT = "checkpoint.pt"


class Learner(Protocol):
    """What is trained."""

    weights: Tensor  # of the penalties: u and v [2, M]

    @property
    def network(self) -> nn.Module:
        """What is optimised."""
        ...

    def optimisers(self) -> Mapping[str, torch.optim.Optimizer]:
        """All that has a state besides `network`, `weights` and `rates`."""
        ...

    @property
    def rates(self) -> list[float]:
        """Further numbers that change from step to step."""
        ...

    @rates.setter
    def rates(self, values: list[float]) -> None: ...

    def step(self, step: int) -> Tensor:
        """Take step number `step`, from 0; the loss before it."""
        ...

    def evaluate(self) -> Entry:
        """How good it is now."""
        ...

    def rank(self, entry: Entry) -> tuple[float, ...]:
        """Smaller is better."""
        ...


@dataclass
class History:
    """What happened. evaluations: one entry each, with its "step"; weights: u and v [2, M] by step; kept: of which
    step the snapshot is that was kept; seconds: time of the steps alone."""

    evaluations: list[Entry] = field(default_factory=list)
    weights: list[tuple[int, list[list[float]]]] = field(default_factory=list)
    kept: int = -1
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {"evaluations": self.evaluations, "weights": self.weights, "kept": self.kept, "seconds": self.seconds}


def fit(
    learner: Learner,
    steps: int,
    evaluations: int,
    folder: Path | None = None,
    identity: str = "",
    progress: Progress | None = None,
) -> History:
    """Train; at the end the network is the best snapshot. Raises `PolicyError` where the loss is not finite any more.

    folder: where checkpoints are kept, one at each evaluation. identity: says what is trained on what; a checkpoint of
    something else is refused.
    """
    due = {round((i + 1) * steps / evaluations) for i in range(evaluations)}
    history, best, start = History(), _copy(learner.network), 0
    rank: tuple[float, ...] | None = None
    if folder is not None and (folder / _CHECKPOINT).exists():
        history, best, start = _resume(learner, folder / _CHECKPOINT, identity)
        rank = next((learner.rank(entry) for entry in history.evaluations if entry["step"] == history.kept), None)
    for step in _timed(range(start, steps), history):
        loss = float(learner.step(step).detach())
        if not math.isfinite(loss):
            raise Diverged(f"training diverged in step {step + 1} of {steps}: the loss is {loss}")
        done = step + 1
        if step % max(1, steps // _TRACES) == 0 or done == steps:
            history.weights.append((done, learner.weights.tolist()))
        if progress is not None:
            progress(done, steps)
        if done in due:
            entry = {"step": float(done), "loss": loss, **learner.evaluate()}
            history.evaluations.append(entry)
            found = learner.rank(entry)
            if rank is None or found < rank:
                rank, best, history.kept = found, _copy(learner.network), done
            if folder is not None:
                _save(learner, folder, identity, history, best, done)
    learner.network.load_state_dict(best)
    return history


def _timed(steps: range, history: History) -> Iterator[int]:
    """The steps; `history.seconds` grows by processor time, which others on the machine do not change."""
    import time

    for step in steps:
        started = time.process_time()
        yield step
        history.seconds += time.process_time() - started


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def _save(learner: Learner, folder: Path, identity: str, history: History, best: dict[str, Tensor], done: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        "identity": identity,
        "step": done,
        "network": learner.network.state_dict(),
        "optimisers": {name: value.state_dict() for name, value in learner.optimisers().items()},
        "weights": learner.weights,
        "rates": learner.rates,
        "history": history.to_json(),
        "best": best,
    }
    partial = folder / (_CHECKPOINT + ".part")
    torch.save(state, partial)
    partial.replace(folder / _CHECKPOINT)


def _resume(learner: Learner, path: Path, identity: str) -> tuple[History, dict[str, Tensor], int]:
    try:
        state = torch.load(path, weights_only=True)
        if state["identity"] != identity:
            raise PolicyError(f"{path} is of another training (data, settings, seed or method); use another folder")
        learner.network.load_state_dict(state["network"])
        for name, value in learner.optimisers().items():
            value.load_state_dict(state["optimisers"][name])
        learner.weights.copy_(state["weights"])
        learner.rates = state["rates"]
        known = state["history"]
        known["weights"] = [tuple(pair) for pair in known["weights"]]
        return History(**known), state["best"], int(state["step"])
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise PolicyError(f"{path} is no checkpoint that could be resumed: {error}") from error
