"""Keywords become questions."""

from __future__ import annotations

import pytest

from plugins.product_qa.gate import keywords_of, question_of
from plugins.product_qa.gate.keywords import phrases


@pytest.mark.parametrize(
    ("keywords", "question"),
    [
        ("return package", "How do I return a package?"),
        ("exchange item", "How do I exchange an item?"),
        ("return shoes", "How do I return shoes?"),
        ("cancel order", "How do I cancel my order?"),
        ("kettle capacity", "What is the capacity of the kettle?"),
        ("weight of the tent", "How much does the tent weigh?"),
        ("shoes weight", "How much do the shoes weigh?"),
        ("capacity", "What is its capacity?"),
        ("headphones battery life", "How long does the battery of the headphones last?"),
        ("waterproof backpack", "Is the backpack waterproof?"),
        ("dishwasher safe", "Is it dishwasher safe?"),
        ("batteries included", "Are the batteries included?"),
        ("compatible iPhone 12", "Is it compatible with iPhone 12?"),
        ("home loan documents", "What are the documents for the home loan?"),
        ("shipping cost", "How much does shipping cost?"),
        ("policy return", "What is the return policy?"),
        ("NEFT", "What is NEFT?"),
        ("difference usb 2 usb 3", "What is the difference between usb 2 and usb 3?"),
        ("is it blue", "is it blue?"),
    ],
)
def test_keywords_become_the_question_they_stand_for(keywords: str, question: str) -> None:
    assert question_of(keywords).text == question
    assert question_of(keywords).confidence > 0


@pytest.mark.parametrize("text", ["red running shoes", "", "?!", "a " * 50])
def test_what_fits_no_template_stays_as_it_is(text: str) -> None:
    found = question_of(text)
    assert (found.text, found.confidence) == (text.strip(), 0.0)


def test_a_question_stays_a_question() -> None:
    assert question_of("what is its weight?").confidence == 1.0


def test_keywords_are_the_runs_between_stop_words() -> None:
    assert phrases("Is the battery life of the kettle good?") == [("battery life", 4.0), ("kettle good", 4.0)]
    assert keywords_of("Is the battery life of the kettle good?", 1) == "battery life"
    assert keywords_of("is it?") == ""
