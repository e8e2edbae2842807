"""Trains the joint model: fixed number of steps, early stopping on dev, one seed decides everything, resumable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nlu.backbone import autocast, length_batches
from nlu.joint.examples import Batch, Example, Labels, collate, flags_of
from nlu.joint.gazetteer import Gazetteer
from nlu.joint.metrics import rates
from nlu.joint.model import JointModel
from nlu.joint.predict import frame_of, predict, types_of
from nlu.joint.store import trained


@dataclass(frozen=True)
class Plan:
    """How the model is trained.

    steps of `batch` sentences, of which `noisy` (share) are recognised copies of others in the batch. rate: of the
    encoder's layers, head_rate: of everything else; both rise over the first `warm` of the steps and fall to zero.
    patience: dev evaluations without improvement before training stops. dropped: share of gazetteer entries left out,
    drawn again for each epoch; own: whether a sentence's own values count for it (see `Gazetteer.own`).
    """

    steps: int
    batch: int = 32
    rate: float = 3e-4
    head_rate: float = 5e-3
    warm: float = 0.1
    patience: int = 4
    dropped: float = 0.3
    own: bool = True
    noisy: float = 0.0
    evaluations: int = 6
    seed: int = 0


@dataclass
class History:
    """Steps done, dev SEMER of each evaluation, and mean parts of the loss between them."""

    steps: int = 0
    dev: list[float] = field(default_factory=list)
    losses: list[dict[str, float]] = field(default_factory=list)


def type_counts(examples: Sequence[Example], labels: Labels) -> Tensor:
    """Annotated words of each type, int64 [types]."""
    tags = np.concatenate([example.tags for example in examples])
    return torch.from_numpy(np.bincount((tags[tags > 0] - 1) // 2, minlength=len(labels.types)))


class Trainer:
    """One training run. `copies`: recognised copies of `train`, in the same order, where the plan asks for noise."""

    def __init__(
        self,
        model: JointModel,
        train: Sequence[Example],
        dev: Sequence[Example],
        plan: Plan,
        gazetteer: Gazetteer | None = None,
        copies: Sequence[Example] | None = None,
        folder: Path | None = None,
    ) -> None:
        if plan.noisy and copies is None:
            raise ValueError("a plan with noisy sentences needs recognised copies")
        if not 0 <= plan.noisy <= 0.5:
            raise ValueError(f"noisy must be in [0, 0.5], not {plan.noisy}")
        if copies is not None and len(copies) != len(train):
            raise ValueError(f"{len(train)} sentences but {len(copies)} recognised copies")
        self.model, self.plan, self.history = model, plan, History()
        self._train, self._dev, self._copies = train, dev, copies
        self._gazetteer, self._folder = gazetteer, folder
        self._device = next(model.parameters()).device.type
        inner = [p for p in model.backbone.parameters() if p.requires_grad]
        known = {id(p) for p in inner}
        outer = [p for p in model.parameters() if p.requires_grad and id(p) not in known]
        groups: list[dict[str, Any]] = [
            {"params": inner, "peak": plan.rate, "weight_decay": 0.01},
            {"params": outer, "peak": plan.head_rate, "weight_decay": 0.0},
        ]
        self._optimiser = torch.optim.AdamW(groups)
        self._best: dict[str, Tensor] = {}
        self._stale = 0
        self._pass = 0

    def run(self, progress: Callable[[int, dict[str, float]], None] | None = None) -> History:
        """Trains to the end (or to where patience ends) and leaves the best dev state in the model.

        With a folder, each evaluation leaves `last.pt`, from which a later run goes on; the result is the same.
        """
        self._resume()
        plan = self.plan
        every = max(1, plan.steps // plan.evaluations)
        while self.history.steps < plan.steps and self._stale < plan.patience:
            torch.manual_seed(plan.seed * 1_000_003 + self._pass)
            total: dict[str, float] = {}
            count = min(every, plan.steps - self.history.steps)
            if plan.steps - self.history.steps - count < every // 2:
                count = plan.steps - self.history.steps
            for batch in self._batches(count):
                for name, value in self._step(batch).items():
                    total[name] = total.get(name, 0.0) + value / count
                if progress is not None:
                    progress(1, total)
            self._pass += 1
            self.history.losses.append(total)
            self._evaluate()
        self.model.load_state_dict(self._best, strict=False)
        self.model.eval()
        return self.history

    def _step(self, batch: Batch) -> dict[str, float]:
        plan, step = self.plan, self.history.steps
        self.model.train()
        scale = min((step + 1) / max(1.0, plan.warm * plan.steps), 1.0) * (1 - step / plan.steps)
        for group in self._optimiser.param_groups:
            group["lr"] = group["peak"] * scale
        with autocast(self._device):
            output = self.model(batch)
        parts = self.model.loss(batch, output)
        self._optimiser.zero_grad()
        torch.autograd.backward(torch.stack(list(parts.values())).sum())
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimiser.step()
        self.history.steps += 1
        return {name: float(value.detach()) for name, value in parts.items()}

    def _batches(self, count: int) -> Iterator[Batch]:
        """The next `count` batches; a fresh order, fresh copies and a fresh gazetteer whenever the data has been
        seen.
        """
        plan = self.plan
        noisy = round(plan.batch * plan.noisy)
        done, epoch = 0, 0
        lengths = [len(example.states) for example in self._train]
        while done < count:
            rng = np.random.default_rng([plan.seed, self._pass, epoch])
            gazetteer = self._gazetteer.thinned(plan.dropped, rng) if self._gazetteer else None
            types = types_of(self.model)
            flags = flags_of(self._train, gazetteer, types, own=not plan.own)
            for chosen in length_batches(lengths, plan.batch - noisy, rng):
                if done == count:
                    return
                done += 1
                picked = [self._train[i] for i in chosen]
                marks = [flags[i] for i in chosen]
                if noisy and self._copies is not None:
                    twins = [self._copies[i] for i in rng.permutation(chosen)[:noisy]]
                    picked += twins
                    marks += flags_of(twins, gazetteer, types)
                views = [0] * len(chosen) + [1] * (len(picked) - len(chosen))
                yield collate(picked, marks, views).to(self._device)
            epoch += 1

    def _evaluate(self) -> None:
        predicted = predict(self.model, self._dev, self._gazetteer)
        found = rates([frame_of(example.row) for example in self._dev], [one.frame for one in predicted]).semer
        if not self.history.dev or found < min(self.history.dev):
            self._best, self._stale = trained(self.model), 0
        else:
            self._stale += 1
        self.history.dev.append(found)
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            state = {
                "model": trained(self.model), "best": self._best, "optimiser": self._optimiser.state_dict(),
                "stale": self._stale, "pass": self._pass, "history": asdict(self.history), "plan": asdict(self.plan),
            }  # fmt: skip
            part = self._folder / "last.pt.part"
            torch.save(state, part)
            part.replace(self._folder / "last.pt")

    def _resume(self) -> None:
        path = self._folder / "last.pt" if self._folder is not None else None
        if path is None or not path.exists():
            return
        state = torch.load(path, weights_only=True)
        if state["plan"] != asdict(self.plan):
            raise ValueError(f"{path} is of another plan: {state['plan']}")
        self.model.load_state_dict(state["model"], strict=False)
        self._optimiser.load_state_dict(state["optimiser"])
        self._best, self._stale, self._pass = state["best"], state["stale"], state["pass"]
        self.history = History(**state["history"])
