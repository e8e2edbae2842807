from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from plugins.product_qa.index.dense import DenseQuery, quantised, signs


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    drawn = np.random.default_rng(0).standard_normal((3000, 384)).astype(np.float32)
    drawn[5] = drawn[0] + 0.3 * drawn[5]
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


def test_cosines_are_near_those_of_the_vectors(vectors: NDArray[np.float32]) -> None:
    rows, scales = quantised(vectors)
    found = DenseQuery(vectors[0]).cosines(rows, scales)
    np.testing.assert_allclose(found, vectors @ vectors[0], atol=0.004)
    assert found[0] > 0.9999
    assert found.argsort()[-2] == 5


def test_cosines_do_not_depend_on_the_neighbours(vectors: NDArray[np.float32]) -> None:
    rows, scales = quantised(vectors)
    query = DenseQuery(vectors[7])
    whole = query.cosines(rows, scales)
    order = np.random.default_rng(1).permutation(len(rows))
    assert (query.cosines(rows[order], scales[order]) == whole[order]).all()
    for place in (0, 1, 1023, 1024, 2999):
        assert query.cosines(rows[place : place + 1], scales[place : place + 1])[0] == whole[place]


def test_sums_stay_exact_for_the_largest_rows() -> None:
    rows = np.where(np.random.default_rng(2).random((4, 384)) < 0.5, -127, 127).astype(np.int8)
    query = DenseQuery(np.asarray(rows[0], np.float32))
    whole = np.rint(rows[0].astype(np.float64) * 6700 / np.linalg.norm(rows[0].astype(np.float64)))
    exact = rows.astype(np.float64) @ whole / np.linalg.norm(whole) / np.linalg.norm(rows[0].astype(np.float64))
    scale = np.float32(1 / np.linalg.norm(rows[0].astype(np.float64)))
    np.testing.assert_allclose(query.cosines(rows, np.full(4, scale)), exact, rtol=3e-7)


def test_zeros_have_no_cosine(vectors: NDArray[np.float32]) -> None:
    rows, scales = quantised(np.zeros((2, 384), np.float32))
    assert DenseQuery(vectors[0]).cosines(rows, scales).tolist() == [0, 0]
    real = quantised(vectors[:2])
    assert DenseQuery(np.zeros(384, np.float32)).cosines(*real).tolist() == [0, 0]


def test_signs_differ_as_counted(vectors: NDArray[np.float32]) -> None:
    rows, _ = quantised(vectors[:50])
    found = DenseQuery(vectors[3]).distances(signs(rows))
    assert found.tolist() == ((rows > 0) != (rows[3] > 0)).sum(axis=1).tolist()
    assert found[3] == 0


@pytest.mark.parametrize("wrong", [np.zeros(383), np.zeros((1, 384)), np.full(384, np.nan)])
def test_other_vectors_are_refused(wrong: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match="384 finite numbers"):
        DenseQuery(wrong)
