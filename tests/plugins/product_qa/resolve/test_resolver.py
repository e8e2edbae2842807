import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.product_qa.resolve import Resolver
from plugins.product_qa.resolve.belief import BeliefError, fit, load
from plugins.product_qa.resolve.evidence import FEATURES

SHOP = [
    ("gooseneck", "Brewline Gooseneck Kettle 1.7 L, matte black", (), "Kettles"),
    ("travel", "Voltano Electric Kettle 1 L, blue", ("travel kettle",), "Kettles"),
    ("grinder", "Brewline Burr Coffee Grinder", (), "Coffee grinders"),
    ("pack", "Trailhead 40 L Hiking Backpack", ("trail backpack",), "Backpacks"),
    ("tent", "Northpeak 2-Person Tent", (), "Tents"),
    ("mill", "Salt and Pepper Mill Set", (), "Kitchen"),
    ("router", "Linksys WRT610N Dual-Band Router", (), "Networking"),
]


@pytest.fixture(scope="module")
def shop() -> Resolver:
    return Resolver(SHOP)


@pytest.mark.parametrize(
    ("text", "product", "name"),
    [
        ("is the trail backpack waterproof", "pack", "trail backpack"),
        ("how heavy is the gooseneck kettle", "gooseneck", "gooseneck kettle"),
        ("tell me about your 40 litre backpack", "pack", "40 litre backpack"),
        ("does your forty litre back pack have pockets", "pack", "forty litre back pack"),
        ("is the two person tent heavy", "tent", "two person tent"),
        ("is the salt and pepper mill heavy", "mill", "salt and pepper mill"),
        ("how loud is the coffee grinder", "grinder", "coffee grinder"),
        ("does the w r t 610 n have wifi", "router", "w r t 610 n"),
        # misheard
        ("how heavy is the goose neck cattle", "gooseneck", "goose neck cattle"),
        ("how loud is the coffee grind her", "grinder", "coffee grind her"),
        ("is the north peak tend waterproof", "tent", "north peak tend"),
        ("tell me about the trail head hiking pack", "pack", "trail head hiking pack"),
    ],
)
def test_named(shop: Resolver, text: str, product: str, name: str) -> None:
    found = shop.resolve(text)
    assert (found.product, found.how) == (product, "named")
    assert found.span is not None and text[slice(*found.span)] == name


@pytest.mark.parametrize("text", ["what is the weather tomorrow", "is the toaster dishwasher safe", "hello", "", "?!"])
def test_nobody(shop: Resolver, text: str) -> None:
    found = shop.resolve(text)
    assert (found.product, found.how) == (None, "none")


def test_two_kettles_need_a_question(shop: Resolver) -> None:
    found = shop.resolve("how much does the kettle weigh")
    assert (found.product, found.how) == (None, "ambiguous")
    assert {id for id, _ in found.candidates} == {"gooseneck", "travel"}


def test_of_two_kettles_the_one_talked_about(shop: Resolver) -> None:
    assert shop.resolve("how much does the kettle weigh", ["travel", "pack"]).product == "travel"
    assert shop.resolve("how much does the kettle weigh", ["pack"], "gooseneck").product == "gooseneck"


@pytest.mark.parametrize(
    ("text", "recent", "page", "product", "how"),
    [
        ("is it loud", ["grinder"], None, "grinder", "recent"),
        ("and is it waterproof", ["pack", "tent"], None, "pack", "recent"),
        ("how big is that one", ["pack", "tent"], None, "pack", "recent"),
        ("how much does it cost", ["grinder"], "tent", "tent", "page"),
        ("how much does it cost", ["grinder", "tent"], "tent", "grinder", "recent"),
        ("how much does this one cost", ["grinder", "tent"], "tent", "tent", "page"),
        ("weight", [], "tent", "tent", "page"),
        ("the second one", ["tent", "pack"], None, "tent", "ordinal"),
        ("the first one please", ["tent", "pack"], None, "pack", "ordinal"),
        ("is the former cheaper", ["tent", "pack"], None, "pack", "ordinal"),
        ("the last one", ["tent", "pack", "mill"], None, "tent", "ordinal"),
        ("number two", ["tent", "pack"], None, "tent", "ordinal"),
        ("what about the other one", ["tent", "pack"], None, "pack", "other"),
        ("and the other kettle", ["gooseneck", "travel"], None, "travel", "other"),
        ("what about the blue one", ["gooseneck", "travel"], None, "travel", "described"),
        ("is the electric one better", ["gooseneck", "travel"], None, "travel", "described"),
        ("does it come with a backpack", ["gooseneck"], None, "gooseneck", "recent"),
        ("and the coffee grinder", ["gooseneck"], None, "grinder", "named"),
        ("is it on sale", ["gone"], None, None, "none"),
    ],
)
def test_pointed_at(
    shop: Resolver, text: str, recent: list[str], page: str | None, product: str | None, how: str
) -> None:
    found = shop.resolve(text, recent, page)
    assert (found.product, found.how) == (product, how)


def test_offered_products_have_an_order(shop: Resolver) -> None:
    assert shop.resolve("the second one", ["mill"], shown=["tent", "pack", "mill"]).product == "pack"
    assert shop.resolve("the seventh one", ["mill"], shown=["tent", "pack"]).product == "mill"


def test_described_by_a_fact(shop: Resolver) -> None:
    colours = {"pack": "color red", "tent": "color green"}
    found = shop.resolve("how much is the green one", ["pack", "tent"], about=lambda id: colours[id])
    assert (found.product, found.how) == ("tent", "described")


@pytest.mark.parametrize(
    ("text", "recent", "products"),
    [
        ("is the gooseneck kettle or the coffee grinder lighter", [], ("gooseneck", "grinder")),
        ("compare the tent with the trail backpack", [], ("tent", "pack")),
        ("is it lighter than the tent", ["pack"], ("pack", "tent")),
        ("which one is lighter", ["gooseneck", "pack"], ("pack", "gooseneck")),
        ("which of them is cheaper", ["tent", "pack", "mill"], ("tent", "pack")),
    ],
)
def test_compared(shop: Resolver, text: str, recent: list[str], products: tuple[str, ...]) -> None:
    found = shop.resolve(text, recent)
    assert (found.how, found.products) == ("compared", products)


def test_one_of_two_compared_is_unclear(shop: Resolver) -> None:
    found = shop.resolve("is the kettle or the coffee grinder lighter")
    assert (found.how, found.products) == ("ambiguous", ("grinder",))
    assert {id for id, _ in found.candidates} == {"gooseneck", "travel"}


def test_add_replace_remove() -> None:
    resolver = Resolver(SHOP[:2])
    assert resolver.resolve("tell me about the hiking backpack").product is None
    resolver.add(SHOP[2:])
    assert resolver.resolve("tell me about the hiking backpack").product == "pack"
    resolver.add([("pack", "Summit Rucksack 60 L", (), "Rucksacks")])
    assert resolver.resolve("tell me about the hiking backpack").product is None
    assert resolver.resolve("tell me about the summit rucksack").product == "pack"
    resolver.remove(["pack", "never there"])
    assert "pack" not in resolver and len(resolver) == len(SHOP) - 1
    assert resolver.resolve("tell me about the summit rucksack").product is None


def test_many_small_changes_are_merged() -> None:
    resolver = Resolver()
    for number in range(20):
        resolver.add([(f"p{number}", f"Model{number}x Lantern", (), "")])
        assert resolver.resolve(f"is the model{number}x lantern bright").product == f"p{number}"
    assert resolver.resolve("is the model3x lantern bright").product == "p3"
    resolver.remove(f"p{number}" for number in range(20))
    assert resolver.resolve("is the model3x lantern bright").candidates == ()


def test_probabilities_and_order_are_the_same_again(shop: Resolver) -> None:
    first, second = (shop.resolve("how much does the kettle weigh") for _ in range(2))
    assert first == second
    assert sum(chance for _, chance in first.candidates) <= 1


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=80), st.lists(st.sampled_from([one[0] for one in SHOP]), max_size=3))
def test_any_text_resolves(shop: Resolver, text: str, recent: list[str]) -> None:
    found = shop.resolve(text, recent)
    assert found.product is None or found.product in shop
    assert found.span is None or 0 <= found.span[0] <= found.span[1] <= len(text)


def test_fit_finds_the_feature_that_decides() -> None:
    rng = np.random.default_rng(0)
    groups = []
    for _ in range(200):
        table = rng.normal(size=(3, len(FEATURES)))
        table[:, 0] = 1
        groups.append((table, int(table[:, 2].argmax()) if table[:, 2].max() > 0.5 else -1))
    weights = fit(groups)
    assert weights[2] > 5 * np.abs(weights[[1, *range(3, len(FEATURES))]]).max()


def test_weights_for_other_features_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.json"
    path.write_text(json.dumps({"features": ["one"], "weights": [1], "accept": 0.5}))
    with pytest.raises(BeliefError, match="made for the features"):
        load(path)
    with pytest.raises(BeliefError, match="missing"):
        load(tmp_path / "missing.json")
