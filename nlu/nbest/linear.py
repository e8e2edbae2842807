"""The strong linear floor: expected n-gram counts and system acts, one classifier per item (scikit-learn)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix  # type: ignore[import-untyped, unused-ignore]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped, unused-ignore]
from sklearn.svm import LinearSVC  # type: ignore[import-untyped, unused-ignore]

from nlu.nbest.features import Columns, heard, system_features, wide_features
from nlu.nbest.turns import Turn

KINDS = ("svm", "logistic")


def platt(margins: NDArray[np.floating], targets: NDArray[np.floating]) -> tuple[float, float]:
    """(scale, bias) of the logistic curve from margins to probabilities (Platt 1999), one for all items, by Newton's
    method. The margins must be of turns that the model was not fitted to. Perfectly separable margins stop at a scale
    of about 20.
    """
    x, y = margins.astype(np.float64).ravel(), targets.astype(np.float64).ravel()
    scale, bias = 1.0, 0.0
    for _ in range(30):
        p = 1 / (1 + np.exp(-np.clip(scale * x + bias, -30, 30)))
        weight, off = p * (1 - p) + 1e-9, p - y
        gradient = np.array([(off * x).mean() + 1e-6 * scale, off.mean()])
        mixed = (weight * x).mean()
        curve = np.array([[(weight * x * x).mean() + 1e-6, mixed], [mixed, weight.mean()]])
        step = np.linalg.solve(curve, gradient)
        step *= min(1.0, 2.0 / float(np.abs(step).max() + 1e-12))
        scale, bias = scale - float(step[0]), bias - float(step[1])
        if np.abs(step).max() < 1e-5 or scale > 20:
            break
    return scale, bias


class LinearFrames:
    """One linear classifier per item over sparse features; C is the inverse regularisation.

    how: one of `features.HEARD`. presence: value of the features that say that an n-gram is anywhere in the list.
    """

    def __init__(
        self, kind: str = "svm", c: float = 0.1, how: str = "nbest", temperature: float = 1.0, presence: float = 0.0
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {KINDS}, not {kind!r}")
        self.kind, self.c, self.how, self.temperature, self.presence = kind, c, how, temperature, presence
        self.size = 10
        self._columns = Columns([])
        self._weights: NDArray[np.float64] = np.empty((0, 0))

    def fit(self, turns: Sequence[Turn], targets: NDArray[np.float32], seed: int = 0) -> LinearFrames:
        """targets [turns, items]; an item without a positive turn gets probability 0."""
        found = [self._features(turn) for turn in turns]
        self._columns = Columns(found)
        rows = self._matrix(found)
        self._weights = np.zeros((rows.shape[1] + 1, targets.shape[1]))
        for item in range(targets.shape[1]):
            if not targets[:, item].any():
                self._weights[-1, item] = -20.0
                continue
            if self.kind == "svm":
                model = LinearSVC(C=self.c, random_state=seed)
            else:
                model = LogisticRegression(C=self.c, solver="liblinear", random_state=seed)
            model.fit(rows, targets[:, item])
            self._weights[:-1, item], self._weights[-1, item] = model.coef_[0], model.intercept_[0]
        return self

    def margins(self, turns: Sequence[Turn]) -> NDArray[np.float64]:
        """Signed distances [turns, items]; positive says that the item was said."""
        rows = self._matrix([self._features(turn) for turn in turns])
        return np.asarray(rows @ self._weights[:-1] + self._weights[-1])

    def probabilities(self, turns: Sequence[Turn], scale: float = 1.0, bias: float = 0.0) -> NDArray[np.float64]:
        """Logistic curve of the margins [turns, items]; mere scores without the scale and bias of `platt`."""
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(scale * self.margins(turns) + bias, -30, 30))))

    def _features(self, turn: Turn) -> dict[str, float]:
        words = wide_features(heard(turn, self.how, self.size), self.temperature, self.presence)
        return {**words, **system_features(turn), "bias": 1.0}

    def _matrix(self, found: Sequence[dict[str, float]]) -> csr_matrix:
        bags = [self._columns.bag(row) for row in found]
        starts = np.cumsum([0, *(len(columns) for columns, _ in bags)])
        columns, values = (np.concatenate([bag[part] for bag in bags]) for part in (0, 1))
        return csr_matrix((values.astype(np.float64), columns, starts), shape=(len(bags), len(self._columns)))
