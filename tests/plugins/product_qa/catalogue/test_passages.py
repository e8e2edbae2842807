from __future__ import annotations

from plugins.product_qa.catalogue import PAGE, passages_of, unit_of
from plugins.product_qa.types import Attribute, Product

KETTLE = Product(
    "k1",
    "Trail Kettle",
    (Attribute("item weight", "1.2", "kg"), Attribute("colour", "red")),
    ("Boils fast. Stays hot.",),
    "It holds 1.7 l. It is made of steel.",
    ("Quiet. I like it.", "Loud.", "Loud."),
    (("Is it loud?", "Yes."), ("Does it rust?", "Yes.")),
    (("How do I clean it?", "With vinegar."),),
)


def test_the_passages_of_a_product() -> None:
    found = [(one.source, one.text, one.question) for one in passages_of(KETTLE)]
    assert found == [
        ("title", "Trail Kettle", ""),
        ("attribute", "item weight: 1.2 kg", ""),
        ("attribute", "colour: red", ""),
        ("bullet", "Boils fast. Stays hot.", ""),
        ("description", "It holds 1.7 l.", ""),
        ("description", "It is made of steel.", ""),
        ("faq", "With vinegar.", "How do I clean it?"),
        ("answer", "Yes.", "Is it loud?"),
        ("answer", "Yes.", "Does it rust?"),
        ("review", "Quiet.", ""),
        ("review", "I like it.", ""),
        ("review", "Loud.", ""),
        ("review", "Loud.", ""),
    ]
    assert passages_of(KETTLE)[1].attribute == Attribute("item weight", "1.2", "kg")
    assert len({one.key for one in passages_of(KETTLE)}) == len(found)


def test_keys_stay_when_others_come_and_go() -> None:
    before = {one.key for one in passages_of(KETTLE)}
    other = Product("k1", "Trail Kettle", KETTLE.attributes[::-1], reviews=("New.", *KETTLE.reviews[::-1]))
    after = {one.key: one.text for one in passages_of(other)}
    assert {text for key, text in after.items() if key not in before} == {"New."}
    assert not before & {one.key for one in passages_of(Product("k2", "Trail Kettle", reviews=KETTLE.reviews))}


def test_sentences_of_one_review_are_one_opinion() -> None:
    reviews = [one for one in passages_of(KETTLE) if one.source == "review"]
    assert len({unit_of(one.key) for one in reviews}) == 3
    assert unit_of(reviews[0].key) == unit_of(reviews[1].key)


def test_pages_of_the_shop_belong_to_no_product() -> None:
    policy = Product(f"{PAGE}policy:1", "Returns", description="Within 30 days. Free of charge.", category="policy")
    faq = Product(f"{PAGE}faq:1", "Where?", faq=(("Where?", "In Leipzig."),))
    (one,), (two,) = passages_of(policy), passages_of(faq)
    assert (one.product, one.source, one.text) == ("", "policy", "Returns: Within 30 days. Free of charge.")
    assert (two.product, two.source, two.question) == ("", "faq", "Where?")
