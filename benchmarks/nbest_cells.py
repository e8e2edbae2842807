"""Measurements of the `nbest` benchmark: one cell is one way of understanding DSTC2's callers, with one seed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.nbest_merge import measure_merge
from nlu.nbest.frames import FrameSpace, choose_threshold, counts, item_cross_entropy, item_f1, joint_accuracy
from nlu.nbest.turns import DSTC2, Turn, held_out, read_turns

SIZES = (1, 2, 3, 5, 10)
TEMPERATURES = (0.5, 1.0, 2.0, 4.0)
#: Weight of the linear floor's log-odds, against 1 of the encoder's, tried on the held-out dialogs.
STACK = (0.0, 0.5, 1.0, 2.0, 4.0)
#: Where the states of distinct texts are kept; `main` sets it to its cache.
STATES = "LEARNING_ASSISTANT_NBEST_STATES"
Probabilities = NDArray[np.floating[Any]]


@lru_cache(maxsize=1)
def parts(data: Path, dialogs: int) -> tuple[list[Turn], list[Turn], list[Turn]]:
    """(training turns, held-out tenth of the training dialogs, dev turns); `dialogs` of each split, 0: all."""

    def first(turns: list[Turn]) -> list[Turn]:
        names = list(dict.fromkeys(turn.dialog for turn in turns))
        kept = set(names[:dialogs] if dialogs else names)
        return [turn for turn in turns if turn.dialog in kept]

    train, dev = (first(read_turns(data / DSTC2, split)) for split in ("train", "dev"))
    fit = [turn for turn in train if not held_out(turn.dialog)]
    kept = [turn for turn in train if held_out(turn.dialog)]
    if not fit or not kept:
        raise ValueError(f"{data / DSTC2}: {len(fit)} training and {len(kept)} held-out turns; both are needed")
    return fit, kept, dev


def measure(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """The result of one cell; `kind` says which: live, linear, hindsight, encoder, merge."""
    started = time.process_time()
    kinds: dict[str, Callable[[dict[str, Any], Path], dict[str, Any]]] = {
        "live": _live, "linear": _linear, "hindsight": _hindsight, "encoder": _encoder, "merge": measure_merge,
    }  # fmt: skip
    return kinds[cell["kind"]](cell, data) | {"cpu_seconds": round(time.process_time() - started, 1)}


class Judge:
    """Chooses the threshold on the held-out dialogs, then measures dev."""

    def __init__(self, fit: Sequence[Turn], kept: Sequence[Turn], dev: Sequence[Turn]) -> None:
        self.space = FrameSpace.of([turn.items for turn in fit])
        self.kept, self.dev = [turn.items for turn in kept], [turn.items for turn in dev]
        self._targets = self.space.targets(self.dev)
        self._missed = int(sum(len(items) for items in self.dev) - self._targets.sum())

    def value(self, kept: Probabilities) -> float:
        """Item F1 plus joint accuracy of the held-out dialogs at their best threshold: what chooses."""
        table = counts(self.space.decode(kept, choose_threshold(self.space, kept, self.kept)), self.kept)
        return item_f1(table) + joint_accuracy(table)

    def report(self, kept: Probabilities, dev: Probabilities, whole: bool = False) -> dict[str, Any]:
        """Figures of dev; `whole` adds the counts of each turn for paired comparisons."""
        threshold = choose_threshold(self.space, kept, self.kept)
        table = counts(self.space.decode(dev, threshold), self.dev)
        out = scores(table) | {"threshold": threshold, "held_out": self.value(kept)}
        out["ice"] = item_cross_entropy(dev, self._targets, self._missed)
        return out | ({"counts": packed(table)} if whole else {})


def scores(table: NDArray[np.int64]) -> dict[str, Any]:
    """Item F1 and joint accuracy of a table of counts."""
    return {"f1": item_f1(table), "joint": joint_accuracy(table)}


def packed(table: NDArray[np.int64]) -> list[str]:
    """The columns of `counts` as strings of digits (a turn has fewer than ten items)."""
    return ["".join(str(min(9, value)) for value in column) for column in table.T]


def unpacked(columns: Sequence[str]) -> NDArray[np.int64]:
    """The inverse of `packed`."""
    return np.array([[int(digit) for digit in column] for column in columns], np.int64).T


def _live(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    _, _, dev = parts(data, cell["dialogs"])
    table = counts([turn.live for turn in dev], [turn.items for turn in dev])
    return scores(table) | {"counts": packed(table)}


def _linear(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    from nlu.nbest.linear import LinearFrames, platt

    fit, kept, dev = parts(data, cell["dialogs"])
    judge = Judge(fit, kept, dev)
    model = LinearFrames("svm", cell["c"], cell["how"], cell["temperature"], cell["presence"])
    model.fit(fit, judge.space.targets([turn.items for turn in fit]))
    curve = platt(model.margins(kept), judge.space.targets(judge.kept))
    return judge.report(model.probabilities(kept, *curve), model.probabilities(dev, *curve), whole=True)


def _hindsight(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """The ceiling of choosing: a reader trained on clean text reads each hypothesis; the gold frame picks the best."""
    from nlu.nbest.linear import LinearFrames

    fit, kept, dev = parts(data, cell["dialogs"])
    judge = Judge(fit, kept, dev)
    model = LinearFrames("svm", cell["c"], "clean").fit(fit, judge.space.targets([turn.items for turn in fit]))
    threshold = choose_threshold(judge.space, model.probabilities(kept), judge.kept)
    model.how = "nbest"
    chosen = []
    for turn in dev:
        alone = [replace(turn, hypotheses=(line,)) for line in turn.hypotheses]
        found = judge.space.decode(model.probabilities(alone), threshold)
        chosen.append(min(found, key=lambda frame, gold=turn.items: len(frame ^ gold)))  # type: ignore[misc]
    table = counts(chosen, judge.dev)
    return scores(table) | {"counts": packed(table), "threshold": threshold}


def _encoder(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    import torch

    from nlu.nbest.fit import Settings, Trainer

    torch.set_num_threads(1)
    fit, kept, dev = parts(data, cell["dialogs"])
    judge = Judge(fit, kept, dev)
    known = {field.name for field in fields(Settings)}
    settings = Settings(**{name: value for name, value in cell.items() if name in known})
    trainer = Trainer(fit, judge.space, store(data, cell["dialogs"]), settings).fit()
    vectors = trainer.encoded(kept), trainer.encoded(dev)

    @lru_cache
    def alone(size: int, temperature: float) -> tuple[Probabilities, Probabilities]:
        left = trainer.probabilities(kept, vectors[0], size, temperature, settings.pool)
        return left, trainer.probabilities(dev, vectors[1], size, temperature, settings.pool)

    if settings.how == "clean":
        return judge.report(*alone(1, 1.0), whole=True)
    best = max(TEMPERATURES, key=lambda temperature: judge.value(alone(10, temperature)[0]))
    share, floor = 0.0, Floor(judge, fit, kept, dev) if cell.get("stack") else None
    if floor is not None:
        share = max(STACK, key=lambda share: judge.value(floor.joined(alone(10, best), 10, share)[0]))

    def found(size: int, temperature: float) -> tuple[Probabilities, Probabilities]:
        sides = alone(size, temperature)
        return sides if floor is None else floor.joined(sides, size, share)

    out = judge.report(*found(10, best), whole=True) | {"temperature": best, "share": share}
    out["temperatures"] = {str(temperature): judge.report(*found(10, temperature)) for temperature in TEMPERATURES}
    out["sizes"] = {str(size): judge.report(*found(size, best)) for size in SIZES}
    return out | {"first": judge.report(*found(1, best), whole=True)}


class Floor:
    """The linear floor with presence, its margins as log-odds, to be averaged with an encoder's."""

    def __init__(self, judge: Judge, fit: list[Turn], kept: list[Turn], dev: list[Turn]) -> None:
        from nlu.nbest.linear import LinearFrames, platt

        self._turns = kept, dev
        self._model = LinearFrames(temperature=2.0, presence=0.5)
        self._model.fit(fit, judge.space.targets([turn.items for turn in fit]))
        self._curve = platt(self._model.margins(kept), judge.space.targets(judge.kept))
        self._known: dict[int, tuple[Probabilities, Probabilities]] = {}

    def joined(
        self, sides: tuple[Probabilities, Probabilities], size: int, share: float
    ) -> tuple[Probabilities, Probabilities]:
        """(held-out, dev) probabilities from log-odds averaged in the proportion 1 : share, at this n-best size."""
        if size not in self._known:
            self._model.size = size
            scale, bias = self._curve
            left, right = (scale * self._model.margins(turns) + bias for turns in self._turns)
            self._known[size] = left, right
        out = []
        for side, odds in zip(sides, self._known[size], strict=True):
            p = np.clip(side.astype(np.float64), 1e-6, 1 - 1e-6)
            out.append(1 / (1 + np.exp(-(np.log(p / (1 - p)) + share * odds) / (1 + share))))
        return out[0], out[1]


def store(data: Path, dialogs: int) -> Any:
    """The `StateStore` of every text of the turns, in the folder that the environment names."""
    from nlu.backbone import Backbone
    from nlu.nbest.states import StateStore

    turns = [turn for part in parts(data, dialogs) for turn in part]
    texts = [text for turn in turns for text, _ in turn.hypotheses] + [turn.reference for turn in turns]
    folder = os.environ.get(STATES) or str(Path.home() / ".cache/learning-assistant/bench/nbest")
    return StateStore.of(texts, Backbone(), Path(folder))
