"""The log as a data set: which turns count, what is left out and why, what memory and disk hold."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.learning import extract as extracting
from assistant.learning.columns import Column
from assistant.learning.errors import LearningError
from assistant.learning.extract import Extract, extract
from assistant.learning.rows import reward_of, wrong
from dialog.encoder import Encoder
from dialog.errors import PluginError
from dialog.events import active_loop
from dialog.log import Log, TurnRecord
from dialog.types import Reward, Understanding, Utterance
from policies.request import FEATURES
from tests.dialog.log.factory import START, record

SIZE = 8
SKILLS = {name: np.eye(SIZE, dtype=np.float32)[index] for index, name in enumerate(("alarm", "calendar", "unused"))}


def vector_of(text: str) -> Any:
    drawn = np.random.default_rng(sum(text.encode())).normal(size=SIZE).astype(np.float32)
    return drawn / np.linalg.norm(drawn)


class Vectors:
    """An `NLU` that only makes sentence vectors."""

    version, encoder = "vectors-1", "minilm-int8"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def fit(self, examples: Mapping[str, Sequence[str]]) -> None: ...

    async def understand(self, utterance: Utterance) -> Understanding:
        self.seen.append(utterance.text)
        vector = None if utterance.text == "nothing" else vector_of(utterance.text)
        return Understanding(utterance.text, (), 1.0, vector, self.version, self.encoder)

    async def close(self) -> None: ...


def turn(sequence: int, conversation: str = "kitchen", text: str = "wake me up", **decision: Any) -> TurnRecord:
    made = record(sequence, conversation, text=text)
    known = replace(made.understanding, vector=vector_of(text))
    return replace(made, understanding=known, decision=replace(made.decision, **decision))


async def extracted(
    folder: Path, turns: Sequence[TurnRecord], rewards: Mapping[int, Sequence[Reward]], **more: Any
) -> Extract:
    async with await Log.open(f"sqlite:///{folder}/log.db") as log:
        ids = [await log.commit(made) for made in turns]
        for index, given in rewards.items():
            for reward in given:
                await log.reward(ids[index], reward, START)
        encoder = Encoder(more.pop("nlu", None) or Vectors(), asyncio.get_running_loop())
        return await extract(log, folder / "data", SKILLS, encoder, 180.0, **more)


def explicit(value: float) -> Reward:
    return Reward(value, "explicit", "user")


def test_which_reward_counts() -> None:
    hindsight, causal = Reward(0.2, "hindsight", "judge", True), Reward(0.4, "causal", "judge")
    assert math.isnan(reward_of([]))
    assert reward_of([causal]) == 0.4
    assert reward_of([hindsight, causal]) == 0.2
    assert reward_of([explicit(1.0), hindsight, explicit(0.0), causal]) == 0.0  # the latest of equals


async def test_decisions_and_what_is_left_out(tmp_path: Path) -> None:
    forced = [turn(3, forced_by=why) for why in ("form", "hotfix", "retry", "explicit")]
    forced = [
        replace(made, sequence=3 + at, utterance=replace(made.utterance, message_id=f"m{at}"))
        for at, made in enumerate(forced)
    ]
    over = replace(turn(7), decision=replace(turn(7).decision, executed=1))
    cancelled = replace(turn(8), failures=("cancelled",))
    undecided = turn(9, candidates=(), propensities=(), chosen=-1, executed=-1)
    turns = [turn(0), turn(1, text="what time is it"), turn(2), *forced, over, cancelled, undecided]
    found = await extracted(tmp_path, turns, {0: [explicit(1.0)], 2: [explicit(1.0), explicit(0.0)]})
    data = found.dataset
    assert len(data) == 3 and data.skill.shape == (3, 4)
    assert found.counts["turns"] == 10 and found.counts["judged"] == 2 and found.counts["not judged yet"] == 1
    assert [found.counts[why] for why in ("form", "hot-fix", "failed over", "explicit", "cancelled", "undecided")] == [
        1, 1, 2, 1, 1, 1,
    ]  # fmt: skip
    assert data.reward[0] == 1.0 and math.isnan(data.reward[1]) and data.reward[2] == 0.0
    assert found.policies == {"softmax-1": 3} and found.turn.tolist() == [1, 2, 3]
    assert len(set(found.session.tolist())) == 1
    for index in range(3):
        decision = turns[index].decision
        assert data.logged[index].tolist() == list(decision.propensities)
        names = [data.tables.skills[skill] for skill in data.skill[index]]
        assert names == [candidate.skill for candidate in decision.candidates]
        place = FEATURES.index("margin")
        assert np.allclose(data.numeric[index, :, place], [one.features["margin"] for one in decision.candidates])
    vectors = data.vectors()
    assert np.allclose(vectors[0], vector_of("wake me up"), atol=1e-3)
    assert np.allclose(vectors[1], vector_of("what time is it"), atol=1e-3)
    assert data.text[0] == data.text[2] and len(data.tables.texts) == 2  # a text is kept once
    assert np.array_equal(data.tables.skill_vectors[data.tables.skills.index("unused")], SKILLS["unused"])
    assert found.counts["skills without a text"] == len(data.tables.skills) - 3
    again = Extract.load(tmp_path / "data")
    assert again.counts == found.counts and np.array_equal(again.dataset.logged, data.logged)


async def test_what_was_before_the_turn(tmp_path: Path) -> None:
    first = replace(turn(0), events=(active_loop("alarm.alarm_set"),))
    later = turn(3)
    later = replace(later, utterance=replace(later.utterance, time=START + 1000.0))
    found = await extracted(tmp_path, [first, turn(1), turn(0, "hall"), later], {})
    data, sessions = found.dataset, found.session.tolist()
    assert sessions[0] == sessions[1] and len(set(sessions)) == 3
    skills = [None if last < 0 else data.tables.skills[last] for last in data.last]
    assert skills == [None, "alarm", None, None]  # nothing in a new conversation, and nothing after silence
    assert data.context[:, 5].tolist() == [0.0, 1.0, 0.0, 0.0]  # form
    assert data.context[:, 6].tolist() == [1.0, 0.0, 1.0, 1.0]  # first


async def test_a_window_of_time(tmp_path: Path) -> None:
    turns = [turn(number) for number in range(6)]
    found = await extracted(tmp_path, turns, {}, since=START + 2, until=START + 5)
    assert found.turn.tolist() == [3, 4, 5]
    assert found.dataset.last[0] >= 0  # what was said before the window is known


async def test_costly_candidates_are_not_open(tmp_path: Path) -> None:
    made = turn(0)
    options = tuple(
        replace(one, effects="costly" if index == 1 else one.effects)
        for index, one in enumerate(made.decision.candidates)
    )
    one = turn(1, candidates=options[:1], propensities=(1.0,))
    data = (await extracted(tmp_path, [turn(0, candidates=options), one], {})).dataset
    assert data.open.tolist() == [[True, False, True, True], [True, False, False, False]]
    assert data.skill[1].tolist()[1:] == [-1, -1, -1] and data.logged[1].tolist() == [1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("values", "reason"),
    [((0.0, 0.5, 0.5, 0.0), "zero for the candidate that was drawn"),
     ((0.5, 0.1, 0.1, 0.1), "no distribution"), ((float("nan"), 1.0, 0.0, 0.0), "not numbers"),
     ((None, 1.0, 0.0, 0.0), "not numbers"), ((1.5, -0.5, 0.0, 0.0), "not numbers")],
)  # fmt: skip
async def test_propensities_that_cannot_be_used(tmp_path: Path, values: Any, reason: str) -> None:
    turns = [turn(0), turn(1, propensities=values), turn(2)]
    with pytest.raises(LearningError, match=rf"turns 2 \({reason}"):
        await extracted(tmp_path, turns, {})
    assert not (tmp_path / "data" / "tables.json").exists()


def test_propensities_that_are_missing() -> None:  # the log itself takes none of these
    assert wrong(turn(0, propensities=()).decision) == wrong(turn(0, propensities=(0.5, 0.5)).decision) == "missing"


async def test_nothing_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="none of 1 turns can be learned from \\(1 form\\)"):
        await extracted(tmp_path, [turn(0, forced_by="form")], {})


async def test_sentences_of_another_encoder_are_encoded_anew(tmp_path: Path) -> None:
    nlu = Vectors()
    other = turn(1, text="from before", encoder="old-1")
    other = replace(
        other, understanding=replace(other.understanding, encoder="old-1", vector=-vector_of("from before"))
    )
    data = (await extracted(tmp_path, [turn(0), other], {}, nlu=nlu)).dataset
    assert nlu.seen == ["from before"]
    assert np.allclose(data.vectors()[1], vector_of("from before"), atol=1e-6)


async def test_an_understanding_without_vectors(tmp_path: Path) -> None:
    made = turn(0, text="nothing")
    old = replace(made, understanding=replace(made.understanding, encoder="old-1"))
    with pytest.raises(PluginError, match="gives no sentence vectors"):
        await extracted(tmp_path, [old], {})


async def test_blocks_join_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = [turn(number, f"c{number % 3}", f"sentence {number % 5}") for number in range(23)]
    whole = await extracted(tmp_path / "whole", turns, {4: [explicit(1.0)]})
    monkeypatch.setattr(extracting, "_BLOCK", 4)
    monkeypatch.setattr(extracting, "_TEXTS", 2)
    parts = await extracted(tmp_path / "parts", turns, {4: [explicit(1.0)]})
    for name in ("logged", "numeric", "skill", "context", "last", "domain", "action", "reward"):
        assert np.array_equal(getattr(whole.dataset, name), getattr(parts.dataset, name), equal_nan=True), name
    assert np.array_equal(whole.dataset.vectors(), parts.dataset.vectors())
    assert np.array_equal(whole.session, parts.session)


def test_a_column_grows_in_both_directions(tmp_path: Path) -> None:
    column = Column(tmp_path / "skill.npy", np.int32, (2,), width=True, padding=-1)
    column.append(np.array([[1, 2]]))
    column.append(np.array([[3, 4, 5], [6, 7, 8]]))
    column.append(np.array([[9]]))
    column.close()
    found = np.load(tmp_path / "skill.npy", mmap_mode="r")
    assert found.tolist() == [[1, 2, -1], [3, 4, 5], [6, 7, 8], [9, -1, -1]]
    assert [path.name for path in tmp_path.iterdir()] == ["skill.npy"]
    narrow = Column(tmp_path / "text.npy", np.float32, (3,))
    with pytest.raises(ValueError, match="rows of shape"):
        narrow.append(np.zeros((1, 2)))
    narrow.close()
