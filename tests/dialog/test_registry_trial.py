"""Versions on trial: the file beside the pointer, who belongs to a canary, and a running holder that follows."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialog.registry import Damaged, Locked, Registry, RegistryError, Release, UnknownVersion
from dialog.registry.trial import Trial, TrialFollower, Trials, point

KIND = "policy"


def registry_with(folder: Path, *versions: str) -> Registry:
    registry = Registry(folder / "models")
    for version in versions:
        made = folder / "made" / version
        made.mkdir(parents=True)
        (made / "weights").write_text(version)
        registry.add(KIND, version, made)
    return registry


def test_the_trial_is_kept(tmp_path: Path) -> None:
    trials = Trials(registry_with(tmp_path, "a", "b"), KIND)
    assert trials.read() == Trial() and trials.stamp() is None
    trials.shadow("a")
    trials.canary("b", 0.25)
    known = trials.waive("a", " tried by hand ")
    assert (known.shadow, known.canary, known.share, known.waivers) == ("a", "b", 0.25, {"a": "tried by hand"})
    assert trials.read() == known and known.versions == ("a", "b") and known.at
    assert trials.change(lambda trial: trial.without("b")).canary is None
    assert trials.read().shadow == "a" and trials.read().share == 0.0


def test_what_cannot_be_on_trial(tmp_path: Path) -> None:
    trials = Trials(registry_with(tmp_path, "a", "torn"), KIND)
    (tmp_path / "models" / KIND / "torn" / "weights").write_text("other")
    with pytest.raises(UnknownVersion):
        trials.shadow("b")
    with pytest.raises(Damaged, match="weights is not what was added"):
        trials.canary("torn", 0.1)
    for share in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(RegistryError, match="between 0 and 1"):
            trials.canary("a", share)
    with pytest.raises(RegistryError, match="needs a reason"):
        trials.waive("a", "  ")
    assert trials.read() == Trial()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"format": 2}', '{"format": 1, "canary": 3}', '{"format": 1, "share": "x"}',
     '{"format": 1, "share": 2.0}', '{"format": 1, "more": 1}', '{"format": 1, "waivers": {"a": 1}}'],
)  # fmt: skip
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    trials = Trials(registry_with(tmp_path, "a"), KIND)
    trials.shadow("a")
    path = tmp_path / "models" / KIND / "trial.json"
    path.write_text(text)
    with pytest.raises(Damaged, match=r"trial\.json"):
        trials.read()
    with pytest.raises(Damaged):
        trials.shadow("a")
    assert path.read_text() == text


def test_one_promotion_at_a_time(tmp_path: Path) -> None:
    trials = Trials(registry_with(tmp_path, "a"), KIND)
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        with trials.alone():
            held.set()
            go.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    try:
        with pytest.raises(Locked, match="somebody else is putting a policy in force"), trials.alone():
            raise AssertionError("two at once")
        trials.shadow("a")  # other changes do not wait for a promotion
    finally:
        go.set()
        thread.join()
    with trials.alone():
        assert trials.read().shadow == "a"


@given(st.text(), st.text(min_size=1))
def test_a_conversation_stays_where_it_is(conversation: str, version: str) -> None:
    where = point(conversation, version)
    assert 0.0 <= where < 1.0 and where == point(conversation, version)
    assert Trial(canary=version, share=0.3).picks(conversation) == (where < 0.3)
    assert not Trial().picks(conversation)


def test_a_canary_gets_its_share() -> None:
    names = [f"conversation {number}" for number in range(4000)]
    first, second = Trial(canary="a", share=0.1), Trial(canary="b", share=0.1)
    got = sum(first.picks(name) for name in names)
    assert 330 < got < 470  # four standard deviations around 400
    both = sum(first.picks(name) and second.picks(name) for name in names)
    assert 15 < both < 70  # independent: about 40
    assert all(Trial(canary="a", share=0.2).picks(name) for name in names if first.picks(name))


class Holder:
    def __init__(self) -> None:
        self.trial = Trial()
        self.models: Mapping[str, str] = {}
        self.loaded: list[str] = []

    def load(self, release: Release | None) -> str:
        assert release is not None
        text = (release.path / "weights").read_text()
        if text == "bad":
            raise ValueError("no weights at all")
        self.loaded.append(text)
        return text

    def put_trial(self, trial: Trial, models: Mapping[str, str]) -> None:
        self.trial, self.models = trial, models


def test_a_running_holder_follows(tmp_path: Path) -> None:
    trials = Trials(registry_with(tmp_path, "a", "b", "bad"), KIND)
    trials.shadow("a")
    holder = Holder()
    follower = TrialFollower(holder, trials, every=0.01)
    follower.start()
    assert holder.models == {"a": "a"} and holder.trial.shadow == "a"
    trials.canary("b", 0.5)
    _until(lambda: set(holder.models) == {"a", "b"})
    assert holder.loaded == ["a", "b"]  # what goes on being on trial is not loaded again
    trials.canary("bad", 0.5)
    _until(lambda: follower.problem is not None)
    assert "bad is not on trial" in str(follower.problem) and "no weights at all" in str(follower.problem)
    assert holder.models == {"a": "a"}
    path = tmp_path / "models" / KIND / "trial.json"
    path.write_text(json.dumps({"format": 9}))
    _until(lambda: "format" in str(follower.problem))
    assert holder.models == {} and holder.trial == Trial()
    follower.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == f"trial_{KIND}"]


def _until(happens: object) -> None:
    end = time.monotonic() + 10
    assert callable(happens)
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.005)
