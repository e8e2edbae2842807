from collections.abc import Sequence

import pytest

from plugins.product_qa.facts import TOPICS, facts, lookup
from tests.plugins.product_qa.facts.shop import PACK, SPEAKER, product


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("how much does it weigh", "item weight"),
        ("is it heavy", "item weight"),
        ("how heavy is the bag", "item weight"),
        ("what's the weight of this?", "item weight"),
        ("what is the package weight", "item package weight"),
        ("how big is it", "item dimensions"),
        ("what are the dimensions", "item dimensions"),
        ("what size is it", "item dimensions"),
        ("how tall is it", "item height"),
        ("how wide is the backpack", "item width"),
        ("how deep is it", "item depth"),
        ("is it waterproof", "waterproof"),
        ("can it get wet", "waterproof"),
        ("is it water resistant", "waterproof"),
        ("what is the IP rating", "waterproof"),
        ("how much does it hold", "capacity"),
        ("what is the capacity in litres", "capacity"),
        ("what is the weight limit", "load capacity"),
        ("how much is it", "price"),
        ("what does it cost", "price"),
        ("what colour is it", "color"),
        ("does it come in red", "color"),
        ("what is it made of", "material"),
        ("is it leather", "material"),
        ("is it stain resistant", "is stain resistant"),
        ("how long is the warranty", "warranty"),
        ("does my laptop fit", "laptop size"),
        ("how many pieces are there", "number of pieces"),
    ],
)
def test_questions_about_the_pack(question: str, name: str) -> None:
    assert lookup(question, PACK)[0].fact.name == name


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("how long does the battery last", "battery life"),
        ("how long does it last on one charge", "battery life"),
        ("what's the battery life", "battery life"),
        ("how long does it take to charge", "charging time"),
        ("how loud is it", "noise level"),
        ("is it noisy", "noise level"),
        ("how big is the screen", "display size"),
        ("what is the display resolution", "display resolution maximum"),
        ("can i swim with it", "water resistance depth"),
        ("how many watts does it have", "power"),
        ("what voltage does it need", "voltage"),
        ("is it electric", "is electric"),
        ("does it come with batteries", "batteries included"),
        ("what country of origin is it", "country of origin"),
        ("where is it made in", "country of origin"),
    ],
)
def test_questions_about_the_speaker(question: str, name: str) -> None:
    assert lookup(question, SPEAKER)[0].fact.name == name


def test_nothing_fits() -> None:
    assert lookup("who won the match", PACK) == []


def test_meaning_is_asked_only_where_words_fail() -> None:
    calls = []

    def similarity(question: str, names: Sequence[str]) -> list[float]:
        calls.append(question)
        return [0.9 if name == "country of origin" else 0.1 for name in names]

    assert lookup("where was that produced", SPEAKER, similarity=similarity)[0].fact.name == "country of origin"
    assert lookup("how loud is it", SPEAKER, similarity=similarity)[0].fact.name == "noise level"
    assert calls == ["where was that produced"]


def test_a_shop_adds_words() -> None:
    found = facts(product("kite", wind_range="3-6 bft", item_weight="1 kg"))
    topics = TOPICS.extended({"wind range": ["how stormy"], "weight": ["what does it tip the scales at"]})
    assert lookup("how stormy may it be", found) == []
    assert lookup("how stormy may it be", found, topics)[0].fact.name == "wind range"
    assert lookup("what does it tip the scales at", found, topics)[0].topic == "weight"
