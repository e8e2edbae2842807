"""The figures of the gate's training."""

from __future__ import annotations

import numpy as np
import pytest

from plugins.product_qa.training.gate import best_f1, ece, f1_at
from plugins.product_qa.training.gate_vectors import shown


def test_f1_where_few_texts_ask() -> None:
    precision, f1 = f1_at(0.9, 0.01, 0.02)
    assert precision == pytest.approx(0.018 / (0.018 + 0.0098))
    assert f1 == pytest.approx(2 * precision * 0.9 / (precision + 0.9))
    assert f1_at(0.0, 0.0) == (0.0, 0.0)


def test_the_best_threshold_parts_what_can_be_parted() -> None:
    scores, asks = np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])
    assert best_f1(scores, asks) == (0.8, 1.0)


def test_calibration_error() -> None:
    scores, right = np.array([0.75, 0.75, 0.75, 0.75]), np.array([True, True, True, False])
    assert ece(scores, right, np.ones(4)) == pytest.approx(0.0)
    assert ece(scores, ~right, np.ones(4)) == pytest.approx(0.5)


def test_no_set_is_known_by_its_marks() -> None:
    texts = [f"is number {number} blue" for number in range(200)]
    marked = sum(shown(text).endswith("?") for text in texts)
    assert 60 < marked < 140
    assert [shown(f"{text}?") for text in texts] == [shown(text) for text in texts]
