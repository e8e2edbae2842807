"""The ranker's final layers: logistic regressions on what the folds said of questions that they had not seen.

The network's log-odds stand beside what can be counted and, where the index gives it, the cosine. Fitted on held-out
folds, the layers weigh and calibrate at once (stacking, Wolpert 1992; logistic calibration, Platt 1999).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.ranker.features import answerable_features, cross_features, features
from plugins.product_qa.training.pairs import FOLDS, Asked, fold_of

Values = NDArray[np.float64]
#: Strength of the squared penalty, as sklearn's C: the inputs are standardised.
_PENALTY = 1.0


@dataclass(frozen=True)
class Logistic:
    """x [N, D] -> probabilities [N]."""

    weight: Values
    bias: float

    def __call__(self, x: NDArray[np.floating]) -> Values:
        """See the class."""
        return np.asarray(0.5 * np.tanh(0.5 * (x.astype(np.float64) @ self.weight + self.bias)) + 0.5)


@dataclass(frozen=True)
class Columns:
    """Questions ready for fitting: `rows[i]` [n, D] of the candidates of question i, the cosine last; `right[i]` [n]
    whether each answers fully; `folds[i]`.
    """

    rows: list[NDArray[np.float32]]
    right: list[NDArray[np.bool_]]
    folds: list[int]

    def part(self, places: Iterable[int]) -> Columns:
        """Some of the questions."""
        chosen = list(places)
        return Columns([self.rows[i] for i in chosen], [self.right[i] for i in chosen], [self.folds[i] for i in chosen])


@dataclass(frozen=True)
class Layers:
    """`final` knows no cosine, `final_cosine` does; `answerable` reads the scores of all candidates."""

    final: Logistic
    final_cosine: Logistic
    answerable: Logistic

    def scores(self, rows: NDArray[np.float32], cosine: bool) -> Values:
        """Probabilities [n] of the candidates of a question."""
        return self.final_cosine(rows) if cosine else self.final(rows[:, :-1])

    def whole(self, scores: Sequence[float] | Values) -> float:
        """Probability that one of them answers."""
        return float(self.answerable(answerable_features(list(scores))[None])[0])


def columns(asked: Sequence[Asked], logits: Mapping[str, Sequence[float]], cosines: Mapping[str, float]) -> Columns:
    """The columns of questions from the network's logits and the cosines by passage key."""
    rows, right = list[NDArray[np.float32]](), list[NDArray[np.bool_]]()
    for one in asked:
        passages = [pair.passage for pair in one.pairs]
        cross = cross_features(np.array([logits[passage.key] for passage in passages], np.float32))
        cosine = np.array([[cosines[passage.key]] for passage in passages], np.float32)
        rows.append(np.concatenate([cross, features(one.question, passages), cosine], 1))
        right.append(np.array([pair.relevant for pair in one.pairs]))
    return Columns(rows, right, [fold_of(one.product) for one in asked])


def fit(found: Columns) -> Layers:
    """Layers fitted on all of `found`; `answerable` on the scores with the cosine and on those without."""
    x, y = np.concatenate(found.rows), np.concatenate(found.right)
    final, with_cosine = logistic(x[:, :-1], y), logistic(x, y)
    scores = [*(with_cosine(rows) for rows in found.rows), *(final(rows[:, :-1]) for rows in found.rows)]
    whole = np.stack([answerable_features(list(own)) for own in scores])
    return Layers(final, with_cosine, logistic(whole, np.array([right.any() for right in found.right] * 2)))


def crossed(found: Columns, cosine: bool) -> tuple[list[Values], Values]:
    """Scores of every question and its probability to be answerable, by layers fitted on the other folds."""
    scores: list[Values] = [np.zeros(0)] * len(found.rows)
    whole = np.zeros(len(found.rows))
    for fold in range(FOLDS):
        layers = fit(found.part(place for place, own in enumerate(found.folds) if own != fold))
        for place in (place for place, own in enumerate(found.folds) if own == fold):
            scores[place] = layers.scores(found.rows[place], cosine)
            whole[place] = layers.whole(scores[place])
    return scores, whole


def logistic(x: NDArray[np.floating], y: NDArray[np.bool_]) -> Logistic:
    """A logistic regression on standardised inputs, written for inputs as they are. Constant columns get no weight."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped, unused-ignore]

    given = x.astype(np.float64)
    middle, spread = given.mean(axis=0), given.std(axis=0)
    spread[spread < 1e-9] = np.inf
    model = LogisticRegression(C=_PENALTY, max_iter=1000).fit((given - middle) / spread, y)
    weight = model.coef_[0] / spread
    return Logistic(weight, float(model.intercept_[0] - weight @ middle))
