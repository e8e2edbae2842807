"""Which known cases a request is like, and what they demand of its candidates: vectors and names, no texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.cases import Case
from policies.errors import PolicyError
from policies.request import FEATURES, Option

Floats = NDArray[np.float32]

#: Where a candidate's rank lies in `Dataset.numeric`.
RANK = FEATURES.index("rank")
_NO_RANK = 9.0
_ROUND = 1e-6  # cosines of one request and of many differ in the last bits


@dataclass(frozen=True, slots=True)
class Named:
    """A candidate of a case as other requests may have it. rank: of its interpretation, from 0."""

    skill: str
    intent: str
    rank: int

    @classmethod
    def of(cls, option: Option) -> Named:
        """The candidate's names."""
        return cls(option.skill, option.intent, rank_of(option))


@dataclass(frozen=True, slots=True)
class Known:
    """What of a case is compared: the skills of its candidates, the candidate to avoid and the one to take."""

    id: str
    skills: frozenset[str]
    bad: Named | None
    good: Named | None

    @classmethod
    def of(cls, case: Case) -> Known:
        """Of a case."""
        named = [Named.of(option) for option in case.request.options]
        bad = named[case.action] if case.kind == "regression" else None
        good = None if case.desired is None else named[case.desired]
        return cls(case.id, frozenset(one.skill for one in named), bad, good)


@dataclass(frozen=True, slots=True)
class Candidates:
    """The candidates of one request [K]. intents None: they are not known (arrays do not keep them), then the rank of
    the interpretation tells candidates of one skill apart."""

    skills: Sequence[str]
    intents: Sequence[str] | None
    ranks: Sequence[int]
    costly: Sequence[bool]


@dataclass(frozen=True, slots=True)
class Demand:
    """taken: the candidate that all mass belongs on, None: any but the `forbidden` ones. why: id of the case."""

    taken: int | None
    forbidden: frozenset[int]
    why: str


@dataclass(frozen=True)
class Cases:
    """Known cases with their sentence vectors [C, D] (L2 norm 1), and how like them a request must be.

    similarity: least cosine, in (0, 1]. overlap: least share of skills in common (Jaccard index), in [0, 1].
    """

    known: tuple[Known, ...]
    vectors: Floats
    similarity: float
    overlap: float

    def __post_init__(self) -> None:
        if not 0.0 < self.similarity <= 1.0 or not 0.0 <= self.overlap <= 1.0:
            raise PolicyError(f"similarity {self.similarity} must be in (0, 1], overlap {self.overlap} in [0, 1]")
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.known):
            raise PolicyError(f"vectors of shape {self.vectors.shape} are not those of {len(self.known)} cases")

    @classmethod
    def of(cls, cases: Sequence[Case], similarity: float, overlap: float) -> Cases:
        """Of cases with vectors. Raises `PolicyError` for vectors of different lengths and for shares out of range."""
        rows = [np.asarray(case.request.vector, np.float32).reshape(-1) for case in cases]
        lengths = {len(row) for row in rows}
        if len(lengths) > 1:
            raise PolicyError(f"cases have sentence vectors of different lengths: {sorted(lengths)}; name the encoder")
        vectors = unit(np.array(rows, np.float32)) if rows else np.zeros((0, 0), np.float32)
        return cls(tuple(Known.of(case) for case in cases), vectors, similarity, overlap)

    def __len__(self) -> int:
        return len(self.known)

    @property
    def size(self) -> int:
        """Length of the sentence vectors."""
        return int(self.vectors.shape[1])

    def cosines(self, vectors: Any) -> Floats:
        """With all cases [N, C], of sentence vectors [N, D] of the right length; 0 for a vector of zeros."""
        found: Floats = unit(np.asarray(vectors, np.float32)) @ self.vectors.T
        return found

    def close(self, cosines: Floats) -> NDArray[np.bool_]:
        """Which of them are high enough, of the same shape."""
        found: NDArray[np.bool_] = cosines >= self.similarity - _ROUND
        return found

    def demand(self, cosines: Floats, candidates: Candidates, propensities: Sequence[float]) -> Demand | None:
        """What the cases demand of one request, None: nothing. cosines [C]; propensities [K]: what would be done.

        Of several cases that a request is like, the closest decides what to take; what any of them forbids is
        forbidden. A costly candidate is never taken.
        """
        near = np.flatnonzero(self.close(cosines))
        if not len(near):
            return None
        here = set(candidates.skills)
        # The closest first; of equals one that says what to take, then the later one in the list.
        order = sorted(near.tolist(), key=lambda i: (-round(float(cosines[i]), 4), self.known[i].good is None, -i))
        taken: int | None = None
        why = ""
        forbidden: set[int] = set()
        for known in (self.known[i] for i in order):
            if len(here & known.skills) < self.overlap * len(here | known.skills):
                continue
            if known.bad is not None:
                found = [i for i in _places(known.bad, candidates) if i != taken]
                if sum(propensities[i] for i in found) > 0.0:
                    why = why or known.id
                forbidden.update(found)
            if taken is None and known.good is not None:
                good = _places(known.good, candidates)
                free = [i for i in good if not candidates.costly[i] and i not in forbidden]
                if free:
                    taken, why = max(free, key=lambda i: propensities[i]), known.id
        return Demand(taken, frozenset(forbidden), why) if why else None


def rank_of(option: Option) -> int:
    """The rank of a candidate's interpretation, from 0; 9 where it has none."""
    rank = float(option.features.get("rank", _NO_RANK))
    return round(rank)


def ranks_of(numeric: NDArray[Any]) -> list[int]:
    """Ranks of candidates from their numbers [K, F]."""
    return [round(10.0 * float(value)) for value in numeric[:, RANK]]


def unit(rows: Floats) -> Floats:
    """Rows scaled to length 1; zeros stay zeros."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    scaled: Floats = (rows / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled


def _places(wanted: Named, candidates: Candidates) -> list[int]:
    """Candidates of that skill; only those of that intent (of that rank) where there are any."""
    found = [index for index, skill in enumerate(candidates.skills) if skill == wanted.skill]
    if candidates.intents is not None:
        exact = [index for index in found if candidates.intents[index] == wanted.intent]
    else:
        exact = [index for index in found if candidates.ranks[index] == wanted.rank]
    return exact or found
