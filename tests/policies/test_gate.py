from __future__ import annotations

import numpy as np
import pytest

from policies.errors import PolicyError
from policies.gate import Gate
from policies.replication import replication


def test_mean_replication_meets_the_target() -> None:
    rng = np.random.default_rng(0)
    old, bandit = rng.dirichlet(np.ones(4), 3_000), rng.dirichlet(np.ones(4), 3_000)
    domain, target = rng.integers(0, 2, 3_000), np.array([0.99, 0.9, 0.5])
    gate = Gate.fit(bandit, old, domain, ["a", "b", "unused"], target)
    mixed = gate.propensities(bandit, old, domain)
    r = replication(mixed, old)
    assert [r[domain == k].mean() for k in (0, 1)] == pytest.approx([0.99, 0.9], abs=1e-12)
    assert gate.shares[2] == 0.0  # nothing is known of it
    np.testing.assert_allclose(mixed.sum(axis=1), 1.0)
    assert (r[domain == 0] < 0.99).mean() > 0.3  # a mean is no promise for a request


def test_all_of_the_bandit_where_it_may() -> None:
    old, bandit = np.array([[0.5, 0.5]]), np.array([[0.45, 0.55]])
    assert Gate.fit(bandit, old, np.array([0]), ["a"], np.array([0.9])).shares == (1.0,)
    assert Gate.fit(old, old, np.array([0]), ["a"], np.array([1.0])).shares == (1.0,)


def test_bad_targets() -> None:
    old = np.array([[0.5, 0.5]])
    with pytest.raises(PolicyError, match="target"):
        Gate.fit(old, old, np.array([0]), ["a"], np.array([1.1]))
    with pytest.raises(PolicyError, match="domains"):
        Gate.fit(old, old, np.array([0, 0]), ["a"], np.array([0.9]))
