"""From satisfaction to the reward in the log: an estimator that errs, outcomes that come late, careless users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.variants import ChannelSettings

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int32]

#: Seconds after which a log is taken for training; what arrives later is lost to it.
CUT_OFF = 86_400.0
_TURN = 30.0  # seconds between turns
_STOP = {True: 0.5, False: 0.25}  # chance per turn that a good, a bad outcome shows
_TAIL = 1.2  # Pareto exponent of what arrives after the cut-off
_GRADES = (8.0, 2.0)  # Beta parameters of a graded reward for what looks good; reversed for what looks bad


@dataclass(frozen=True, slots=True)
class Outcome:
    """What N turns brought. good: as it looks to the estimator; reward in [0, 1]; delay: seconds until it arrives."""

    satisfied: Bools
    good: Bools
    reward: Floats
    delay: Floats

    @property
    def seen(self) -> Bools:
        """Whether the reward was there when the log was taken."""
        found: Bools = self.delay <= CUT_OFF
        return found


@dataclass(frozen=True, slots=True)
class Channel:
    """settings; defects: share of turns that leave a user unsatisfied under the reference policy.

    Precision belongs to a base rate, so the rate of false alarms is fixed with that of the reference policy and stays
    what it is for every other policy.
    """

    settings: ChannelSettings
    defects: float

    @property
    def missed(self) -> float:
        """P(looks good | defect)."""
        return 1.0 - self.settings.recall

    @property
    def alarms(self) -> float:
        """P(looks like a defect | satisfied): recall x defects x (1 - precision) / (precision x satisfied)."""
        wrong = (1.0 - self.settings.precision) / self.settings.precision
        return self.settings.recall * self.defects * wrong / (1.0 - self.defects)

    def expected(self, satisfied: Doubles, careless: bool = False) -> Doubles:
        """Expected reward for P(satisfied): affine and increasing, so it does not change which skill is best."""
        good = satisfied * (1.0 - self.alarms) + (1.0 - satisfied) * self.missed
        if careless:
            good = good * (1.0 - self.settings.noise) + 0.5 * self.settings.noise
        high = _GRADES[0] / sum(_GRADES)
        return good * high + (1.0 - good) * (1.0 - high) if self.settings.graded else good

    def observe(self, satisfied: Bools, careless: Bools, rng: np.random.Generator) -> Outcome:
        """Rewards of true outcomes [N]; careless: the user's ratings are near-random [N]."""
        count = len(satisfied)
        draw = rng.random(count)
        good = np.where(satisfied, draw >= self.alarms, draw < self.missed)
        random = careless & (rng.random(count) < self.settings.noise)
        good = np.where(random, rng.random(count) < 0.5, good)  # says nothing of what really came of it
        reward = good.astype(np.float32)
        if self.settings.graded:
            grade = rng.beta(*_GRADES, count)
            reward = np.where(good, grade, 1.0 - grade).astype(np.float32)
        turns = np.where(satisfied, rng.geometric(_STOP[True], count), rng.geometric(_STOP[False], count))
        late = rng.random(count) < np.where(satisfied, *self.settings.lost)
        tail = CUT_OFF * (1.0 + rng.pareto(_TAIL, count)) + 1.0
        delay = np.where(late, tail, np.minimum(turns * _TURN, CUT_OFF)).astype(np.float32)
        return Outcome(satisfied, good, reward, delay)


def weights_of(outcome: Outcome, matured: Outcome) -> Doubles:
    """Inverse probability of censoring weights [N] of a log: 0 where the reward is lost, mean about 1.

    P(seen by the cut-off | reward looks good or bad) is counted on an older log whose outcomes have all arrived by now:
    what an operator can know. What was lost depends on the true outcome, which that reward shows only in part, so a
    little of the bias stays.
    """
    looks, older = outcome.reward >= 0.5, matured.reward >= 0.5
    shares = [float(matured.seen[older == value].mean()) if (older == value).any() else 1.0 for value in (False, True)]
    found: Doubles = np.where(outcome.seen, 1.0 / np.maximum(np.where(looks, shares[1], shares[0]), 1e-3), 0.0)
    return found
