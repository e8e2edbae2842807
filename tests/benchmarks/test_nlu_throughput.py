"""The throughput benchmark: its loads on a stand-in, an exchange with the real model, the report."""

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import nlu_throughput
from benchmarks.nlu_throughput import Scale, Seed, rows, table
from benchmarks.nlu_throughput_load import Rung, batched, closed, held, opened, rising, sentences, unbatched
from benchmarks.nlu_throughput_swap import Swapped, registry, swapping
from nlu.runtime import Understander

TEXTS = [f"sentence {number}" for number in range(50)]
SCALE = Scale((1, 2), (1, 64), 1.0, 100.0, 1.1, 1.0, 1, 10)


async def quick(text: str) -> None:
    await asyncio.sleep(0)


async def test_closed_loop_counts_what_was_understood() -> None:
    said: list[str] = []

    async def parse(text: str) -> None:
        said.append(text)
        await asyncio.sleep(0.001)

    result = await closed(parse, TEXTS, 4, 0.1)
    assert len(result.latencies) == len(said) >= 4 and not result.failed
    assert set(said) <= set(TEXTS) and result.rate > 0 and result.percentile(50) >= 0.001


async def test_arrivals_do_not_wait_and_a_latency_counts_from_the_planned_one() -> None:
    gate = asyncio.Event()

    async def stuck(text: str) -> None:
        await gate.wait()

    load = asyncio.create_task(opened(stuck, TEXTS, 1000, 0.1, np.random.default_rng(0)))
    await asyncio.sleep(0.3)
    gate.set()
    result = await load
    assert len(result.latencies) == 100  # all had arrived though none was answered
    assert max(result.latencies) > 0.15


async def test_failures_are_counted() -> None:
    async def bad(text: str) -> None:
        raise RuntimeError("no")

    result = await opened(bad, TEXTS, 1000, 0.01, np.random.default_rng(0))
    assert result.failed == ["RuntimeError: no"] * 10 and not result.latencies and result.percentile(99) == float("inf")


async def test_rates_rise_until_one_is_not_held() -> None:
    turn = 0

    async def tiring(text: str) -> None:
        nonlocal turn
        turn += 1
        await asyncio.sleep(0 if turn < 60 else 0.2)

    rungs = await rising(tiring, TEXTS, 500, 2.0, 0.05, np.random.default_rng(0))
    assert [rung.rate for rung in rungs[:-1]] == [500.0 * 2**n for n in range(len(rungs) - 1)]
    assert not rungs[-1].held and all(rung.held for rung in rungs[:-1])
    assert held(rungs) == (rungs[-2].rate if len(rungs) > 1 else 0.0)
    assert held([Rung(100, 0.01, 0.06, 0)]) == 0.0 and not Rung(100, 0.01, 0.02, 1).held


def test_sentences_of_a_data_folder_or_the_benchmarks_own(tmp_path: Path) -> None:
    own, source = sentences(tmp_path, 1)
    assert "is missing" in source and len(own) == 2000
    folder = tmp_path / "slurp/dataset/slurp"
    folder.mkdir(parents=True)
    (folder / "devel.jsonl").write_text("".join(json.dumps({"sentence": text}) + "\n" for text in TEXTS))
    texts, source = sentences(tmp_path, 1)
    assert sorted(texts) == sorted(TEXTS) and "50 real sentences" in source
    assert texts == sentences(tmp_path, 1)[0] != sentences(tmp_path, 2)[0]


async def test_both_systems_and_an_exchange_with_the_real_model(tmp_path: Path) -> None:
    understander = Understander.load()
    for system in (batched, unbatched):
        async with system(understander) as parse:
            result = await closed(parse, TEXTS, 3, 0.1)
        assert result.latencies and not result.failed
    versions = await asyncio.to_thread(registry, tmp_path)
    examples = {"flip_coin": ["flip a coin", "heads or tails"]}
    found = await swapping(versions, TEXTS, examples, swaps=1, users=2)
    assert not found.failed and not found.mixed and found.during and found.otherwise and len(found.lengths) == 1
    assert {version.partition("+")[0][-4:] for version in found.versions} == {"-one", "-two"}


def seed(faster: float, failed: int = 0, slower: float = 1.5) -> Seed:
    """What a seed may have found: batched `faster` times as fast, p99 `slower` times as high during an exchange."""
    cells = {
        (name, users): (100.0 * rate, 0.02)
        for name, rate in (("batched", faster), ("unbatched", 1.0))
        for users in (1, 64)
    }
    rungs = {name: [Rung(100.0, 0.01, 0.02, 0), Rung(110.0, 0.03, 0.09, 0)] for name in nlu_throughput.SYSTEMS}
    swapped = Swapped([0.01 * slower] * 9, [0.01] * 9, ["x"] * failed, [0.5], {"one+1", "two+2"})
    return Seed({"batched": 0.001, "unbatched": 0.001}, cells, rungs, swapped)


def test_claims_hold_and_fail() -> None:
    made = {line.metric: line for line in rows(SCALE, [seed(2.0), seed(1.8)])}
    assert made["the same, 64 users, batched over one by one"].ours == 1.9
    assert made["sentences/s at p99 <= 50 ms, Poisson arrivals"].ours == 100
    assert all(line.met is not False for line in made.values())
    slow = {line.metric for line in rows(SCALE, [seed(0.9), seed(0.8)]) if line.met is False}
    assert slow == {"the same, 64 users, batched over one by one"}
    torn = {line.metric for line in rows(SCALE, [seed(2.0, 1), seed(2.0, 0, 3.0)]) if line.met is False}
    assert torn == {"failed parses under exchange", "p99 during an exchange over p99 otherwise, 16 users"}
    lines = table(SCALE, (1, 2), [seed(2.0), seed(1.8)])
    assert len(lines) == 4 + 8 + 2 and json.dumps(lines)
    assert lines[0]["rate"] == 190.0 and lines[0]["n"] == 2 and lines[0]["rate_sd"] == pytest.approx(14.1, abs=0.1)


def test_a_number_of_seeds_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        nlu_throughput.main(["--seeds", "0"])
    assert "--seeds must be at least 1" in capsys.readouterr().err
