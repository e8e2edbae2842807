"""Intervals of the benchmarks."""

import numpy as np
import pytest

from benchmarks.statistics import bootstrap, mean_interval, paired_ratio, percentile


def test_the_interval_of_a_percentile_holds_the_true_one() -> None:
    random = np.random.default_rng(3)
    repeats = [random.exponential(2.0, 2000) for _ in range(5)]
    value, (low, high) = bootstrap(repeats, percentile(50))
    assert low < 2.0 * np.log(2.0) < high
    assert low < value < high


def test_a_paired_ratio_is_not_fooled_by_what_hits_both() -> None:
    random = np.random.default_rng(4)
    noise = random.exponential(1.0, 400)
    value, (low, high) = paired_ratio(1.1 * (1.0 + noise), 1.0 + noise)
    assert value == pytest.approx(1.1)
    assert low == pytest.approx(1.1) and high == pytest.approx(1.1)


def test_one_value_per_repeat() -> None:
    value, (low, high) = mean_interval([10.0, 12.0, 14.0])
    assert value == 12.0
    assert 10.0 <= low <= 12.0 <= high <= 14.0


def test_nothing_measured_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        bootstrap([[]], percentile(50))
