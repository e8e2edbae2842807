"""Questions with beams of two made channels: the stronger is right more often, and both know a little when they are."""

from __future__ import annotations

import string
from fractions import Fraction

import numpy as np

from plugins.math.channels import Channel
from plugins.math.training.problem import Problem
from tests.plugins.math.beam_channels import BeamChannel

_STORIES = (
    "Tom had {} marbles and lost {} marbles.",
    "Ann has {} cards. She gave {} to Bob.",
    "A shop had {} pens and sold {}.",
)
_ASKED = ("How many are left?", "How many remain?", "What is left?")


def problems(count: int, seed: int = 0, part: str = "mawps") -> list[Problem]:
    """Differences of two numbers."""
    rng = np.random.default_rng(seed)
    found = []
    for place in range(count):
        first, second = int(rng.integers(20, 900)), int(rng.integers(3, 19))
        story = _STORIES[place % 3].format(first, second)
        day = f"{string.ascii_lowercase[place // 9 % 26]}{string.ascii_lowercase[place // 234]}day"
        text = f"It was {day}. {story} {_ASKED[place // 3 % 3]}"
        found.append(Problem(text, ("-", "A", "B"), Fraction(first - second), part, f"{part}-{place}"))
    return found


def channels(found: list[Problem], seed: int = 1) -> list[Channel]:
    """A relation channel right in about 80 of 100, a sequence channel in 60, surer when they are right."""
    rng = np.random.default_rng(seed)
    made: list[Channel] = []
    for name, share in (("relation", 0.8), ("sequence", 0.6)):
        beams = {}
        for problem in found:
            good = rng.random() < share
            top = rng.uniform(0.5, 0.98) if good else rng.uniform(0.3, 0.7)
            order = ("A-B", "A+B") if good else ("A+B", "A-B")
            beams[problem.question] = [(order[0], float(top)), (order[1], float((1 - top) * 0.6))]
        made.append(BeamChannel(name, beams))
    return made
