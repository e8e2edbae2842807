"""Systems that rank the candidates of a product question: scores [n] for each question, in the order given."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from plugins.product_qa.ranker.features import features
from plugins.product_qa.training.cosines import indexed
from plugins.product_qa.training.metrics import precision_at_1
from plugins.product_qa.training.pairs import FOLDS, Asked, fold_of

Values = NDArray[np.float64]
Scores = list[Values]
K1, B = 1.2, 0.75
#: Weights of BM25 beside the cosine that `weighted_sum` chooses from.
WEIGHTS = (0.005, 0.01, 0.02, 0.03, 0.05)


def shuffled(asked: Sequence[Asked], seed: int) -> Scores:
    """Nothing but luck."""
    rng = np.random.default_rng(seed)
    return [rng.random(len(one.pairs)) for one in asked]


def bm25(asked: Sequence[Asked]) -> Scores:
    """BM25 (Robertson and Zaragoza 2009, equation 3.15) over the candidates of all questions as one collection."""
    texts = [[_words(indexed(pair.passage)) for pair in one.pairs] for one in asked]
    everything = [words for group in texts for words in group]
    frequency = Counter(word for words in everything for word in set(words))
    mean = sum(map(len, everything)) / len(everything)
    idf = {word: math.log1p((len(everything) - df + 0.5) / (df + 0.5)) for word, df in frequency.items()}
    out: Scores = []
    for one, group in zip(asked, texts, strict=True):
        wanted = set(_words(one.question))
        rows: list[float] = []
        for words in group:
            counts = Counter(words)
            norm = K1 * (1 - B + B * len(words) / mean)
            rows.append(
                sum(idf[word] * counts[word] * (K1 + 1) / (counts[word] + norm) for word in wanted if counts[word])
            )
        out.append(np.array(rows))
    return out


def dense(asked: Sequence[Asked], cosines: Mapping[str, float]) -> Scores:
    """Cosine of the shared encoder's vectors."""
    return [np.array([cosines[pair.passage.key] for pair in one.pairs]) for one in asked]


def weighted_sum(asked: Sequence[Asked], lexical: Scores, cosine: Scores) -> Scores:
    """Cosine + weight x BM25; the weight of a fold is the best on the other folds."""
    folds = [fold_of(one.product) for one in asked]
    out: Scores = [np.zeros(0)] * len(asked)
    for fold in range(FOLDS):
        others = [place for place, own in enumerate(folds) if own != fold and asked[place].answerable]

        def hits(weight: float, others: Sequence[int] = others) -> float:
            return sum(precision_at_1(cosine[i] + weight * lexical[i], _right(asked[i])) for i in others)

        best = max(WEIGHTS, key=hits)
        for place in (place for place, own in enumerate(folds) if own == fold):
            out[place] = cosine[place] + best * lexical[place]
    return out


def boosted(asked: Sequence[Asked], lexical: Scores, cosine: Scores, seed: int) -> Scores:
    """Gradient boosting on cosine, BM25, source, overlaps and lengths; trained on the other folds of products."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-untyped, unused-ignore]

    rows = [
        np.concatenate([features(one.question, [pair.passage for pair in one.pairs]), c[:, None], b[:, None]], 1)
        for one, c, b in zip(asked, cosine, lexical, strict=True)
    ]
    folds = [fold_of(one.product) for one in asked]
    out: Scores = [np.zeros(0)] * len(asked)
    for fold in range(FOLDS):
        others = [place for place, own in enumerate(folds) if own != fold]
        x = np.concatenate([rows[place] for place in others])
        y = np.concatenate([_right(asked[place]) for place in others])
        model = HistGradientBoostingClassifier(
            max_iter=150, learning_rate=0.05, max_leaf_nodes=8, min_samples_leaf=40, random_state=seed
        ).fit(x, y)
        for place in (place for place, own in enumerate(folds) if own == fold):
            out[place] = model.predict_proba(rows[place])[:, 1]
    return out


def _right(one: Asked) -> NDArray[np.bool_]:
    return np.array([pair.relevant for pair in one.pairs])


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
