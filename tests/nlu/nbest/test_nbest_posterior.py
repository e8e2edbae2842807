"""Posterior weights of hypotheses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.nbest.posterior import posterior


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=12), st.floats(0.1, 10))
def test_weights_sum_to_one_and_keep_the_order(scores: list[float], temperature: float) -> None:
    weights = posterior(scores, temperature)
    assert math.isclose(weights.sum(), 1.0)
    assert np.all(np.diff(weights[np.argsort(scores)]) >= 0)


def test_temperature_and_size() -> None:
    assert posterior([math.log(0.8), math.log(0.2)]).tolist() == pytest.approx([0.8, 0.2])
    assert posterior([0.0, -2.0], 2.0)[0] < posterior([0.0, -2.0])[0]
    assert posterior([0.0, -1.0, -2.0], size=1).tolist() == [1.0]


def test_impossible_hypotheses() -> None:
    assert posterior([-math.inf, 0.0]).tolist() == [0.0, 1.0]
    assert posterior([-math.inf, -math.inf]).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("scores", "temperature", "size"),
    [([], 1.0, None), ([0.0], 0.0, None), ([0.0], 1.0, 0), ([math.nan], 1.0, None), ([math.inf], 1.0, None)],
)
def test_what_is_refused(scores: list[float], temperature: float, size: int | None) -> None:
    with pytest.raises(ValueError):
        posterior(scores, temperature, size)
