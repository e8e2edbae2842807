from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.product_qa.index.tokens import MAX_LENGTH, MAX_TOKENS, STOP_WORDS, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.2kg", ["1.2", "kg"]),
        ("weighs 1.2 KG", ["weigh", "1.2", "kg"]),
        ("1,000 ml or 2.0 litres", ["1000", "ml", "2", "litre"]),
        ("Crème brûlée", ["creme", "brulee"]),
        ("boxes, inches, batteries, glasses, series", ["box", "inch", "battery", "glass", "sery"]),
        ("is the kettle's handle hot?", ["kettle", "handle", "hot"]),
        ("doesn't and doesn’t", []),
        ("not without no", ["not", "without", "no"]),
        ("FRS20QRB", ["frs20qrb", "frs", "20", "qrb"]),
        ("5x7in", ["5x7in", "5", "x", "7", "in"]),
        ("IP67 3.0-inch", ["ip67", "ip", "67", "3", "inch"]),
        ("bus glass this", ["bus", "glass"]),
        ("1.2.3 and 10,5", ["1.2.3", "10,5"]),
        ("", []),
        ("?! ... \0", []),
    ],
)
def test_words_numbers_and_units(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_singular_and_plural_meet() -> None:
    for one, many in (("battery", "batteries"), ("inch", "inches"), ("strap", "straps"), ("box", "boxes")):
        assert tokens(one) == tokens(many)


@given(st.text(max_size=200))
def test_any_text_gives_clean_words(text: str) -> None:
    found = tokens(text)
    assert found == tokens(text)
    assert all(word and len(word) <= MAX_LENGTH and not set(word) & set(" \n\t_") for word in found)


def test_stop_words_are_left_out() -> None:
    assert tokens(" ".join(sorted(STOP_WORDS)).upper()) == []
    assert tokens("What's it? I don't, you're!") == []


def test_long_texts_and_words_are_bounded() -> None:
    assert len(tokens("word1 " * 10_000)) == MAX_TOKENS
    assert tokens("x" * 10_000) == ["x" * MAX_LENGTH]
