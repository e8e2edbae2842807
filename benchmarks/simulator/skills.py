"""The skills that answer: which intent each serves, by whom it is made, when it is launched and retired."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.corpus import PROVIDERS, Corpus, Floats, Ints
from benchmarks.simulator.domains import domains_of
from benchmarks.simulator.seeds import stream
from benchmarks.simulator.variants import Variant

#: Weeks a world lasts: 0 to HORIZON - 1.
HORIZON = 12
_NEVER = 1 << 30
_EXAMPLES = 5
_CAUTIOUS = (0.1, 0.3)  # prior of a skill that nobody knows yet
_KNOWN = 0.5  # of the others: sd of what is known about average satisfaction, in logits


@dataclass(frozen=True)
class Skills:
    """S skills of all weeks; those of the future have a row too, so that tables of different weeks agree.

    names; intent, provider, launched, retired [S] (present in weeks launched <= week < retired); prior [S]: the trust
    that is configured, in (0, 1], low for a skill launched later; vectors [S, D]: of description and examples, L2 norm
    1. domains: names; domain [I]: of each intent.
    """

    names: tuple[str, ...]
    intent: Ints
    provider: Ints
    launched: Ints
    retired: Ints
    prior: Floats
    vectors: Floats
    domains: tuple[str, ...]
    domain: Ints

    def __len__(self) -> int:
        return len(self.names)

    def present(self, week: int) -> NDArray[np.bool_]:
        """Which skills there are in a week [S]."""
        found: NDArray[np.bool_] = (self.launched <= week) & (week < self.retired)
        return found

    def trusted(self, satisfied: NDArray[np.float64], rng: np.random.Generator) -> Skills:
        """With the priors of week 0's skills set from their average satisfaction [S], known with an error."""
        logit = np.log(satisfied / (1.0 - satisfied)) + rng.normal(0.0, _KNOWN, len(self))
        known = (1.0 / (1.0 + np.exp(-logit))).astype(np.float32)
        return replace(self, prior=np.where(self.launched == 0, known, self.prior))

    def by_intent(self, week: int) -> Ints:
        """The skills of each intent in a week [I, most], padded with -1."""
        lists: list[list[int]] = [[] for _ in range(len(self.domain))]
        for skill in np.flatnonzero(self.present(week)):
            lists[self.intent[skill]].append(int(skill))
        table = np.full((len(lists), max(map(len, lists))), -1, np.int32)
        for intent, members in enumerate(lists):
            table[intent, : len(members)] = members
        return table


def skills_of(corpus: Corpus, trained: NDArray[np.bool_], variant: Variant, seed: int) -> Skills:
    """Draw the skills of a world; their examples are utterances that the understanding was trained on."""
    rng = stream(seed, variant.name, "skills")
    made: list[tuple[int, int, int]] = []  # intent, provider, launched
    retired: list[int] = []
    for intent in range(len(corpus.intents)):
        count = 1 + int(rng.choice(3, p=np.array(variant.skills)))
        for provider in rng.permutation(len(PROVIDERS))[:count]:
            made.append((intent, int(provider), 0))
            retired.append(_NEVER)
    for week in range(1, HORIZON):
        present = [index for index in range(len(made)) if retired[index] > week]
        for index in present:
            others = sum(made[other][0] == made[index][0] and retired[other] > week for other in range(len(made)))
            if rng.random() < variant.retired and others > 1:
                retired[index] = week
        for _ in range(rng.binomial(len(present), variant.launched)):
            intent = int(rng.integers(len(corpus.intents)))
            taken = {provider for known, provider, _ in made if known == intent}
            free = [provider for provider in range(len(PROVIDERS)) if provider not in taken]
            made.append((intent, int(rng.choice(free)), week))
            retired.append(_NEVER)
    intents, providers, launched = (np.array(column, np.int32) for column in zip(*made, strict=True))
    prior = rng.uniform(*_CAUTIOUS, len(made)).astype(np.float32)
    vectors = np.empty((len(made), corpus.vectors.shape[1]), np.float32)
    for index, (intent, provider, _) in enumerate(made):
        pool = np.flatnonzero(trained & (corpus.intent == intent))
        examples = corpus.vectors[rng.permutation(pool)[:_EXAMPLES]]
        vectors[index] = corpus.described[intent, provider] + (examples.mean(axis=0) if len(pool) else 0.0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = tuple(f"{corpus.intents[i]}/{PROVIDERS[p].split()[0]}-{p}" for i, p, _ in made)
    domains, domain = domains_of(corpus.intents)
    return Skills(names, intents, providers, launched, np.array(retired, np.int32), prior, vectors, domains, domain)
