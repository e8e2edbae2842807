from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.softmax import softmax_policy

cases = st.integers(1, 12).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(0, 1), min_size=n, max_size=n),
        st.lists(st.booleans(), min_size=n, max_size=n),
        st.lists(st.booleans(), min_size=n, max_size=n),
        st.floats(0.01, 5),
        st.floats(0, 1),
    )
)


@given(cases)
def test_propensities_are_a_distribution_and_forbidden_candidates_get_nothing(case) -> None:
    scores, allowed, explorable, temperature, exploration = case
    values = softmax_policy(scores, allowed, explorable, temperature, exploration)
    assert math.fsum(values) == pytest.approx(1.0)
    best = max(range(len(scores)), key=lambda index: scores[index])
    for index, value in enumerate(values):
        assert value >= 0
        if not allowed[index] and index != best:
            assert value == 0


def test_the_exploration_share_is_exact() -> None:
    values = softmax_policy([0.9, 0.1, 0.1], [True] * 3, [True, True, False], 0.01, 0.1)
    assert values[1] == pytest.approx(0.05)
    assert values[0] == pytest.approx(0.95)
    assert values[2] == pytest.approx(0.0, abs=1e-12)


def test_twice_as_probable_is_a_thousand_times_as_likely_at_a_tenth() -> None:
    values = softmax_policy([0.6, 0.3], [True, True], [False, False], 0.1)
    assert values[0] / values[1] == pytest.approx(2**10)


@pytest.mark.parametrize(
    "arguments",
    [([], [], []), ([1.0], [True, True], [True]), ([1.0], [True], [True], 0.0), ([1.0], [True], [True], 1.0, 1.5)],
)
def test_bad_input_is_refused(arguments) -> None:
    with pytest.raises(ValueError):
        softmax_policy(*arguments)
