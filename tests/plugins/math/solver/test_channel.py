from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from plugins.math.consensus import solve
from plugins.math.solver.channel import KEPT, WAITING, EmbeddedChannel, derivations, embedded
from plugins.math.solver.runtime import Formula, SolverRuntime
from plugins.math.template import template_of
from plugins.math.types import Template
from tests.plugins.math.solver import tiny

QUESTION = "Tom has 3 apples and buys 4 more. How many apples does he have?"


class Made:
    """A runtime that counts, waits for `gate`, and answers what it is told."""

    channels = ("relation", "sequence")

    def __init__(self, error: Exception | None = None) -> None:
        self.calls = 0
        self.threads: set[str] = set()
        self.gate = threading.Event()
        self.gate.set()
        self.error = error

    def examine(self, template: Template, beam: int) -> Mapping[str, Sequence[Formula]]:
        self.calls += 1
        self.threads.add(threading.current_thread().name)
        assert self.gate.wait(10)
        if self.error is not None:
            raise self.error
        sums, other = Formula(("+", "A", "B"), 0.7, 1.0), Formula(("-", "A", "B"), 0.2, 0.0)
        return {"relation": [sums, other][:beam], "sequence": [other][:beam]}


async def test_channels_of_one_question_share_one_solve() -> None:
    runtime = Made()
    channels = embedded(runtime)
    template = template_of(QUESTION)
    first, second = await asyncio.gather(*(channel.derive(template, 5) for channel in channels))
    assert runtime.calls == 1 and all(name.startswith("math") for name in runtime.threads)
    assert [(item.channel, item.text, item.answer, item.weight) for item in first] == [
        ("relation", "A+B", Fraction(7), 0.7),
        ("relation", "A-B", Fraction(-1), 0.2),
    ]
    assert dict(first[0].checks) == pytest.approx({"probability": 0.7, "margin": 0.5, "rank": 0.0, "agreement": 1.0})
    assert first[1].checks["margin"] == pytest.approx(-0.5) and first[1].checks["rank"] == 0.2
    assert [item.channel for item in second] == ["sequence"] and second[0].checks["margin"] == 0.2
    await asyncio.gather(*(channel.derive(template_of(QUESTION.replace("4", "5")), 5) for channel in channels))
    assert runtime.calls == 2


async def test_what_is_kept_is_bounded() -> None:
    runtime = Made()
    channel = embedded(runtime)[0]
    for number in range(KEPT + 5):
        await channel.derive(template_of(QUESTION.replace("4", str(number + 5))), 1)
    assert runtime.calls == KEPT + 5
    await channel.derive(template_of(QUESTION.replace("4", str(KEPT + 9))), 1)
    assert runtime.calls == KEPT + 5
    await channel.derive(template_of(QUESTION.replace("4", "5")), 1)
    assert runtime.calls == KEPT + 6


async def test_a_late_solve_is_a_failure_and_still_serves_the_next() -> None:
    runtime = Made()
    runtime.gate.clear()
    channels = embedded(runtime, deadline=0.05)
    template = template_of(QUESTION)
    found = await channels[0].derive(template, 5)
    assert [item.failure for item in found] == ["no formula within 0.05 s"] and found[0].answer is None
    runtime.gate.set()
    patient = EmbeddedChannel("sequence", channels[0]._solves, 10.0)  # type: ignore[attr-defined]
    assert [item.answer for item in await patient.derive(template, 5)] == [-1]
    assert runtime.calls == 1


async def test_calling_one_channel_off_leaves_the_others_their_solve() -> None:
    runtime = Made()
    runtime.gate.clear()
    first, second = (asyncio.create_task(channel.derive(template_of(QUESTION), 5)) for channel in embedded(runtime))
    await asyncio.sleep(0.02)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    runtime.gate.set()
    assert [item.answer for item in await asyncio.wait_for(second, 5)] == [-1]
    assert runtime.calls == 1


async def test_a_crowd_is_told_to_wait() -> None:
    runtime = Made()
    runtime.gate.clear()
    channel = embedded(runtime)[0]
    templates = [template_of(QUESTION.replace("4", str(number + 5))) for number in range(WAITING + 3)]
    tasks = [asyncio.create_task(channel.derive(template, 1)) for template in templates]
    await asyncio.sleep(0.02)
    runtime.gate.set()
    found = await asyncio.gather(*tasks)
    assert [one[0].failure for one in found].count("too many questions are waiting") == 3
    assert sum(one[0].answer == 3 + index + 5 for index, one in enumerate(found)) == WAITING


async def test_a_solver_that_fails_is_a_failure_and_is_tried_again() -> None:
    runtime = Made(RuntimeError("out of order"))
    channel = embedded(runtime)[0]
    for _ in range(2):
        (found,) = await channel.derive(template_of(QUESTION), 5)
        assert found.failure == "the solver failed: RuntimeError: out of order"
    assert runtime.calls == 2


async def test_after_closing_there_are_failures_alone() -> None:
    channel = embedded(Made())[0]
    assert isinstance(channel, EmbeddedChannel)
    channel.close()
    (found,) = await channel.derive(template_of(QUESTION), 5)
    assert found.failure and await channel.derive(template_of(QUESTION), 0) == []


def test_a_division_by_zero_is_a_failure() -> None:
    template = template_of("He shares 6 nuts among 0 friends. How many nuts does each get?")
    formulas = [Formula(("/", "A", "B"), 1.0, 1.0), Formula(("*", "A", "B"), 0.5, 0.0)]
    found = derivations("relation", formulas, template)
    assert found[0].answer is None and "zero" in found[0].failure and found[0].weight < 1
    assert found[1].answer == 0


@pytest.mark.parametrize("question", ["", "hello there", "Nobody has 10000000000000000 nuts and 2 more"])
async def test_no_question_for_the_solver_is_nothing(tmp_path: Path, question: str) -> None:
    runtime = SolverRuntime.load(tiny.make(tmp_path / "solver"), tiny.TinyTrunk())
    for channel in embedded(runtime):
        assert await channel.derive(template_of(question), 5) == []


async def test_a_verdict_comes_of_real_channels(tmp_path: Path) -> None:
    runtime = SolverRuntime.load(tiny.make(tmp_path / "solver", members=2), tiny.TinyTrunk())
    verdict = await solve(embedded(runtime), template_of(QUESTION), None, floor=0.01, n=5, rounds=1, deadline=10)
    assert verdict.groups and verdict.tried == sum(len(group.derivations) for group in verdict.groups) + _failed(
        runtime
    )


def _failed(runtime: SolverRuntime) -> int:
    template = template_of(QUESTION)
    found = [derivations(name, formulas, template) for name, formulas in runtime.examine(template).items()]
    return sum(item.answer is None for several in found for item in several)
