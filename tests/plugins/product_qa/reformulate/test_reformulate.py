"""Rewordings: repaired, reshaped, generalised, in order and without doubles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dialog.errors import AssistantError
from plugins.product_qa.reformulate import Relaxed, kind_of, reformulations, repaired
from plugins.product_qa.reformulate.fit import fit, main
from plugins.product_qa.reformulate.generalise import generalised
from plugins.product_qa.reformulate.repair import Restarts
from plugins.product_qa.reformulate.reshape import reshaped
from plugins.product_qa.reformulate.restarts import FEATURES, interregna


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("what is it made of", "root"), ("how long is the cord", "root"), ("is it blue", "polar"),
        ("can i wash it", "polar"),
        ("how do i clean it", "open"), ("tell me the weight", "request"), ("the weight please", "other"), ("", "other"),
    ],
)  # fmt: skip
def test_kinds(text: str, kind: str) -> None:
    assert kind_of(text) == kind


@pytest.mark.parametrize(
    ("text", "fluent"),
    [
        ("is the kettle no i mean the toaster dishwasher safe", "is the toaster dishwasher safe"),
        ("how heavy no sorry how tall is it?", "how tall is it?"),
        ("um is it uh waterproof", "is it waterproof"),
        ("can i can i use it outside", "can i use it outside"),
        ("hi, i was wondering if it is waterproof, thanks", "is it waterproof"),
        ("what colors rather sizes does it come in", "what sizes does it come in"),
        ("whats the weight", "what's the weight"),
    ],
)
def test_repair(text: str, fluent: str) -> None:
    assert repaired(text) == fluent


@pytest.mark.parametrize(
    "text",
    [
        "does this contain no sugar?", "what does the blue light mean?", "is it rather than 5 cm 6 cm?", "",
        "does it scratch the floor", "is model no. 12345 this one?", "does it actually work", "is it very very loud",
    ],
)  # fmt: skip
def test_fluent_questions_stay(text: str) -> None:
    assert repaired(text) == text


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("can i use it outside in the rain", "what is the water resistance?"),
        ("does it come with batteries?", "what is included with it?"),
        ("is it made of plastic", "what is it made of?"),
        ("is it heavy", "what is the weight?"),
        ("will it work with my iphone", "what is it compatible with?"),
        ("does it have a handle?", "what handle does it have?"),
        ("tell me the price", "what is the price?"),
        ("how do i open the battery door?", "what is the way to open the battery door?"),
        ("what is the price", ""),
        ("is it nice", ""),
        ("", ""),
    ],
)
def test_reshape(text: str, root: str) -> None:
    assert reshaped(text) == root


@pytest.mark.parametrize(
    ("text", "wider"),
    [
        ("does the blue jacket have pockets", "does the clothing have pockets?"),
        ("my old one broke. will this one fit?", "will this one fit?"),
        ("can it be covered with the top panel to hide the animal?", "can it be covered?"),
        ("how long does it last if i use it every day?", "how long does it last?"),
        ("is it compatible with windows", ""),
        ("is it big", ""),
        ("", ""),
    ],
)
def test_generalise(text: str, wider: str) -> None:
    assert generalised(text) == wider


def test_rewordings_in_order_without_doubles() -> None:
    found = reformulations("um can i use the kettle no i mean the backpack in the rain when i am hiking")
    assert found[0] == Relaxed("repair", "can i use the backpack in the rain when i am hiking")
    assert Relaxed("reshape", "what is the water resistance?") in found
    assert len(found) <= 4
    assert len({one.text for one in found}) == len(found)
    assert reformulations("what is the weight?") == []


@pytest.mark.parametrize(
    "text", ["", "?", "no", "no sorry", "\ud800 no i mean", "the " * 5000, "a no b " * 20, "(" * 500]
)
def test_any_text_gets_an_answer(text: str) -> None:
    assert len(reformulations(text)) <= 4


def test_interregna() -> None:
    assert interregna(["is", "the", "kettle", "no", "i", "mean", "the", "toaster", "safe"]) == [(3, 6)]
    assert interregna(["what", "does", "it", "mean"]) == []


def test_weights_are_learned_and_read(tmp_path: Path) -> None:
    pairs = [("what is red no sorry blue", "what is blue"), ("how old no how tall is it", "how tall is it")]
    learned = Restarts(fit(pairs))
    found = learned.best(["what", "is", "big", "no", "sorry", "small"])
    assert found is not None
    assert found.kept == ["what", "is", "small"]
    path = tmp_path / "restarts.json"
    path.write_text(json.dumps({"weights": {FEATURES[0]: 1.0}}), encoding="utf-8")
    with pytest.raises(AssistantError, match=r"restarts\.json: cannot be read"):
        Restarts.load(path)
    with pytest.raises(AssistantError, match="the file is missing"):
        Restarts.load(tmp_path / "none.json")


def test_fit_names_the_file_that_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path), "--out", str(tmp_path / "out.json")]) == 1
    assert "train.json: the file is missing" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()
