"""The picture of the `math-replay` table: how right the answers given are against how many are given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.math_replay_report import truths
from benchmarks.math_replay_vote import Voted, curve


def draw(panels: Mapping[str, tuple[Mapping[str, Voted], Mapping[str, Any]]], path: Path) -> Path:
    """One panel for each set: a curve for each vote, a mark for each channel and rule. Returns the path of the PNG."""
    figure = Figure(figsize=(5.2 * len(panels), 4.2))
    for axes, (name, (votes, rules)) in zip(
        np.atleast_1d(figure.subplots(1, len(panels))), panels.items(), strict=True
    ):
        for label, vote in votes.items():
            precision = curve(vote)
            share = np.arange(1, precision.size + 1) / precision.size
            axes.plot(share[9:], precision[9:], label=label)
        for kind, marker in (("channels", "o"), ("rules", "s")):
            for label, values in rules[kind].items():
                given, right = truths(values["answered"]), truths(values["right"])
                if given.any():
                    axes.plot([given.mean()], [right.sum() / given.sum()], marker, label=label)
        axes.set_title(name)
        axes.set_xlabel("questions answered")
        axes.set_ylabel("of these, right")
        axes.set_ylim(0.55, 1.005)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=7)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure)
    figure.savefig(path, format="png")
    return path
