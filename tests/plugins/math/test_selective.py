"""Figures of a ranking by probability."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.math.selective import Ranked, right

RANKED = Ranked(np.array([0.9, 0.8, 0.6, 0.3]), np.array([True, True, False, True]))


def test_figures() -> None:
    assert RANKED.accuracy == 0.75
    assert list(RANKED.curve()) == pytest.approx([1, 1, 2 / 3, 3 / 4])
    assert RANKED.coverage(1.0) == 0.5 and RANKED.coverage(0.7) == 1.0
    assert RANKED.aurc() == pytest.approx((0 + 0 + 1 / 3 + 1 / 4) / 4)
    assert RANKED.ece() == pytest.approx((0.1 + 0.2 + 0.6 + 0.7) / 4)
    assert RANKED.at(0.7) == (0.5, 1.0) and RANKED.at(0.95) == (0.0, 1.0)
    assert [row[0] for row in RANKED.table(4)] == [0.25, 0.5, 0.75, 1.0]
    assert RANKED.table(4)[2][1:] == pytest.approx((0.6, 2 / 3))


def test_the_bound_is_exact() -> None:
    """Without an error among n, the bound of Clopper and Pearson is the n-th root of delta."""
    all_right = Ranked(np.ones(60), np.ones(60, np.bool_))
    assert all_right.bound(0.5) == pytest.approx(0.05 ** (1 / 60), abs=1e-6)
    assert RANKED.bound(0.95) == 0.0, "nothing given, nothing known"


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_the_table_lies_on_the_curve(rows: list[tuple[float, bool]]) -> None:
    ranked = Ranked(np.array([one for one, _ in rows]), np.array([one for _, one in rows]))
    table = ranked.table()
    assert table[-1][0] == 1.0 and table[-1][2] == pytest.approx(ranked.accuracy)
    assert [row[1] for row in table] == sorted((row[1] for row in table), reverse=True)


def test_an_answer_is_right_to_a_thousandth() -> None:
    assert right(Fraction(1, 3), 0.3333) and not right(Fraction(1, 3), 0.33)
    assert not right(None, 0.0) and not right(True, 1.0) and not right(float("inf"), 1.0)
