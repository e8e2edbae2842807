"""Measured cells of the entity-contrast benchmark as arrays, and relative changes of error rates between methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.entity_contrast_cells import DIGITS
from benchmarks.entity_contrast_data import Suite, domain_of

Ints = NDArray[np.int64]
DRAWS = 1000
RATES = ("semer", "icer", "irer")
GEOMETRY = ("mean_alignment", "mean_uniformity", "vector_alignment", "vector_uniformity")


@dataclass(frozen=True, eq=False)
class Part:
    """A test view of a data set (folds joined): what is drawn as one (recordings of one sentence), domain and gold
    items of each sentence.
    """

    groups: Ints
    domains: NDArray[np.str_]
    gold: Ints


@dataclass(frozen=True)
class Change:
    """Relative change of an error rate, with its 95 % interval and two-sided bootstrap p value."""

    change: float
    low: float
    high: float
    p: float


def set_of(name: str) -> str:
    """The set that a suite belongs to: the folds of HWU64 are one."""
    return "hwu" if name.startswith("hwu") else name


class Results:
    """Cells and their results. `suites`: the data of each suite, which gives domains and groups of the test
    sentences.
    """

    def __init__(
        self, cells: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]], suites: Mapping[str, Suite]
    ) -> None:
        self.cells, self._suites = list(cells), suites
        self._found = {(c["row"], c["set"], c["seed"]): f for c, f in zip(cells, found, strict=True)}
        self.rows = list(dict.fromkeys(cell["row"] for cell in cells))
        self.seeds = sorted({cell["seed"] for cell in cells})
        self._names = list(dict.fromkeys(cell["set"] for cell in cells))
        self.parts = {
            (name, view): self._part([suite for suite in self._names if set_of(suite) == name], view)
            for name in dict.fromkeys(map(set_of, self._names))
            for view in suites[next(suite for suite in self._names if set_of(suite) == name)].tests
        }

    def _part(self, names: Sequence[str], view: str) -> Part:
        places: dict[str, int] = {}
        rows = [(name, row) for name in names for row in self._suites[name].tests[view]]
        groups = [places.setdefault(f"{name} {row.origin}", len(places)) for name, row in rows]
        domains = [domain_of(name, row.intent) for name, row in rows]
        gold = [len(row.spans or ()) + 1 for _, row in rows]
        return Part(np.array(groups), np.array(domains), np.array(gold))

    def has(self, *rows: str) -> bool:
        """Whether all these methods were measured."""
        return set(rows) <= set(self.rows)

    def items(self, row: str, name: str, view: str, rate: str = "semer") -> Ints:
        """What counts against a rate, of each test sentence: [seeds, sentences]."""
        key = "wrong_intents" if rate == "icer" else "errors"
        suites = [suite for suite in self._names if set_of(suite) == name]
        out = []
        for seed in self.seeds:
            digits = "".join(self._found[row, suite, seed]["views"][view][key] for suite in suites)
            out.append([DIGITS.index(digit) for digit in digits])
        items = np.array(out)
        return (items > 0).astype(np.int64) if rate == "irer" else items

    def level(self, row: str, name: str, view: str, rate: str) -> NDArray[np.float64]:
        """A rate, slot F1 or a measure of geometry, by seed (mean over folds for what is not counted)."""
        if rate in RATES:
            items, part = self.items(row, name, view, rate), self.parts[name, view]
            return np.asarray(items.sum(1) / (part.gold.sum() if rate == "semer" else items.shape[1]))
        suites = [suite for suite in self._names if set_of(suite) == name]
        by_seed = [[self._found[row, suite, seed]["views"][view][rate] for suite in suites] for seed in self.seeds]
        return np.asarray(np.mean(by_seed, axis=1))

    def seconds(self, row: str) -> float:
        """Mean processor seconds of a cell of a method."""
        return float(np.mean([found["seconds"] for (name, _, _), found in self._found.items() if name == row]))

    def change(
        self, ours: str, base: str, parts: Sequence[tuple[str, str]], rate: str = "semer", domain: str | None = None
    ) -> Change | None:
        """Relative change of a rate from `base` to `ours`, mean of the parts (set, view); None where base has no error.

        The bootstrap draws sentences (all recordings of one together) within each part and the seeds of each method.
        Numerator and denominator of the change have the same sentences, so that their gold items cancel out.
        """
        rng = np.random.default_rng(0)
        estimates, draws = [], []
        for part in parts:
            left, right = (self.items(row, *part, rate).astype(np.float64) for row in (ours, base))
            groups = self.parts[part].groups
            if domain is not None:
                inside = self.parts[part].domains == domain
                left, right, groups = left[:, inside], right[:, inside], groups[inside]
            if not right.any():
                return None
            estimates.append(left.sum(1).mean() / right.sum(1).mean() - 1)
            draws.append(_draw(left, right, groups, rng))
        mean = np.mean(draws, axis=0)
        low, high = (float(value) for value in np.percentile(mean, [2.5, 97.5]))
        tail = min(float((mean <= 0).mean()), float((mean >= 0).mean()))
        return Change(float(np.mean(estimates)), low, high, min(1.0, max(2 * tail, 1 / DRAWS)))

    def notes(self) -> dict[str, dict[str, int]]:
        """What was left out of each suite, as counts."""
        return {name: self._suites[name].notes for name in self._names}

    def domains(self, name: str) -> dict[str, int]:
        """Domains of a set, and how many gold items each has in its clean test view."""
        part = self.parts[name, "clean"]
        return {
            str(domain): int(part.gold[part.domains == domain].sum()) for domain in sorted(set(part.domains.tolist()))
        }

    def table(self) -> list[dict[str, Any]]:
        """Mean and deviation over seeds of every measure of every method on every view."""
        out = []
        for row in self.rows:
            for name, view in self.parts:
                line: dict[str, Any] = {"row": row, "set": name, "view": view, "seeds": len(self.seeds)}
                for rate in (*RATES, "slot_f1", *GEOMETRY):
                    values = self.level(row, name, view, rate)
                    line[rate] = float(values.mean())
                    line[f"{rate}_sd"] = float(values.std(ddof=1)) if len(values) > 1 else None
                out.append(line | {"seconds": self.seconds(row)})
        return out


def _draw(
    left: NDArray[np.float64], right: NDArray[np.float64], groups: Ints, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Bootstrap draws [DRAWS] of sum(left) / sum(right) - 1, both [seeds, sentences]."""
    _, place = np.unique(groups, return_inverse=True)
    count = int(place.max()) + 1
    sums = [np.stack([np.bincount(place, row, count) for row in side]) for side in (left, right)]
    out = np.empty(DRAWS)
    for draw in range(DRAWS):
        times = np.bincount(rng.integers(count, size=count), minlength=count)
        totals = [(side @ times)[rng.integers(len(side), size=len(side))].mean() for side in sums]
        out[draw] = totals[0] / max(totals[1], 0.5) - 1
    return out
