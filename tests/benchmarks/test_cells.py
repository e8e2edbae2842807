"""Cells are measured once, in order, and a cut-off cache line costs only that cell."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cells import run_cells


def measure(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """What the tests measure: leaves a mark for every call."""
    (data / f"{cell['row']}-{cell['seed']}-{os.urandom(4).hex()}").touch()
    if cell["row"] == "broken":
        raise ValueError("no such row")
    return {"value": cell["seed"] * 10, "threads": os.environ["OMP_NUM_THREADS"]}


FUNCTION = "tests.benchmarks.test_cells:measure"


def test_cells_are_kept_and_resumed(tmp_path: Path) -> None:
    """A second run measures only what is new, also after a kill in the middle of a line."""
    data, cache = tmp_path / "data", tmp_path / "cache"
    data.mkdir()
    cells = [{"row": "a", "seed": seed} for seed in (2, 1)]
    first = run_cells("test", cells, FUNCTION, data=data, cache=cache, workers=1)
    assert [result["value"] for result in first] == [20, 10]
    assert {result["threads"] for result in first} == {"1"}
    path = cache / "cells.jsonl"
    lines = path.read_text().splitlines()
    path.write_text(lines[0] + "\n" + lines[1][:20])
    again = run_cells("test", [*cells, {"seed": 3, "row": "a"}], FUNCTION, data=data, cache=cache, workers=1)
    assert [result["value"] for result in again] == [20, 10, 30]
    marks = sorted(path.name.rsplit("-", 1)[0] for path in data.iterdir())
    lost = json.loads(lines[1])["cell"]["seed"]
    assert marks == sorted(["a-1", "a-2", "a-3", f"a-{lost}"])


def test_a_failing_cell_is_named(tmp_path: Path) -> None:
    """The error says which cell."""
    with pytest.raises(RuntimeError, match=r'"row": "broken", "seed": 1.*no such row'):
        run_cells("test", [{"row": "broken", "seed": 1}], FUNCTION, data=tmp_path, cache=tmp_path / "c", workers=1)
