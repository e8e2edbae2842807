"""Intents that plugins declare by examples."""

import random
import time
from pathlib import Path

import pytest

from nlu.data import mash
from nlu.extra_intents import ExtraIntents, clean_examples, strip_annotation
from nlu.runtime import Understander

from .plugin_examples import EXAMPLES, PARAPHRASES


@pytest.fixture(scope="module")
def extended(understander: Understander) -> Understander:
    return understander.with_examples(EXAMPLES)


def test_paraphrases_are_recognised(extended: Understander) -> None:
    wanted = [(text, intent) for intent, texts in PARAPHRASES.items() for text in texts]
    found = [parse.intent for parse in extended.parse([text for text, _ in wanted])]
    right = sum(a == intent for a, (_, intent) in zip(found, wanted, strict=True))
    assert right / len(wanted) >= 0.8, [(t, a) for a, (t, i) in zip(found, wanted, strict=True) if a != i]


def test_noise_is_no_timer(extended: Understander) -> None:
    rng = random.Random(5)
    parses = extended.parse([mash(rng) for _ in range(100)] + ["", "   "])
    assert sum(parse.intent in EXAMPLES for parse in parses) == 0


def test_base_intents_stay(extended: Understander, understander: Understander) -> None:
    texts = [
        "wake me up at seven tomorrow",
        "play some jazz",
        "what's the weather in rome",
        "turn off the kitchen light",
        "add milk to my shopping list",
        "what time is it in tokyo",
        "tell me a joke",
        "remove the meeting on friday",
    ]
    assert [p.intent for p in extended.parse(texts)] == [p.intent for p in understander.parse(texts)]


def test_probabilities_still_sum_to_one(extended: Understander) -> None:
    for parse in extended.parse(["set a timer for ten minutes", "play jazz", "qwpoeiru", ""]):
        assert sum(chance for _, chance in parse.intents) + parse.out_of_scope == pytest.approx(1, abs=1e-6)
        assert {name for name, _ in parse.intents} == set(extended.intents)


def test_examples_of_a_base_intent_move_probability_to_it(understander: Understander) -> None:
    text = "nuke the morning buzzer"
    more = understander.with_examples(
        {
            "alarm_remove": [
                "nuke the buzzer",
                "nuke my morning buzzer",
                "kill the buzzer",
                "zap that buzzer",
                "nuke all buzzers",
            ]
        }
    )
    before, after = (dict(u.parse([text])[0].intents)["alarm_remove"] for u in (understander, more))
    assert after > before and more.intents == understander.intents


def test_fit_is_quick_cached_and_deterministic(
    understander: Understander, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = {
        f"{name}_{copy}": [f"{text} {copy}" for text in texts]
        for name, texts in EXAMPLES.items()
        for copy in range(3)
    }
    start = time.process_time()
    first = understander.with_examples(many, tmp_path)
    assert time.process_time() - start < 3
    assert len(list(tmp_path.glob("extra-*.npz"))) == 1
    monkeypatch.setattr("nlu.runtime.fit", lambda *_: pytest.fail("the cached fit was not used"))
    again = understander.with_examples(many, tmp_path)
    a, b = (u.parse(["flip a coin"])[0] for u in (first, again))
    assert a.intents == b.intents and first.version == again.version != understander.version


def test_a_broken_cache_is_fitted_again(understander: Understander, tmp_path: Path) -> None:
    understander.with_examples({"coin_flip": EXAMPLES["coin_flip"]}, tmp_path)
    path = next(tmp_path.glob("extra-*.npz"))
    path.write_bytes(b"PK broken")
    assert ExtraIntents.read(path) is None
    assert understander.with_examples({"coin_flip": EXAMPLES["coin_flip"]}, tmp_path).parse(["toss a coin"])


def test_an_unwritable_cache_costs_nothing_but_time(understander: Understander, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    more = understander.with_examples({"coin_flip": EXAMPLES["coin_flip"]}, blocked)
    assert more.parse(["flip a coin"])[0].intent == "coin_flip"


def test_annotation_is_stripped() -> None:
    assert strip_annotation("set a timer for [ten minutes](duration)") == "set a timer for ten minutes"
    assert strip_annotation('[rome]{"entity": "city", "role": "to"} please') == "rome please"


@pytest.mark.parametrize("examples", [{"a": []}, {"a": ["", "  "]}, {"a": "flip a coin"}, {"": ["x"]}])
def test_bad_examples_are_refused(examples: dict[str, list[str]]) -> None:
    with pytest.raises(ValueError, match="intent"):
        clean_examples(examples)


def test_no_examples_give_the_base(understander: Understander) -> None:
    assert understander.with_examples({}).version == understander.version


def test_one_example_each_is_enough(understander: Understander) -> None:
    small = understander.with_examples({"coin_flip": ["flip a coin"], "phone_call": ["call my mother"]})
    assert small.parse(["flip a coin"])[0].intent == "coin_flip"
