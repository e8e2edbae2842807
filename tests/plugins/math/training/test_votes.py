"""The vote for embedded channels: what it is fitted to, what is promised of its thresholds, what is kept."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest

from dialog.errors import AssistantError
from plugins.math.selective import Ranked
from plugins.math.solving import floor_of
from plugins.math.training import votes
from plugins.math.training.derived import Item, collect, kept, write
from plugins.math.training.votes import floor_for, folds, judged, lines, spare, thresholds, train
from plugins.math.vote import Vote, VoteError
from tests.plugins.math.made_questions import channels, problems


@pytest.fixture(scope="module")
def items() -> list[Item]:
    parts = {"mawps": problems(120), "gsm8k": problems(80, seed=5, part="gsm8k")}
    everything = [one for part in parts.values() for one in part]
    heard: list[float] = []
    found = asyncio.run(collect(parts, channels(everything), lambda done, note: heard.append(done)))
    assert heard == [float(place + 1) for place in range(200)]
    return found


def test_the_vote_beats_one_channel_and_its_card_says_how_sure_it_may_be(items: list[Item], tmp_path: Path) -> None:
    vote, report = train(items)
    ways = {name: by["all"]["accuracy"] for name, by in report["ways"].items()}
    assert set(ways) == {"vote", "relation", "sequence", "majority", "sum", "product"}
    assert ways["vote"] >= max(ways["relation"], ways["sequence"]) and ways["vote"] > ways["sequence"]
    assert report["problems"] == {"all": 200, "gsm8k": 80, "mawps": 120}
    card = vote.card
    assert card["channels"] == ["relation", "sequence"]
    held = card["held out"]["all"]["0.9"]
    assert held["bound"] < held["precision"] <= 1 and 0 < held["coverage"] <= 1
    assert card["thresholds"]["0.9"] == held["floor"] == floor_of(vote, 0.9)
    vote.save(tmp_path / "vote.json")
    assert Vote.load(tmp_path / "vote.json") == vote
    assert "threshold for 90%" in lines(report)


def test_features_that_count_formulas_may_be_left_out(items: list[Item]) -> None:
    vote, report = train(items[:80])
    assert report["features"] == vote.card["features"] and len(report["log losses"]) == 3 * len(votes.RIDGES)
    names = {name for one in items[:9] for group in judged(one).example.groups for name in group}
    assert {"share", "for relation", "against sequence"} <= {name for name in names if spare(name)}
    assert not any(spare(name) for name in names if "mass" in name or "first" in name or name in ("bias", "numbers"))
    assert spare("relation: margin") and spare("against relation: agreement")


def test_it_is_deterministic(items: list[Item]) -> None:
    few = items[:60]
    assert train(few, 3)[0] == train(few, 3)[0]


def test_problems_alike_but_for_numbers_share_a_fold(items: list[Item]) -> None:
    fold = folds([*items, *items], 0)
    assert (fold[:200] == fold[200:]).all() and set(fold) == set(range(votes.FOLDS))


def test_only_one_of_equal_answers_is_right(items: list[Item]) -> None:
    found = [judged(item) for item in items]
    assert max(sum(one.example.right) for one in found) == 1
    assert all(len(one.groups) == 2 for one in found)


def test_thresholds_are_measured_on_the_other_half() -> None:
    """Chances that mean nothing in one half must not look good there."""
    chances = np.linspace(0.01, 1, 100)
    half = np.arange(100) % 2
    right = np.where(half == 0, chances > 0.5, np.arange(100) % 4 == 1)
    found = thresholds(Ranked(chances, right), half.astype(np.int64))["0.95"]
    assert 0.3 < found["precision"] < 0.8 and found["bound"] < found["precision"]


def test_a_floor_counts_one_more_error_than_there_was() -> None:
    chances = np.linspace(1, 0.01, 100)
    all_right = Ranked(chances, np.ones(100, np.bool_))
    assert floor_for(all_right, 0.98) == pytest.approx(0.01), "99 of 100 is enough"
    few = Ranked(chances[:40], np.ones(40, np.bool_))
    assert floor_for(few, 0.98) == votes.NEVER and floor_for(few, 0.95) == pytest.approx(chances[39], abs=1e-6)
    equal = Ranked(np.array([0.9] * 20 + [0.5] * 2), np.array([True] * 20 + [True, False]))
    assert floor_for(equal, 0.92) == 0.9, "equal probabilities are answered together or not at all"


def test_what_was_derived_is_kept_and_read_again(items: list[Item], tmp_path: Path) -> None:
    path = tmp_path / "derived.jsonl"
    write(items[:20], path)
    again = kept(path)
    assert [one.derivations for one in again] == [one.derivations for one in items[:20]]
    assert [(one.key, one.part, one.answer) for one in again] == [(one.key, one.part, one.answer) for one in items[:20]]
    path.write_text(path.read_text(encoding="utf-8") + '{"id": 1}\n', encoding="utf-8")
    with pytest.raises(AssistantError, match=r"derived\.jsonl:21"):
        kept(path)


def test_the_command_fits_what_was_kept(
    items: list[Item], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "derived.jsonl"
    write(items[:60], cache)
    assert votes.main(["--model", str(tmp_path), "--cache", str(cache), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["problems"]["all"] == 60
    assert Vote.load(tmp_path / "vote.json").card["channels"] == ["relation", "sequence"]
    assert votes.main(["--model", str(tmp_path / "none"), "--data", str(tmp_path)]) == 1
    assert str(tmp_path / "none") in capsys.readouterr().err


def test_nothing_derived_is_said() -> None:
    with pytest.raises(VoteError):
        train([])
