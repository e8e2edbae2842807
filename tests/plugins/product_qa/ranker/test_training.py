"""Losses, resumable training, final layers and figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from plugins.product_qa.training import pairs as sets
from plugins.product_qa.training.calibrate import columns, crossed, fit, logistic
from plugins.product_qa.training.metrics import average_precision, calibration_error, precision_at_1, reciprocal_rank
from plugins.product_qa.training.model import CrossEncoder, full_score, load, save
from plugins.product_qa.training.train import MODEL, Settings, loss_of, train
from plugins.product_qa.types import CatalogueError
from tests.plugins.product_qa.ranker.made import write_sets

SMALL = Settings(corpora=("epqa",), epochs=1, pairs=9, held_fold=0)


def test_the_loss_wants_the_labels(tmp_path: Path) -> None:
    batch = [(one, [0, 1, 2]) for one in sets.epqa(write_sets(tmp_path))[:2]]
    right = torch.tensor([[-9.0, -9, 9], [-9, 9, -9], [9, -9, -9]] * 2)
    assert loss_of(right, batch, 0.5) < 0.01
    assert loss_of(torch.zeros(6, 3), batch, 0.0) == pytest.approx(np.log(3))
    assert loss_of(torch.zeros(6, 3), batch, 1.0) == pytest.approx(2 * np.log(3))
    assert loss_of(right.flip(0), batch, 0.5) > 5


def test_a_label_that_leaves_two_classes_open_costs_neither(tmp_path: Path) -> None:
    batch = [(one, [0, 1]) for one in sets.hetpqa(write_sets(tmp_path))[:1]]
    for either in ([-9.0, 9, -9], [-9.0, -9, 9]):
        assert loss_of(torch.tensor([either, [9.0, -9, -9]]), batch, 0.0) < 0.01


def test_training_goes_on_where_it_stopped(tmp_path: Path) -> None:
    data = write_sets(tmp_path / "data")
    assert train(data, tmp_path / "whole", SMALL)
    pieces = 1
    while not train(data, tmp_path / "pieces", SMALL, seconds=0):
        pieces += 1
    assert pieces > 2
    whole, parts = (load(tmp_path / name / MODEL).state_dict() for name in ("whole", "pieces"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    start = CrossEncoder().state_dict()
    assert torch.equal(whole["layers.2.up.weight"], start["layers.2.up.weight"])
    assert not torch.equal(whole["layers.3.up.weight"], start["layers.3.up.weight"])
    with pytest.raises(CatalogueError, match="a run with other settings is there"):
        train(data, tmp_path / "whole", Settings(seed=1))


def test_a_model_keeps_which_layers_are_frozen(tmp_path: Path) -> None:
    save(CrossEncoder(0), tmp_path / MODEL)
    assert load(tmp_path / MODEL).frozen == 0
    with pytest.raises(ValueError, match="frozen has to be"):
        CrossEncoder(6)


def test_full_score_is_a_log_odds() -> None:
    logits = torch.tensor([[0.3, -0.2, 1.1]])
    chance = logits.softmax(1)[0, 2]
    assert full_score(logits)[0] == pytest.approx(float(torch.log(chance / (1 - chance))), abs=1e-5)


def test_logistic_is_calibrated_on_what_it_saw() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 3)) * [1, 50, 0] + [0, 300, 7]
    y = rng.random(4000) < 1 / (1 + np.exp(-(2 * x[:, 0] + (x[:, 1] - 300) / 50 - 1)))
    found = logistic(x, y)
    assert found.weight[0] == pytest.approx(2, abs=0.3)
    assert found.weight[1] == pytest.approx(1 / 50, abs=0.004)
    assert found.weight[2] == 0
    assert calibration_error(found(x), y) < 0.03


def test_layers_are_crossed_over_folds(tmp_path: Path) -> None:
    asked = sets.epqa(write_sets(tmp_path, products=40))
    asked = [
        sets.Asked(one.id, one.corpus, one.product, one.question, one.pairs[n % 2 :]) for n, one in enumerate(asked)
    ]
    rng = np.random.default_rng(0)
    logits = {
        pair.passage.key: list(rng.normal(size=3) + 3 * np.eye(3)[pair.allowed[0]])
        for one in asked
        for pair in one.pairs
    }
    cosines = {key: float(rng.random()) for key in logits}
    found = columns(asked, logits, cosines)
    scores, whole = crossed(found, cosine=False)
    right = [score.argmax() == 0 for one, score in zip(asked, scores, strict=True) if one.answerable]
    assert np.mean(right) > 0.8
    true = np.array([one.answerable for one in asked])
    assert whole[true].mean() > whole[~true].mean() + 0.2
    layers = fit(found)
    assert layers.final_cosine.weight.size == layers.final.weight.size + 1
    # a fold's own labels have no part in its scores
    other = columns([sets.Asked(o.id, o.corpus, o.product, o.question, o.pairs) for o in asked], logits, cosines)
    first = [place for place, fold in enumerate(other.folds) if fold == other.folds[0]]
    for place in first:
        other.right[place] = ~other.right[place]
    again, _ = crossed(other, cosine=False)
    assert all(np.array_equal(scores[place], again[place]) for place in first)


def test_figures_of_a_question() -> None:
    scores, right = [0.1, 0.9, 0.5, 0.4], [True, False, True, False]
    assert precision_at_1(scores, right) == 0
    assert reciprocal_rank(scores, right) == 0.5
    assert average_precision(scores, right) == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert precision_at_1([0.5, 0.5], [True, False]) == 0
    with pytest.raises(ValueError, match="no candidate"):
        reciprocal_rank([0.5], [False])


def test_calibration_error() -> None:
    assert calibration_error([0.5] * 100, [True, False] * 50, bins=5) == 0
    assert calibration_error([0.9] * 10, [False] * 10) == pytest.approx(0.9)
