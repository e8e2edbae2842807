from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.ring_check import cases, mismatches
from policies.bounds import Bounds
from policies.budget import allocate
from policies.errors import PolicyError
from policies.replication import replication
from policies.ring import reachable, ring, solve


def one(
    q: list[float], old: list[float], dmin: float, dmax: float, open: list[bool] | None = None, **more: Any
) -> list[float]:
    k = len(q)
    free = np.array([[True] * k if open is None else open])
    spread = np.array([more["spread"]]) if "spread" in more else None
    args = (np.array([q]), np.array([old]), free, np.ones((1, k), bool), np.array([dmin]), np.array([dmax]), spread)
    return [float(x) for x in ring(*args)[0]]


def test_the_worst_gives_to_the_best() -> None:
    assert one([0.9, 0.5, 0.1], [0.2, 0.7, 0.1], 0.0, 0.3) == pytest.approx([0.5, 0.5, 0.0], abs=1e-9)


def test_nothing_moves_without_gain() -> None:
    assert one([0.5, 0.5], [0.3, 0.7], 0.0, 1.0) == [0.3, 0.7]
    assert one([0.1, 0.9], [0.3, 0.7], 0.0, 0.0) == [0.3, 0.7]
    assert one([0.1], [1.0], 0.0, 1.0) == [1.0]


def test_a_closed_candidate_loses_but_never_gains() -> None:
    assert one([0.9, 0.5, 0.1], [0.2, 0.3, 0.5], 0.0, 1.0, [False, True, True]) == pytest.approx([0.2, 0.8, 0.0])
    assert one([0.1, 0.5], [0.4, 0.6], 0.0, 1.0, [False, True]) == pytest.approx([0.0, 1.0])
    assert one([0.9, 0.1], [0.4, 0.6], 0.2, 1.0, [False, False]) == [0.4, 0.6]


def test_a_least_movement_takes_from_the_best_where_it_must() -> None:
    # only 0.03 can go to the best one, so the runner-up gains 0.1, first from the worst, then from the best
    assert one([0.9, 0.8, 0.1], [0.97, 0.02, 0.01], 0.1, 0.15) == pytest.approx([0.88, 0.12, 0.0], abs=1e-9)


def test_the_best_recipient_need_not_be_the_best_candidate() -> None:
    # taking from the closed first one costs more than giving to the third instead of the second
    found = one([1.0, 0.5, 0.49], [0.5, 0.4, 0.1], 0.5, 0.5, [False, True, True])
    assert found == pytest.approx([0.4, 0.0, 0.6], abs=1e-9)


def test_a_least_movement_out_of_reach_is_reported() -> None:
    old, free = np.array([[0.97, 0.03], [0.5, 0.5]]), np.array([[True, False], [True, True]])
    found = solve(np.ones((2, 2)), old, free, np.ones((2, 2), bool), np.full(2, 0.1), np.full(2, 0.2))
    assert found.short.tolist() == [True, False]
    np.testing.assert_allclose(found.new[0], [1.0, 0.0])
    np.testing.assert_allclose(found.mass, [0.03, 0.1], atol=1e-9)
    np.testing.assert_allclose(reachable(old, free, np.ones((2, 2), bool)), [0.03, 0.5])


def test_reach_that_just_suffices_is_enough() -> None:
    old = np.array([[0.95, 0.05]])  # 1 - 0.95 is a little above 0.05 in binary
    found = solve(
        np.array([[1.0, 0.0]]), old, np.array([[True, False]]), np.ones((1, 2), bool), np.array([1 - 0.95]), np.ones(1)
    )
    assert not found.short[0] and found.new[0].tolist() == [1.0, 0.0]


def test_uncertain_gains_are_not_taken() -> None:
    assert one([0.9, 0.5], [0.5, 0.5], 0.0, 0.1, spread=[0.3, 0.2]) == [0.5, 0.5]
    assert one([0.9, 0.5], [0.5, 0.5], 0.0, 0.1, spread=[0.1, 0.2]) == pytest.approx([0.6, 0.4], abs=1e-9)
    # the more certain of two good ones gains
    assert one([0.9, 0.8, 0.1], [0.4, 0.4, 0.2], 0.0, 0.1, spread=[0.3, 0.0, 0.0]) == pytest.approx([0.4, 0.5, 0.1])
    # what the least movement forces happens all the same
    assert one([0.9, 0.5], [0.5, 0.5], 0.1, 0.2, spread=[0.3, 0.2]) == pytest.approx([0.6, 0.4], abs=1e-9)


def test_two_thousand_random_cases_against_linear_programs() -> None:
    wrong, forced, short = mismatches(cases(2_000, seed=7))
    assert wrong == 0
    assert forced > 200 and 0 < short < forced  # the hard cases were among them


def test_the_linear_programs_notice_a_wrong_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.ring_check.solve", lambda q, old, *rest: solve(1.0 - q, old, *rest))
    assert mismatches(cases(200, seed=8))[0] > 20


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_request_is_inside_its_bounds(data: st.DataObject) -> None:
    k = data.draw(st.integers(1, 8))
    numbers = st.lists(st.floats(0.0, 1.0, width=32), min_size=k, max_size=k)
    mass = np.array(data.draw(numbers)) + 1e-9
    old, free = mass / mass.sum(), np.array(data.draw(st.lists(st.booleans(), min_size=k, max_size=k)))
    low, high = sorted(data.draw(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0))))
    q, spread = np.array(data.draw(numbers)), np.array(data.draw(numbers))
    mask = np.ones((1, k), bool)
    found = solve(q[None], old[None], free[None], mask, np.array([low]), np.array([high]), spread[None])
    moved = 1.0 - replication(found.new, old[None])[0]
    assert moved <= high + 1e-15
    assert moved >= (min(low, reachable(old[None], free[None], mask)[0]) - 1e-9)
    reach = reachable(old[None], free[None], mask)[0]
    assert not found.short[0] if reach >= low else found.short[0] or reach > low - 1e-8
    assert (found.new >= 0.0).all() and found.new.sum() == pytest.approx(1.0)
    assert (found.new[0][~free] <= old[~free]).all()


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    many = cases(300, seed=3)
    fields = (many.q, many.old, many.open, many.mask, many.dmin, many.dmax, many.spread)
    together = ring(*fields)
    alone = np.concatenate([ring(*(field[i : i + 1] for field in fields)) for i in range(300)])
    assert (together == alone).all()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"q": np.array([[0.5, np.nan], [0.1, 0.2]])}, "q is not finite: 1 of 2 rows .0."),
        ({"old": np.array([[0.5, 0.5], [0.5, 0.1]])}, "not a distribution .*: 1 of 2 rows .1."),
        ({"old": np.array([[0.5, 0.5], [np.nan, 0.1]])}, "not a distribution"),
        ({"mask": np.array([[True, True], [True, False]])}, "not a distribution"),
        ({"dmin": np.array([0.0, 0.3])}, "dmin <= dmax"),
        ({"dmax": np.array([0.1])}, "dmax is of shape"),
        ({"q": np.ones((2, 3))}, "q is of shape"),
        ({"spread": np.array([[0.1, -0.1], [0.0, 0.0]])}, "spread"),
    ],
)
def test_bad_input_is_refused(change: dict[str, Any], reason: str) -> None:
    good = {
        "q": np.array([[0.5, 0.6], [0.1, 0.2]]),
        "old": np.full((2, 2), 0.5),
        "open": np.ones((2, 2), bool),
        "mask": np.ones((2, 2), bool),
        "dmin": np.zeros(2),
        "dmax": np.full(2, 0.1),
    }
    with pytest.raises(PolicyError, match=reason):
        ring(**{**good, **change})


def test_a_total_of_movement_goes_where_it_gains_most() -> None:
    rng = np.random.default_rng(0)
    n, mask = 3_000, np.ones((3_000, 4), bool)
    domain = rng.integers(0, 3, n)
    q = 0.5 + np.array([0.02, 0.3, 0.1])[domain][:, None] * rng.uniform(-1, 1, (n, 4))
    old, none = rng.dirichlet(np.ones(4), n), np.zeros(n)

    def outcome(bounds: Bounds) -> tuple[float, float]:
        step = ring(q, old, mask, mask, none, 1.0 - bounds.arrays(["a", "b", "c"])[0][domain]) - old
        return float(np.abs(step).sum(axis=1).mean() / 2), float((step * q).sum(axis=1).mean())

    bounds = allocate(q, old, mask, mask, domain, ["a", "b", "c", "unused"], 0.05)
    moved, gained = outcome(bounds)
    assert moved == pytest.approx(0.05, abs=0.001)
    assert gained > 1.5 * outcome(Bounds((1.0 - 0.053, 1.0)))[1]  # all alike
    widths = {name: 1.0 - low for name, (low, _high) in bounds.by_domain.items()}
    assert widths["b"] > widths["c"] >= widths["a"] and widths["unused"] == 0.0
    with pytest.raises(PolicyError, match="total"):
        allocate(q, old, mask, mask, domain, ["a", "b", "c"], 1.5)
    with pytest.raises(PolicyError, match="widths"):
        allocate(q, old, mask, mask, domain, ["a", "b", "c"], 0.1, widths=[0.0, 0.2, 0.1])
