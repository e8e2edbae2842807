"""The weights that are shipped."""

from __future__ import annotations

import pytest

from nlu.encoder import Encoder
from plugins.product_qa.ranker import Ranker
from plugins.product_qa.ranker.runtime import SHIPPED
from plugins.product_qa.types import Passage
from tests.plugins.product_qa.ranker.made import PASSAGES


@pytest.fixture(scope="module")
def shipped(ranker_encoder: Encoder) -> Ranker:
    return Ranker.load(encoder=ranker_encoder)


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("How heavy is it?", "f"),
        ("What is it made of?", "b"),
        ("is it dishwasher safe?", "d"),
        ("what if I want to send it back?", "e"),
    ],
)
def test_what_answers_comes_first(shipped: Ranker, question: str, best: str) -> None:
    scores = shipped.score(question, PASSAGES)
    assert PASSAGES[max(range(len(scores)), key=scores.__getitem__)].key in ({best, "a"} if best == "f" else {best})


def test_what_nobody_answers_is_less_answerable(shipped: Ranker) -> None:
    weight, charger = (
        shipped.answerable(shipped.score(question, PASSAGES))
        for question in ("How heavy is it?", "does it come with a charger for my car?")
    )
    assert weight > charger + 0.2


def test_a_question_the_passage_was_given_to_counts(shipped: Ranker) -> None:
    asked = Passage("x", "p", "answer", "Yes, it does.", question="Does it fit a queen size bed?")
    other = Passage("y", "p", "answer", "Yes, it does.", question="Does it come in blue?")
    right, wrong = shipped.score("will this fit on a queen bed?", [asked, other])
    assert right > wrong + 0.2


def test_the_weights_are_small() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 12e6
