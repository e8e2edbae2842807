"""What the `nbest` benchmark prints and draws."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import common
from benchmarks.common import Better, Row, significant
from benchmarks.nbest_cells import unpacked
from benchmarks.paired import DRAWS, Interval, hierarchical_bootstrap, holm

BARS = {"f1": 90.0, "joint": 82.5}
NAMES = {"f1": "frame item F1", "joint": "joint accuracy"}
#: What each idea is worth: (row with it, row without it).
PAIRS = (
    ("linear, 10-best", "linear, best line"), ("linear, 10-best + presence", "linear, 10-best"),
    ("encoder, best line", "linear, best line"), ("encoder, average at test", "encoder, best line"),
    ("encoder, drawn", "encoder, average at test"), ("encoder, pooled", "encoder, drawn"),
    ("pooled + consistency", "encoder, pooled"), ("pooled + teacher", "encoder, pooled"),
    ("pooled on the linear floor", "encoder, pooled"), ("ours", "pooled + teacher"), ("ours", "linear, 10-best"),
    ("ours", "linear, 10-best + presence"), ("ours", "ours, best line"),
)  # fmt: skip


class Results:
    """Finished cells by row. `dialogs` names the dialog of each dev turn."""

    def __init__(
        self, cells: Sequence[Mapping[str, Any]], found: Sequence[dict[str, Any]], dialogs: Sequence[str]
    ) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.merge: dict[str, Any] = {}
        self.seeds = sorted({int(cell["seed"]) for cell in cells if "seed" in cell}) or [0]
        for cell, result in zip(cells, found, strict=True):
            if cell["kind"] == "merge":
                self.merge = result
                continue
            self.rows.setdefault(cell["row"], []).append(result)
            # The same trained model, given the best line only: how much the list is worth to it.
            if cell["row"] == "encoder, best line":
                self.rows.setdefault("encoder, average at test", []).append(result)
                self.rows[cell["row"]][-1] = result["first"]
            elif cell["row"] == "ours":
                self.rows.setdefault("ours, best line", []).append(result["first"])
        _, self._place = np.unique(np.array(dialogs), return_inverse=True)

    def table(self) -> list[dict[str, Any]]:
        """Mean and deviation of every row, in percent (item cross-entropy in nats)."""
        lines = []
        for name, results in self.rows.items():
            line: dict[str, Any] = {"row": name, "n": len(results)}
            for metric, scale in (("f1", 100.0), ("joint", 100.0), ("ice", 1.0)):
                values = [scale * result[metric] for result in results if metric in result]
                if values:
                    line[metric] = round(float(np.mean(values)), 3)
                    line[f"{metric}_sd"] = round(float(np.std(values, ddof=1)), 3) if len(values) > 1 else None
            for key in ("threshold", "temperature", "share", "held_out", "cpu_seconds"):
                values = [result[key] for result in results if key in result]
                if values:
                    line[key] = [significant(value, 5) for value in values]
            lines.append(line)
        return lines

    def counts(self, row: str) -> NDArray[np.int64]:
        """[seeds, turns, 4]: hits, predicted, gold, exact."""
        return np.stack([unpacked(result["counts"]) for result in self.rows[row]])

    def difference(self, metric: str, ours: str, base: str) -> Interval:
        """Points between two rows; dialogs and seeds are resampled."""
        rng = np.random.default_rng(0)
        left, right = self.counts(ours), self.counts(base)
        if metric == "joint":
            return hierarchical_bootstrap(100.0 * left[..., 3], 100.0 * right[..., 3], rng, self._place)
        return f1_difference(left, right, self._place, rng)

    def interval(self, metric: str, row: str) -> list[float]:
        """95 % interval of a row's figure, in percent."""
        sums = _by_dialog(self.counts(row), self._place)
        rng = np.random.default_rng(0)
        draws = [_figure(metric, *_resample(sums, rng)) for _ in range(DRAWS)]
        return [float(value) for value in np.percentile(draws, [2.5, 97.5])]


def f1_difference(
    left: NDArray[np.int64], right: NDArray[np.int64], place: NDArray[np.int64], rng: np.random.Generator
) -> Interval:
    """Micro F1 points between two [seeds, turns, 4] of the same turns: a ratio of sums, so the sums are resampled
    (dialogs together, seeds of each side on their own).
    """
    sides = [_by_dialog(side, place) for side in (left, right)]
    draws = np.empty(DRAWS)
    for draw in range(DRAWS):
        times = _times(sides[0].shape[1], rng)
        left_f1, right_f1 = (_figure("f1", side, times, _seeds(len(side), rng)) for side in sides)
        draws[draw] = left_f1 - right_f1
    whole = np.ones(sides[0].shape[1])
    left_f1, right_f1 = (_figure("f1", side, whole, np.arange(len(side))) for side in sides)
    low, high = (float(value) for value in np.percentile(draws, [2.5, 97.5]))
    tail = min(float((draws <= 0).mean()), float((draws >= 0).mean()))
    return Interval(left_f1 - right_f1, low, high, min(1.0, max(2 * tail, 1 / DRAWS)))


def _by_dialog(counts: NDArray[np.int64], place: NDArray[np.int64]) -> NDArray[np.float64]:
    """[seeds, dialogs, 5]: the counts' sums and the number of turns."""
    out = np.zeros((len(counts), int(place.max()) + 1, 5))
    for seed, table in enumerate(counts):
        np.add.at(out[seed], place, np.concatenate([table, np.ones((len(table), 1), np.int64)], 1))
    return out


def _times(dialogs: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return np.bincount(rng.integers(dialogs, size=dialogs), minlength=dialogs).astype(np.float64)


def _seeds(count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.integers(count, size=count)


def _resample(
    sums: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    return sums, _times(sums.shape[1], rng), _seeds(len(sums), rng)


def _figure(metric: str, sums: NDArray[np.float64], times: NDArray[np.float64], seeds: NDArray[np.int64]) -> float:
    """Mean over the drawn seeds, in percent."""
    total = (sums[seeds] * times[None, :, None]).sum(1)
    if metric == "joint":
        return float(100.0 * (total[:, 3] / total[:, 4]).mean())
    return float(100.0 * (2 * total[:, 0] / np.maximum(1.0, total[:, 1] + total[:, 2])).mean())


def paired(results: Results) -> list[dict[str, Any]]:
    """Every pair that was measured, p values adjusted together for each metric (Holm)."""
    lines = []
    for metric in BARS:
        known = [pair for pair in PAIRS if all(name in results.rows for name in pair)]
        found = [results.difference(metric, *pair) for pair in known]
        for (ours, base), interval, p in zip(known, found, holm([i.p for i in found]), strict=True):
            lines.append({
                "metric": metric, "with": ours, "without": base, "points": significant(interval.mean),
                "ci95": [significant(interval.low), significant(interval.high)], "p_holm": significant(p),
            })  # fmt: skip
    return lines


def claims(results: Results, quick: bool) -> list[Row]:
    """Rows against bars; `quick` asks only whether ours is better than the baseline."""
    rows = []
    means = {line["row"]: line for line in results.table()}
    baselines = [name for name in ("linear, 10-best", "linear, best line", "ours, best line") if name in means]
    if "ours" in means:
        for metric, bar in BARS.items():
            for base in baselines:
                rows.append(common.row(
                    f"{NAMES[metric]}, ours, %", means["ours"][metric], ci95=results.interval(metric, "ours"),
                    baseline=means[base][metric], baseline_name=base,
                    bar=means[base][metric] if quick else bar if base == "linear, 10-best" else None, better="higher",
                ))  # fmt: skip
    if {"linear, 10-best", "linear, best line"} <= means.keys():
        for metric in BARS:
            base = means["linear, best line"][metric]
            rows.append(common.row(
                f"{NAMES[metric]}, linear floor on the 10-best, %", means["linear, 10-best"][metric],
                ci95=results.interval(metric, "linear, 10-best"), baseline=base, baseline_name="linear, best line",
                bar=base, better="higher",
            ))  # fmt: skip
    if results.merge:
        rows += _merge_claims(results.merge["variants"])
    return rows


def _merge_claims(variants: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    base, ours = variants["best line"], variants["shipped"]
    rows = []
    directions: tuple[tuple[str, Better], ...] = (("intent", "higher"), ("entity_f1", "higher"), ("ece", "lower"))
    for metric, better in directions:
        value = 100 * base[metric]
        rows.append(common.row(
            f"serving's merge, synthetic speech, {metric}, %", 100 * ours[metric], baseline=value,
            baseline_name="best line", bar=value, better=better,
        ))  # fmt: skip
    return rows


def report(results: Results, args: argparse.Namespace, load: Sequence[float]) -> int:
    """Print (and draw) everything; the exit code: 1 when a claim failed."""
    filed = common.report("nbest", results.seeds, claims(results, args.quick), load)
    table, pairs, sizes = results.table(), paired(results), _ablations(results)
    merge = {
        **results.merge,
        **{part: {name: {key: value for key, value in figures.items() if key != "right"}
                  for name, figures in results.merge.get(part, {}).items()} for part in ("variants", "sizes")},
    }  # fmt: skip
    if args.pictures:
        draw(sizes, args.pictures)
    if args.json:
        details = {"table": table, "paired": pairs, "ablations": sizes, "merge": merge}
        print(json.dumps(asdict(filed) | details, ensure_ascii=False, indent=2))
        return 0 if filed.met else 1
    for line in table:
        print(f"  {line['row']:<28} F1 {line['f1']:6.2f}  joint {line['joint']:6.2f}  n {line['n']}")
    for line in pairs:
        print(f"  {line['metric']:<6} {line['with']} - {line['without']}: {line['points']:+.2f} {line['ci95']}")
    return filed.show(False)


def _ablations(results: Results) -> dict[str, Any]:
    """Mean F1 and joint accuracy (percent) by n-best size and by temperature of the scores, for each encoder row."""
    out: dict[str, Any] = {}
    for name, found in results.rows.items():
        for part in ("sizes", "temperatures"):
            if all(part in result for result in found):
                out.setdefault(name, {})[part] = {
                    key: {metric: round(100 * float(np.mean([r[part][key][metric] for r in found])), 2)
                          for metric in BARS}
                    for key in found[0][part]
                }  # fmt: skip
    return out


def draw(ablations: Mapping[str, Any], folder: Path) -> None:
    """`nbest-size.png`: F1 and joint accuracy over the size of the list."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    for axis, metric in zip(axes, BARS, strict=True):
        for name, parts in ablations.items():
            sizes = [int(size) for size in parts["sizes"]]
            axis.plot(sizes, [parts["sizes"][str(size)][metric] for size in sizes], marker="o", label=name)
        axis.set(xlabel="hypotheses read", ylabel=f"{NAMES[metric]}, %", xticks=[1, 2, 3, 5, 10])
    axes[0].legend(fontsize=7)
    figure.savefig(folder / "nbest-size.png", dpi=150)
    pyplot.close(figure)
