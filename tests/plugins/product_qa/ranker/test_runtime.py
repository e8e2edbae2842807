"""The exported ranker: parity with torch, independence of the batch, threads, and limits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from nlu.encoder import Encoder
from plugins.product_qa.ranker import Ranker
from plugins.product_qa.ranker.pairing import tokenised
from plugins.product_qa.ranker.runtime import MAX_PASSAGES
from plugins.product_qa.ranker.text import evidence
from plugins.product_qa.training.model import CrossEncoder, logits_of
from plugins.product_qa.types import Passage
from tests.plugins.product_qa.ranker.made import PASSAGES

QUESTION = "How heavy is it?"


@dataclass(frozen=True)
class Hit:
    key: str
    cosine: float


@pytest.fixture(scope="module")
def ranker(ranker_folder: Path, ranker_encoder: Encoder) -> Ranker:
    return Ranker.load(ranker_folder, ranker_encoder)


def test_the_graph_agrees_with_torch(ranker: Ranker, ranker_encoder: Encoder, cross_encoder: CrossEncoder) -> None:
    pairs = tokenised(ranker_encoder, QUESTION.lower(), [evidence(passage) for passage in PASSAGES])
    with torch.no_grad():
        wanted = logits_of(cross_encoder, pairs).numpy()
    found = ranker.logits(QUESTION, PASSAGES)
    assert np.abs(found - wanted).max() < 0.08
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.99


def test_a_passage_alone_scores_as_in_any_company(ranker: Ranker) -> None:
    together = ranker.score(QUESTION, PASSAGES)
    assert [ranker.score(QUESTION, [passage])[0] for passage in PASSAGES] == together
    twice = ranker.score(QUESTION, [*reversed(PASSAGES), *PASSAGES])
    assert twice == [*reversed(together), *together]
    assert all(0 < score < 1 for score in together)
    assert len(set(together)) == len(together)


def test_threads_get_the_same(ranker: Ranker) -> None:
    wanted = ranker.score(QUESTION, PASSAGES)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: ranker.score(QUESTION, PASSAGES), range(8)))
    assert all(scores == wanted for scores in found)


def test_a_hit_adds_its_cosine(ranker: Ranker) -> None:
    plain = ranker.score(QUESTION, PASSAGES)
    near = ranker.score(QUESTION, PASSAGES, [Hit("b", 0.9), Hit("unknown", 0.5)])
    assert near[1] > plain[1]
    assert [score for place, score in enumerate(near) if place != 1] == [
        score for place, score in enumerate(plain) if place != 1
    ]


def test_nothing_to_rank(ranker: Ranker) -> None:
    assert ranker.score(QUESTION, []) == []
    assert ranker.answerable([]) == 0.0


def test_a_better_candidate_makes_a_question_more_answerable(ranker: Ranker) -> None:
    low, high = ranker.answerable([0.1, 0.1]), ranker.answerable([0.1, 0.9])
    assert 0 < low < high < 1
    assert ranker.answerable([0.9, 0.1]) == high
    assert 0 < ranker.answerable([1.0, 0.0]) < 1


@pytest.mark.parametrize("question", ["", "?", "\ud800", "very " * 3000, "¿cuánto pesa? 重さ"])
def test_any_text_is_ranked(ranker: Ranker, question: str) -> None:
    odd = Passage("x", "p", "description", "long " * 5000)
    empty = Passage("y", "p", "review", "")
    scores = ranker.score(question, [odd, empty, PASSAGES[0]])
    assert len(scores) == 3
    assert all(np.isfinite(score) for score in scores)


def test_too_many_passages(ranker: Ranker) -> None:
    with pytest.raises(ValueError, match="at most 200 passages"):
        ranker.score(QUESTION, [PASSAGES[0]] * (MAX_PASSAGES + 1))
