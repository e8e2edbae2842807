"""The cells of the `routing` table, put together: figures by method and benchmark, paired tests, shares of the gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.paired import holm
from benchmarks.routing_methods import RINGS
from benchmarks.statistics import mean_interval

Floats = NDArray[np.float64]
#: Benchmarks in the order of the table. `shift` is `global`'s policy on shifted traffic.
BENCHMARKS = ("global", "critical", "explore", "tight", "shift")
#: A peer respects its bounds where, on every seed, no larger share of the requests is outside: lenient towards it.
FEASIBLE = 0.01
#: Suffix of a policy that is pulled back inside its bounds, request by request.
CLAMPED = " clamped"
OURS = "ring"
#: What the paper's order is about.
ORDERED = ("metagrad", "metagrad_forward", "minimax", "quadratic")
_DECIMALS = 5


@dataclass(frozen=True)
class Paired:
    """Value of ours less that of a peer over seeds: mean, 95 % interval and two-sided p (paired t), p after Holm.

    p is NaN where there are too few seeds, or all differences are one number.
    """

    benchmark: str
    peer: str
    mean: float
    low: float
    high: float
    p: float
    p_holm: float = float("nan")


class Results:
    """Cells and what was measured for each."""

    def __init__(self, cells: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]], wanted: Sequence[str]):
        self.cells = cells
        self.costs = [result for cell, result in zip(cells, found, strict=True) if cell["method"] == "cost"]
        self._by: dict[tuple[str, str], dict[int, Mapping[str, Any]]] = {}
        self.trainings: dict[tuple[str, str], dict[int, Mapping[str, Any]]] = {}
        for cell, result in zip(cells, found, strict=True):
            if cell["method"] == "cost":
                continue
            name = "tight" if cell["benchmark"].startswith("tight") else cell["benchmark"]
            places = [(name, "test")] + ([("shift", "shift")] if name == "global" else [])
            for benchmark, traffic in places:
                if benchmark in wanted:
                    self._by.setdefault((cell["method"], benchmark), {})[cell["seed"]] = result[traffic]
                    self.trainings.setdefault((cell["method"], benchmark), {})[cell["seed"]] = result

    @property
    def seeds(self) -> list[int]:
        return sorted({cell["seed"] for cell in self.cells})

    @property
    def methods(self) -> list[str]:
        return list(dict.fromkeys(method for method, _ in self._by))

    @property
    def benchmarks(self) -> list[str]:
        return [name for name in BENCHMARKS if any(name == found for _, found in self._by)]

    def has(self, method: str, benchmark: str) -> bool:
        """Whether it was measured."""
        return (method.removesuffix(CLAMPED), benchmark) in self._by

    def values(self, method: str, benchmark: str, key: str) -> Floats:
        """A figure of `routing_cells.judged` by seed [S]; of a clamped policy for a name with that suffix."""
        found = self._by[method.removesuffix(CLAMPED), benchmark]
        lines = [found[seed] for seed in sorted(found)]
        return np.array([line["clamped"][key] if method.endswith(CLAMPED) else line[key] for line in lines], np.float64)

    def seconds(self, method: str, benchmark: str) -> Floats:
        """Processor time of the training by seed [S]."""
        found = self.trainings[method, benchmark]
        return np.array([found[seed]["seconds"] for seed in sorted(found)])

    def gain(self, method: str, benchmark: str) -> Floats:
        """Value above the production policy's by seed [S]."""
        base = self.values(method.removesuffix(CLAMPED), benchmark, "base")
        return self.values(method, benchmark, "value") - base

    def reduction(self, method: str, benchmark: str, key: str) -> Floats | None:
        """Percent by which a figure is below that of IPS, by seed [S]; None where IPS is missing or never violates."""
        if not self.has("ips", benchmark):
            return None
        base = self.values("ips", benchmark, key)
        return None if (base <= 0).any() else 100.0 * (1.0 - self.values(method, benchmark, key) / base)

    def share(self, method: str, of: str, benchmark: str) -> tuple[float, list[float]]:
        """The mean gain of one method over that of another, with the 95 % bootstrap interval over seeds."""
        pair = np.stack([self.gain(method, benchmark), self.gain(of, benchmark)])
        rng = np.random.default_rng(0)
        draws = pair[:, rng.integers(pair.shape[1], size=(2000, pair.shape[1]))].mean(axis=2)
        low, high = np.percentile(_ratio(draws[0], draws[1]), [2.5, 97.5])
        return float(_ratio(*pair.mean(axis=1)[:, None])[0]), [float(low), float(high)]

    def feasible(self, benchmark: str) -> list[str]:
        """Peers that respect their bounds (`FEASIBLE`), clamped ones included; not ours, and not the oracle."""
        peers = [name for name in self.methods if name not in (*RINGS, "oracle") and self.has(name, benchmark)]
        names = [name for name in (*peers, *(peer + CLAMPED for peer in peers))
                 if self.values(name, benchmark, "micro").max() <= FEASIBLE]  # fmt: skip
        return [
            name for name in names if name != f"pi0{CLAMPED}" or "pi0" not in names
        ]  # the same where both are inside

    def paired(self, ours: str = OURS) -> list[Paired]:
        """Ours against every feasible peer on every benchmark, with Holm's correction over all of them."""
        found = [
            paired_t(benchmark, peer, self.values(ours, benchmark, "value") - self.values(peer, benchmark, "value"))
            for benchmark in self.benchmarks
            if self.has(ours, benchmark)
            for peer in self.feasible(benchmark)
        ]
        known = [line for line in found if not np.isnan(line.p)]
        adjusted = dict(zip(map(id, known), holm([line.p for line in known]), strict=True))
        return [replace(line, p_holm=adjusted.get(id(line), line.p)) for line in found]

    def table(self) -> list[dict[str, Any]]:
        """Table 1: every method on every benchmark, mean (sd, interval) over seeds."""
        return [self._line(method, benchmark) for benchmark in self.benchmarks for method in self.methods
                if self.has(method, benchmark)]  # fmt: skip

    def _line(self, method: str, benchmark: str) -> dict[str, Any]:
        line: dict[str, Any] = {"benchmark": benchmark, "method": method}
        value = self.values(method, benchmark, "value")
        line |= {"seeds": len(value), "reward": _rounded(value.mean()), "sd": _sd(value)}
        gain, ends = mean_interval(self.gain(method, benchmark).tolist())
        line |= {"gain": _rounded(gain), "gain_ci95": [_rounded(end) for end in ends]}
        for key in ("macro", "micro", "macro_hinge", "micro_hinge"):
            line[key] = _rounded(self.values(method, benchmark, key).mean())
            reduction = self.reduction(method, benchmark, key)
            if reduction is not None:
                mean, ends = mean_interval(reduction.tolist())
                line[f"{key}_reduction"] = round(mean, 2)
                line[f"{key}_reduction_ci95"] = [round(end, 2) for end in ends]
                line[f"{key}_reduction_sd"] = _sd(reduction, 2)
        for key in ("replication", "worst", "forced"):
            line[key] = _rounded(self.values(method, benchmark, key).mean())
        line["clamped_gain"] = _rounded(self.gain(method + CLAMPED, benchmark).mean())
        line["seconds"] = round(float(np.median(self.seconds(method, benchmark))), 2)
        return line | self._estimates(method, benchmark)

    def _estimates(self, method: str, benchmark: str) -> dict[str, Any]:
        """Mean error of each estimator, and in how many seeds its interval holds the truth."""
        found = [line["estimates"] for line in self._by[method, benchmark].values() if "estimates" in line]
        if not found:
            return {}
        out: dict[str, Any] = {"effective": round(float(np.mean([line["effective"] for line in found])))}
        for name in ("ips", "snips", "dr"):
            error = [line[name]["value"] - line["truth"] for line in found]
            held = [line[name]["low"] <= line["truth"] <= line[name]["high"] for line in found]
            out[name] = {"error": _rounded(np.mean(error)), "covered": int(np.sum(held)), "of": len(held)}
        return {"expected_reward": _rounded(np.mean([line["truth"] for line in found])), "estimates": out}

    def ordering(self, key: str = "macro") -> list[dict[str, Any]]:
        """Whether the paper's order holds, by benchmark: MetaGrad violates least, minimax no more than quadratic."""
        lines = []
        for benchmark in self.benchmarks:
            names = [name for name in ORDERED if self.has(name, benchmark)]
            if not {"minimax", "quadratic"} < set(names) or benchmark == "shift":
                continue
            found = {name: self.values(name, benchmark, key).mean() for name in names}
            best = names[0]  # the double backward one, where it was measured
            held = found[best] < found["minimax"] <= found["quadratic"]
            order = sorted(names, key=lambda name: found[name])
            means = {name: _rounded(value) for name, value in found.items()}
            first = order[0].startswith("metagrad")
            lines.append({"benchmark": benchmark, "figure": key, "least_first": order, "means": means, "of": best,
                          "reproduced": bool(held), "metagrad_first": first})  # fmt: skip
        return lines


def paired_t(benchmark: str, peer: str, differences: Floats) -> Paired:
    """The paired t test of differences [S]."""
    from scipy import stats  # type: ignore[import-untyped, unused-ignore]

    mean, count = float(differences.mean()), len(differences)
    error = float(differences.std(ddof=1)) / count**0.5 if count > 1 else 0.0
    if not error:
        return Paired(benchmark, peer, mean, mean, mean, float("nan"))
    half = error * float(stats.t.ppf(0.975, count - 1))
    return Paired(benchmark, peer, mean, mean - half, mean + half, float(2 * stats.t.sf(abs(mean / error), count - 1)))


def _ratio(above: Floats, below: Floats) -> Floats:
    found: Floats = above / np.where(np.abs(below) < 1e-12, 1e-12, below)
    return found


def _rounded(value: float | np.floating[Any]) -> float:
    return round(float(value), _DECIMALS)


def _sd(values: Floats, digits: int = _DECIMALS) -> float | None:
    return round(float(values.std(ddof=1)), digits) if len(values) > 1 else None
