"""Error rates by hand, alignment and uniformity against all pairs, strays."""

import numpy as np
import pytest

from nlu.joint.metrics import Frame, Tally, alignment, mean_alignment, rates, tally, uniformity, unit
from nlu.joint.strays import Token, nearest, strays


def test_tally_counts_each_kind_of_error() -> None:
    gold = Frame("go", (("from", "rome"), ("to", "paris"), ("day", "monday")))
    assert tally(gold, gold) == Tally(correct=4)
    predicted = Frame("fly", (("from", "rome"), ("to", "pari"), ("to", "paris"), ("time", "noon")))
    # intent wrong (S), `day` missing (D), second `to` and `time` extra (2 I), `from` and `to` right
    assert tally(gold, predicted) == Tally(correct=2, deletions=1, insertions=2, substitutions=1)
    wrong_value = Frame("go", (("from", "rome"), ("to", "berlin"), ("day", "monday")))
    assert tally(gold, wrong_value) == Tally(correct=3, substitutions=1)


def test_rates_by_hand() -> None:
    gold = [Frame("a", (("x", "1"),)), Frame("b", ()), Frame("a", (("x", "1"), ("y", "2")))]
    predicted = [Frame("a", (("x", "1"),)), Frame("a", ()), Frame("a", (("x", "1"),))]
    found = rates(gold, predicted)
    assert found.semer == pytest.approx(2 / 6)  # one intent, one deletion; six gold items
    assert found.icer == pytest.approx(1 / 3)
    assert found.irer == pytest.approx(2 / 3)
    assert found.slot_f1 == pytest.approx(2 * 2 / (2 + 3))
    with pytest.raises(ValueError, match="no sentences"):
        rates([], [])


def test_gold_items_do_not_depend_on_the_prediction() -> None:
    gold = Frame("a", (("x", "1"), ("x", "1"), ("y", "2")))
    for slots in ((), (("x", "1"),), (("y", "9"), ("z", "0"), ("x", "1"), ("x", "1"), ("x", "1"))):
        assert tally(gold, Frame("b", slots)).gold == 4


def test_alignment_and_uniformity_over_all_pairs() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(9, 5)).astype(np.float32)
    labels = list("aaabbbbcd")
    points = unit(vectors)
    found = alignment(vectors, labels)
    assert list(found) == ["a", "b"]
    for name, (value, n) in found.items():
        chosen = [points[i] for i in range(9) if labels[i] == name]
        pairs = [float(((x - y) ** 2).sum()) for i, x in enumerate(chosen) for j, y in enumerate(chosen) if i != j]
        assert n == len(chosen)
        assert value == pytest.approx(np.mean(pairs), rel=1e-5)
    assert mean_alignment(found) == pytest.approx((3 * found["a"][0] + 4 * found["b"][0]) / 7)
    every = [np.exp(-2 * ((points[i] - points[j]) ** 2).sum()) for i in range(9) for j in range(9) if i != j]
    assert uniformity(vectors) == pytest.approx(np.log(np.mean(every)), rel=1e-5)
    assert np.isnan(uniformity(vectors[:1])) and np.isnan(mean_alignment({}))


def test_nearest_by_brute_force() -> None:
    rng = np.random.default_rng(1)
    points = unit(rng.normal(size=(40, 6)).astype(np.float32))
    groups = np.repeat(np.arange(10), 4)
    found, cosines = nearest(points, groups, 5)
    for row in range(40):
        ranked = sorted((-float(points[row] @ points[q]), q) for q in range(40) if groups[q] != groups[row])
        assert found[row].tolist() == [q for _, q in ranked[:5]]
        assert cosines[row].tolist() == pytest.approx([-value for value, _ in ranked[:5]], abs=1e-6)
    assert nearest(points[:4], groups[:4], 3)[0].tolist() == [[-1] * 3] * 4


def test_a_wrong_label_stands_out() -> None:
    rng = np.random.default_rng(2)
    centres = np.eye(3, 8) * 5
    labels = [("city", "day", "time")[i % 3] for i in range(60)]
    vectors = np.array([centres[i % 3] for i in range(60)]) + rng.normal(size=(60, 8)) * 0.3
    labels[7] = "city"  # really a day
    tokens = [Token(i, 0, 3, "abc", label) for i, label in enumerate(labels)]
    found = strays(vectors.astype(np.float32), tokens)
    assert [(one.token.sentence, one.neighbours) for one in found] == [(7, "day")]
    with pytest.raises(ValueError, match="vectors"):
        strays(vectors[:3].astype(np.float32), tokens)
    with pytest.raises(ValueError, match="share"):
        strays(vectors.astype(np.float32), tokens, share=0.2)
    assert strays(np.zeros((0, 4), np.float32), []) == []
