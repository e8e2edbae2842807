"""Pictures of a training: penalty weights over the steps, reward against violation. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from policies.errors import PolicyError
from policies.fit import History

_LABELLED = 8  # domains that get a name in the legend


def weights(history: History, domains: Sequence[str], path: Path) -> None:
    """PNG of the penalty weights e^u (replication too low) and e^v (too high) of each domain. Raises `PolicyError`."""
    from matplotlib.figure import Figure

    steps = [step for step, _ in history.weights]
    values = np.exp(np.array([value for _, value in history.weights], np.float64))
    if values.ndim != 3 or values.shape[2] != len(domains):
        raise PolicyError(f"the history has no penalty weights of {len(domains)} domains")
    figure = Figure(figsize=(10, 4), layout="constrained")
    largest = set(np.argsort(-values[-1].max(0))[:_LABELLED].tolist())
    for side, (axes, title) in enumerate(
        zip(figure.subplots(1, 2, sharex=True), ("e^u: below", "e^v: above"), strict=True)
    ):
        for place, name in enumerate(domains):
            shown = place in largest
            style = {"label": name, "linewidth": 1.5} if shown else {"color": "0.8", "linewidth": 0.8, "zorder": 1}
            axes.plot(steps, values[:, side, place], **style)
        axes.set(xlabel="step", yscale="log", title=f"{title} its range")
    axes.legend(fontsize="x-small")
    figure.savefig(path, dpi=120)


def trade(histories: Mapping[str, History], path: Path) -> None:
    """PNG of estimated reward (SNIPS) against decisions outside their bounds, a line for each method's snapshots; the
    one that was kept is filled. Raises `PolicyError`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4.5), layout="constrained")
    axes = figure.subplots()
    for name, history in histories.items():
        points = [
            (entry["violation"], entry["snips"], entry["step"]) for entry in history.evaluations if "snips" in entry
        ]
        if not points:
            raise PolicyError(f"the history of {name} has no evaluations")
        line = axes.plot([x for x, _, _ in points], [y for _, y, _ in points], marker="o", mfc="none", label=name)[0]
        kept = [(x, y) for x, y, step in points if step == history.kept]
        axes.plot([x for x, _ in kept], [y for _, y in kept], "o", color=line.get_color())
    axes.set(xlabel="share outside the bounds, macro average", ylabel="estimated reward")
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=120)
