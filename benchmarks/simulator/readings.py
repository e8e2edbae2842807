"""The understanding whose n-best the candidates come from: logistic regression on the shipped encoder's vectors.

It is trained on 40 % of the utterances, as said and as once heard; those never come up in traffic. A seventh of them is
kept to choose the temperature that calibrates its probabilities.
"""

from __future__ import annotations

import hashlib
import math
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.corpus import FORMAT, Corpus, Floats, Ints

TOP = 4
_TRAINED = 0.4
_KEPT = 1 / 7
_STRENGTH = 10.0  # inverse of the L2 penalty
_TEMPERATURES = np.exp(np.linspace(math.log(0.5), math.log(2.5), 33))


@dataclass(frozen=True)
class Readings:
    """The ranked intents of every text [T, TOP], their calibrated probabilities [T, TOP], and what was trained on [U].

    Probabilities are of all intents, so those of the best few sum to at most 1.
    """

    intents: Ints
    probabilities: Floats
    trained: NDArray[np.bool_]

    def accuracy(self, corpus: Corpus, texts: Ints) -> tuple[float, float]:
        """(top-1, top-4) accuracy on some texts that have an intent."""
        right = self.intents[texts] == corpus.intent[corpus.utterance[texts]][:, None]
        return float(right[:, 0].mean()), float(right.any(axis=1).mean())


def readings(corpus: Corpus, fold: int, cache: Path | None) -> Readings:
    """What the understanding of a fold makes of every text. Raises `ValueError` where it has nothing to learn from."""
    place = np.array([_place(text) for text in corpus.texts[: len(corpus)]])
    trained = (place < _TRAINED if fold == 0 else place >= 1 - _TRAINED) & (corpus.intent >= 0)
    inside = (place if fold == 0 else 1 - place) / _TRAINED
    rows = [_forms(corpus, np.flatnonzero(trained & part)) for part in (inside >= _KEPT, inside < _KEPT)]
    if not len(rows[0]) or not len(rows[1]):
        raise ValueError(f"{int(trained.sum())} utterances are too few to train an understanding")
    weights = _weights(corpus, rows[0], rows[1], fold, cache)
    logits = corpus.vectors @ weights[:-1] + weights[-1]
    logits -= logits.max(axis=1, keepdims=True)
    shares = np.exp(logits)
    shares /= shares.sum(axis=1, keepdims=True)
    order = np.argsort(-shares, axis=1, kind="stable")[:, :TOP].astype(np.int32)
    return Readings(order, np.take_along_axis(shares, order, 1), trained)


def _place(text: str) -> float:
    return int.from_bytes(hashlib.sha256(f"fold {text}".encode()).digest()[:4], "little") / 2**32


def _forms(corpus: Corpus, utterances: NDArray[np.int64]) -> NDArray[np.int32]:
    """Rows of the texts of some utterances: as said, and as once heard where they were."""
    heard = corpus.spoken[utterances, 1] if corpus.spoken.shape[1] > 1 else np.full(len(utterances), -1, np.int32)
    return np.concatenate([utterances.astype(np.int32), heard[heard >= 0]])


def _weights(corpus: Corpus, fit: Ints, kept: Ints, fold: int, cache: Path | None) -> Floats:
    """[D + 1, I], intercepts in the last row, divided by the temperature that is best on the kept texts."""
    key = hashlib.sha256("\n".join([f"{FORMAT} {fold} {_STRENGTH}", *corpus.texts]).encode()).hexdigest()[:16]
    path = None if cache is None else cache / f"understanding-{fold}-{key}.npy"
    if path is not None and path.exists():
        found: Floats = np.load(path)
        return found
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped,unused-ignore]

    labels = corpus.intent[corpus.utterance]
    learner = LogisticRegression(C=_STRENGTH, max_iter=1000).fit(corpus.vectors[fit], labels[fit])
    weights = np.zeros((corpus.vectors.shape[1] + 1, len(corpus.intents)), np.float32)
    weights[-1] = -30.0  # an intent that was never seen
    two = len(learner.classes_) == 2  # then there is one row of coefficients, for the second class
    slopes, offsets = learner.coef_, learner.intercept_
    weights[:-1, learner.classes_] = np.concatenate([-slopes, slopes]).T / 2 if two else slopes.T
    weights[-1, learner.classes_] = np.concatenate([-offsets, offsets]) / 2 if two else offsets
    logits = corpus.vectors[kept].astype(np.float64) @ weights[:-1] + weights[-1]
    losses = [_loss(logits / temperature, labels[kept]) for temperature in _TEMPERATURES]
    weights /= np.float32(_TEMPERATURES[int(np.argmin(losses))])
    if path is not None:
        temporary = path.with_name(f"{path.name}.{os.getpid()}.part.npy")
        np.save(temporary, weights)
        temporary.replace(path)
    return weights


def _loss(logits: NDArray[np.float64], labels: Ints) -> float:
    top = logits.max(axis=1)
    total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    return float((total - logits[np.arange(len(labels)), labels]).mean())
