"""The linear baseline learns what it should and says what it cannot."""

import pickle
from pathlib import Path

import pytest

from benchmarks.linear_stack import LinearStack, shape, window_features
from benchmarks.nlu_peers_data import Sentence

CITIES = ("berlin", "rome", "new york", "oslo", "san francisco", "paris")


def sentences() -> list[Sentence]:
    out = []
    for city in CITIES:
        words = city.split()
        tags = ("B-city", *("I-city" for _ in words[1:]))
        out.append(Sentence(("fly", "to", *words), ("O", "O", *tags), "flight"))
        out.append(Sentence(("weather", "in", *words, "today"), ("O", "O", *tags, "B-date"), "weather"))
    return out


def test_it_reads_intents_and_slots_also_of_unknown_words_and_after_storing(tmp_path: Path) -> None:
    stack = LinearStack().fit(sentences(), tmp_path)
    again = pickle.loads(pickle.dumps(stack))
    for one in (stack, again):
        found = one.read("please fly to san marino")
        assert found.intent == "flight" and 0.5 < found.confidence <= 1
        assert found.tags == ["O", "O", "O", "B-city", "I-city"]
    assert stack.read("weather in oslo today").tags == ["O", "O", "B-city", "B-date"]


def test_the_same_rows_give_the_same_answers(tmp_path: Path) -> None:
    first, second = (LinearStack().fit(sentences(), tmp_path) for _ in range(2))
    assert first.read("fly to berlin") == second.read("fly to berlin")


def test_empty_text_has_an_intent_and_no_tags(tmp_path: Path) -> None:
    found = LinearStack().fit(sentences(), tmp_path).read("")
    assert found.tags == [] and found.confidence < 0.9


def test_one_intent_is_too_few(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least two intents"):
        LinearStack().fit([one for one in sentences() if one.intent == "flight"], tmp_path)


def test_features_see_two_words_to_each_side() -> None:
    found = window_features(["a", "b", "c7"])
    assert {"w=a", "w1=b", "w2=c7", "w-1=<>"} <= set(found[0])
    assert "shape2=xd" in found[0] and "w-2=a" in found[2]
    assert shape("7pm's") == "dx'x"
