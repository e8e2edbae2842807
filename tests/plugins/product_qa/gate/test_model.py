"""The gate: what passes, what does not, and weights that cannot be used."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from nlu.encoder import Encoder
from nlu.runtime import ENCODER_FOLDER, MODELS
from plugins.product_qa.gate import Gate, Gated
from plugins.product_qa.gate.features import FORM, form, hashed, words
from plugins.product_qa.gate.model import CARD, FOLDER, WEIGHTS
from plugins.product_qa.types import CatalogueError

ASKING = [
    ("is it waterproof", "question"),
    ("Does this kettle come with a warranty?", "question"),
    ("how much does the backpack weigh", "question"),
    ("kettle capacity", "keywords"),
    ("batteries included", "keywords"),
]
EVERYDAY = [
    "set an alarm for seven", "what is the weather in rome", "play some jazz", "what time is it", "tell me a joke",
    "how are you", "turn off the lights in the kitchen", "remind me to call mom tomorrow",
    "how do i get to the airport",
    "add milk to my shopping list", "what is the capital of france", "thank you",
]  # fmt: skip


@pytest.fixture(scope="module")
def gate() -> Gate:
    return Gate.load()


@pytest.fixture(scope="module")
def gated(gate: Gate) -> dict[str, Gated]:
    texts = [text for text, _ in ASKING] + EVERYDAY
    encoded = Encoder(MODELS / ENCODER_FOLDER).encode(texts, trunk=False)
    return {text: gate(text, found.vector) for text, found in zip(texts, encoded, strict=True)}


@pytest.mark.parametrize(("text", "kind"), ASKING)
def test_questions_and_keywords_pass(gated: dict[str, Gated], text: str, kind: str) -> None:
    assert gated[text].kind == kind
    assert gated[text].probability == gated[text].intent > 0.5


def test_in_a_shop_half_a_chance_is_enough(gate: Gate) -> None:
    text = "what is the return policy?"
    vector = Encoder(MODELS / ENCODER_FOLDER).encode([text], trunk=False)[0].vector
    found = gate(text, vector, shopping=True)
    assert found.kind == "question"
    assert found.intent == gate(text, vector).intent


@pytest.mark.parametrize("text", EVERYDAY)
def test_everyday_requests_do_not(gated: dict[str, Gated], text: str) -> None:
    assert gated[text].kind == "chat"
    assert gated[text].probability == pytest.approx(1 - gated[text].intent)


def test_without_a_vector_the_words_decide(gate: Gate) -> None:
    assert gate("does this come with batteries").kind == "question"
    assert gate("set an alarm for seven").kind == "chat"


@pytest.mark.parametrize("text", ["", "?!", "\ud800", "x" * 100_000, "日本語の質問"])
def test_any_text_gets_an_answer(gate: Gate, text: str) -> None:
    found = gate(text, np.zeros(384, dtype=np.float32))
    assert 0 <= found.intent <= 1
    assert 0 <= found.search <= 1 - found.intent + 1e-9


def test_a_vector_of_another_encoder_is_refused(gate: Gate) -> None:
    with pytest.raises(CatalogueError, match=r"shape \(3,\)"):
        gate("is it blue", np.zeros(3, dtype=np.float32))


def test_what_is_wrong_with_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"card.json: the file is missing"):
        Gate.load(tmp_path)
    shutil.copytree(FOLDER, tmp_path / "gate")
    (tmp_path / "gate" / WEIGHTS).write_bytes(b"PK no archive")
    with pytest.raises(CatalogueError, match="cannot be read"):
        Gate.load(tmp_path / "gate")
    card = json.loads((FOLDER / CARD).read_text(encoding="utf-8"))
    del card["calibration"]["full"]["slope"]
    shutil.copy(FOLDER / WEIGHTS, tmp_path / "gate" / WEIGHTS)
    (tmp_path / "gate" / CARD).write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(CatalogueError, match="'slope' is missing"):
        Gate.load(tmp_path / "gate")


def test_form_and_hashes() -> None:
    parts = words("Does THIS weigh 2.5 kg, model X200?")
    assert parts == ["does", "this", "weigh", "2.5", "kg", "model", "x200"]
    found = dict(zip(FORM, form(parts), strict=True))
    assert found["auxiliary first"] == found["inversion"] == found["model number"] == found["relation"] == 1
    assert found["wh first"] == found["shop"] == 0
    buckets, value = hashed(parts)
    assert len(set(buckets.tolist())) == len(buckets)
    assert value**2 * len(buckets) == pytest.approx(1)
    assert np.array_equal(hashed(words("weighs 2 kg"))[0], hashed(words("weighs 3 kg"))[0])
