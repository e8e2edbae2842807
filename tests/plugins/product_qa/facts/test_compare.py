import pytest

from plugins.product_qa.facts import Fact, best, compare, facts, wish
from tests.plugins.product_qa.facts.shop import PACK, SPEAKER, product

SHOP: dict[str, list[Fact]] = {
    "pack": PACK,
    "speaker": SPEAKER,
    "tent": facts(product("tent", item_weight="5 lb 8 oz", price="$120", item_dimensions="50 x 20 x 20 cm")),
    "lamp": facts(product("lamp", brightness="800 lm", price="49 USD")),
}


@pytest.mark.parametrize(
    ("question", "name", "direction", "superlative"),
    [
        ("which is lighter", "weight", "least", False),
        ("which one is heavier", "weight", "most", False),
        ("the cheapest one", "price", "least", True),
        ("what is your most expensive backpack", "price", "most", True),
        ("which has the longest battery life", "battery life", "most", True),
        ("which one lasts longer", "battery life", "most", False),
        ("which is bigger", "size", "most", False),
        ("which one has the bigger screen", "screen size", "most", False),
        ("the quietest kettle", "noise", "least", True),
        ("which holds more", "capacity", "most", False),
        ("which charges faster", "charging time", "least", False),
        ("show me the smallest one", "size", "least", True),
    ],
)
def test_wishes(question: str, name: str, direction: str, superlative: bool) -> None:
    asked = wish(question)
    assert asked is not None
    assert (asked.name, asked.direction, asked.superlative) == (name, direction, superlative)


@pytest.mark.parametrize("question", ["is it heavy", "what colour is it", "is it big", ""])
def test_no_wish(question: str) -> None:
    assert wish(question) is None


def test_two_products() -> None:
    found = compare("weight", PACK, SPEAKER)
    assert found is not None
    assert found.order == 1 and found.difference.unit == "kilogram"
    assert float(found.difference.number) == pytest.approx(1.2 - 19.2 * 0.028349523125)
    other = compare("weight", SPEAKER, PACK)
    assert other is not None and other.order == -1 and other.ratio == pytest.approx(found.ratio)


def test_what_one_does_not_state_is_not_compared() -> None:
    assert compare("noise", PACK, SPEAKER) is None


def test_unlabelled_sides_have_no_height() -> None:
    assert compare("height", PACK, SHOP["tent"]) is None


def test_best_with_ties_and_missing() -> None:
    places, missing = best("price", "least", SHOP)
    assert [(place.product, place.rank) for place in places] == [("speaker", 1), ("lamp", 1), ("pack", 3), ("tent", 4)]
    assert missing == []
    places, missing = best("weight", "most", SHOP)
    assert [place.product for place in places] == ["tent", "pack", "speaker"]
    assert missing == ["lamp"]
