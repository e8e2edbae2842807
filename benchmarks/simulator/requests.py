"""A week's requests with what is hidden from every policy, and the log that a policy leaves of them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.channel import Outcome
from benchmarks.simulator.seeds import stream
from policies.dataset import Dataset

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int32]
Rows = NDArray[np.int64] | Bools | slice


@dataclass(frozen=True)
class Requests:
    """N requests. `dataset` has no propensities, actions or rewards yet (zeros, -1, NaN). The rest is hidden.

    truth: P(satisfied) [N, K], 0 on padding. utterance: what was meant, row of the corpus [N]; intent: the right one,
    -1 where no skill serves it [N]; meant: its domain, -1 likewise [N]. user, conversation, turn, time (epoch seconds),
    errors (words misheard), careless (the user's ratings are near-random): [N]. week: whose skills and truth these are;
    draw: which sample of it. Utterances come up again in other weeks; a test on unseen ones splits by `utterance`.
    """

    dataset: Dataset
    truth: Doubles
    utterance: Ints
    intent: Ints
    meant: Ints
    user: Ints
    conversation: Ints
    turn: Ints
    time: Doubles
    errors: Ints
    careless: Bools
    week: int
    draw: str

    def __len__(self) -> int:
        return len(self.dataset)

    def take(self, rows: Rows) -> Requests:
        """Some of the requests."""
        columns = {name: getattr(self, name)[rows] for name in COLUMNS}
        return replace(self, dataset=self.dataset.take(rows), **columns)

    def value(self, propensities: Doubles) -> float:
        """True value of a policy's propensities [N, K]: expected satisfaction, no sampling noise in it."""
        return float(self.values(propensities).mean())

    def values(self, propensities: Doubles) -> Doubles:
        """True value of each request [N]."""
        found: Doubles = (propensities * self.truth).sum(axis=1)
        return found


COLUMNS = tuple(field.name for field in fields(Requests) if field.name not in ("dataset", "week", "draw"))
_OUTCOME = fields(Outcome)


@dataclass(frozen=True)
class Log:
    """What a policy with logged propensities left behind.

    dataset: what a learner may see: its reward is the naive column, NaN where it had not come by the cut-off.
    weights [N]: of inverse probability of censoring, as an operator can estimate them; 0 where the reward is NaN.
    outcome: what really came of it.
    """

    requests: Requests
    dataset: Dataset
    weights: Doubles
    outcome: Outcome

    def take(self, rows: Rows) -> Log:
        """Some of the turns."""
        outcome = replace(self.outcome, **{field.name: getattr(self.outcome, field.name)[rows] for field in _OUTCOME})
        return Log(self.requests.take(rows), self.dataset.take(rows), self.weights[rows], outcome)

    def naive(self) -> Dataset:
        """The turns whose reward is there, as they are."""
        return self.dataset.judged()

    def corrected(self, seed: int = 0) -> Dataset:
        """N turns drawn from those whose reward is there in proportion to `weights`: for learners without weights."""
        rng = stream("corrected", seed, len(self.weights))
        return self.dataset.take(rng.choice(len(self.weights), len(self.weights), p=self.weights / self.weights.sum()))

    def matured(self) -> Dataset:
        """All turns, with the estimator's reward however late it came: nothing lost, noise as it is."""
        return self.dataset.with_reward(self.outcome.reward)

    def oracle(self) -> Dataset:
        """All turns, with true satisfaction as reward: what no real log has."""
        return self.dataset.with_reward(self.outcome.satisfied.astype(np.float32))


def context_rows(time: Doubles, spoken: Bools, remote: Bools, first: Bools) -> Floats:
    """[N, len(CONTEXT)] as `policies.request.context_of` has it; no form is ever active."""
    hour = 2.0 * np.pi * (time % 86_400.0) / 86_400.0
    weekend = (time // 86_400.0).astype(np.int64) + 3
    rows = [np.sin(hour), np.cos(hour), weekend % 7 >= 5, spoken, remote, np.zeros(len(time)), first]
    return np.stack([np.asarray(row, np.float32) for row in rows], axis=1)
