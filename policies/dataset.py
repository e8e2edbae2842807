"""Logged decisions as arrays: what policies are trained and judged on. Kept in files, read through the page cache."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.blocks import taken
from policies.errors import PolicyError

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]

_TABLES = "tables.json"
_FORMAT = 1


@dataclass(frozen=True)
class Tables:
    """What the integers of a `Dataset` stand for.

    texts: sentence vectors [T, D]. skills: names, with vectors [S, D] made of each skill's description and examples, so
    that a skill nobody has used yet has one too. domains: names.
    """

    texts: Floats
    skills: tuple[str, ...]
    skill_vectors: Floats
    domains: tuple[str, ...]


@dataclass(frozen=True)
class Dataset:
    """N decisions with up to K candidates each, and the names their integers stand for.

    text: row of `tables.texts` [N]. context [N, C] and numeric [N, K, F]: see `policies.request`. last: skill that
    answered the turn before [N], -1: none. skill: [N, K], -1 where there is no candidate. open: may be given more mass
    than it had [N, K] (False: costly effects, and padding). logged: propensities of the policy that decided [N, K],
    zero on padding. action: the candidate that was drawn [N]. reward: [N] in [0, 1], NaN: not known. domain: [N].
    """

    tables: Tables
    text: Ints
    context: Floats
    last: Ints
    numeric: Floats
    skill: Ints
    open: Bools
    logged: Doubles
    action: Ints
    reward: Floats
    domain: Ints

    def __len__(self) -> int:
        return len(self.text)

    @property
    def mask(self) -> Bools:
        """Where there is a candidate [N, K]."""
        found: Bools = self.skill >= 0
        return found

    def take(self, rows: NDArray[np.integer[Any]] | NDArray[np.bool_] | slice) -> Dataset:
        """Some of the decisions; the tables are shared. A slice is a view; what is large is a file, see `blocks.zeros`.

        rows: a slice, row numbers, or a mask [N].
        """
        columns: dict[str, Any] = {name: taken(getattr(self, name), rows) for name in ARRAYS}
        return replace(self, **columns)

    def with_reward(self, reward: Floats) -> Dataset:
        """The same decisions with other rewards [N]."""
        return replace(self, reward=reward)

    def judged(self) -> Dataset:
        """The decisions whose reward is known."""
        return self.take(~np.isnan(self.reward))

    def vectors(self) -> Floats:
        """Sentence vectors [N, D]."""
        found: Floats = self.tables.texts[self.text]
        return found

    def save(self, folder: Path) -> None:
        """Write one file for each array into `folder`, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name))
        np.save(folder / "texts.npy", self.tables.texts)
        np.save(folder / "skill_vectors.npy", self.tables.skill_vectors)
        known = {"format": _FORMAT, "skills": self.tables.skills, "domains": self.tables.domains}
        (folder / _TABLES).write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Dataset:
        """Map what `save` has written; rows are read from disk when they are used. Raises `PolicyError`."""
        try:
            known = json.loads((folder / _TABLES).read_text(encoding="utf-8"))
            arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS}
            texts, vectors = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("texts", "skill_vectors"))
            tables = Tables(texts, tuple(known["skills"]), vectors, tuple(known["domains"]))
        except (OSError, ValueError, KeyError) as error:
            raise PolicyError(f"{folder} does not hold logged decisions: {error}") from error
        return cls(tables, **arrays).checked()

    def checked(self) -> Dataset:
        """Itself. Raises `PolicyError` where shapes do not belong together."""
        n, k = self.skill.shape
        for name in ARRAYS:
            shape = getattr(self, name).shape
            if shape[0] != n or (name in ("numeric", "open", "logged") and shape[1] != k):
                raise PolicyError(f"{name} is of shape {shape}, but there are {n} decisions of {k} candidates")
        return self


ARRAYS = tuple(field.name for field in fields(Dataset) if field.name != "tables")


def joined(parts: Sequence[Dataset]) -> Dataset:
    """One data set of several with the same tables, narrower ones padded. Raises `PolicyError` for none."""
    if not parts:
        raise PolicyError("there are no decisions to join")
    width = max(part.skill.shape[1] for part in parts)
    columns: dict[str, Any] = {name: np.concatenate([_widened(part, name, width) for part in parts]) for name in ARRAYS}
    return replace(parts[0], **columns)


def _widened(part: Dataset, name: str, width: int) -> NDArray[np.generic]:
    array: NDArray[np.generic] = getattr(part, name)
    missing = width - part.skill.shape[1]
    if not missing or name not in ("numeric", "skill", "open", "logged"):
        return array
    padding = [(0, 0), (0, missing), *[(0, 0)] * (array.ndim - 2)]
    return np.pad(array, padding, constant_values=-1 if name == "skill" else 0)
