"""Stage 2: intents from recognised text, clean text or both, with the robust losses of MCLF's equation 6.

L = L_ce + w_sc (L_hard + w_d L_soft) + w_d L_distil, where soft labels and distillation targets are the predictions of
the previous epoch (one-hot labels in the first); a clean teacher is another distillation target, on either view.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from nlu.backbone import autocast, length_batches, pad
from nlu.robust import losses
from nlu.robust.classifier import Classifier
from nlu.robust.optimise import optimiser

#: `decoded` is the recognised text decoded again with the help of its phones.
View = Literal["heard", "clean", "decoded"]
#: What is read of an utterance: one view, or the mean of several views' log-posteriors.
Reads = View | tuple[View, ...]


@dataclass(frozen=True)
class Split:
    """States of the frozen part for the views of some utterances, and intents (-1: one that training never saw)."""

    heard: list[Tensor]
    clean: list[Tensor]
    labels: NDArray[np.int64]
    decoded: list[Tensor] | None = None

    def __post_init__(self) -> None:
        if not len(self.heard) == len(self.clean) == len(self.labels):
            sizes = f"{len(self.heard)} heard, {len(self.clean)} clean, {len(self.labels)} labels"
            raise ValueError(f"the columns of a split differ in length: {sizes}")

    def view(self, name: View) -> list[Tensor]:
        """The states of one view. Raises ValueError where the split has no decoded text."""
        if name == "decoded":
            if self.decoded is None:
                raise ValueError("nothing was decoded for this split")
            return self.decoded
        return self.heard if name == "heard" else self.clean


@dataclass(frozen=True)
class Recipe:
    """How stage 2 trains. An epoch is as many steps as the utterances take once, whatever the number of views.

    views: what is trained on. contrast (w_sc), soft (w_d of L_soft), distil (w_d of L_distil): 0 leaves a loss out.
    distil_from: the first pass (from 1) that is pulled to the predictions of the pass before; in the first these are
    one-hot, which at a high temperature asks for endless logits. teacher: weight of the clean teacher. extra_steps:
    more steps than the epochs give, so that budgets can be equal.
    """

    epochs: int = 5
    batch: int = 32
    rate: float = 1e-4
    views: tuple[View, ...] = ("heard",)
    smoothing: float = 0.0
    contrast: float = 0.0
    soft: float = 0.0
    distil: float = 0.0
    distil_from: int = 1
    distil_temperature: float = 5.0
    normalised: bool = True
    teacher: float = 0.0
    teacher_temperature: float = 2.0
    extra_steps: int = 0
    dev_view: Reads = "heard"


@dataclass
class Fitted:
    """What came of it: dev accuracy of every epoch and the chosen one (from 1); losses of every step."""

    dev: list[float] = field(default_factory=list)
    epoch: int = 0
    losses: list[float] = field(default_factory=list)


def finetune(
    model: Classifier,
    train: Split,
    dev: Split,
    recipe: Recipe,
    seed: int,
    *,
    teacher: Tensor | None = None,
    progress: Callable[[int, int, float], None] | None = None,
) -> Fitted:
    """Trains in place and leaves the weights of the epoch that is best on `dev` (the earliest of equals).

    teacher: its posteriors [N, classes] of the training utterances. progress(step, steps, loss) is called after each
    step. Raises ValueError where a part is empty, a training label is unknown, or the recipe
    wants a teacher that is not there.
    """
    if not len(train.labels) or not len(dev.labels):
        raise ValueError("stage 2 needs at least one training and one dev utterance")
    if train.labels.min() < 0:
        raise ValueError("a training utterance has an unknown intent")
    if recipe.teacher and teacher is None:
        raise ValueError("the recipe has a weight for a teacher, but no teacher's posteriors were given")
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, 3])
    lessons = _Lessons(model, train, recipe, teacher)
    each = -(-len(train.labels) // recipe.batch)
    steps = each * recipe.epochs + recipe.extra_steps
    step_all, parameters = optimiser([model.backbone.layers], [model.head], recipe.rate, steps)
    fitted, best = Fitted(), copy.deepcopy(model.state_dict())
    for step, batch in enumerate(lessons.batches(steps, rng), 1):
        model.train()
        loss = lessons.loss(batch)
        loss.backward()  # type: ignore[no-untyped-call, unused-ignore]
        nn.utils.clip_grad_norm_(parameters, 1.0)
        step_all()
        fitted.losses.append(float(loss.detach()))
        if progress is not None:
            progress(step, steps, fitted.losses[-1])
        if step % each and step < steps:
            continue
        accuracy = float(right(model, dev, recipe.dev_view).mean())
        if not fitted.dev or accuracy > max(fitted.dev):
            fitted.epoch, best = len(fitted.dev) + 1, copy.deepcopy(model.state_dict())
        fitted.dev.append(accuracy)
    model.load_state_dict(best)
    return fitted


def predict(model: Classifier, split: Split, view: Reads) -> Tensor:
    """Logits [N, classes] of a view, or mean log-posteriors of several."""
    if isinstance(view, tuple):
        return torch.stack([model.predict(split.view(one)).log_softmax(1) for one in view]).mean(0)
    return model.predict(split.view(view))


def right(model: Classifier, split: Split, view: Reads) -> NDArray[np.bool_]:
    """Which utterances get their intent [N]."""
    answers: NDArray[np.int64] = predict(model, split, view).argmax(1).numpy()
    correct: NDArray[np.bool_] = answers == split.labels
    return correct


class _Lessons:
    """Examples (utterance x view), what was said of each in the epoch before, and the loss of a batch."""

    def __init__(self, model: Classifier, train: Split, recipe: Recipe, teacher: Tensor | None) -> None:
        self._model, self._recipe, self._teacher = model, recipe, teacher
        self._states = [state for view in recipe.views for state in train.view(view)]
        self._utterance = np.tile(np.arange(len(train.labels)), len(recipe.views))
        self._labels = torch.from_numpy(train.labels[self._utterance])
        hard = functional.one_hot(self._labels, model.head.out_features).float()
        self._previous, self._current = hard, hard.clone()
        self._pass = 1

    def batches(self, steps: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
        """Exactly `steps` batches of example indices, pass after pass."""
        lengths = [len(state) for state in self._states]
        done = 0
        while True:
            for batch in length_batches(lengths, self._recipe.batch, rng):
                yield batch
                done += 1
                if done == steps:
                    return
            self._previous = self._current.clone()
            self._pass += 1

    def loss(self, batch: NDArray[np.int64]) -> Tensor:
        recipe, labels = self._recipe, self._labels[batch]
        with autocast():
            logits, features = self._model(*pad([self._states[index] for index in batch]))
        total = functional.cross_entropy(logits, labels, label_smoothing=recipe.smoothing)
        if recipe.contrast:
            sides = losses.hard_contrast(features, labels, normalised=recipe.normalised)
            if recipe.soft:
                soft = losses.soft_contrast(features, self._previous[batch], normalised=recipe.normalised)
                sides = sides + recipe.soft * soft
            total = total + recipe.contrast * sides
        if recipe.distil and self._pass >= recipe.distil_from:
            before = self._previous[batch]
            total = total + recipe.distil * losses.distillation(before, logits, recipe.distil_temperature)
        if recipe.teacher and self._teacher is not None:
            told = self._teacher[torch.from_numpy(self._utterance[batch])]
            total = total + recipe.teacher * losses.distillation(told, logits, recipe.teacher_temperature)
        self._current[batch] = logits.detach().float().softmax(1)
        return total
