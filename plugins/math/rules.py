"""Rules without training that put together channels which weigh their derivations: what a learned vote must beat."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from plugins.math.beams import masses, weighing
from plugins.math.groups import Group

#: What a formula that a beam does not hold is taken to have, in the product of probabilities.
_ABSENT = 1e-3
#: For each answer how likely it is by a rule; they are compared, and read as probabilities by calibration figures.
Rule = Callable[[Sequence[Group]], list[float]]


def single(channel: str) -> Rule:
    """The probability of one channel alone, formulas with one answer added up."""
    return lambda groups: masses(groups, channel)


def summed(groups: Sequence[Group]) -> list[float]:
    """The mean of the channels' probabilities."""
    channels = weighing(groups)
    each = [masses(groups, channel) for channel in channels]
    return (
        [math.fsum(column) / len(channels) for column in zip(*each, strict=True)] if channels else [0.0] * len(groups)
    )


def multiplied(groups: Sequence[Group]) -> list[float]:
    """The product of the channels' probabilities, normalised over the answers."""
    channels = weighing(groups)
    each = [masses(groups, channel) for channel in channels]
    logs = [math.fsum(math.log(mass + _ABSENT) for mass in column) for column in zip(*each, strict=True)]
    if not logs:
        return [0.0] * len(groups)
    odds = [math.exp(value - max(logs)) for value in logs]
    return [odd / math.fsum(odds) for odd in odds]


def majority(groups: Sequence[Group]) -> list[float]:
    """The share of channels whose likeliest answer it is; a tie goes to the larger sum of probabilities."""
    channels = weighing(groups)
    votes = [0.0] * len(groups)
    for channel in channels:
        shares = masses(groups, channel)
        if max(shares) > 0:
            votes[shares.index(max(shares))] += 1
    total = summed(groups)
    return [(vote + 0.5 * share) / (len(channels) + 0.5) for vote, share in zip(votes, total, strict=True)]


RULES: dict[str, Rule] = {"majority": majority, "sum": summed, "product": multiplied}
