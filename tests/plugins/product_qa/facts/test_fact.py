from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.product_qa.facts import Quantity, facts
from plugins.product_qa.facts.fact import typed
from plugins.product_qa.facts.values import human, leaves
from plugins.product_qa.types import Attribute, Passage, Product
from tests.plugins.product_qa.facts.shop import PACK, SPEAKER


def said(found: list, name: str) -> object:  # type: ignore[type-arg]
    value = next(fact.value for fact in found if fact.name == name)
    if isinstance(value, tuple):
        return [one.say() for one in value]
    return value.say() if isinstance(value, Quantity) else value


def test_types_of_values() -> None:
    assert said(PACK, "item weight") == "1.2 kilograms"
    assert said(PACK, "is stain resistant") is False
    assert said(PACK, "material") == "nylon, polyester"
    assert said(PACK, "item height") == "20 inches"
    assert said(PACK, "item dimensions") == ["20 inches", "12 inches", "8 inches"]
    assert said(PACK, "item package weight") == "1.63 kilograms"
    assert said(SPEAKER, "battery") == "2,000 milliampere hours"
    assert said(SPEAKER, "batteries included") is True
    assert said(SPEAKER, "display size") == "15.6 inches"
    assert said(SPEAKER, "display resolution maximum") == "1366 x 768"


def test_several_records_are_one_text() -> None:
    value = "{ value:hdmi }; { value:usb }; { value:usb }"
    (fact,) = facts(Product("p", "p", (Attribute("hardware_interface", value),)))
    assert (fact.name, fact.value) == ("hardware interface", "hdmi, usb")


def test_labelled_sides_of_records() -> None:
    value = (
        "{ width:{ unit:inches, normalized_value:{ unit:cm, value:23 }, value:9 }, length:{ unit:inches, value:12 } }"
    )
    found = facts(Product("p", "p", (Attribute("item_dimensions", value),)))
    assert [(fact.name, said(found, fact.name)) for fact in found] == [
        ("item width", "9 inches"), ("item length", "12 inches"),
    ]  # fmt: skip


def test_keys_are_those_of_the_passages() -> None:
    weight, colour = Attribute("weight", "1", "kg"), Attribute("color", "red")
    passages = [Passage("k1", "p", "attribute", "weight: 1 kg", attribute=weight), Passage("k2", "p", "bullet", "red")]
    assert [fact.key for fact in facts(Product("p", "p", (weight, colour)), passages)] == ["k1", ""]


def test_what_says_nothing_is_no_fact() -> None:
    assert facts(Product("p", "p", (Attribute("a", "n/a"), Attribute("b", "  "), Attribute("c", "{ value:na }")))) == []


def test_broken_records_stay_texts() -> None:
    for text in ("{ value:1", "{ value }", "{ a:{ b:", "{" * 50, "{ value:'x }"):
        assert [leaf.text for leaf in leaves(text)] == [text]


def test_names_in_words() -> None:
    assert human("is_stain_resistant") == "is stain resistant"
    assert human("batteryLife") == "battery life"
    assert human("  Item Weight: ") == "item weight"


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["", "kg", "nonsense"]))
def test_any_value_has_a_type(text: str, unit: str) -> None:
    value = typed(text, unit)
    assert value is None or isinstance(value, bool | str | tuple | Quantity)
    for leaf in leaves(text):
        assert leaf.text
