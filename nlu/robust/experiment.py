"""One method on one set with one seed: both stages, the clean teacher, and what the test part gets right.

Stage 1 and the teacher are kept in a folder under a hash of everything that went into them (texts included), so that
sets with the same texts and methods with the same stage 1 share them.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nlu.backbone import Backbone
from nlu.phonetics.confusions import SoundAlikes
from nlu.robust.augment import NEAREST, Source, words
from nlu.robust.classifier import Classifier
from nlu.robust.decoded import decode
from nlu.robust.finetune import Fitted, Split, View, finetune, predict
from nlu.robust.parallel import Corpus, Pairs
from nlu.robust.pretrain import VARIANTS, pretrain
from nlu.robust.recipes import Plan, Settings
from nlu.robust.states import States
from nlu.robust.wide import Wide, choose_weight, fuse


@dataclass(frozen=True)
class Prepared:
    """A corpus with the states of the frozen part, which all methods and seeds share."""

    corpus: Corpus
    states: States
    train: Split
    dev: Split
    test: Split

    @classmethod
    def of(cls, corpus: Corpus, frozen: int) -> Prepared:
        """Runs the frozen part over all texts (about a millisecond each)."""
        states = States(Backbone(frozen=frozen))
        place = {intent: number for number, intent in enumerate(corpus.intents)}

        def split(pairs: Pairs) -> Split:
            labels = np.array([place.get(label, -1) for label in pairs.labels], np.int64)
            return Split(states.of(pairs.heard), states.of(pairs.clean), labels)

        return cls(corpus, states, split(corpus.train), split(corpus.dev), split(corpus.test))

    def with_decoded(self, folder: Path) -> Prepared:
        """The same with the transcripts decoded again, kept in `folder`: minutes at the first time."""
        if self.train.decoded is not None:
            return self
        texts = decode(self.corpus, folder)
        parts = [
            replace(split, decoded=self.states.of(text))
            for split, text in zip((self.train, self.dev, self.test), texts, strict=True)
        ]
        return replace(self, train=parts[0], dev=parts[1], test=parts[2])


@dataclass(frozen=True)
class Outcome:
    """The model with the weights of its best epoch, and what it gets right on dev and test [N].

    wide, weight: the phone stream's model and its share, where the plan has one.
    """

    model: Classifier
    fitted: Fitted
    wide: Wide | None
    weight: float
    dev: NDArray[np.bool_]
    test: NDArray[np.bool_]
    seconds1: float
    seconds2: float


def run(prepared: Prepared, plan: Plan, settings: Settings, seed: int, folder: Path) -> Outcome:
    """Trains both stages and measures. folder: where stage 1 and the teacher are kept."""
    if plan.needs_decoded:
        prepared = prepared.with_decoded(folder)
    started = time.monotonic()
    torch.manual_seed(seed)
    backbone = Backbone(frozen=settings.frozen)
    if plan.stage1:
        backbone.layers.load_state_dict(stage1(prepared, plan.stage1, settings, seed, folder))
    teacher = posteriors(prepared, settings, seed, folder) if plan.teacher else None
    middle = time.monotonic()
    model = _classifier(backbone, prepared, settings, seed)
    fitted = finetune(model, prepared.train, prepared.dev, settings.recipe(plan), seed, teacher=teacher)
    deep = [predict(model, part, plan.test) for part in (prepared.dev, prepared.test)]
    wide, weight = None, 0.0
    if plan.phones:
        corpus, labels = prepared.corpus, torch.from_numpy(prepared.train.labels)
        view: View = "clean" if plan.test == "clean" else "heard"
        wide = Wide(corpus.train, labels, len(corpus.intents), [one for one in plan.views if one != "decoded"], seed)
        said = wide.predict(corpus.dev, view)
        weight = choose_weight(deep[0], said, torch.from_numpy(prepared.dev.labels))
        deep = [fuse(deep[0], said, weight), fuse(deep[1], wide.predict(corpus.test, view), weight)]
    dev, test = (
        part.labels == logits.argmax(1).numpy()
        for part, logits in zip((prepared.dev, prepared.test), deep, strict=True)
    )
    return Outcome(model, fitted, wide, weight, dev, test, middle - started, time.monotonic() - middle)


def stage1(prepared: Prepared, variant: str, settings: Settings, seed: int, folder: Path) -> dict[str, Tensor]:
    """Weights (float16) of the trainable layers after stage 1, from `folder` where the same was done before."""
    pairs = prepared.corpus.train
    chosen = VARIANTS[variant]
    fields = {name: value for name, value in asdict(chosen).items() if name != "phonetic" or value}
    what = {
        "variant": fields, "budget": asdict(settings.budget()), "frozen": settings.frozen,
        "seed": seed, "texts": _hash([*pairs.clean, *pairs.heard]),
    }  # fmt: skip

    def make() -> dict[str, Tensor]:
        torch.manual_seed(seed)
        backbone = Backbone(frozen=settings.frozen)
        extra = by_sound(pairs) if chosen.phonetic else None
        pretrain(backbone, pairs, chosen, settings.budget(), seed, states=prepared.states, extra=extra)
        return {name: weight.half() for name, weight in backbone.layers.state_dict().items()}

    return _kept(folder, "stage1", what, make)


def by_sound(pairs: Pairs) -> Source:
    """Words of the training transcripts that sound like a word of the clean side (weighted phone edit distance)."""
    heard = Counter(word for text in pairs.heard for word in words(text))
    said = sorted({word for text in pairs.clean for word in words(text)})
    alike = SoundAlikes(heard, splits=False).of(said, NEAREST)
    return lambda word: [other for other, _ in alike.get(word, ())]


def posteriors(prepared: Prepared, settings: Settings, seed: int, folder: Path) -> Tensor:
    """What a teacher trained on clean text says about the clean training utterances [N, classes]."""
    pairs = prepared.corpus.train
    what = {"settings": asdict(settings) | {"steps": 0}, "seed": seed, "texts": _hash([*pairs.clean, *pairs.labels])}

    def make() -> dict[str, Tensor]:
        torch.manual_seed(seed)
        model = _classifier(Backbone(frozen=settings.frozen), prepared, settings, seed)
        recipe = settings.recipe(Plan(views=("clean",), test="clean"))
        finetune(model, prepared.train, prepared.dev, recipe, seed)
        return {"posteriors": predict(model, prepared.train, "clean").softmax(1)}

    return _kept(folder, "teacher", what, make)["posteriors"]


def _classifier(backbone: Backbone, prepared: Prepared, settings: Settings, seed: int) -> Classifier:
    torch.manual_seed(seed)
    return Classifier(backbone, len(prepared.corpus.intents), settings.pooling)


def _hash(texts: list[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _kept(folder: Path, kind: str, what: dict[str, Any], make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    name = f"{kind}-{_hash([json.dumps(what, sort_keys=True)])[:20]}"
    path = folder / f"{name}.pt"
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder / f"{name}.lock"):
        if not path.exists():
            made = make()
            half = path.with_suffix(f".{os.getpid()}")
            torch.save(made, half)
            half.replace(path)  # a killed run leaves no half of a file behind
        loaded: dict[str, Tensor] = torch.load(path, weights_only=True)
    return loaded


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time makes the same thing."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
