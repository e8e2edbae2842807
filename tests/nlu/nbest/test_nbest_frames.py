"""Decoding and scoring of frames."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nlu.nbest.features import Columns, expected_grams, heard, wide_features
from nlu.nbest.frames import FrameSpace, choose_threshold, counts, item_cross_entropy, item_f1, joint_accuracy
from nlu.nbest.turns import Turn

THAI, INDIAN, BYE = "inform(food=thai)", "inform(food=indian)", "bye()"


def frames(*items: set[str]) -> list[frozenset[str]]:
    return [frozenset(found) for found in items]


def test_one_value_a_slot() -> None:
    space = FrameSpace([THAI, INDIAN, BYE, "request(phone)", "request(addr)"])
    probabilities = np.zeros((1, 5))
    for item, value in ((THAI, 0.6), (INDIAN, 0.7), ("request(phone)", 0.8), ("request(addr)", 0.9)):
        probabilities[0, space.index[item]] = value
    assert space.decode(probabilities) == frames({INDIAN, "request(phone)", "request(addr)"})
    assert space.decode(probabilities, 0.85) == frames({"request(addr)"})


def test_rare_items_are_not_predicted_and_count_as_missed() -> None:
    space = FrameSpace.of(frames({THAI}, {THAI}, {BYE}, {BYE}, {INDIAN}))
    assert space.items == (BYE, THAI)
    assert space.targets(frames({THAI, INDIAN})).tolist() == [[0.0, 1.0]]


def test_an_empty_space_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        FrameSpace.of(frames(set(), set()))


def test_scores() -> None:
    table = counts(frames({THAI}, {BYE, THAI}, set()), frames({THAI}, {BYE}, set()))
    assert table.tolist() == [[1, 1, 1, 1], [1, 2, 1, 0], [0, 0, 0, 1]]
    assert item_f1(table) == pytest.approx(0.8)
    assert joint_accuracy(table) == pytest.approx(2 / 3)


def test_item_cross_entropy_counts_what_cannot_be_predicted() -> None:
    sure = item_cross_entropy(np.array([[0.9, 0.1]]), np.array([[1.0, 0.0]]))
    assert sure == pytest.approx(-2 * math.log(0.9))
    missed = item_cross_entropy(np.array([[0.9, 0.1]]), np.array([[1.0, 0.0]]), missed=1)
    assert missed == pytest.approx((sure - math.log(1e-4)) / 2)


def test_the_threshold_is_the_best_one() -> None:
    space = FrameSpace([THAI, BYE])
    probabilities = np.array([[0.35, 0.28], [0.28, 0.4], [0.25, 0.28]])
    threshold = choose_threshold(space, probabilities, frames({BYE}, {THAI}, set()))
    assert 0.28 <= threshold < 0.35
    assert space.decode(probabilities, threshold) == frames({BYE} if space.index[BYE] == 0 else {THAI}, {THAI}, set())


def test_expected_counts_and_presence() -> None:
    lists = ((("thai food"), math.log(0.75)), (("tie food"), math.log(0.25)))
    found = expected_grams(lists)
    assert found["food"] == pytest.approx(1.0)
    assert found["thai"] == pytest.approx(0.75)
    assert found["<s> tie"] == pytest.approx(0.25)
    assert wide_features(lists, 1.0, 0.5)["any tie"] == 0.5
    assert "any tie" not in wide_features(lists, 1.0, 0.0)


def test_how_a_turn_is_heard() -> None:
    turn = Turn("a", (("tie", -1.0), ("thai", -2.0)), "thai food", frozenset(), ())
    assert heard(turn, "best") == (("tie", -1.0),)
    assert heard(turn, "clean") == (("thai food", 0.0),)
    assert len(heard(turn, "nbest")) == 2
    with pytest.raises(ValueError, match="not 'loud'"):
        heard(turn, "loud")


def test_rare_columns_are_left_out() -> None:
    columns = Columns([{"a": 1.0, "b": 2.0}, {"a": 3.0}])
    place, values = columns.bag({"b": 1.0, "a": 0.5, "c": 9.0})
    assert len(columns) == 1 and place.tolist() == [0] and values.tolist() == [0.5]
