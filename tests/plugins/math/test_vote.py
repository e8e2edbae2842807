"""The learned vote: what it learns, that its probabilities mean something, thresholds, files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from plugins.math.channels import Derivation, derivation
from plugins.math.evidence import features
from plugins.math.groups import grouped
from plugins.math.program import program_of
from plugins.math.template import template_of
from plugins.math.vote import Example, Vote, VoteError, fit, pack, probabilities, threshold


def world(count: int, seed: int) -> list[Example]:
    """Two channels, right in 90 and 60 of 100 questions; when wrong they say different things."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        good, poor = rng.random() < 0.9, rng.random() < 0.6
        if good and poor:
            found.append(Example(({"for good": 1.0, "for poor": 1.0},), (True,)))
        else:
            groups = {"for good": 1.0, "for poor": 0.0}, {"for good": 0.0, "for poor": 1.0}
            found.append(Example(groups, (bool(good), bool(poor))))
    return found


def test_it_learns_whom_to_trust_and_is_calibrated() -> None:
    vote = fit(pack(world(4000, 0)), 1.0)
    fresh = world(4000, 1)
    right, chances = [], []
    for example in fresh:
        given = vote.probabilities(example.groups)
        best = int(np.argmax(given))
        right.append(example.right[best])
        chances.append(given[best])
    assert np.mean(right) == pytest.approx(0.9, abs=0.02)
    assert np.mean(chances) == pytest.approx(np.mean(right), abs=0.02)
    split = vote.probabilities(({"for good": 1.0}, {"for poor": 1.0}))
    assert split[0] == pytest.approx(0.36 / 0.46, abs=0.05) and split[1] == pytest.approx(0.06 / 0.46, abs=0.05)
    assert sum(split) < 1, "that both are wrong has a share"


def test_fitting_is_deterministic_and_packed_probabilities_are_the_same() -> None:
    examples = world(300, 2)
    first, second = fit(pack(examples), 3.0), fit(pack(examples), 3.0)
    assert first == second
    packed = pack(examples)
    rows = probabilities(first, packed)
    for example, row in zip(examples, rows, strict=True):
        assert first.probabilities(example.groups) == pytest.approx(row[: len(example.groups)])


def test_unknown_features_count_nothing_and_no_answer_has_no_probability() -> None:
    vote = fit(pack(world(200, 3)), 1.0)
    group = {"for good": 1.0}
    assert vote.probabilities([group]) == vote.probabilities([{**group, "for a stranger": 9.0}])
    assert vote.probabilities([]) == []
    empty = pack([*world(5, 0), Example((), ())])
    assert probabilities(vote, empty)[-1].sum() == 0


def test_extreme_scores_stay_probabilities() -> None:
    vote = Vote({"x": 1.0}, {"x": 0.0}, {"x": 1e-3})
    assert vote.probabilities([{"x": 1e6}, {"x": -1e6}]) == pytest.approx([1.0, 0.0])
    assert vote.probabilities([{"x": -1e6}]) == [0.0]


def test_the_threshold_reaches_the_wished_precision() -> None:
    chances, right = [0.9, 0.8, 0.7, 0.6, 0.6], [True, True, False, True, True]
    assert threshold(chances, right, 1.0) == 0.8
    assert threshold(chances, right, 0.8) == 0.6
    assert threshold([0.6, 0.6], [True, False], 0.9) > 1, "equal probabilities are answered together or not at all"
    assert threshold([], [], 0.9) > 1
    with pytest.raises(VoteError):
        threshold(chances, right, 1.5)


def test_weights_survive_the_file(tmp_path: Path) -> None:
    vote = fit(pack(world(200, 4)), 1.0, {"data": "made"})
    vote.save(tmp_path / "vote.json")
    assert Vote.load(tmp_path / "vote.json") == vote


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("not json", "vote.json"),
        ([], "an object is expected"),
        ({"weights": 3}, "weights: an object"),
        ({"weights": {"x": "one"}}, "weights.x: a number"),
        ({"weights": {"x": True}}, "weights.x: a number"),
        ({"weights": {"x": 1.0, "y": 1.0}}, "different features"),
        ({"scale": {"x": 0.0}}, "scale: must be positive"),
        ({"slope": None}, "single.slope"),
        ({"card": []}, "card"),
    ],
)
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, change: object, message: str) -> None:
    path = tmp_path / "vote.json"
    good = {"weights": {"x": 1.0}, "centre": {"x": 0.0}, "scale": {"x": 1.0}, "slope": 1.0, "offset": 0.0, "card": {}}
    text = change if isinstance(change, str) else json.dumps({**good, **change} if isinstance(change, dict) else change)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(VoteError, match=message):
        Vote.load(path)
    with pytest.raises(VoteError, match=r"none\.json"):
        Vote.load(tmp_path / "none.json")


def test_nothing_to_learn_from_is_said() -> None:
    with pytest.raises(VoteError):
        pack([Example((), ())])
    with pytest.raises(VoteError):
        fit(pack(world(10, 0)), 0.0)


def test_evidence_names_who_agrees_and_what_suits() -> None:
    template = template_of("Tom had 9 marbles and 5 cards. He gave away 4 marbles. How many marbles are left?")

    def says(channel: str, source: str, **checks: float) -> Derivation:
        made = derivation(channel, source, program_of(source, template.letters), template)
        return Derivation(channel, source, made.program, made.answer, checks=checks)

    found = [says("a", "A - C"), says("b", "A - C"), says("c", "B - A", slip=1.0), Derivation("d", "", failure="none")]
    groups = grouped(found, template)
    right, wrong = features(groups, template, [item.channel for item in found])
    assert right["for a"] == right["for b"] == right["for a & b"] == 1 and right["for c"] == 0
    assert right["against c"] == 1 and right["against a"] == 0 and right["share"] == 0.5
    assert right["difference"] == 1 and right["difference with asked left"] == 1 and right["one formula"] == 1
    assert right["same unit"] > wrong["same unit"]
    assert wrong["negative"] == 1 and right["negative"] == 0
    assert wrong["c: slip"] == 1 and right["against c: slip"] == 1
    assert right["number unused"] == 1
