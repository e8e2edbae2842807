from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from plugins.math.solver.encoding import Encoding
from plugins.math.solver.retrieval import Retrieval, formula, quantised, shape
from plugins.math.solver.weights import SolverError

SHAPES = ["+ #0 #1", "- #0 #1", "* #0 - #1 #2"]
VECTORS = np.array([[1, 0, 0, 0], [0.9, 0.1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], np.float32)


def asked(vector: list[float], letters: str) -> Encoding:
    count = len(letters)
    return Encoding(
        np.zeros((count + 2, 4), np.float32),
        np.array(vector, np.float32),
        tuple(letters),
        np.arange(1, count + 1),
        np.zeros((count, 16), np.float32),
        np.ones(count),
    )


def library() -> Retrieval:
    return Retrieval(quantised(VECTORS), np.array([2, 2, 3, 2], np.uint8), np.array([0, 1, 2, 1]), SHAPES)


def test_shapes_come_back_over_other_letters() -> None:
    text = shape(("*", "B", "-", "A", "2"), ("A", "B", "C"))
    assert text == "* #1 - #0 2"
    assert formula(text, ("D", "E")) == ("*", "E", "-", "D", "2")
    with pytest.raises(ValueError, match="not in"):
        shape(("+", "A", "Z"), ("A", "B"))


def test_the_nearest_with_as_many_letters_count() -> None:
    found = library().decode(asked([2, 0, 0, 0], "AB"), 5)
    assert found[0][0] == ("+", "A", "B") and found[1][0] == ("-", "A", "B")
    assert 0.5 < found[0][1] < 1 and sum(chance for _, chance in found) <= 1 + 1e-6
    assert library().decode(asked([2, 0, 0, 0], "CDE"), 5) == [(("*", "C", "-", "D", "E"), pytest.approx(0, abs=0.02))]


def test_other_numbers_of_letters_have_nothing() -> None:
    assert library().decode(asked([1, 0, 0, 0], "ABCDE"), 5) == []
    assert library().decode(asked([1, 0, 0, 0], ""), 5) == []


def test_a_vector_of_nothing_is_no_failure() -> None:
    found = library().decode(asked([0, 0, 0, 0], "AB"), 5)
    assert found and all(chance == 0 for _, chance in found)


def test_codes_keep_the_cosine() -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 384)).astype(np.float32)
    codes = quantised(vectors).astype(np.float32)
    for first, second in ((vectors, codes),):
        first = first / np.linalg.norm(first, axis=1, keepdims=True)
        second = second / np.linalg.norm(second, axis=1, keepdims=True)
        assert np.einsum("ij,ij->i", first, second).min() > 0.9999


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"codes": np.zeros((4, 4), np.float32)}, "not int8"),
        ({"codes": np.zeros((4, 5), np.int8)}, r"not int8 \(any, 4\)"),
        ({"formulas": np.array([0, 1])}, "4 vectors, 4 numbers of letters, 2 formulas"),
        ({"formulas": np.array([0, 1, 9, 0])}, "a formula is named that is not there"),
        ({"shapes": np.array(["+ #0 #1", "- #0 #1", "+ #0 #7"])}, "the formula '\\+ #0 #7' does not fit its question"),
        ({"shapes": np.array(["+ #0 #1", "- #0 #1", "+ #0"])}, "does not fit"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, change: dict[str, np.ndarray], message: str) -> None:
    whole = {
        "codes": quantised(VECTORS),
        "letters": np.array([2, 2, 3, 2], np.uint8),
        "formulas": np.array([0, 1, 2, 1]),
        "shapes": np.array(SHAPES),
    }
    path = tmp_path / "r.npz"
    np.savez(path, **whole)
    assert Retrieval.read(path, 4).decode(asked([2, 0, 0, 0], "AB"), 5)
    np.savez(path, **{**whole, **change})
    with pytest.raises(SolverError, match=message):
        Retrieval.read(path, 4)


def test_letters_are_those_of_the_question() -> None:
    question = replace(asked([1, 0, 0, 0], "AB"), letters=("K", "A1"))
    assert library().decode(question, 1)[0][0] == ("+", "K", "A1")
