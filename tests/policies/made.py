"""Logged decisions made up for tests: the truth is known, everything comes from one seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.dataset import Dataset, Tables
from policies.request import CONTEXT, FEATURES

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Made:
    """Logged decisions and the probability [N, K] that each candidate would have satisfied."""

    data: Dataset
    truth: Doubles

    def value(self, propensities: Doubles) -> float:
        return float((propensities * self.truth).sum(1).mean())


def made(
    n: int = 2000,
    k: int = 4,
    size: int = 12,
    skills: int = 9,
    domains: int = 3,
    texts: int = 200,
    seed: int = 0,
    closed: float = 0.0,
    world: int = 7,
) -> Made:
    """`world` fixes skills, texts and what satisfies; `seed` which requests come and what was logged."""
    rng = np.random.default_rng(world)
    vectors = rng.normal(size=(texts, size)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    tastes = rng.normal(size=(skills, size))
    base = rng.normal(0.5, 1.0, skills)
    skill_vectors = tastes + rng.normal(scale=0.5, size=(skills, size))
    skill_vectors = (skill_vectors / np.linalg.norm(skill_vectors, axis=1, keepdims=True)).astype(np.float32)
    rng = np.random.default_rng([world, seed])
    text = rng.integers(0, texts, n).astype(np.int32)
    width = rng.integers(2, k + 1, n)
    mask = np.arange(k) < width[:, None]
    skill = np.argsort(rng.random((n, skills)), axis=1)[:, :k].astype(np.int32)
    skill = np.where(mask, skill, -1).astype(np.int32)
    score = np.where(mask, -np.sort(-rng.random((n, k)), axis=1), 0.0)
    logits = np.where(mask, 3.0 * score, -np.inf)
    logged = np.exp(logits - logits.max(1, keepdims=True))
    logged = 0.95 * logged / logged.sum(1, keepdims=True) + 0.05 * mask / width[:, None]
    numeric = np.zeros((n, k, len(FEATURES)), np.float32)
    numeric[:, :, FEATURES.index("probability")] = score
    numeric[:, :, FEATURES.index("rank")] = np.arange(k) / 10.0
    numeric[:, :, FEATURES.index("prior")] = mask
    truth = 1.0 / (1.0 + np.exp(-(base[skill] + 1.5 * np.einsum("nd,nkd->nk", vectors[text], tastes[skill]))))
    truth = np.where(mask, truth, 0.0)
    action = (rng.random(n)[:, None] > logged.cumsum(1)).sum(1).clip(0, width - 1).astype(np.int32)
    reward = (rng.random(n) < truth[np.arange(n), action]).astype(np.float32)
    data = Dataset(
        tables=Tables(vectors, tuple(f"skill{i}" for i in range(skills)), skill_vectors, tuple("abcdefghij"[:domains])),
        text=text,
        context=rng.normal(size=(n, len(CONTEXT))).astype(np.float32),
        last=rng.integers(-1, skills, n).astype(np.int32),
        numeric=numeric,
        skill=skill,
        open=mask & (rng.random((n, k)) >= closed),
        logged=logged,
        action=action,
        reward=reward,
        domain=(text % domains).astype(np.int32),
    )
    return Made(data.checked(), truth)
