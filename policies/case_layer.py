"""The cases as the topmost layer of a policy: on a request like a known case its defect has no probability.

A method that only estimates rewards (`policies.train`, "ring") does not take single cases in; without this layer a case
it fails would block every policy it makes, and a hot-fix for it could never retire. Paper 35 has the policy absorb its
cases by training; this layer is constants, changes the decision itself, and cannot miss a request with a case's text.
It holds sentence vectors and names, no texts.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.case_match import Candidates, Cases, Demand, Known, Named, ranks_of
from policies.cases import Case
from policies.errors import PolicyError
from policies.layer import Decisions

Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: Defaults of `CaseLayer.of`: at these the rest of the traffic hardly moves (`assistant bench remediation`).
SIMILARITY, OVERLAP = 0.95, 0.4
FILE = "cases.npz"


@dataclass(frozen=True)
class CaseLayer:
    """Cases that a policy has absorbed. A candidate to avoid gets no mass, the other open ones share it in proportion;
    a wanted one gets all. Costly candidates never gain; where nothing open is left that had mass, nothing changes.

    A request without a sentence vector, or with one of another length, is like no case.
    """

    cases: Cases = field(repr=False)

    @classmethod
    def of(cls, cases: Iterable[Case], similarity: float = SIMILARITY, overlap: float = OVERLAP) -> CaseLayer | None:
        """A layer of the active cases that have a sentence vector; None where there are none.

        Raises `PolicyError` for vectors of different lengths and for shares out of range.
        """
        usable = [case for case in cases if case.active and _usable(case.request.vector)]
        found = Cases.of(usable, similarity, overlap)
        return cls(found) if usable else None

    def __len__(self) -> int:
        return len(self.cases)

    @property
    def size(self) -> int:
        """Length of the sentence vectors."""
        return self.cases.size

    @property
    def ids(self) -> tuple[str, ...]:
        """Of the cases."""
        return tuple(known.id for known in self.cases.known)

    def apply(self, decisions: Decisions, below: Doubles) -> Doubles:
        """Propensities [N, K] of what lies below, changed where a request is like a case."""
        if decisions.text.shape[1] != self.size:
            return below
        cosines = self.cases.cosines(decisions.text)
        rows = np.flatnonzero(self.cases.close(cosines).any(axis=1))
        if not len(rows):
            return below
        found = np.array(below, np.float64)
        for row in rows.tolist():
            places = np.flatnonzero(decisions.mask[row])
            candidates = Candidates(
                [decisions.names[index] for index in decisions.skill[row, places]],
                None if decisions.intents is None else decisions.intents[row],
                ranks_of(decisions.numeric[row, places]),
                [not value for value in decisions.open[row, places]],
            )
            values = found[row, places]
            demand = self.cases.demand(cosines[row], candidates, values.tolist())
            if demand is not None:
                found[row, places] = _settled(demand, values, np.asarray(decisions.open[row, places], np.bool_))
        return found

    def described(self) -> dict[str, Any]:
        """Everything but the vectors, as plain data."""
        known = [{**asdict(one), "skills": sorted(one.skills)} for one in self.cases.known]
        return {"similarity": self.cases.similarity, "overlap": self.cases.overlap, "cases": known}

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the vectors; what `load` takes beside the folder."""
        arrays = io.BytesIO()
        np.savez_compressed(arrays, vectors=self.cases.vectors)
        (folder / FILE).write_bytes(arrays.getvalue())
        return {**self.described(), "files": {FILE: hashlib.sha256(arrays.getvalue()).hexdigest()}}

    @classmethod
    def load(cls, folder: Path, described: Mapping[str, Any]) -> CaseLayer:
        """What `save` wrote. Raises `PolicyError` naming the file that is missing or damaged, `KeyError` and
        `TypeError` for a description that is none."""
        path = folder / FILE
        try:
            content = path.read_bytes()
        except OSError as error:
            raise PolicyError(f"{path} cannot be read: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != described["files"][FILE]:
            raise PolicyError(f"{path} is damaged: its contents are not those that were written")
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                vectors = np.asarray(arrays["vectors"], np.float32)
        except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
            raise PolicyError(f"{path}: the vectors cannot be read: {error}") from error
        known = tuple(
            Known(str(one["id"]), frozenset(one["skills"]), _named(one["bad"]), _named(one["good"]))
            for one in described["cases"]
        )
        return cls(Cases(known, vectors, float(described["similarity"]), float(described["overlap"])))

    def digested(self) -> bytes:
        """What a policy's version is made of."""
        return json.dumps(self.described(), sort_keys=True).encode() + self.cases.vectors.tobytes()


def _settled(demand: Demand, values: Doubles, is_open: Bools) -> Doubles:
    """Propensities [K] as demanded."""
    found = values.copy()
    if demand.taken is not None:
        found[:] = 0.0
        found[demand.taken] = 1.0
        return found
    gone = np.zeros(len(values), np.bool_)
    gone[list(demand.forbidden)] = True
    rest = is_open & ~gone
    total = float(values[rest].sum())
    if total <= 0.0:
        return found
    found[rest] *= (total + float(values[gone].sum())) / total
    found[gone] = 0.0
    return found


def _usable(vector: Any) -> bool:
    if vector is None:
        return False
    found = np.asarray(vector, np.float32)
    return bool(np.isfinite(found).all() and found.any())


def _named(value: Mapping[str, Any] | None) -> Named | None:
    return None if value is None else Named(str(value["skill"]), str(value["intent"]), int(value["rank"]))
