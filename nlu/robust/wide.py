"""The phone stream beside the encoder: a linear model of its own, fused late with a weight that dev chooses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from nlu.phonetics.stream import Features, WideStream, collate, parse_phones, respell
from nlu.robust.finetune import View
from nlu.robust.parallel import Pairs

#: Weights of the linear model's log-posteriors that dev may choose from; 0 leaves it out.
WEIGHTS = (0.0, 0.25, 0.5, 1.0)
#: Hash buckets of the n-grams; items read at a time.
BUCKETS, _SIZE = 2**17, 512


class Wide:
    """Log-posteriors from phones, words and characters; phones are the recogniser's, or else its words re-spelled."""

    def __init__(self, train: Pairs, labels: Tensor, classes: int, views: Sequence[View], seed: int) -> None:
        """Fits the linear model on the training utterances, once for each view. labels: int64 [N]."""
        torch.manual_seed(seed)
        self._model = WideStream(classes, BUCKETS)
        items = [_item(line, text) for view in views for line, text in _columns(train, view)]
        self._model.grams.fit(items)
        features = [self._model.features(*item) for item in items]
        self._model.fit(features, labels.repeat(len(views)))

    @torch.no_grad()
    def predict(self, pairs: Pairs, view: View) -> Tensor:
        """Log-posteriors [N, classes]."""
        known: dict[tuple[str, str], Features] = {}
        for line, text in _columns(pairs, view):
            if (line, text) not in known:
                known[line, text] = self._model.features(*_item(line, text))
        features = [known[key] for key in _columns(pairs, view)]
        parts = [self._model(*collate(features[first : first + _SIZE])) for first in range(0, len(features), _SIZE)]
        return torch.cat(parts).log_softmax(1)


def fuse(deep: Tensor, wide: Tensor, weight: float) -> Tensor:
    """Logits [N, C] of the encoder and log-posteriors [N, C] of the linear model, put together."""
    return deep.log_softmax(1) + weight * wide


def choose_weight(deep: Tensor, wide: Tensor, labels: Tensor) -> float:
    """The weight with the best accuracy on dev; of equals the one nearest to the middle of their range."""
    scores = [float((fuse(deep, wide, weight).argmax(1) == labels).float().mean()) for weight in WEIGHTS]
    best = np.flatnonzero(np.isclose(scores, max(scores)))
    return WEIGHTS[int(best[len(best) // 2])]


def _columns(pairs: Pairs, view: View) -> list[tuple[str, str]]:
    return list(zip(pairs.phones, pairs.heard if view == "heard" else pairs.clean, strict=True))


def _item(line: str, text: str) -> tuple[list[tuple[str, ...]], str]:
    return parse_phones(line) if line else respell(text), text
