"""Pictures of precision against coverage: how right the answers given are when only so many are given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from plugins.math.selective import Ranked

#: Precision of the first few answers jumps about and says nothing.
_FIRST = 9
_COLUMNS = 3


def draw(panels: Mapping[str, Mapping[str, Ranked]], path: Path, floors: Mapping[str, float] | None = None) -> Path:
    """One panel for each set with a curve for each way to answer, as a PNG; returns its path.

    floors: thresholds by what they are called, marked on the curve of the first way of each panel.
    """
    wide = min(_COLUMNS, len(panels))
    high = -(-len(panels) // wide)
    figure = Figure(figsize=(4.6 * wide, 3.9 * high))
    FigureCanvasAgg(figure)
    every = np.atleast_1d(figure.subplots(high, wide, squeeze=False)).ravel()
    for axes in every[len(panels) :]:
        axes.set_axis_off()
    for axes, (name, ways) in zip(every, panels.items(), strict=False):
        for place, (label, ranked) in enumerate(ways.items()):
            precision = ranked.curve()
            share = np.arange(1, precision.size + 1) / precision.size
            first = min(_FIRST, precision.size - 1)
            axes.plot(share[first:], precision[first:], label=label, linewidth=1.8 if place == 0 else 1.0)
            for text, floor in (floors or {}).items() if place == 0 else ():
                coverage, right = ranked.at(floor)
                if coverage:
                    axes.plot([coverage], [right], "o", color="black", markersize=4)
                    axes.annotate(text, (coverage, right), textcoords="offset points", xytext=(4, -10), fontsize=7)
        axes.set_title(name, fontsize=10)
        axes.set_xlabel("questions answered")
        axes.set_ylabel("of these, right")
        axes.set_xlim(0, 1.01)
        axes.set_ylim(top=1.01)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=7, loc="lower left")
    figure.tight_layout()
    figure.savefig(path, format="png", dpi=110)
    return path
