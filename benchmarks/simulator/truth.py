"""What no policy sees: the probability that a skill satisfies what was meant."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.corpus import PROVIDERS, Corpus, Ints
from benchmarks.simulator.seeds import stream
from benchmarks.simulator.skills import HORIZON, Skills
from benchmarks.simulator.variants import Variant

Doubles = NDArray[np.float64]
#: P(satisfied) where even the domain is wrong, and for what no skill serves.
ELSEWHERE = 0.03
#: Share of P(satisfied | right intent) that is left where only the domain is right.
NEAR = 0.25
_TASTES = 8


@dataclass(frozen=True)
class Truth:
    """logit [HORIZON, S]: base quality by week. affinity [S, d] and meaning [U, d]: whitened principal components.

    liked [users, 8], liking [S, 8]: a user's preference for a skill is their product, in logits; sd as in the variant.
    """

    corpus: Corpus
    skills: Skills
    logit: Doubles
    affinity: Doubles
    meaning: Doubles
    liked: Doubles
    liking: Doubles

    @cached_property
    def _fit(self) -> Doubles:
        """a_s.x [S, U]: made once, a hundred skills times ten thousand utterances are few."""
        return self.affinity @ self.meaning.T

    def satisfied(self, utterance: Ints, skill: Ints, week: int, user: Ints | None = None) -> Doubles:
        """P(satisfied) [N, K] of skills [N, K] (0 on padding) for what users [N] meant by utterances [N].

        sigmoid(logit b_s + a_s.x) if the intent is right, `NEAR` of it if only the domain is, else `ELSEWHERE`. Without
        `user`, that of a user without preferences.
        """
        logits = self.logit[week][skill] + self._fit[skill, utterance[:, None]]
        if user is not None and self.liking.any():
            logits = logits + np.einsum("nd,nkd->nk", self.liked[user], self.liking[skill])
        meant = self.corpus.intent[utterance]
        offered = self.skills.intent[skill]
        same = self.skills.domain[offered] == self.skills.domain[meant][:, None]
        quality = 1.0 / (1.0 + np.exp(-logits))
        value = np.where(offered == meant[:, None], quality, np.where(same, NEAR * quality, ELSEWHERE))
        value = np.where((meant >= 0)[:, None], value, ELSEWHERE)
        found: Doubles = np.where(skill >= 0, value, 0.0)
        return found

    def average(self) -> Doubles:
        """Mean P(satisfied) of each skill over all utterances of its intent, in week 0 [S]."""
        means = []
        for skill, intent in enumerate(self.skills.intent):
            rows = np.flatnonzero(self.corpus.intent == intent).astype(np.int32)
            means.append(self.satisfied(rows, np.full((len(rows), 1), skill, np.int32), 0).mean())
        return np.array(means)


def truth_of(corpus: Corpus, skills: Skills, users: int, variant: Variant, seed: int) -> Truth:
    """Draw the truth of a world."""
    rng = stream(seed, variant.name, "truth")
    count, size = len(skills), variant.dimensions
    base = np.clip(rng.beta(*variant.quality, count), 1e-3, 1 - 1e-3)
    walk = np.cumsum(rng.normal(0.0, variant.drift, (HORIZON, count)), axis=0)
    logit = np.log(base / (1 - base)) + walk - walk[0]
    common = rng.normal(0.0, 1.0, (len(PROVIDERS), size))[skills.provider]
    own = rng.normal(0.0, 1.0, (count, size))
    affinity = variant.affinity * (np.sqrt(variant.shared) * common + np.sqrt(1 - variant.shared) * own)
    scale = np.sqrt(variant.preference / np.sqrt(_TASTES))  # the product of 8 pairs has the wanted deviation
    liked, liking = (rng.normal(0.0, scale, (rows, _TASTES)) for rows in (users, count))
    return Truth(corpus, skills, logit, affinity, whitened(corpus, size), liked, liking)


def whitened(corpus: Corpus, size: int) -> Doubles:
    """The first principal components of what was said [U, size], each of variance 1; zero where there are fewer."""
    said = corpus.vectors[: len(corpus)].astype(np.float64)
    centred = said - said.mean(axis=0)
    values, directions = np.linalg.eigh(centred.T @ centred / len(said))
    size_found = min(size, int((values > 1e-9).sum()))
    chosen = directions[:, ::-1][:, :size_found]
    chosen = chosen * np.sign(chosen[np.abs(chosen).argmax(axis=0), np.arange(size_found)])
    out = np.zeros((len(said), size))
    out[:, :size_found] = centred @ chosen / np.sqrt(values[::-1][:size_found])
    return out
