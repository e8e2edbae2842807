"""The settings of the simulator: `main`, and `second`, which differs in noise, balance and quality of skills."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """How a satisfaction becomes the reward in the log.

    precision, recall: of the quality estimator on defects, under the reference policy. lost: shares of good and of bad
    outcomes that arrive after the cut-off. careless: share of users whose reward is near-random; noise: how often it
    is. graded: whether a reward is a number between 0 and 1 instead of one of the two.
    """

    precision: float = 0.78
    recall: float = 0.83
    lost: tuple[float, float] = (0.06, 0.14)
    careless: float = 0.10
    noise: float = 0.90
    graded: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """One kind of world.

    fold: which 40 % of the utterances train the understanding (0: by hash from below, 1: from above). balance: traffic
    of the domain of rank i is proportional to i ** -balance. unserviceable: share of traffic. sticky: share of turns
    that stay in the domain of the turn before. skills: shares of intents with 1, 2, 3 skills. quality: Beta parameters
    of base quality. affinity: sd of each of `dimensions` entries. shared: share of an affinity's variance that all
    skills of one provider have in common. preference: sd of a user's liking for a skill, in logits. drift: sd of base
    quality per week, in logits. retired, launched: shares of skills per week. exploration: uniform share of pi0.
    """

    name: str = "main"
    fold: int = 0
    balance: float = 1.0
    unserviceable: float = 0.03
    sticky: float = 0.5
    skills: tuple[float, float, float] = (0.40, 0.35, 0.25)
    quality: tuple[float, float] = (9.0, 2.0)
    affinity: float = 0.35
    dimensions: int = 48
    shared: float = 0.5
    preference: float = 0.0
    drift: float = 0.05
    retired: float = 0.02
    launched: float = 0.03
    exploration: float = 0.03
    channel: ChannelSettings = field(default_factory=ChannelSettings)


VARIANTS = {
    "main": Variant(),
    "second": Variant(
        name="second",
        fold=1,
        balance=0.6,
        unserviceable=0.05,
        skills=(0.30, 0.40, 0.30),
        quality=(7.0, 3.0),
        shared=0.2,
        preference=0.3,
        drift=0.1,
        channel=ChannelSettings(0.72, 0.75, (0.03, 0.20), careless=0.20, graded=True),
    ),
}


def variant_of(name: str | Variant) -> Variant:
    """The settings of that name, or the given ones. Raises `ValueError`."""
    if isinstance(name, Variant):
        return name
    if name not in VARIANTS:
        raise ValueError(f"there is no variant {name!r}, only {', '.join(VARIANTS)}")
    return VARIANTS[name]
