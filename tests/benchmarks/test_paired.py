"""Paired tests: right differences, honest intervals, Holm's adjustment."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.paired import hierarchical_bootstrap, holm


def test_a_real_difference_is_found_and_none_is_not() -> None:
    """Ten points over 2,000 items stand out; two runs of one method do not."""
    rng = np.random.default_rng(0)
    base = rng.random((3, 2000)) < 0.8
    better = rng.random((3, 2000)) < 0.9
    found = hierarchical_bootstrap(better, base, rng)
    assert found.low < found.mean < found.high
    assert found.low > 0.05
    assert found.p < 0.01
    same = hierarchical_bootstrap(rng.random((3, 2000)) < 0.8, base, rng)
    assert same.low < 0 < same.high
    assert same.p > 0.05


def test_groups_are_drawn_together() -> None:
    """Ten copies of each item carry no more evidence than one."""
    rng = np.random.default_rng(1)
    ours, base = rng.random((1, 100)) < 0.8, rng.random((1, 100)) < 0.7
    one = hierarchical_bootstrap(ours, base, np.random.default_rng(2))
    copies = hierarchical_bootstrap(
        np.repeat(ours, 10, 1), np.repeat(base, 10, 1), np.random.default_rng(2), np.repeat(np.arange(100), 10)
    )
    assert copies.high - copies.low == pytest.approx(one.high - one.low, rel=1e-6)


def test_different_items_are_refused() -> None:
    """There is no pairing then."""
    with pytest.raises(ValueError, match="3 and 4"):
        hierarchical_bootstrap(np.ones((1, 3)), np.ones((1, 4)), np.random.default_rng(0))


def test_holm() -> None:
    """The printed example of the method."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
