"""Pictures of the `mclf` table: accuracy by word error rate, and all rows with their intervals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.mclf_results import BUCKETS, Results

#: Rows of the picture by word error rate.
LINES = ("ce", "spokencse_paper", "mclf", "mix", "ours", "oracle")


def draw(results: Results, folder: Path) -> list[Path]:
    """Writes `mclf-wer-SET.png` for each set and `mclf.png`; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_by_errors(results, name, folder) for name in results.sets] + [_bars(results, folder)]


def _by_errors(results: Results, name: str, folder: Path) -> Path:
    figure = Figure(figsize=(6, 3.6))
    axes = figure.subplots()
    names = ["0"] + [f"≤ {top:g}" for top in BUCKETS[1:-1]] + [f"> {BUCKETS[-2]:g}"]
    tops = [None if np.isinf(top) else top for top in BUCKETS]
    for row in (row for row in LINES if row in results.rows):
        found = {line["wer_up_to"]: line["accuracy"] for line in results.buckets()
                 if line["row"] == row and line["set"] == name}  # fmt: skip
        spots = [place for place, top in enumerate(tops) if top in found]
        axes.plot(spots, [found[tops[place]] for place in spots], marker="o", label=row)
    axes.set_xticks(range(len(names)), names)
    axes.set_xlabel("word error rate of the transcript")
    axes.set_ylabel("accuracy, %")
    axes.set_title(name)
    axes.legend(fontsize=8)
    return _save(figure, folder / f"mclf-wer-{name}.png")


def _bars(results: Results, folder: Path) -> Path:
    rows = results.rows
    figure = Figure(figsize=(3.6 * len(results.sets) + 1, 0.3 * len(rows) + 1.2))
    axes = figure.subplots(1, len(results.sets))
    for axis, name in zip(np.atleast_1d(axes), results.sets, strict=True):
        means, low, high = [], [], []
        for row in rows:
            mean = 100 * float(results.right(row, name).mean())
            bounds = results.interval(row, name)
            means.append(mean)
            low.append(max(0.0, mean - bounds[0]))
            high.append(max(0.0, bounds[1] - mean))
        axis.barh(range(len(rows)), means, xerr=[low, high], color="#6b8fb5", ecolor="#333333", capsize=2)
        axis.set_yticks(range(len(rows)), rows if axis is np.atleast_1d(axes)[0] else [""] * len(rows), fontsize=8)
        axis.invert_yaxis()
        axis.set_xlim(min(means) - 5, 100)
        axis.set_title(f"{name}, accuracy %", fontsize=9)
    return _save(figure, folder / "mclf.png")


def _save(figure: Figure, path: Path) -> Path:
    figure.tight_layout()
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=120, metadata={"Software": None})
    return path
