from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.product_qa.catalogue.sentences import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It weighs 1.2 kg. It holds 1.7 l.", ["It weighs 1.2 kg.", "It holds 1.7 l."]),
        ("Holds 12 oz. of tea. Nice!", ["Holds 12 oz. of tea.", "Nice!"]),
        ("it weighs 5 lbs. it works well.", ["it weighs 5 lbs.", "it works well."]),
        ("Use e.g. tea, i.e. leaves. Not coffee.", ["Use e.g. tea, i.e. leaves.", "Not coffee."]),
        (
            "Works with approx. 3 in. of space, no. 4 screws vs. 5.",
            ["Works with approx. 3 in. of space, no. 4 screws vs. 5."],
        ),
        ("Made by Acme Inc. It is good.", ["Made by Acme Inc.", "It is good."]),
        ("Made by Acme Inc. in Spain.", ["Made by Acme Inc. in Spain."]),
        ("Designed by J. Smith. Great.", ["Designed by J. Smith.", "Great."]),
        ("i like it. works fine! really?", ["i like it.", "works fine!", "really?"]),
        ("No spaces.The next one... and on.", ["No spaces.", "The next one... and on."]),
        ('He said "great." Then it broke.', ['He said "great."', "Then it broke."]),
        ("1. Fill the tank. 2. Press start.", ["1. Fill the tank.", "2. Press start."]),
        ("One line\nanother line", ["One line", "another line"]),
        ("... !!! \n - ", []),
        ("at 10 a.m. on Monday. Really.", ["at 10 a.m. on Monday.", "Really."]),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_long_ones_are_parted_at_a_clause() -> None:
    text = "it is light, " * 40
    parts = sentences(text)
    assert all(len(part) <= 300 and part.endswith(("light,", "light")) for part in parts)
    assert " ".join(parts) == text.strip()


@given(st.text(alphabet="ab 1.,!?\n;…\"'", max_size=400), st.integers(5, 60))
def test_no_word_is_lost_and_none_is_too_long(text: str, longest: int) -> None:
    found = sentences(text, longest)
    assert all(0 < len(one) <= longest for one in found)
    assert [c for one in found for c in one if c.isalnum()] == [c for c in text if c.isalnum()]
