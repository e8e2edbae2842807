"""The rows of the `math` table: accuracy of every way to answer, thresholds at work, ours against the baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import Row, row
from benchmarks.math_replay_report import mcnemar, truths
from benchmarks.paired import hierarchical_bootstrap
from benchmarks.statistics import Sample, bootstrap, interval, percentile
from plugins.math.selective import Ranked
from plugins.math.training.curves import draw

#: Option of the command -> what the baseline is.
NAMES = {
    "plain": "plain sequence-to-sequence (bidirectional GRU, from scratch, greedy)",
    "greedy": "pretrained encoder with the sequence decoder alone, greedy",
}
#: gain: what counts as beating the plain baseline, a tenth of a point.
BARS = {"accuracy": 0.85, "coverage": 0.60, "precision": 0.98, "p50": 150.0, "gain": 0.001}
#: The threshold that the claim is about.
WISH = "0.98"
BARRED = ("MultiArith", "clean")
DRAWS = 1000
Key = tuple[str, str]


@dataclass(frozen=True)
class Results:
    """Results of cells by set and variant: of the solvers, one for each seed, and of the baselines by name."""

    solvers: Mapping[Key, Sequence[Mapping[str, Any]]]
    baselines: Mapping[Key, Mapping[str, Sequence[Mapping[str, Any]]]]
    speeds: Mapping[int, Mapping[str, Any]]

    @classmethod
    def of(cls, cells: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any]]) -> Results:
        """Results put in order."""
        solvers: dict[Key, list[Mapping[str, Any]]] = {}
        baselines: dict[Key, dict[str, list[Mapping[str, Any]]]] = {}
        speeds: dict[int, Mapping[str, Any]] = {}
        for cell, result in zip(cells, results, strict=True):
            if cell["kind"] == "speed":
                speeds[cell["threads"]] = result
                continue
            key = cell["set"], cell["variant"]
            if cell["kind"] == "solver":
                solvers.setdefault(key, []).append(result)
            else:
                baselines.setdefault(key, {}).setdefault(cell["system"], []).append(result)
        return cls(solvers, baselines, speeds)


def ranked(result: Mapping[str, Any], way: str) -> Ranked:
    """One way to answer in a result."""
    own = result["ways"][way]
    return Ranked(np.asarray(own["chances"], np.float64), truths(own["right"]))


def title(key: Key) -> str:
    """A set and how it was put, as the table calls it."""
    return key[0] if key[1] == "clean" else f"{key[0]}, {'numbers misheard' if key[1] == 'misheard' else 'as heard'}"


def rows(found: Results, quick: bool = False) -> list[Row]:
    """The whole table."""
    out: list[Row] = []
    for key, runs in found.solvers.items():
        out += _set(key, runs, found.baselines.get(key, {}), quick)
    return out + _speed(found.speeds)


def _set(
    key: Key, runs: Sequence[Mapping[str, Any]], baselines: Mapping[str, Sequence[Mapping[str, Any]]], quick: bool
) -> list[Row]:
    head, barred = title(key), key == BARRED
    votes = [ranked(run, "vote") for run in runs]
    mean, bounds = _mean_of([_ones(vote) for vote in votes])
    plain = baselines.get("plain")
    base = float(np.mean([ranked(run, "greedy").accuracy for run in plain])) if plain else None
    out = [
        row(
            f"{head}: vote: accuracy", mean, ci95=bounds, baseline=base,
            baseline_name=NAMES["plain"] if plain else None, bar=BARS["accuracy"] if barred else None, better="higher",
        ),
        row(f"{head}: vote: ECE", _mean([vote.ece() for vote in votes])),
        row(f"{head}: vote: AURC", _mean([vote.aurc() for vote in votes])),
    ]  # fmt: skip
    for wish in sorted(runs[0]["floors"]):
        out += _selective(head, votes, [run["floors"][wish] for run in runs], wish, barred)
    out.append(
        row(f"{head}: vote: coverage at 98% precision on the curve", _mean([v.coverage(0.98) for v in votes]))
    )  # fmt: skip
    for tag in runs[0]["tags"]:
        inside = truths(runs[0]["tags"][tag])
        if inside.any():
            mean, bounds = _mean_of([_ones(vote)[inside] for vote in votes])
            out.append(row(f"{head}, {tag} ({inside.sum()}): vote: accuracy", mean, ci95=bounds, better="higher"))
    for way in runs[0]["ways"]:
        if way != "vote":
            ways = [ranked(run, way) for run in runs]
            mean, bounds = _mean_of([_ones(one) for one in ways])
            out.append(row(f"{head}: {way}: accuracy", mean, ci95=bounds, better="higher"))
            out.append(row(f"{head}: {way}: AURC", _mean([one.aurc() for one in ways])))
    for name, others in baselines.items():
        out += _against(head, votes, [ranked(run, "greedy") for run in others], name, bar=key[1] == "clean")
    return out


def _selective(head: str, votes: Sequence[Ranked], floors: Sequence[float], wish: str, barred: bool) -> list[Row]:
    """Coverage and precision at the threshold that had a precision on development problems."""
    at = [vote.at(floor) for vote, floor in zip(votes, floors, strict=True)]
    given = [(vote.chances >= floor).astype(np.float64) for vote, floor in zip(votes, floors, strict=True)]
    hits = [one * _ones(vote) for one, vote in zip(given, votes, strict=True)]
    barred = barred and wish == WISH
    text = f"{head}: vote, threshold for {float(wish):.0%} from development"
    return [
        row(
            f"{text}: coverage", _mean([one[0] for one in at]), ci95=_mean_of(given)[1],
            bar=BARS["coverage"] if barred else None, better="higher",
        ),
        row(
            f"{text}: precision", float(sum(map(np.sum, hits)) / max(1.0, sum(map(np.sum, given)))),
            ci95=_ratios(hits, given), bar=BARS["precision"] if barred else None, better="higher",
        ),
    ]  # fmt: skip


def _ratios(hits: Sequence[Sample], given: Sequence[Sample], seed: int = 0) -> list[float]:
    """The 95 % interval of right answers over answers given; seeds are drawn first, then questions."""
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(DRAWS):
        above = below = 0.0
        for run in rng.integers(len(hits), size=len(hits)):
            picked = rng.integers(hits[run].size, size=hits[run].size)
            above, below = above + float(hits[run][picked].sum()), below + float(given[run][picked].sum())
        draws.append(above / below if below else 1.0)
    return interval(draws)


def _against(head: str, votes: Sequence[Ranked], others: Sequence[Ranked], name: str, bar: bool) -> list[Row]:
    """The difference to a baseline on the same questions, and McNemar's test seed by seed."""
    rng = np.random.default_rng(0)
    ours, theirs = np.stack([_ones(vote) for vote in votes]), np.stack([_ones(one) for one in others])
    gap = hierarchical_bootstrap(ours, theirs, rng)
    mean, bounds = _mean_of(list(theirs))
    tests = [mcnemar(vote.right, other.right) for vote, other in zip(votes, others, strict=False)]
    worst = max(tests, key=lambda one: one[2])
    return [
        row(f"{head}: {NAMES[name]}: accuracy", mean, ci95=bounds, better="higher"),
        row(
            f"{head}: vote, gain over {name}: accuracy", gap.mean, ci95=[gap.low, gap.high],
            bar=BARS["gain"] if bar and name == "plain" else None, better="higher",
        ),
        row(f"{head}: vote: McNemar p against {name}, worst of {len(tests)} seeds (+{worst[0]} -{worst[1]})", worst[2]),
    ]  # fmt: skip


def _speed(speeds: Mapping[int, Mapping[str, Any]]) -> list[Row]:
    out = []
    for threads, result in speeds.items():
        head = f"{threads} question{'s' if threads > 1 else ''} at once"
        for share in (50, 95):
            value, bounds = bootstrap([result["ms"]], percentile(share))
            bar = BARS["p50"] if share == 50 else None
            out.append(row(f"{head}: text to probabilities, p{share} (ms)", value, ci95=bounds, bar=bar))
        out.append(row(f"{head}: questions a second", result["rate"], better="higher"))
    return out


def picture(found: Results, path: Path) -> Path:
    """Precision against coverage of the first seed, a panel for each set, with its thresholds marked."""
    panels = {}
    for key, runs in found.solvers.items():
        ways = [way for way in runs[0]["ways"] if way != "majority"]
        panels[title(key)] = {way: ranked(runs[0], way) for way in ways}
    floors = next(iter(found.solvers.values()))[0]["floors"]
    return draw(panels, path, {f"{float(wish):.0%}": floor for wish, floor in floors.items()})


def _ones(one: Ranked) -> Sample:
    return one.right.astype(np.float64)


def _mean_of(runs: Sequence[Sample]) -> tuple[float, list[float]]:
    """The mean over seeds and questions with its 95 % interval."""
    return bootstrap([run.tolist() for run in runs], _mean)


def _mean(values: Sequence[float] | Sample) -> float:
    return float(np.mean(values))
