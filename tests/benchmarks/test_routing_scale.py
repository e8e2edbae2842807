"""The scale benchmark in small: its data, its log, the memory it reads; and blocks, which must not change a result."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from assistant.learning.split import split
from benchmarks import learn_demo, routing_scale, routing_scale_cells, routing_scale_data
from benchmarks.routing_scale_cells import Recalled
from benchmarks.routing_scale_log import fill
from benchmarks.routing_scale_memory import Failed, measured
from dialog.errors import AssistantError
from dialog.log import Log
from policies import blocks, certify, dataset, estimators, replication, reward_model, ring
from policies.base import LoggedBase, SoftmaxBase
from policies.bounds import Bounds
from policies.dataset import ARRAYS, Dataset
from policies.errors import PolicyError
from tests.policies.made import made


@pytest.fixture
def mapped(tmp_path: Path) -> Dataset:
    """A mapped data set of 1500 decisions."""
    made(n=1500).data.save(tmp_path / "saved")
    return Dataset.load(tmp_path / "saved")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes everything go through in blocks of 64 rows, and results above 1 KB into files."""

    def shrink() -> None:
        def some(n: int, size: int = 64) -> object:
            return (slice(start, min(start + size, n)) for start in range(0, n, size))

        monkeypatch.setattr(blocks, "MOST", 1024)
        for module in (blocks, certify, estimators, replication, reward_model, ring, sys.modules[split.__module__]):
            monkeypatch.setattr(module, "blocks", some)

    return shrink


def test_blocks_change_no_result(mapped: Dataset, small: Callable[[], None]) -> None:
    data, rng = mapped, np.random.default_rng(1)
    mix = np.where(data.mask, rng.random(data.skill.shape), 0.0)
    new = 0.7 * np.asarray(data.logged) + 0.3 * mix / mix.sum(1, keepdims=True)
    q, observed = rng.random(data.skill.shape), rng.uniform(0.6, 1.0, len(data))
    sessions = rng.integers(0, 2**63, len(data)).astype(np.uint64)
    bounds = Bounds((0.6, 0.99), {data.tables.domains[0]: (0.8, 1.0)})

    def all_of_it() -> list[str]:
        parts = split(sessions, 3)
        found = [
            certify.certify(data, new, bounds, q, excuse_out_of_reach=True, live=SoftmaxBase().propensities_of(data)),
            certify.certify(data, new, bounds, observed=observed, epsilon_by_domain=0.1),
            *(estimators.difference(method, data, new, q, cap=1.2) for method in estimators.METHODS),
            estimators.estimate("clipped", data, new, observed=observed),
            estimators.support(data, new),
            replication.summary(replication.replication(new, data.logged), data.domain, data.tables.domains, bounds),
            [part.tolist() for part in (parts.train, parts.valid, parts.certify)],
            reward_model.known(data).tolist(),
            reward_model._folds(data, None, 4).tolist(),
            reward_model._digest(reward_model._folds(data, sessions, 4)),
        ]
        return [repr(one) for one in found]

    before = all_of_it()
    small()
    assert all_of_it() == before


def test_what_is_wrong_is_told_for_the_whole_log(mapped: Dataset, small: Callable[[], None]) -> None:
    small()
    new = np.array(mapped.logged)
    new[[3, 70, 700, 701, 702, 1400]] = np.nan
    with pytest.raises(
        PolicyError, match=r"new propensities are missing: 6 of 1500 rows \(3, 70, 700, 701, 702 \.\.\.\)"
    ):
        certify.certify(mapped.with_reward(np.ones(1500, np.float32)), new, Bounds())


def test_parts_of_a_mapped_log_are_mapped(mapped: Dataset, small: Callable[[], None], tmp_path: Path) -> None:
    rows = np.random.default_rng(2).permutation(1500)[:900]
    mask: NDArray[np.bool_] = np.arange(1500) % 3 > 0
    whole = [mapped.take(rows), mapped.take(mask)]
    small()
    for before, part in zip(whole, (mapped.take(rows), mapped.take(mask)), strict=True):
        assert isinstance(part.logged, np.memmap) and isinstance(part.take(np.arange(800)).logged, np.memmap)
        for name in ARRAYS:
            assert np.array_equal(getattr(part, name), getattr(before, name), equal_nan=True), name
    assert np.shares_memory(mapped.take(slice(5, 9)).logged, mapped.logged)
    said = blocks.propensities_of(LoggedBase(), mapped)
    assert isinstance(said, np.memmap) and np.array_equal(said, mapped.logged)
    assert len(list((tmp_path / "saved").iterdir())) == len(ARRAYS) + 3  # no file is left behind
    assert type(made(n=1500).data.take(rows).logged) is np.ndarray  # what is in memory stays there


def test_made_decisions_can_be_learned_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing_scale_data, "SHARD", 700)
    size = routing_scale_data.write(tmp_path / "data", 1500, 0)
    data = dataset.Dataset.load(tmp_path / "data")
    assert len(data) == 1500 and size == sum(path.stat().st_size for path in (tmp_path / "data").iterdir())
    assert np.allclose(data.logged.sum(1), 1.0) and np.allclose(np.linalg.norm(data.vectors(), axis=1), 1.0, atol=1e-5)
    assert all(len(set(row)) == data.skill.shape[1] for row in data.skill.tolist())
    wanted = routing_scale_data._wanted(np.asarray(data.text, np.int64))
    right = np.take_along_axis(data.skill, data.action[:, None], 1)[:, 0] == wanted
    assert np.nanmean(data.reward[right]) > 0.75 > 0.25 > np.nanmean(data.reward[~right])
    assert (data.skill == wanted[:, None]).any(axis=1).all()


async def test_a_written_log_is_read_back(tmp_path: Path) -> None:
    await asyncio.to_thread(fill, tmp_path, 25, 0)
    async with await Log.open(f"sqlite:///{tmp_path}/log.db", read_only=True) as log:
        turns = [turn async for turn in log.turns()]
    assert len(turns) == 25 and {turn.utterance.conversation_id for turn in turns} == {"talk-0", "talk-1", "talk-2"}
    with pytest.raises(AssertionError, match="is not in the log"):
        await Recalled().understand(turns[0].utterance)


def test_memory_of_a_process(tmp_path: Path) -> None:
    fill(tmp_path, 40, 0)
    found = measured(routing_scale.CELLS, [str(tmp_path), "extract"])
    assert found.result["decisions"] == 40 and found.anonymous < 100e6
    with pytest.raises(Failed, match="routing_scale_cells"):
        measured(routing_scale.CELLS, [str(tmp_path / "none"), "extract"])
    assert routing_scale_cells.TRAIN < 1.0


def test_a_folder_to_try_learning_on(tmp_path: Path) -> None:
    config = learn_demo.prepare(tmp_path / "try")
    assert (tmp_path / "try" / "skills" / "music.py").exists() and str(tmp_path) in config.read_text()
    with pytest.raises(AssistantError, match="exists already"):
        learn_demo.prepare(tmp_path / "try")
