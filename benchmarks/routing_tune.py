"""Settings of the baselines: the grids of the paper's appendix, chosen on the tuning seeds' validation decisions alone.

The exact policy and MetaGrad have nothing to choose. `CHOSEN` keeps what was chosen and the figures that chose it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

CHOSEN = Path(__file__).with_name("routing_chosen.json")
WEIGHTS = (0.1, 1.0, 10.0, 100.0, 1000.0)
ASCENTS, DECAYS = (1.0, 0.1, 0.01), (1.0, 0.999, 0.995)
GRIDS: dict[str, tuple[dict[str, float], ...]] = {
    "quadratic": tuple({"weight": weight} for weight in WEIGHTS),
    "minimax": tuple({"ascent": ascent, "decay": decay} for ascent in ASCENTS for decay in DECAYS),
    "quadratic_residual": tuple({"weight": weight} for weight in WEIGHTS),
}
#: Where nothing was chosen: the middle of each grid.
DEFAULTS: dict[str, dict[str, float]] = {
    "quadratic": {"weight": 10.0},
    "minimax": {"ascent": 0.1, "decay": 0.999},
    "quadratic_residual": {"weight": 10.0},
}


def read(path: Path = CHOSEN) -> dict[str, Any]:
    """What was chosen; without the file nothing. Raises ValueError for a file that is not what `write` wrote."""
    if not path.exists():
        return {"chosen": {}}
    known = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(known, dict) or not isinstance(known.get("chosen"), dict):
        raise ValueError(f"{path} has no choices; make it again with --tune")
    return known


def of(method: str, benchmark: str, known: Mapping[str, Any]) -> dict[str, float]:
    """The settings of a method on a benchmark; `tight-3` has those of `tight`."""
    if method not in GRIDS:
        return {}
    name = "tight" if benchmark.startswith("tight") else benchmark
    found: Mapping[str, float] = known["chosen"].get(method, {}).get(name, DEFAULTS[method])
    return dict(found)


def choose(cells: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """By method and benchmark: least macro violation on validation decisions, to a hundredth, then SNIPS.

    Means over seeds; the rule by which a training chooses its snapshot. A setting that diverged anywhere is not taken.
    """
    figures: dict[tuple[str, str], dict[str, list[Mapping[str, Any]]]] = {}
    for cell, result in zip(cells, found, strict=True):
        name = "tight" if cell["benchmark"].startswith("tight") else cell["benchmark"]
        changes = {key: cell[key] for key in GRIDS[cell["method"]][0]}
        figures.setdefault((cell["method"], name), {}).setdefault(json.dumps(changes), []).append(result)
    chosen: dict[str, dict[str, Any]] = {}
    lines = []
    unstable = {(cell["method"], json.dumps({key: cell[key] for key in GRIDS[cell["method"]][0]}))
                for cell, result in zip(cells, found, strict=True) if "diverged" in result}  # fmt: skip
    for (method, name), points in figures.items():
        means = {key: {figure: round(float(np.mean([result[figure] for result in results])), 5)
                       for figure in ("violation", "hinge", "snips", "replication")}
                 for key, results in points.items()}  # fmt: skip
        for key, results in points.items():
            if failed := sum("diverged" in result for result in results):
                means[key]["diverged"] = failed
        stable = [key for key in means if (method, key) not in unstable] or list(means)
        best = min(stable, key=lambda key: (round(means[key]["violation"], 2), -means[key]["snips"]))
        chosen.setdefault(method, {})[name] = json.loads(best)
        lines += [{"method": method, "benchmark": name, "settings": json.loads(key), **point, "chosen": key == best}
                  for key, point in means.items()]  # fmt: skip
    shared = ("simulator", "variant", "log", "steps", "batch", "width")
    return {
        "rule": "least macro share of validation decisions outside, to a hundredth, then SNIPS; means over seeds; "
        "nothing that diverged on any benchmark",
        "seeds": sorted({cell["seed"] for cell in cells}),
        "budget": {key: cells[0][key] for key in shared},
        "chosen": chosen,
        "figures": lines,
    }


def write(choice: Mapping[str, Any], path: Path = CHOSEN) -> None:
    """One line for each figure, so that a change can be read."""
    figures = ",\n  ".join(json.dumps(line) for line in choice["figures"])
    rest = json.dumps({key: value for key, value in choice.items() if key != "figures"}, indent=1)
    partial = path.with_suffix(".part")
    partial.write_text(rest[:-2] + ',\n "figures": [\n  ' + figures + "\n ]\n}\n", encoding="utf-8")
    partial.replace(path)
