"""A second decoding of each transcript, by its phones and a language model of the clean training text, kept on disk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from nlu.phonetics.redecode import Weights
from nlu.phonetics.stream import parse_phones, respell
from nlu.phonetics.views import Transcriber, background
from nlu.robust.parallel import Corpus, Pairs
from nlu.runtime import ENCODER_FOLDER, MODELS

#: Sets whose words are all in their training text, with the weight of their language model (from a look at dev); other
#: sets also know the words of the encoder's vocabulary.
CLOSED = {"atis": 1.1}
Progress = Callable[[int, int], None]


def decode(corpus: Corpus, folder: Path, progress: Progress | None = None) -> tuple[list[str], list[str], list[str]]:
    """Decoded texts of the training, dev and test part; from `folder` where the same was decoded before.

    A training text is decoded with a language model that has not read it. Where a recogniser gives no phones, its own
    words as they are pronounced stand in for them.
    """
    parts = (corpus.train, corpus.dev, corpus.test)
    key = hashlib.sha256(json.dumps([[part.clean, part.heard, part.phones] for part in parts]).encode()).hexdigest()
    path = folder / f"decoded-{key[:20]}.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        weights = Weights(language=CLOSED[corpus.name]) if corpus.name in CLOSED else Weights()
        others = None if corpus.name in CLOSED else background(MODELS / ENCODER_FOLDER / "tokenizer.json")
        train = corpus.train
        transcriber = Transcriber(train.clean, _streams(train), train.heard, others=others, weights=weights)
        made = [transcriber.decode_training(progress)]
        made += [transcriber.decode(_streams(part), part.heard, progress) for part in parts[1:]]
        half = path.with_suffix(f".{os.getpid()}")
        half.write_text(json.dumps(made), encoding="utf-8")
        half.replace(path)  # a killed run leaves no half of a file behind
    first, second, third = json.loads(path.read_text(encoding="utf-8"))
    return first, second, third


def _streams(pairs: Pairs) -> list[list[tuple[str, ...]]]:
    return [parse_phones(line) if line else respell(text) for line, text in zip(pairs.phones, pairs.heard, strict=True)]
