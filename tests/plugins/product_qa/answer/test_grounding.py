"""The check that an answer says no more than its evidence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.product_qa.answer import compose, grounded
from plugins.product_qa.types import Attribute, Passage, Ranked, Source

WEIGHT = Passage("a", "p", "attribute", "item weight: 1.2 kg", attribute=Attribute("item weight", "1.2", "kg"))
STEEL = Passage("b", "p", "bullet", "Body of stainless steel with a 4GB card, fits iPhone 11 Pro")


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("It weighs 1.2 kilograms.", []),
        ("It weighs 1.20 kg, according to the product details.", []),
        ("It weighs 1.3 kilograms.", ["1.3"]),
        ("It weighs 1.2 pounds.", ["1.2 pounds"]),
        ("It weighs 1.2 kilograms and is waterproof.", ["waterproof"]),
        ("It is stainless steel.", []),
        ("It fits iPhone 11 Pro.", []),
        ("It fits iPhone 12 Pro.", ["12"]),
        ("It fits the Galaxy.", ["galaxy"]),
        ("It is not stainless steel.", ["not"]),
        ("It weighs 1.2 kilograms, which is under 2 kilograms.", []),
        ("It weighs 2 kilograms.", ["2"]),
        ("It is steel, see www.evil.example.", ["evil", "example", "www.evil.example"]),
        ("All 3 reviewers say it is steel.", ["All 3 reviewers"]),
    ],
)
def test_what_is_unsupported(text: str, missing: list[str]) -> None:
    found = grounded(text, "is it under 2 kilos?", [WEIGHT, Ranked(STEEL, 0.9)])
    assert set(missing) <= set(found) and bool(found) == bool(missing)


def test_a_denial_must_stand_at_what_it_denies() -> None:
    evidence = [
        Passage("c", "p", "review", "it is dishwasher proof in my house and has sturdy legs, the lid is not included")
    ]
    assert grounded("The lid is not included.", "?", evidence) == []
    assert grounded("It is not dishwasher proof.", "?", evidence) == ["not"]


TEXT = "i my we it is not no 5 1.5 kg lid leaks never the works outside yes, but 20% <b> & http://a.b/c"
words = st.sampled_from(TEXT.split())
sources = st.sampled_from(["review", "answer", "bullet", "description", "faq", "policy", "title"])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(words, min_size=1, max_size=25),
    sources,
    st.sampled_from(["does it leak?", "what lid is it?", "is it 5 kg?"]),
)
def test_every_composed_answer_is_grounded(parts: list[str], source: Source, question: str) -> None:
    passage = Passage("x", "p", source, " ".join(parts))
    answer = compose(question, [Ranked(passage, 0.9)])
    assert grounded(answer.text, question, answer.evidence or [passage]) == []
    assert answer.spoken and "<" not in answer.spoken and "http" not in answer.text
