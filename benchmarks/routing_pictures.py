"""Pictures of the `routing` table: value against violation by method, and penalty weights over the iterations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.routing_results import Results

_LEAST = 1e-3  # share of requests: where the axis stops being logarithmic
_SHAPES = "osD^v<>Phx*+p"
#: Columns of a trace behind its step.
_COLUMNS = ("mean u", "greatest u", "mean v", "greatest v")


def draw(results: Results, folder: Path) -> list[Path]:
    """Writes `routing-value.png` and, where penalties were trained, `routing-weights.png`; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [_values(results, folder)]
    if trained := [name for name in results.methods if _traced(results, name)]:
        paths.append(_weights(results, trained, folder))
    return paths


def _values(results: Results, folder: Path) -> Path:
    """One panel for each benchmark; a point is a mean over seeds, bars are one standard deviation of the gain."""
    names = results.benchmarks
    figure = Figure(figsize=(3.6 * len(names) + 1.6, 3.8))
    panels = np.atleast_1d(figure.subplots(1, len(names)))
    for axes, benchmark in zip(panels, names, strict=True):
        for place, method in enumerate(results.methods):
            if not results.has(method, benchmark):
                continue
            gain = results.gain(method, benchmark)
            outside = float(results.values(method, benchmark, "macro").mean())
            spread = float(gain.std(ddof=1)) if len(gain) > 1 else 0.0
            axes.errorbar([outside], [gain.mean()], yerr=[spread], fmt=_SHAPES[place % len(_SHAPES)], label=method,
                          color=f"C{place % 10}", capsize=2)  # fmt: skip
        axes.axhline(0.0, color="#999999", linewidth=0.8)
        axes.set_xscale("symlog", linthresh=_LEAST)
        axes.set_xlim(-0.2 * _LEAST, 1.5)
        axes.set_xlabel("requests outside their bounds, macro share")
        axes.set_title(benchmark, fontsize=10)
    panels[0].set_ylabel("true value above the policy in force")
    panels[-1].legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return _save(figure, folder / "routing-value.png")


def _weights(results: Results, methods: list[str], folder: Path) -> Path:
    """One panel for each method, on the first benchmark and seed: log penalty weights, mean and greatest of domains."""
    figure = Figure(figsize=(3.2 * len(methods), 3.2))
    panels = np.atleast_1d(figure.subplots(1, len(methods), sharey=True))
    for axes, method in zip(panels, methods, strict=True):
        lines = np.array(_traced(results, method))
        for column, name in enumerate(_COLUMNS, 1):
            axes.plot(lines[:, 0], lines[:, column], label=name, linestyle="-" if "mean" in name else ":",
                      color="C0" if name.endswith("u") else "C1")  # fmt: skip
        axes.set_title(method, fontsize=9)
        axes.set_xlabel("step")
    panels[0].set_ylabel("log penalty weight")
    panels[-1].legend(fontsize=7)
    return _save(figure, folder / "routing-weights.png")


def _traced(results: Results, method: str) -> list[list[float]]:
    """The weights of a method that has some, on the first benchmark and seed; quadratic's never change."""
    found = results.trainings.get((method, results.benchmarks[0]), {})
    lines: list[list[float]] = found[min(found)]["weights"] if found else []
    return lines if lines and any(line[1:] != lines[0][1:] for line in lines) else []


def _save(figure: Figure, path: Path) -> Path:
    figure.tight_layout()
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=120, metadata={"Software": None}, bbox_inches="tight")
    return path
