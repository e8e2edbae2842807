"""Heads on the encoder as it is, in numpy: a whole new model in seconds, without torch.

Token states of the trunk and of a base model's branch, side by side, are the features; they are computed once. The
intent head is a logistic regression on their mean and maximum over the sentence, the tag head a small network on each
word's first token and its two neighbours.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.data import Row
from nlu.encoder import Encoder, open_session, runs
from nlu.runtime import ENCODER_FOLDER, HEAD_FOLDER, MODELS
from nlu.train_data import Example, Labels, examples
from nlu.training.cache import MAX_TOKENS, TrunkOnly, cached
from nlu.training.config import TrainConfig
from nlu.training.display import bar
from nlu.training.finish import Trained, building, finish, parity_rows
from nlu.training.softmax import Affine, Plan, fit
from nlu.training.split import Split, model_name, token_notes
from nlu.training.wire import WireGraph

Floats = NDArray[np.float32]
TRUNK = 384
#: Chosen on SNIPS dev: passes, learning rate, sentences or words a step, hidden units, weight decay; steps at least.
INTENT = {"epochs": 20, "rate": 1e-3, "batch": 128, "decay": 3e-3, "least": 200}
TAGS = {"epochs": 5, "rate": 1e-3, "batch": 256, "hidden": 256, "least": 300}
_CHUNK = 512


@dataclass(frozen=True)
class Features:
    """Token states float16 [tokens, D] of all sentences after each other, pooled vectors float16 [sentences, 2 D],
    intents [sentences]; rows of the words' first tokens [words] and their tags [words].
    """

    tokens: NDArray[np.float16]
    pooled: NDArray[np.float16]
    intents: NDArray[np.int64]
    places: NDArray[np.int64]
    tags: NDArray[np.int64]

    def windows(self, chosen: NDArray[np.int64]) -> Floats:
        """Each word's first token between its neighbours, float32 [n, 3 D]; [CLS] and [SEP] bound every sentence."""
        rows = self.places[chosen]
        return np.concatenate(
            [self.tokens[rows - 1], self.tokens[rows], self.tokens[rows + 1]], axis=1, dtype=np.float32
        )


def extract(rows: Sequence[Row], labels: Labels, source: TrunkOnly, base: Path) -> Features:
    """Features of the rows; sentences go through the graphs a few hundred at a time."""
    branch = open_session(base / "branch.onnx")
    tokens: list[NDArray[np.float16]] = []
    pooled: list[NDArray[np.float16]] = []
    places: list[NDArray[np.int64]] = []
    tags: list[NDArray[np.int64]] = []
    intents: list[int] = []
    offset = 0
    with bar("encoding", len(rows)) as tell:
        for first in range(0, len(rows), _CHUNK):
            part = examples(rows[first : first + _CHUNK], labels, source)
            states = side_by_side(branch, part)
            for example, state in zip(part, states, strict=True):
                scored = np.flatnonzero(example.tags >= 0)
                tokens.append(state.astype(np.float16))
                pooled.append(pool(state).astype(np.float16))
                places.append(scored + offset)
                tags.append(example.tags[scored])
                intents.append(example.intent)
                offset += len(state)
            tell(len(intents), "")
    width = tokens[0].shape[1]
    joined = np.empty((offset, width), np.float16)  # filled piece by piece: all of it twice would be the peak of memory
    at = 0
    tokens.reverse()
    while tokens:
        piece = tokens.pop()
        joined[at : at + len(piece)] = piece
        at += len(piece)
    return Features(joined, np.array(pooled), np.array(intents), np.concatenate(places), np.concatenate(tags))


def side_by_side(branch: Any, part: Sequence[Example]) -> list[Floats]:
    """Trunk and branch states [T, D] of each example."""
    out: list[Floats] = [np.zeros((0, 0), np.float32)] * len(part)
    for members in runs([len(example.trunk) for example in part]):
        trunk = np.stack([part[index].trunk for index in members]).astype(np.float32)
        both = np.concatenate([trunk, branch.run(["states"], {"trunk": trunk})[0]], axis=2)
        for row, index in enumerate(members):
            out[index] = both[row]
    return out


def pool(states: Floats) -> Floats:
    """Mean and maximum over the tokens, [2 D]."""
    return np.concatenate([states.mean(axis=0), states.max(axis=0)])


def train_head_only(split: Split, config: TrainConfig, out: Path, base: Path | None = None) -> dict[str, Any]:
    """Trains, exports and tests a model on the encoder and branch of `base` (default: shipped); returns the report."""
    started = time.process_time()
    folder = MODELS / HEAD_FOLDER if base is None else base
    encoder = Encoder(MODELS / ENCODER_FOLDER)
    source = TrunkOnly(encoder)
    labels = Labels.of(split.train)
    features = extract(split.train, labels, source, folder)
    split.notes.extend(token_notes(split.train, split.samples, source.ends, MAX_TOKENS))
    intent = fit_intents(features, labels, config)
    tags = fit_tags(features, labels, config)
    work = building(out)
    export(work, folder, intent, tags, features)
    dev = cached(split.dev, labels, source, "held-out sentences")
    outside = cached(split.outside, labels, source, "out of scope")
    parity = parity_rows(dev, examples(split.train[:400], labels, source))
    states = side_by_side(open_session(folder / "branch.onnx"), parity)
    logits = intent(np.array([pool(state) for state in states])).astype(np.float64)
    trained = Trained(labels, split, dev, outside, parity, logits, {})
    facts = {"seed": config.seed, "head_only": True, "base": folder.name}
    return finish(out, model_name(out), encoder, trained, started, facts)


def fit_intents(features: Features, labels: Labels, config: TrainConfig) -> Affine:
    """The intent head [I, 2 D]."""
    x = features.pooled
    sample = x[:: max(1, len(x) // 4000)].astype(np.float32)
    scale = (sample.mean(axis=0), sample.std(axis=0) + 1e-3)
    plan = Plan(**INTENT, seed=config.seed)  # type: ignore[arg-type]
    with bar("intent head", 100) as tell:
        maps = fit(
            lambda chosen: x[chosen].astype(np.float32),
            features.intents,
            len(labels.intents),
            scale,
            plan,
            lambda done: tell(100 * done, ""),
        )
    return maps[0]


def fit_tags(features: Features, labels: Labels, config: TrainConfig) -> list[Affine]:
    """The tag head: window [3 D] -> hidden -> tags; a constant where no entity is annotated."""
    width = 3 * features.tokens.shape[1]
    if labels.tags == 1:
        return [Affine(np.zeros((1, width), np.float32), np.zeros(1, np.float32))]
    every = np.arange(len(features.places))
    sample = features.windows(every[:: max(1, len(every) // 4000)])
    scale = (sample.mean(axis=0), sample.std(axis=0) + 1e-3)
    plan = Plan(**TAGS, seed=config.seed)  # type: ignore[arg-type]
    with bar("entity head", 100) as tell:
        return fit(features.windows, features.tags, labels.tags, scale, plan, lambda done: tell(100 * done, ""))


def export(folder: Path, base: Path, intent: Affine, tags: Sequence[Affine], features: Features) -> None:
    """Writes `branch.onnx` (the base's branch with the new tag head, int8) and `head.npz`."""
    width = features.tokens.shape[1]
    sample = features.windows(np.arange(len(features.places))[:: max(1, len(features.places) // 2000)])
    graph = WireGraph()
    graph.take(base / "branch.onnx", "states", "branch")
    both = graph.node("Concat", ["trunk", "branch"], ["states"], axis=2)
    padded = graph.node("Pad", [both, graph.constant("pads", np.array([0, 1, 0, 0, 1, 0]))], ["padded"])
    axis = graph.constant("axis", np.array([1]))
    parts = []
    for part, (start, end) in {"before": (0, -2), "after": (2, 1 << 30)}.items():
        bounds = [
            graph.constant(f"{part}.{name}", np.array([value])) for name, value in (("start", start), ("end", end))
        ]
        parts.append(graph.node("Slice", [padded, *bounds, axis], [part]))
    x = graph.node("Concat", [parts[0], both, parts[1]], ["window"], axis=2)
    for number, affine in enumerate(tags):
        last = number == len(tags) - 1
        peaks = np.abs(sample).max(axis=0)
        x = graph.linear(x, affine.weight, affine.bias, "tags" if last else "hidden", peaks)
        if not last:
            x = graph.node("Relu", [x], ["active"])
            sample = np.maximum(affine(sample), 0)
    shape = ["batch", "length"]
    outputs = {"states": [*shape, width], "tags": [*shape, len(tags[-1].bias)]}
    graph.save(folder / "branch.onnx", {"trunk": [*shape, TRUNK]}, outputs)
    np.savez(folder / "head.npz", intent_weight=intent.weight, intent_bias=intent.bias)
