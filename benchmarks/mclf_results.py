"""The cells of the `mclf` table, put together: accuracies, ratios of errors, paired tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.paired import Interval, hierarchical_bootstrap, holm

Floats = NDArray[np.float64]
#: SpokenCSE as published and as released; and its stage 1 with plain fine-tuning, where its stage 2 does harm.
SPOKENCSE = ("spokencse_paper", "spokencse_released", "global")
#: Upper ends of the buckets of word error rate.
BUCKETS = (0.0, 0.2, 0.4, 0.6, float("inf"))
_DRAWS = 2000


@dataclass(frozen=True)
class Part:
    """The test items of a set in the order of the cells: groups (sentences) and word error rates [N]."""

    groups: NDArray[np.str_]
    errors: Floats


@dataclass
class Results:
    """Cells and what was measured for each. `parts` are the sets' test items."""

    cells: Sequence[Mapping[str, Any]]
    found: Sequence[Mapping[str, Any]]
    parts: Mapping[str, Part] = field(default_factory=dict)

    def __post_init__(self) -> None:
        common = self.cells[0]
        self._by: dict[tuple[str, str], dict[int, list[Mapping[str, Any]]]] = {}
        for cell, result in zip(self.cells, self.found, strict=True):
            changed = [f"{key}={cell[key]}" for key in ("pooling", "batch1", "batch") if cell[key] != common[key]]
            name = " ".join([cell["row"], *changed])
            self._by.setdefault((name, cell["set"]), {}).setdefault(cell["seed"], []).append(result)

    @property
    def sets(self) -> list[str]:
        return list(dict.fromkeys(cell["set"] for cell in self.cells))

    @property
    def rows(self) -> list[str]:
        return list(dict.fromkeys(row for row, _ in self._by))

    @property
    def seeds(self) -> list[int]:
        return sorted({cell["seed"] for cell in self.cells})

    def has(self, *rows: str) -> bool:
        """Whether all rows were measured on all sets."""
        return all((row, name) in self._by for row in rows for name in self.sets)

    def right(self, row: str, name: str) -> Floats:
        """1 where an item is right [seeds, items]; folds follow each other."""
        seeds = self._by[row, name]
        strings = ["".join(result["right"] for result in seeds[seed]) for seed in sorted(seeds)]
        return np.array([[char == "1" for char in string] for string in strings], np.float64)

    def values(self, row: str, name: str, key: str) -> Floats:
        """A figure of the results [seeds], mean over folds."""
        seeds = self._by[row, name]
        return np.array([np.mean([result[key] for result in seeds[seed]]) for seed in sorted(seeds)])

    def error(self, row: str) -> float:
        """Share of wrong answers, mean over sets and seeds."""
        return 1 - sum(float(np.mean(self.right(row, name))) for name in self.sets) / len(self.sets)

    def better_spokencse(self) -> str | None:
        """The SpokenCSE with the fewest errors over all sets; None where none was measured."""
        there = [row for row in SPOKENCSE if self.has(row)]
        return min(there, key=self.error) if there else None

    def groups(self, name: str) -> NDArray[np.str_] | None:
        """What is drawn as one in a bootstrap."""
        return self.parts[name].groups if name in self.parts else None

    def difference(self, ours: str, base: str, name: str) -> Interval:
        """Accuracy of one row less that of another, in points."""
        rng = np.random.default_rng(0)
        left, right = self.right(ours, name) * 100, self.right(base, name) * 100
        return hierarchical_bootstrap(left, right, rng, self.groups(name))

    def differences(self, ours: str, base: str) -> list[dict[str, Any]]:
        """`difference` on each set with Holm's correction over the sets, and its mean over the sets."""
        found = [self.difference(ours, base, name) for name in self.sets]
        adjusted = holm([value.p for value in found])
        lines = [_line(ours, base, name, value, p) for name, value, p in zip(self.sets, found, adjusted, strict=True)]
        if len(self.sets) > 1:
            apart = [self._draw(ours, name) - self._draw(base, name) for name in self.sets]
            draws = 100 * np.mean(apart, axis=0)
            low, high = np.percentile(draws, [2.5, 97.5])
            tail = min(float((draws <= 0).mean()), float((draws >= 0).mean()))
            mean = 100 * (self.error(base) - self.error(ours))
            value = Interval(mean, float(low), float(high), min(1.0, max(2 * tail, 1 / _DRAWS)))
            lines.append(_line(ours, base, "all", value, value.p))
        return lines

    def error_ratio(self, ours: str, base: str) -> tuple[float, list[float]]:
        """Errors of one row over those of another, both means over the sets, with the 95 % interval."""
        left = 1 - sum(self._draw(ours, name) for name in self.sets) / len(self.sets)
        right = 1 - sum(self._draw(base, name) for name in self.sets) / len(self.sets)
        bounds = np.percentile(left / np.maximum(right, 1e-9), [2.5, 97.5])
        return self.error(ours) / max(self.error(base), 1e-9), [float(value) for value in bounds]

    def interval(self, row: str, name: str) -> list[float]:
        """95 % interval of a row's accuracy on a set, in percent, over items and seeds."""
        return [100 * float(value) for value in np.percentile(self._draw(row, name), [2.5, 97.5])]

    def _draw(self, row: str, name: str) -> Floats:
        """Bootstrap draws of a row's accuracy on a set: the same items for every row, seeds of its own."""
        right = self.right(row, name)
        groups = self.groups(name)
        _, place = np.unique(np.arange(right.shape[1]) if groups is None else groups, return_inverse=True)
        count = int(place.max()) + 1
        sizes = np.bincount(place, minlength=count).astype(np.float64)
        sums = np.stack([np.bincount(place, line, count) for line in right])
        items = np.random.default_rng([1, self.sets.index(name)])
        seeds = np.random.default_rng([2, self.sets.index(name), self.rows.index(row)])
        out = np.empty(_DRAWS)
        for draw in range(_DRAWS):
            times = np.bincount(items.integers(count, size=count), minlength=count).astype(np.float64)
            means = sums @ times / (times @ sizes)
            out[draw] = means[seeds.integers(len(means), size=len(means))].mean()
        return out

    def table(self) -> list[dict[str, Any]]:
        """Every row on every set: mean, sd and n of the accuracy in percent, and what follows from it."""
        best = self.better_spokencse()
        lines = []
        for row, name in self._by:
            right = self.right(row, name)
            seeds = 100 * right.mean(1)
            line: dict[str, Any] = {
                "row": row, "set": name, "n": len(seeds), "items": right.shape[1],
                "mean": round(float(seeds.mean()), 2),
                "sd": round(float(seeds.std(ddof=1)), 2) if len(seeds) > 1 else None,
                "dev": round(100 * float(self.values(row, name, "dev").mean()), 2),
                "steps": round(float(self.values(row, name, "steps").mean())),
                "seconds": round(float(self.values(row, name, "seconds").mean()), 1),
            }  # fmt: skip
            groups = self.groups(name)
            if groups is not None and len(set(groups)) < len(groups):
                line["per_utterance"] = round(100 * _by_group(right, groups), 2)
            wrong = 1 - right.mean()
            for label, other in (("errors_to_ce", "ce"), ("errors_to_spokencse", best)):
                if other is not None and (other, name) in self._by:
                    line[label] = round(float(wrong / max(1 - self.right(other, name).mean(), 1e-9)), 3)
            if ("ce", name) in self._by and ("oracle", name) in self._by:
                low, high = self.right("ce", name).mean(), self.right("oracle", name).mean()
                line["gap_recovered"] = round(float((right.mean() - low) / (high - low)), 3) if high != low else None
            lines.append(line)
        return lines

    def buckets(self) -> list[dict[str, Any]]:
        """Accuracy by word error rate of the transcript, of every row and set."""
        lines = []
        for row, name in self._by:
            if name not in self.parts:
                continue
            right = self.right(row, name).mean(0)
            spot = np.searchsorted(BUCKETS, self.parts[name].errors)
            for bucket, top in enumerate(BUCKETS):
                chosen = spot == bucket
                if chosen.any():
                    lines.append({
                        "row": row, "set": name, "wer_up_to": None if np.isinf(top) else top,
                        "items": int(chosen.sum()), "accuracy": round(100 * float(right[chosen].mean()), 2),
                    })  # fmt: skip
        return lines


def _by_group(right: Floats, groups: NDArray[np.str_]) -> float:
    """Accuracy where every sentence counts once, whatever the number of its recordings."""
    _, place = np.unique(groups, return_inverse=True)
    return float((np.bincount(place, right.mean(0)) / np.bincount(place)).mean())


def _line(ours: str, base: str, name: str, value: Interval, adjusted: float) -> dict[str, Any]:
    bounds = [round(value.low, 2), round(value.high, 2)]
    return {
        "ours": ours, "base": base, "set": name, "difference": round(value.mean, 2), "ci95": bounds,
        "p": round(value.p, 4), "p_holm": round(adjusted, 4),
    }  # fmt: skip
