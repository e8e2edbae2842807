"""A log of any length, written through the real log: turns of many conversations with candidates, vectors, rewards."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dialog.log import Log, TurnRecord
from dialog.types import Candidate, Decision, Hypothesis, Interpretation, Reply, Reward, Understanding, Utterance

SIZE, SKILLS = 384, 40
_START, _GAP = 1_790_000_000.0, 20.0
_TURNS, _AT_ONCE = 10, 64  # turns of a conversation; conversations at once
_JUDGED = 0.3
_WORDS = 2000


def fill(folder: Path, turns: int, seed: int, told: Callable[[int], None] | None = None) -> None:
    """Write `turns` turns into `folder`/log.db. told: how many are written."""
    asyncio.run(_fill(folder, turns, seed, told))


async def _fill(folder: Path, turns: int, seed: int, told: Callable[[int], None] | None) -> None:
    lengths = [min(_TURNS, turns - start) for start in range(0, turns, _TURNS)]
    async with await Log.open(f"sqlite:///{folder}/log.db", "normal", deadline=60.0) as log:
        for first in range(0, len(lengths), _AT_ONCE):
            some = enumerate(lengths[first : first + _AT_ONCE], first)
            await asyncio.gather(*(_conversation(log, number, length, seed) for number, length in some))
            if told is not None:
                told(min(turns, (first + _AT_ONCE) * _TURNS))


async def _conversation(log: Log, number: int, length: int, seed: int) -> None:
    draw = random.Random(f"{seed}/{number}")
    for sequence in range(length):
        made = turn(draw, f"talk-{number}", sequence, _START + number + _GAP * sequence)
        known = await log.commit(made)
        if draw.random() < _JUDGED:
            value = float(draw.random() < 0.7)
            await log.reward(known, Reward(value, "explicit", "user"), made.utterance.time + 1.0)


def turn(draw: random.Random, conversation: str, sequence: int, time: float) -> TurnRecord:
    """One turn with two to six candidates; one in twenty-five says something that nobody has said before."""
    said = draw.randrange(10**9) if draw.random() < 0.04 else draw.randrange(_WORDS)
    text = f"sentence number {said} of those that people say"
    count = draw.randint(2, 6)
    masses = sorted((draw.random() ** 3 + 1e-3 for _ in range(count)), reverse=True)
    readings = tuple(
        Interpretation(f"intent{(said + rank) % SKILLS}", mass / sum(masses)) for rank, mass in enumerate(masses)
    )
    candidates = tuple(
        Candidate(
            f"skill{(said + rank) % SKILLS}", reading.intent, f"domain{(said + rank) % 20}", reading,
            {"probability": round(reading.probability, 4), "rank": float(rank), "prior": 1.0, "confidence": 1.0},
        )
        for rank, reading in enumerate(readings)
    )  # fmt: skip
    propensities = tuple(mass / sum(masses) for mass in masses)
    chosen = draw.choices(range(count), propensities)[0]
    return TurnRecord(
        Utterance(conversation, (Hypothesis(text),), f"{conversation}/{sequence}", "user", "rest", "en", time),
        Understanding(text, readings, 0.0, _vector(said), "scale-1", "minilm-int8"),
        Decision(candidates, propensities, chosen, chosen, "softmax-1", "scale-1", "minilm-int8", 1),
        (Reply("Done.", source=candidates[chosen].skill),),
        events=(), timings={"understand": 0.001, "act": 0.0001}, sequence=sequence, new_session=sequence == 0,
    )  # fmt: skip


def _vector(said: int) -> object:
    drawn = np.random.default_rng(said).standard_normal(SIZE, np.float32)
    return drawn / np.linalg.norm(drawn)
