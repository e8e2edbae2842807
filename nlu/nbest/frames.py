"""Sets of act-slot-value items: which items exist, how a set is decoded from probabilities, how sets are scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from nlu.metrics import f1

Frames = Sequence[frozenset[str]]


class FrameSpace:
    """The items that are predicted: those seen `minimum` times in training, sorted.

    Items with the same act and slot (`inform(food=...)`) exclude one another: a caller names one value of a slot in a
    turn (no exception in DSTC2).
    """

    def __init__(self, items: Iterable[str]) -> None:
        self.items = tuple(sorted(set(items)))
        if not self.items:
            raise ValueError("no act-slot-value item to predict: the training frames are empty")
        self.index = {item: column for column, item in enumerate(self.items)}
        slots: dict[str, list[int]] = {}
        for column, item in enumerate(self.items):
            slots.setdefault(item.partition("=")[0] if "=" in item else item, []).append(column)
        self.groups = tuple(np.array(columns) for columns in slots.values())

    @classmethod
    def of(cls, frames: Frames, minimum: int = 2) -> FrameSpace:
        """The space of the items of training frames."""
        counts = Counter(item for frame in frames for item in frame)
        return cls(item for item, count in counts.items() if count >= minimum)

    def targets(self, frames: Frames) -> NDArray[np.float32]:
        """[turns, items]: 1 where an item is in the frame; items outside the space are left out."""
        out = np.zeros((len(frames), len(self.items)), np.float32)
        for row, frame in enumerate(frames):
            out[row, [self.index[item] for item in frame if item in self.index]] = 1.0
        return out

    def decode(self, probabilities: NDArray[np.floating], threshold: float = 0.5) -> list[frozenset[str]]:
        """Items whose probability exceeds the threshold, the best one of each slot only."""
        keep = np.zeros(probabilities.shape, bool)
        rows = np.arange(len(probabilities))
        for columns in self.groups:
            keep[rows, columns[probabilities[:, columns].argmax(1)]] = True
        keep &= probabilities > threshold
        return [frozenset(self.items[column] for column in np.flatnonzero(row)) for row in keep]


def counts(predicted: Frames, gold: Frames) -> NDArray[np.int64]:
    """[turns, 4]: hits, items predicted, items in the gold frame, whether the two sets are the same."""
    rows = [(len(ours & theirs), len(ours), len(theirs), ours == theirs)
            for ours, theirs in zip(predicted, gold, strict=True)]  # fmt: skip
    return np.array(rows, np.int64).reshape(-1, 4)


def item_f1(table: NDArray[np.int64]) -> float:
    """Micro F1 of items from `counts`."""
    hits, predicted, gold = (float(value) for value in table[:, :3].sum(0))
    return f1(hits, predicted, gold)


def joint_accuracy(table: NDArray[np.int64]) -> float:
    """Share of turns whose predicted set is exactly the gold set, from `counts`."""
    return float(table[:, 3].mean()) if len(table) else 0.0


def item_cross_entropy(probabilities: NDArray[np.floating], targets: NDArray[np.floating], missed: int = 0) -> float:
    """Binary cross-entropy summed over items, per gold item (after Thomson et al. 2008, in nats).

    Probabilities are clipped to [1e-4, 1 - 1e-4]; a gold item outside the space (`missed` of them) costs -log(1e-4).
    """
    p = np.clip(probabilities, 1e-4, 1 - 1e-4)
    loss = -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).sum() - missed * np.log(1e-4)
    return float(loss / max(1.0, targets.sum() + missed))


def choose_threshold(space: FrameSpace, probabilities: NDArray[np.floating], gold: Frames) -> float:
    """The threshold with the best sum of item F1 and joint accuracy: on held-out training dialogs, never on test."""
    best, chosen = -1.0, 0.5
    for threshold in np.arange(0.1, 0.71, 0.02):
        table = counts(space.decode(probabilities, float(threshold)), gold)
        value = item_f1(table) + joint_accuracy(table)
        if value > best:
            best, chosen = value, float(threshold)
    return chosen
