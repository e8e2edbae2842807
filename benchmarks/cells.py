"""Expensive measurements as cells (method x data set x seed), each kept as it finishes: a killed run goes on."""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Cell = Mapping[str, Any]
#: What a process may not spread over: one cell is one core's work.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_cells(
    name: str, cells: Sequence[Cell], function: str, *, data: Path, cache: Path, workers: int = 2
) -> list[dict[str, Any]]:
    """The result of `function(cell, data)` for each cell, in order.

    cells: flat JSON objects holding everything that changes a result. function: `module:name`, called in spawned
    processes of one thread. Finished cells are appended to `cache/cells.jsonl` and never measured again.
    Raises RuntimeError naming the cell where a measurement fails; what was finished before stays.
    """
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / "cells.jsonl"
    known = _read(path)
    wanted = list(dict.fromkeys(_key(cell) for cell in cells))
    open_cells = [key for key in wanted if key not in known]
    if open_cells:
        started, done = time.monotonic(), 0
        context = multiprocessing.get_context("spawn")
        with _one_thread(), ProcessPoolExecutor(max(1, workers), mp_context=context) as pool:
            futures = {pool.submit(_measure, function, key, str(data)): key for key in open_cells}
            _status(f"{name}: {len(open_cells)} of {len(wanted)} cells to measure")
            for future in as_completed(futures):
                key = futures[future]
                try:
                    known[key] = future.result()
                except Exception as error:
                    pool.shutdown(cancel_futures=True)
                    raise RuntimeError(f"{name}: cell {key} failed: {error}") from error
                with path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"cell": json.loads(key), "result": known[key]}) + "\n")
                done += 1
                left = (time.monotonic() - started) / done * (len(open_cells) - done)
                _status(f"{name}: {done}/{len(open_cells)} cells, about {left / 60:.0f} min left; {key}")
    return [known[_key(cell)] for cell in cells]


def bits(values: Iterable[object]) -> str:
    """What was right and wrong, item by item, as a result keeps it: "0110"."""
    return "".join("01"[bool(value)] for value in values)


def _measure(function: str, key: str, data: str) -> dict[str, Any]:
    module, _, attribute = function.partition(":")
    measure = getattr(importlib.import_module(module), attribute)
    result: dict[str, Any] = measure(json.loads(key), Path(data))
    return result


def _key(cell: Cell) -> str:
    return json.dumps(dict(cell), sort_keys=True)


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """Finished cells. A last line that a kill cut short is left out, and ended so that the next one stands alone."""
    if not path.exists():
        return {}
    text = path.read_text(encoding="utf-8")
    if text and not text.endswith("\n"):
        with path.open("a", encoding="utf-8") as file:
            file.write("\n")
    known = {}
    for line in text.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        known[_key(record["cell"])] = record["result"]
    return known


@contextmanager
def _one_thread() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _status(text: str) -> None:
    """One line that is rewritten on a terminal; whole lines elsewhere."""
    terminal = sys.stderr.isatty()
    print(f"\r\033[K{text}" if terminal else text, end="" if terminal else "\n", file=sys.stderr, flush=True)
