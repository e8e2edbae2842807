"""Counted features, the words that are ranked, and the ids of a pair."""

from __future__ import annotations

import numpy as np
import pytest

from nlu.encoder import Encoder
from plugins.product_qa.ranker.features import FEATURES, answerable_features, cross_features, features, tokens
from plugins.product_qa.ranker.pairing import MAX_QUESTION, MAX_TOKENS, candidates, pair_ids, tokenised
from plugins.product_qa.ranker.text import evidence
from plugins.product_qa.types import Passage
from tests.plugins.product_qa.ranker.made import PASSAGES


def column(question: str, name: str) -> list[float]:
    return [float(value) for value in features(question, PASSAGES)[:, FEATURES.index(name)]]


def test_overlaps() -> None:
    assert column("What is the item weight?", "overlap_name") == [1, 0, 0, 0, 0, 0, 0]
    assert column("Is it made of oak boards?", "overlap") == pytest.approx([0, 2 / 3, 0, 0, 0, 0, 2 / 3])
    assert column("can it be washed", "overlap_question")[3] == 1
    assert column("does it hold 30 or 40 days", "number_shared")[4] == 0.5
    assert column("how heavy is it", "number_given") == [1, 0, 0, 0, 1, 0, 0]


def test_sources_without_training_data_go_by_similar_ones() -> None:
    rows = features("?", PASSAGES)
    names = [[name for name, value in zip(FEATURES, row, strict=True) if value and "source" in name] for row in rows]
    wanted = ["attribute", "bullet", "review", "answer", "answer", "review", "bullet"]
    assert names == [[f"source_{name}"] for name in wanted]


def test_plurals_and_numbers() -> None:
    assert tokens("Two boxes, 3.5in glass") == ["two", "boxe", "3.5", "in", "glass"]


def test_cross_features_are_log_odds() -> None:
    (fully, relevant), huge = cross_features(np.array([[0, 0, 0], [1000, 0, 0]], np.float32))
    assert fully == pytest.approx(np.log(1 / 2))
    assert relevant == pytest.approx(np.log(2))
    assert np.isfinite(huge).all()


def test_answerable_features() -> None:
    best, second, none = answerable_features([0.5, 0.2])
    assert (best, second, none) == pytest.approx((0.0, np.log(0.25), np.log(0.4)))
    assert np.isfinite(answerable_features([1.0])).all()


def test_evidence() -> None:
    assert [evidence(passage) for passage in PASSAGES[:4]] == [
        "attribute - item weight: 2 pounds",
        "feature - made of solid oak.",
        "review - it broke after two weeks, very sad about that because the color was great.",
        "answer - yes, in the dishwasher too (question: can it be washed?)",
    ]
    assert evidence(PASSAGES[4]) == "answer - returns are free for 30 days. (question: how do i return it?)"
    assert len(evidence(Passage("x", "p", "review", "a" * 10**6))) < 1100


def test_pair_ids() -> None:
    pair = pair_ids([101, 5, 6, 102], [101, 7, 102])
    assert pair.ids.tolist() == [101, 5, 6, 102, 7, 102]
    assert pair.second == 4
    assert candidates([pair])[0, :, 0].tolist() == [0, 0, 0, 0, 1, 1]


def test_long_pairs_are_cut() -> None:
    long = [101, *range(1000, 1120), 102]
    pair = pair_ids(long, long)
    assert len(pair.ids) == MAX_TOKENS
    assert pair.second == MAX_QUESTION
    assert pair.ids[1] == 1000
    assert pair.ids[MAX_QUESTION - 2] == 1119
    assert pair.ids[-1] == 102


def test_a_pair_is_tokenised_as_its_parts(ranker_encoder: Encoder) -> None:
    (pair,) = tokenised(ranker_encoder, "how heavy?", ["it weighs two pounds"])
    (first, _), (rest, _) = ranker_encoder.tokenise(["how heavy?", "it weighs two pounds"])
    assert pair.ids.tolist() == [*first, *rest[1:]]
    assert pair.second == len(first)
