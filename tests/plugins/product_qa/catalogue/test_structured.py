from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.product_qa.catalogue.structured import in_words, notation, worded
from plugins.product_qa.types import CatalogueError


@pytest.mark.parametrize(
    ("printed", "name", "value"),
    [
        (
            "item_weight:  { unit:ounces, normalized_value:{ unit:pounds, value:0.57 }, value:9.1 }",
            "item weight",
            "9.1 ounces",
        ),
        ("is_electric:  { value:false }", "is electric", "no"),
        ("platform:  { value:windows_7 }; { value:windows }", "platform", "windows 7, windows"),
        ('color:  { standardized_values:[ "green" ], value:"green/blue" }', "color", "green/blue"),
        (
            "battery:  { cell:[ { value:lithium_ion } ], weight:[ { unit:grams, value:0.5 } ] }",
            "battery",
            "cell lithium ion, weight 0.5 grams",
        ),
        ('size:  { value:"9|" x 16.3|" x 13|"" }', "size", '9" x 16.3" x 13"'),
        (
            "item_dimensions:  { width:{ unit:inches, value:19. }, height:{ unit:inches, value:4 } }",
            "item dimensions",
            "width 19 inches, height 4 inches",
        ),
        ("made:  { value:2008-04-18t00:00:01z }", "made", "2008-04-18t00:00:01z"),
        ("color: red", "color", "red"),
    ],
)
def test_the_printed_notation(printed: str, name: str, value: str) -> None:
    assert notation(printed) == (name, value)


@pytest.mark.parametrize(
    "printed", ["a:  { value:1", "a:  { value:1 } }", 'a:  { value:"x }', "a:  { : }", "a: " + "{ b:" * 40]
)
def test_brackets_that_do_not_match(printed: str) -> None:
    with pytest.raises(CatalogueError):
        notation(printed)


def test_text_without_a_name_is_no_attribute() -> None:
    assert notation("just words") is None


def test_json_values_in_words() -> None:
    assert in_words({"value": 1.0, "unit": "kg"}) == "1 kg"
    assert in_words([True, "red", "red", None, 2.5]) == "yes, red, 2.5"
    assert in_words({"width": {"value": 3, "unit": "cm"}, "note": "about"}) == "width 3 cm, note about"
    nested: object = 1
    for _ in range(50):
        nested = [nested]
    with pytest.raises(CatalogueError, match="nested too deep"):
        in_words(nested)


def test_names_in_words() -> None:
    assert [worded(name) for name in ("itemWeight", "item_weight", "BPA free", "ITEM WEIGHT", "SKU", "Item.Size")] == [
        "item weight", "item weight", "BPA free", "item weight", "SKU", "item size",
    ]  # fmt: skip


@given(st.text(alphabet='{}[]:;,"|\\ ab1', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = notation("name: " + text)
    except CatalogueError:
        return
    assert found is None or found[0] == "name"
