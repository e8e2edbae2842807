"""Agreement among derivations: the published rule, and a verdict that knows how sure it is.

MathPrompter (section 2.1, steps III and IV) takes the programs of one round as agreed when they answer alike on random
values of the letters, goes on for about five rounds, and reports the most frequent agreed answer.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from plugins.math.channels import Channel, Derivation
from plugins.math.endpoint import one_turn
from plugins.math.evidence import features
from plugins.math.groups import Group, agree, alike, grouped
from plugins.math.types import Answer, Template
from plugins.math.vote import Vote

Why = Literal["agreed", "sure", "unsure", "disagreement", "nothing"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a question.

    `answer` is None where the assistant should say that it is not sure; `groups` holds every reading, the best first,
    and `probabilities` how likely each is (empty without a vote). `probability` is that of the best. `agreeing`
    derivations of `tried` have the best answer. `why`: "agreed" by the published rule, "sure" or "unsure" by the vote,
    "disagreement" where the rule found no agreement, "nothing" where no channel had an answer.
    """

    answer: Answer | None
    probability: float
    groups: tuple[Group, ...]
    probabilities: tuple[float, ...]
    agreeing: int
    tried: int
    why: Why
    rounds: int = 1

    @property
    def readings(self) -> tuple[Answer, ...]:
        """The two best answers, to be shown where the assistant is not sure."""
        return tuple(group.answer for group in self.groups[:2])


def unanimous(derivations: Sequence[Derivation], template: Template, channels: int = 2, seed: int = 0) -> bool:
    """The published consensus on one round: every channel's program answers, and all answer alike on every draw."""
    programs = [item.program for item in derivations if item.program is not None and item.answer is not None]
    if len(programs) < len(derivations) or len({item.channel for item in derivations}) < channels:
        return False
    return all(agree(programs[0], other, template, seed) for other in programs[1:])


def decide(
    derivations: Sequence[Derivation],
    template: Template,
    vote: Vote | None,
    floor: float,
    seed: int = 0,
    rounds: int = 1,
) -> Verdict:
    """The verdict on these derivations. `floor` is the least probability that is answered with.

    Without a vote the probability is the share of all attempts that has the answer (Laplace's rule), which is no
    calibrated figure. A tie between readings is never answered.
    """
    tried = [item.channel for item in derivations]
    groups = grouped(derivations, template, seed)
    if not groups:
        return Verdict(None, 0.0, (), (), 0, len(tried), "nothing", rounds)
    if vote is None:
        chances = [(len(group.derivations) + 1) / (len(tried) + 2) for group in groups]
    else:
        chances = vote.probabilities(features(groups, template, tried))
    order = sorted(range(len(groups)), key=lambda index: -chances[index])
    best = order[0]
    tie = len(order) > 1 and math.isclose(chances[best], chances[order[1]])
    sure = chances[best] >= floor and not tie
    return Verdict(
        groups[best].answer if sure else None,
        chances[best],
        tuple(groups[index] for index in order),
        tuple(chances[index] for index in order),
        len(groups[best].derivations),
        len(tried),
        "sure" if sure else "unsure",
        rounds,
    )


async def solve(
    channels: Sequence[Channel],
    template: Template,
    vote: Vote | None,
    *,
    floor: float,
    n: int = 1,
    rounds: int = 5,
    deadline: float = 20.0,
    seed: int = 0,
) -> Verdict:
    """Ask all channels at once, round after round, until the vote is sure, nothing new comes, or the deadline is near.

    floor: the least probability that is answered with; n: attempts of each channel in a round; deadline in seconds.
    A channel that is late is left behind; the others' derivations count.
    """
    until = time.monotonic() + deadline
    derivations: list[Derivation] = []
    verdict = decide([], template, vote, floor)
    with one_turn():
        for done in range(1, rounds + 1):
            fresh = await _round(channels, template, n, until - time.monotonic())
            derivations += fresh
            verdict = await asyncio.to_thread(decide, derivations, template, vote, floor, seed, done)
            if verdict.answer is not None or not fresh or time.monotonic() >= until:
                break
    return verdict


async def published(
    channels: Sequence[Channel], template: Template, *, rounds: int = 5, deadline: float = 60.0, seed: int = 0
) -> Verdict:
    """MathPrompter's loop: about five rounds of one attempt each; the most frequent answer of the rounds that agreed.

    Where no round agreed, `answer` is None and `why` is "disagreement"; the readings are the most frequent ones.
    """
    until = time.monotonic() + deadline
    everything: list[Derivation] = []
    agreed: list[Derivation] = []
    done = 0
    with one_turn():
        while done < rounds and time.monotonic() < until:
            fresh = await _round(channels, template, 1, until - time.monotonic())
            if not fresh:
                break
            done += 1
            everything += fresh
            if await asyncio.to_thread(unanimous, fresh, template, min(2, len(channels)), seed + done):
                agreed.append(fresh[0])
    groups = await asyncio.to_thread(grouped, everything, template, seed)
    if not groups:
        return Verdict(None, 0.0, (), (), 0, len(everything), "nothing", done)
    if not agreed:
        return Verdict(None, 0.0, tuple(groups), (), len(groups[0].derivations), len(everything), "disagreement", done)
    best = grouped(agreed, template, seed)[0]
    groups.sort(key=lambda group: not alike(group.answer, best.answer))
    share = len(best.derivations) / max(1, done)
    return Verdict(best.answer, share, tuple(groups), (), len(groups[0].derivations), len(everything), "agreed", done)


async def _round(channels: Sequence[Channel], template: Template, n: int, seconds: float) -> list[Derivation]:
    """What the channels derive at once within some seconds."""
    if not channels or seconds <= 0:
        return []
    tasks = [asyncio.create_task(channel.derive(template, n)) for channel in channels]
    try:
        done, late = await asyncio.wait(tasks, timeout=seconds)
    finally:
        for task in tasks:
            task.cancel()
    if late:
        await asyncio.wait(late, timeout=1.0)
    return [item for task in tasks if task in done for item in task.result()]
