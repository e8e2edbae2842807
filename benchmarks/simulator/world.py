"""A world of users, skills and traffic drawn from one seed: a week's requests, and a policy's log of them.

world = World(seed=100, data=Path("../shared/data"))
requests = world.week(100_000, week=1)
log = world.log(requests, world.base_propensities(requests), seed=0)
log.dataset               # what a learner may see
log.requests.truth        # what it may not
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator import production
from benchmarks.simulator.candidates import Candidates, candidates_of
from benchmarks.simulator.channel import Channel, Outcome, weights_of
from benchmarks.simulator.corpus import Corpus, load
from benchmarks.simulator.domains import traffic
from benchmarks.simulator.readings import readings
from benchmarks.simulator.requests import Log, Requests, context_rows
from benchmarks.simulator.seeds import stream
from benchmarks.simulator.skills import HORIZON, skills_of
from benchmarks.simulator.speakers import DEVICES, Speakers, Turns, speakers_of, turns
from benchmarks.simulator.truth import truth_of
from benchmarks.simulator.variants import Variant, variant_of
from policies.dataset import Dataset, Tables
from policies.request import FEATURES

Doubles = NDArray[np.float64]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]
CACHE = Path("~/.cache/learning-assistant/bench/simulator")
#: Mean top probability of the policy in production: a log one can learn from, and one as sharp as in production.
LEARNABLE, SHARP = 0.80, 0.97
#: Added word error rate of shifted traffic.
WORSE = 0.05
_REFERENCE = 20_000  # requests that set temperatures, the rate of defects and the shares seen by the cut-off
_CONFIDENCE = (0.92, 0.9, 0.08, 0.2, 0.97)  # of the recogniser: clean, per error rate, sd, least, most (nlu.asr_noise)


class World:
    """Everything about one seed of a variant. Two of the same seed and variant give the same bits.

    variant: a name, or settings of one's own (their name is part of the key of every stream, so give them another one).
    data: folder of the public data; cache: for what takes minutes to make (once for all seeds); or a ready `corpus`.
    Raises `ValueError` for an unknown variant or a corpus too small, `FileNotFoundError` for missing data.
    """

    def __init__(
        self,
        seed: int,
        variant: str | Variant = "main",
        data: Path | None = None,
        cache: Path = CACHE,
        corpus: Corpus | None = None,
    ) -> None:
        self.seed, self.variant = seed, variant_of(variant)
        folder = None
        if corpus is None:
            if data is None:
                raise ValueError("give data, the folder of the public data, or a corpus")
            folder = cache.expanduser()
            corpus = load(data, folder)
        self.corpus = corpus
        self.readings = readings(corpus, self.variant.fold, folder)
        self.speakers: Speakers = speakers_of(self.variant, seed)
        drawn = skills_of(corpus, self.readings.trained, self.variant, seed)
        self.truth = truth_of(corpus, drawn, len(self.speakers), self.variant, seed)
        self.skills = drawn.trusted(self.truth.average(), self._stream("trust"))
        self.tables = Tables(corpus.vectors, self.skills.names, self.skills.vectors, self.skills.domains)
        #: Share of each domain [M] of usual and of shifted traffic.
        self.shares, self.shifted_shares = (
            traffic(len(self.skills.domains), self.variant.balance, self._stream("traffic", kind))
            for kind in ("usual", "shifted")
        )
        self._pools = self._utterances()
        self._candidates: dict[int, Candidates] = {}
        self._temperatures: dict[float, float] = {}
        reference = self.week(_REFERENCE, 0, "reference")
        self._reference = production.scores(reference.dataset)
        propensities = self.base_propensities(reference)
        self.channel = Channel(self.variant.channel, 1.0 - reference.value(propensities))
        self._matured = self._drawn(reference, propensities, self._stream("matured"))[1]

    def week(self, n: int, week: int, draw: str = "log") -> Requests:
        """`n` requests of a week, 0 to 11, with that week's skills and drift.

        draw: names the stream; another one ("valid", "test") is another sample of the same week. Raises `ValueError`.
        """
        return self._requests(n, week, draw, self.shares, 0.0)

    def shifted(self, n: int, week: int, draw: str = "test") -> Requests:
        """As `week`, with other domain shares and a word error rate higher by .05: where a policy was not trained."""
        return self._requests(n, week, f"shifted {draw}", self.shifted_shares, WORSE)

    def base_propensities(self, requests: Requests | Dataset, top: float = LEARNABLE) -> Doubles:
        """The hand-built policy's propensities [N, K]; `top`: the mean of the greatest one on usual traffic."""
        if top not in self._temperatures:
            found = production.temperature(self._reference, self.variant.exploration, top)
            self._temperatures[top] = found
        scores = production.scores(requests.dataset if isinstance(requests, Requests) else requests)
        return production.propensities(scores, self._temperatures[top], self.variant.exploration)

    def truth_of(self, dataset: Dataset, week: int) -> Doubles:
        """P(satisfied) [N, K] of any decisions over this world's tables, for a user without preferences."""
        return self.truth.satisfied(self.corpus.utterance[dataset.text], np.asarray(dataset.skill), week)

    def expected(self, requests: Requests) -> Doubles:
        """Expected reward [N, K] as it is logged, but for what is lost: what estimators on `Log.matured` aim at."""
        plain, noisy = (self.channel.expected(requests.truth, careless) for careless in (False, True))
        found: Doubles = np.where(requests.careless[:, None], noisy, plain)
        return np.where(requests.dataset.mask, found, 0.0)

    def log(self, requests: Requests, propensities: Doubles, seed: int = 0) -> Log:
        """Draw actions, satisfaction and rewards. Raises `ValueError` where `propensities` are no distributions."""
        action, outcome = self._drawn(
            requests, propensities, self._stream("log", requests.week, requests.draw, len(requests), seed)
        )
        reward = np.where(outcome.seen, outcome.reward, np.float32("nan"))
        dataset = replace(requests.dataset, logged=propensities.astype(np.float64), action=action, reward=reward)
        return Log(requests, dataset, weights_of(outcome, self._matured), outcome)

    def _stream(self, *purpose: int | str) -> np.random.Generator:
        return stream(self.seed, self.variant.name, *purpose)

    def _utterances(self) -> list[NDArray[np.int64]]:
        """What may come up in traffic, by domain; last: what no skill serves."""
        intent = self.corpus.intent
        domain = np.where(intent >= 0, self.skills.domain[intent], len(self.skills.domains))
        free = ~self.readings.trained
        pools = [np.flatnonzero(free & (domain == index)) for index in range(len(self.skills.domains) + 1)]
        empty = [
            name for name, pool in zip((*self.skills.domains, "unserviceable"), pools, strict=True) if not len(pool)
        ]
        if empty:
            raise ValueError(f"no utterances are left for {', '.join(empty)}")
        return pools

    def _requests(self, n: int, week: int, draw: str, shares: Doubles, worse: float) -> Requests:
        if n < 1 or not 0 <= week < HORIZON:
            raise ValueError(f"at least one request of a week from 0 to {HORIZON - 1}, not {n} of week {week}")
        rng = self._stream("week", week, draw, n)
        when = turns(self.speakers, n, week, rng)
        utterance = self._said(when, shares, rng)
        speaks = self.speakers.speaks[when.user]
        wanted = rng.binomial(self.corpus.words[utterance], np.minimum(self.speakers.wer[when.user] + worse, 1.0))
        text = self._heard(utterance, np.where(speaks, wanted, 0), rng.random(n))
        errors = self.corpus.errors[text]
        if week not in self._candidates:
            self._candidates[week] = candidates_of(self.readings, self.skills, week)
        known = self._candidates[week]
        skill, numeric = known.skill[text], known.numeric[text]
        clean, slope, deviation, least, most = _CONFIDENCE
        sure = clean - slope * errors / self.corpus.words[utterance] + rng.normal(0.0, deviation, n)
        confidence = np.where(speaks, np.clip(sure, least, most), 1.0).astype(np.float32)
        numeric[:, :, FEATURES.index("confidence")] = np.where(skill >= 0, confidence[:, None], 0.0)
        # What was chosen before is not known before a policy is: the best score of the turn before stands for it.
        last = np.where(when.turn > 0, np.roll(skill[:, 0], 1), -1).astype(np.int32)
        remote = np.array([name != "repl" for name in DEVICES])[self.speakers.device[when.user]]
        dataset = Dataset(
            self.tables, text, context_rows(when.time, speaks, remote, when.turn == 0), last, numeric, skill,
            open=skill >= 0,
            logged=np.zeros(skill.shape),
            action=np.full(n, -1, np.int32),
            reward=np.full(n, np.nan, np.float32),
            domain=known.domain[text],
        )  # fmt: skip
        intent = self.corpus.intent[utterance]
        meant = np.where(intent >= 0, self.skills.domain[intent], -1).astype(np.int32)
        truth = self.truth.satisfied(utterance, skill, week, when.user)
        careless = self.speakers.careless[when.user]
        hidden = (when.user, when.conversation, when.turn, when.time, errors, careless)
        return Requests(dataset, truth, utterance, intent, meant, *hidden, week, draw)

    def _said(self, when: Turns, shares: Doubles, rng: np.random.Generator) -> Ints:
        """Utterances [N]: a conversation tends to stay in its domain, which leaves the domains' shares as they are."""
        n = len(when.turn)
        fresh = (when.turn == 0) | (rng.random(n) >= self.variant.sticky)
        drawn = rng.choice(len(shares), n, p=shares)
        domain = drawn[np.maximum.accumulate(np.where(fresh, np.arange(n), 0))]
        domain = np.where(rng.random(n) < self.variant.unserviceable, len(shares), domain)
        sizes = np.array([len(pool) for pool in self._pools])
        starts = np.cumsum(sizes) - sizes
        place = starts[domain] + np.floor(rng.random(n) * sizes[domain]).astype(np.int64)
        found: Ints = np.concatenate(self._pools)[place].astype(np.int32)
        return found

    def _heard(self, utterance: Ints, errors: NDArray[np.int64], draw: Doubles) -> Ints:
        """Texts [N]: of each utterance's spoken forms one with the nearest number of errors, any of equal ones."""
        forms = self.corpus.spoken[utterance]
        cost = np.where(forms >= 0, np.abs(self.corpus.errors[forms] - errors[:, None]), np.iinfo(np.int32).max)
        nearest = cost == cost.min(axis=1, keepdims=True)
        wanted = np.floor(draw * nearest.sum(axis=1)) + 1
        place = np.argmax(np.cumsum(nearest, axis=1) >= wanted[:, None], axis=1)
        found: Ints = forms[np.arange(len(forms)), place]
        return found

    def _drawn(self, requests: Requests, propensities: Doubles, rng: np.random.Generator) -> tuple[Ints, Outcome]:
        mask = requests.dataset.mask
        if propensities.shape != mask.shape:
            raise ValueError(f"propensities are of shape {propensities.shape}, the candidates of {mask.shape}")
        wrong = (propensities < 0).any(axis=1) | (np.where(mask, 0.0, propensities) != 0).any(axis=1)
        wrong |= ~(np.abs(propensities.sum(axis=1) - 1.0) <= 1e-6)
        if wrong.any():
            shown: Sequence[int] = np.flatnonzero(wrong)[:5].tolist()
            raise ValueError(f"propensities are not a distribution over the candidates in requests {shown}")
        n = len(requests)
        reached = np.cumsum(propensities, axis=1)
        draw = rng.random(n) * reached[:, -1]
        action = np.argmax(reached > draw[:, None], axis=1).astype(np.int32)
        satisfied = rng.random(n) < requests.truth[np.arange(n), action]
        return action, self.channel.observe(satisfied, requests.careless, rng)
