from __future__ import annotations

import numpy as np
import pytest

from policies.bounds import Bounds
from policies.errors import PolicyError
from policies.replication import replication, summary, violation


def test_one_half_of_the_distance() -> None:
    old = np.array([[0.8, 0.2, 0.0], [1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
    new = np.array([[0.7, 0.2, 0.1], [0.0, 0.0, 1.0], [0.5, 0.5, 0.0]])
    np.testing.assert_allclose(replication(new, old), [0.9, 0.0, 1.0], atol=1e-15)


def test_shapes_must_agree() -> None:
    with pytest.raises(PolicyError, match="shapes"):
        replication(np.ones((2, 3)), np.ones((2, 4)))


def test_hinges_on_both_sides() -> None:
    r, low, high = np.array([0.8, 0.9, 0.97, 1.0]), np.full(4, 0.85), np.full(4, 0.95)
    np.testing.assert_allclose(violation(r, low, high), [0.05, 0.0, 0.02, 0.05], atol=1e-15)


def test_summary_by_request_and_by_domain() -> None:
    r = np.array([0.90, 0.99, 0.99, 0.99, 0.80, 0.99 - 1e-7])
    domain = np.array([0, 0, 0, 0, 2, 0])
    found = summary(r, domain, ["alarm", "unused", "music"], Bounds.parse({"default": {"min": 0.99}}))
    assert set(found.by_domain) == {"alarm", "music"}
    assert found.micro.requests == 6 and found.by_domain["alarm"].requests == 5
    assert found.micro.frequency == pytest.approx(2 / 6)  # 1e-7 is within the tolerance
    assert found.macro.frequency == pytest.approx((1 / 5 + 1) / 2)
    assert found.micro.hinge == pytest.approx((0.09 + 0.19 + 1e-7) / 6)
    assert found.macro.hinge == pytest.approx(((0.09 + 1e-7) / 5 + 0.19) / 2)
    assert found.macro.replication == pytest.approx((np.mean(r[domain == 0]) + 0.8) / 2)
    assert found.to_json()["by_domain"]["music"]["frequency"] == 1.0


def test_nothing_to_judge() -> None:
    with pytest.raises(PolicyError, match="no requests"):
        summary(np.zeros(0), np.zeros(0, np.int32), [], Bounds())
    with pytest.raises(PolicyError, match="domains"):
        summary(np.ones(2), np.zeros(3, np.int32), ["a"], Bounds())
