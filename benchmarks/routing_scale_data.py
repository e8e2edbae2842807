"""Decisions in any number, written shard by shard into the files that `policies.dataset.Dataset.load` maps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.request import CONTEXT, FEATURES

SHARD = 100_000
WIDTH = 4  # candidates
SIZE = 384  # of a sentence vector, as the shipped encoder's
SKILLS, DOMAINS = 40, 27
TEXTS = 0.04  # distinct sentences per decision
JUDGED = 0.3  # share of the decisions with a reward
_EXPLORED = 0.2
_RIGHT, _WRONG = 0.85, 0.15

#: Dtype and shape of a row of each array.
COLUMNS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "text": (np.int32, ()), "context": (np.float32, (len(CONTEXT),)), "last": (np.int32, ()),
    "numeric": (np.float32, (WIDTH, len(FEATURES))), "skill": (np.int32, (WIDTH,)), "open": (np.bool_, (WIDTH,)),
    "logged": (np.float64, (WIDTH,)), "action": (np.int32, ()), "reward": (np.float32, ()), "domain": (np.int32, ()),
}  # fmt: skip


def write(folder: Path, decisions: int, seed: int, told: Callable[[int], None] | None = None) -> int:
    """Write a log of `decisions`; gives its size in bytes. Memory does not depend on `decisions`.

    A simulation of no particular domain: a sentence wants one skill, the first candidate is that one in two of three
    cases, the logging policy prefers the first and explores. told: how many decisions are written.
    """
    folder.mkdir(parents=True)
    texts = max(1000, int(decisions * TEXTS))
    _vectors(folder / "texts.npy", texts, seed)
    vectors = np.random.default_rng([seed, 1]).normal(size=(SKILLS, SIZE)).astype(np.float32)
    np.save(folder / "skill_vectors.npy", vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    names = {"skills": [f"skill{k}" for k in range(SKILLS)], "domains": [f"domain{m}" for m in range(DOMAINS)]}
    (folder / "tables.json").write_text(json.dumps({"format": 1, **names}) + "\n", encoding="utf-8")
    files = {name: (folder / f"{name}.npy").open("wb") for name in COLUMNS}
    try:
        for name, (kind, shape) in COLUMNS.items():
            known = {"descr": np.lib.format.dtype_to_descr(np.dtype(kind)), "fortran_order": False}
            np.lib.format.write_array_header_1_0(files[name], {**known, "shape": (decisions, *shape)})
        for number, start in enumerate(range(0, decisions, SHARD)):
            shard = _shard(min(SHARD, decisions - start), texts, np.random.default_rng([seed, 2, number]))
            for name, array in shard.items():
                files[name].write(np.ascontiguousarray(array, COLUMNS[name][0]).data)
            if told is not None:
                told(start + len(shard["text"]))
    finally:
        for file in files.values():
            file.close()
    return sum(path.stat().st_size for path in folder.iterdir())


def _vectors(path: Path, count: int, seed: int) -> None:
    """Sentence vectors [count, SIZE]; each holds its number, so that what it wants can be learned."""
    target = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(count, SIZE))
    wants = np.random.default_rng([seed, 3]).normal(size=(SKILLS, SIZE)).astype(np.float32)
    for number, start in enumerate(range(0, count, SHARD)):
        drawn = np.random.default_rng([seed, 4, number]).standard_normal((min(SHARD, count - start), SIZE), np.float32)
        drawn += wants[_wanted(np.arange(start, start + len(drawn)))]
        target[start : start + len(drawn)] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    target.flush()


def _wanted(text: NDArray[np.int64]) -> NDArray[np.int64]:
    found: NDArray[np.int64] = text * 7919 % SKILLS
    return found


def _shard(n: int, texts: int, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    text = rng.integers(0, texts, n)
    wanted = _wanted(text)
    # different candidates: a start and a step that has no common divisor with the number of skills
    skill = (rng.integers(0, SKILLS, n)[:, None] + np.arange(WIDTH) * rng.choice([3, 7, 9, 11], n)[:, None]) % SKILLS
    place = np.where(rng.random(n) < 2 / 3, 0, rng.integers(1, WIDTH, n))
    absent = ~(skill == wanted[:, None]).any(axis=1)
    skill[np.flatnonzero(absent), place[absent]] = wanted[absent]
    score = np.sort(rng.random((n, WIDTH)), axis=1)[:, ::-1]
    score = score / score.sum(axis=1, keepdims=True)
    greedy = np.exp(10.0 * (score - score[:, :1]))
    logged = (1.0 - _EXPLORED) * greedy / greedy.sum(axis=1, keepdims=True) + _EXPLORED / WIDTH
    action = np.minimum((logged.cumsum(axis=1) < rng.random(n)[:, None]).sum(axis=1), WIDTH - 1)
    drawn = skill[np.arange(n), action]
    reward = (rng.random(n) < np.where(drawn == wanted, _RIGHT, _WRONG)).astype(np.float32)
    numeric = np.zeros((n, WIDTH, len(FEATURES)), np.float32)
    numeric[:, :, FEATURES.index("probability")] = score
    numeric[:, :, FEATURES.index("rank")] = np.arange(WIDTH) / 10.0
    numeric[:, :, FEATURES.index("confidence")] = numeric[:, :, FEATURES.index("prior")] = 1.0
    return {
        "text": text, "context": rng.random((n, len(CONTEXT)), np.float32), "last": rng.integers(-1, SKILLS, n),
        "numeric": numeric, "skill": skill, "open": np.ones((n, WIDTH), np.bool_), "logged": logged, "action": action,
        "reward": np.where(rng.random(n) < JUDGED, reward, np.float32(np.nan)), "domain": wanted % DOMAINS,
    }  # fmt: skip
