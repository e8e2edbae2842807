"""Pseudo-recognised text: confusion sets, their order, and how much of a text is edited."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu.robust.augment import KINDS, Confusions, common_subsequence, positions, words

CLEAN = ["what fare is cheapest", "show me a fare", "a flight to boston", "what is nicotine"]
HEARD = ["what fair is cheapest", "show me a fair fur", "a flight to austin", "what is nikki"]


@settings(max_examples=60)
@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_common_subsequence_is_the_longest(left: str, right: str) -> None:
    def inside(short: tuple[str, ...], text: str) -> bool:
        rest = iter(text)
        return all(char in rest for char in short)

    best = max(size for size in range(len(left) + 1) for c in combinations(left, size) if inside(c, right))
    assert common_subsequence(left, right) == best


def test_sets_of_algorithm_1() -> None:
    found = Confusions.learn(CLEAN, HEARD)
    assert found.confused == {
        "fare": ("fair", "fur"), "boston": ("austin",), "nicotine": ("nikki",),
    }  # fmt: skip
    assert found.inserted == (("fair", 2), ("austin", 1), ("fur", 1), ("nikki", 1))


def test_unequal_lists_are_an_error() -> None:
    with pytest.raises(ValueError):
        Confusions.learn(CLEAN, HEARD[:2])


@pytest.mark.parametrize(("length", "edits"), [(0, 0), (4, 0), (5, 1), (10, 1), (11, 2), (40, 2)])
def test_positions_by_length(length: int, edits: int) -> None:
    assert positions(length) == edits
    text = " ".join(f"w{place}" for place in range(length))
    for kind, change in (("deletion", -1), ("insertion", 1)):
        out = Confusions.learn(CLEAN, HEARD).apply(text, np.random.default_rng(0), (kind,))
        assert len(out.split()) == length + change * edits
    confusions = Confusions((), {f"w{place}": ("x",) for place in range(length)})
    out = confusions.apply(text, np.random.default_rng(0), ("substitution",))
    assert out.split().count("x") == edits


def test_the_same_seed_gives_the_same_text() -> None:
    confusions, text = Confusions.learn(CLEAN, HEARD), "what is the cheapest fare to boston today"
    outs = [confusions.apply(text, np.random.default_rng(seed)) for seed in (3, 3, 4, 5, 6)]
    assert outs[0] == outs[1] and len(set(outs)) > 1


def test_an_extra_source_covers_words_never_confused() -> None:
    confusions = Confusions.learn(
        CLEAN, HEARD, extra=lambda word: {"plane": ("plain",), "fare": ("fair", "fear")}.get(word, ())
    )
    assert confusions.substitutes("plane") == ("plain",)
    assert confusions.substitutes("fare") == ("fair", "fur", "fear")
    assert confusions.substitutes("boat") == ()
    assert confusions.apply("plane " * 5, np.random.default_rng(0), ("substitution",)).count("plain") == 1


def test_nothing_to_learn_from_changes_nothing_but_deletions() -> None:
    empty = Confusions.learn([], [])
    text = "one two three four five six"
    assert empty.apply(text, np.random.default_rng(0), ("insertion", "substitution")) == text
    assert len(empty.apply("", np.random.default_rng(0), KINDS)) == 0


def test_words() -> None:
    assert words("What county is Modesto , California in ?") == ["what", "county", "is", "modesto", "california", "in"]
