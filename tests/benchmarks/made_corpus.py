"""A small made-up corpus for the simulator, and data folders in the form of the public ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.corpus import Corpus, Said, build

INTENTS = (
    "alarm_query", "alarm_set", "iot_hue_lightdim", "iot_hue_lightoff", "iot_coffee", "music_query", "play_game",
    "play_music", "qa_maths", "qa_stock", "qa_factoid", "weather_query",
)  # fmt: skip
_SIZE = 24
_EACH = 30


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """Vectors [N, 24]: the words of a text, each with a direction of its own, and a little of the whole text."""
    rows = [sum((_direction(word) for word in text.split()), 0.3 * _direction(text)) for text in texts]
    vectors = np.array(rows, np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _direction(word: str) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
    return np.random.default_rng(seed).normal(size=_SIZE)


def made_corpus() -> Corpus:
    """12 intents of 8 domains with 30 utterances each, 40 that no skill serves; two spoken forms of each."""
    said = [Said(f"{intent} please {intent} number {i}", intent) for intent in INTENTS for i in range(_EACH)]
    said += [Said(f"something else {i} entirely {i}", None) for i in range(40)]
    forms = [[item.text.replace("please", "police"), f"police the number {i} whatever"] for i, item in enumerate(said)]
    return build(said, forms, encode)


def made_data(folder: Path) -> Path:
    """A data folder of three intents with 40 utterances each; one of them has two real transcripts."""
    csv = folder / "hwu64" / "fold" / "csv"
    csv.mkdir(parents=True)
    for intent in ("alarm_set", "weather_query", "play_game"):
        scenario, action = intent.split("_")
        lines = ["answerid;scenario;intent;answer_annotation;answer_from_anno;answer_from_user"]
        for i in range(40):
            text = f"{action} the {scenario} for number {i} today"
            lines.append(f'{i};{scenario};{action};"{text}";"{text}";"{text}"')
        (csv / f"{intent}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    gold = [
        {"sentence_annotation": "set the alarm for number 3 today", "scenario": "alarm", "action": "set",
         "recordings": [{"file": "a.flac"}, {"file": "b.flac"}]},
        {"sentence_annotation": "hello there", "scenario": "general", "action": "greet", "recordings": []},
    ]  # fmt: skip
    heard = [
        {"text": "set the lamb for number 3 today", "file": "a.flac"},
        {"text": "the alarm three", "file": "b.flac"},
    ]
    for name, rows in (
        ("slurp/dataset/slurp/test.jsonl", gold),
        ("slurp/experiments/predictions/multi_slurp_hermit_predictions.jsonl", heard),
    ):
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in rows), encoding="utf-8")
    (folder / "clinc150" / "data").mkdir(parents=True)
    parts = {
        part: [[f"what is the {part} of {i}", "oos"] for i in range(3)] for part in ("oos_train", "oos_val", "oos_test")
    }
    (folder / "clinc150" / "data" / "data_full.json").write_text(json.dumps(parts), encoding="utf-8")
    return folder
