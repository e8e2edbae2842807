"""Who speaks: 5,000 users with their activity, word error rate and device; and their conversations over a week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.seeds import stream
from benchmarks.simulator.variants import Variant

Doubles = NDArray[np.float64]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]

USERS = 5_000
#: Word error rates ~ Beta, mean .18.
WER = (1.8, 8.2)
#: Activity ~ 1 / (rank + offset): Zipf's law with Mandelbrot's offset, so that the busiest has 1 % of the traffic.
_OFFSET = 20.0
#: Devices: channel and share of the users who have it.
DEVICES = {"voice": 0.55, "realtime": 0.25, "rest": 0.10, "repl": 0.10}
SPOKEN = ("voice", "realtime")
_MORE = 0.65  # chance that a conversation goes on
_PAUSE = 20.0  # mean seconds between turns
_WEEK = 604_800.0
MONDAY = 1_767_571_200.0  # 5 January 2026, 00:00 UTC: the beginning of week 0
#: Relative traffic by hour of the day.
_HOURS = (1, 1, 1, 1, 1, 2, 5, 9, 10, 8, 6, 6, 7, 6, 5, 6, 8, 10, 12, 12, 10, 8, 5, 2)


@dataclass(frozen=True, slots=True)
class Speakers:
    """share of the traffic [users]; wer: mean word error rate [users]; device: index into DEVICES [users]; careless."""

    share: Doubles
    wer: Doubles
    device: Ints
    careless: Bools

    def __len__(self) -> int:
        return len(self.share)

    @property
    def speaks(self) -> Bools:
        """Whether a user's device is spoken to [users]."""
        found: Bools = np.array([name in SPOKEN for name in DEVICES])[self.device]
        return found


@dataclass(frozen=True, slots=True)
class Turns:
    """N turns in order of their conversations: conversation number, turn in it from 0, user, epoch seconds."""

    conversation: Ints
    turn: Ints
    user: Ints
    time: Doubles


def speakers_of(variant: Variant, seed: int) -> Speakers:
    """Draw the users of a world."""
    rng = stream(seed, variant.name, "speakers")
    share = 1.0 / (rng.permutation(USERS) + 1.0 + _OFFSET)
    device = rng.choice(len(DEVICES), USERS, p=np.array(list(DEVICES.values()))).astype(np.int32)
    return Speakers(share / share.sum(), rng.beta(*WER, USERS), device, rng.random(USERS) < variant.channel.careless)


def turns(speakers: Speakers, n: int, week: int, rng: np.random.Generator) -> Turns:
    """N turns of a week; conversations have 1 / (1 - .65) turns on average, the last one may be cut short."""
    first = rng.random(n) >= _MORE
    first[:1] = True
    conversation = np.cumsum(first, dtype=np.int32) - 1
    begins = np.flatnonzero(first)
    turn = np.arange(n) - begins[conversation]
    count = len(begins)
    user = rng.choice(len(speakers), count, p=speakers.share).astype(np.int32)
    hour = rng.choice(24, count, p=np.array(_HOURS) / sum(_HOURS))
    day = rng.integers(7, size=count)
    start = MONDAY + week * _WEEK + day * 86_400.0 + hour * 3_600.0 + np.floor(rng.random(count) * 3_600.0)
    pauses = np.floor(rng.exponential(_PAUSE, n)) + 2.0
    pauses[begins] = 0.0
    elapsed = np.cumsum(pauses)
    time = start[conversation] + elapsed - elapsed[begins][conversation]
    return Turns(conversation, turn.astype(np.int32), user[conversation], time)
