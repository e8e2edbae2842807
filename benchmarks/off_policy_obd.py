"""Cells of the `off-policy` benchmark on real logs: the small Open Bandit data, 10,000 impressions of each log.

A fashion shop showed an item at each of three places, drawn uniformly (`random`) or by Thompson sampling (`bts`), both
in the same week. From the log of one the click rate of the other is estimated and compared with what the other one's
own log says (Saito et al. 2021, Open Bandit Dataset and Pipeline, without its bootstrap over rows). The propensities of
`bts` were logged for the shown item alone and changed within the week; as policy to be judged it is the mean over the
week: how often it showed each item at each place.
"""

from __future__ import annotations

import csv
import io
import math
import tarfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.dataset import Dataset, Tables
from policies.estimators import METHODS, estimate

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

ARCHIVE = "bandit_obd.tar.xz"
CAMPAIGNS = ("all", "men", "women")
LOGS = ("random", "bts")
PLACES = 3
CAP = 10.0
_FOLDS = 3
_PRIOR = 100.0  # impressions that the mean click rate counts as in an item's
_Z = 1.959963984540054


@dataclass(frozen=True)
class Impressions:
    """One log: item, place (0 to 2), click and propensity of each impression [N]; items: how many there are."""

    item: Integers
    place: Integers
    click: Doubles
    propensity: Doubles
    items: int

    def shown(self) -> Doubles:
        """How often each item was shown at each place [3, items]; half an impression more, so that none is zero."""
        counts = np.zeros((PLACES, self.items)) + 0.5
        np.add.at(counts, (self.place, self.item), 1.0)
        found: Doubles = counts / counts.sum(axis=1, keepdims=True)
        return found


@lru_cache(maxsize=8)
def read(data: Path, campaign: str, log: str) -> Impressions:
    """A log out of the archive in `data`. Raises `FileNotFoundError`, or `ValueError` where it is not in there."""
    path = data / ARCHIVE
    if not path.exists():
        raise FileNotFoundError(f"the Open Bandit data is missing: {path} (give its folder with --data)")
    wanted = f"/obd/{log}/{campaign}/{campaign}.csv"
    with tarfile.open(path) as archive:
        member = next((item for item in archive if item.name.endswith(wanted)), None)
        content = None if member is None else archive.extractfile(member)
        if content is None:
            raise ValueError(f"{path} holds no {wanted}")
        rows = csv.reader(io.TextIOWrapper(content, "utf-8"))
        names = next(rows)
        at = [names.index(name) for name in ("item_id", "position", "click", "propensity_score")]
        table = np.array([[float(row[i]) for i in at] for row in rows])
    items = sum(name.startswith("user-item_affinity") for name in names)
    place = table[:, 1].astype(np.int64) - 1
    return Impressions(table[:, 0].astype(np.int64), place, table[:, 2], table[:, 3], items)


def dataset_of(log: Impressions) -> Dataset:
    """As logged decisions of all items. Items that were not shown share what the shown one's propensity leaves, as they
    were shown over the week: only the shown one's is known, and only that one weighs."""
    n = len(log.item)
    rows = np.arange(n)
    rest = log.shown()[log.place]
    rest[rows, log.item] = 0.0
    logged = rest / rest.sum(axis=1, keepdims=True) * (1.0 - log.propensity[:, None])
    logged[rows, log.item] = log.propensity
    names = tuple(str(i) for i in range(log.items))
    none = np.zeros((log.items, 1), np.float32)
    return Dataset(
        Tables(np.zeros((1, 1), np.float32), names, none, ("shop",)),
        text=np.zeros(n, np.int32),
        context=np.zeros((n, 0), np.float32),
        last=np.full(n, -1, np.int32),
        numeric=np.zeros((n, log.items, 0), np.float32),
        skill=np.tile(np.arange(log.items, dtype=np.int32), (n, 1)),
        open=np.ones((n, log.items), np.bool_),
        logged=logged,
        action=log.item.astype(np.int32),
        reward=log.click.astype(np.float32),
        domain=np.zeros(n, np.int32),
    )


def policy_of(log: Impressions, name: str, places: Integers) -> Doubles:
    """What the policy of a log would show at some places [N, items]."""
    if name == "random":
        return np.full((len(places), log.items), 1.0 / log.items)
    found: Doubles = log.shown()[places]
    return found


def clicks(log: Impressions) -> Doubles:
    """q [N, items]: an item's click rate, drawn to the mean of all, from the thirds that an impression is not in."""
    q = np.empty((len(log.item), log.items))
    fold = np.arange(len(log.item)) % _FOLDS
    for part in range(_FOLDS):
        other = fold != part
        mean = log.click[other].mean()
        counts = np.bincount(log.item[other], minlength=log.items)
        sums = np.bincount(log.item[other], log.click[other], log.items)
        q[fold == part] = (sums + _PRIOR * mean) / (counts + _PRIOR)
    return q


def measure(cell: dict[str, Any], data: Path) -> dict[str, Any]:
    """A campaign in both directions: {logged, target, truth, error, lines: [{method, value, low, high, z, ...}]}.

    truth: click rate in the target's own log, error: its standard error. z: difference in standard errors of both.
    """
    logs = {name: read(data, cell["campaign"], name) for name in LOGS}
    return {"directions": [direction(logs, logged, target) for logged, target in (LOGS, LOGS[::-1])]}


def direction(logs: dict[str, Impressions], logged: str, target: str) -> dict[str, Any]:
    """The click rate of the policy `target` from the log `logged`."""
    log, own = logs[logged], logs[target].click
    dataset, q = dataset_of(log), clicks(log)
    new = policy_of(logs[target], target, log.place)
    truth, error = float(own.mean()), float(own.std(ddof=1)) / math.sqrt(len(own))
    lines = []
    for method in METHODS:
        found = estimate(method, dataset, new, q, cap=CAP)
        spread = (found.value - found.low) / _Z
        lines.append(
            {
                "method": method,
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "z": (found.value - truth) / math.hypot(spread, error),
                "relative_error": abs(found.value - truth) / truth,
                "effective": found.effective,
                "clipped": found.clipped,
            }
        )
    mean = float(log.click.mean())
    naive = {"value": mean, "relative_error": abs(mean - truth) / truth}
    return {"logged": logged, "target": target, "truth": truth, "error": error, "naive": naive, "lines": lines}
