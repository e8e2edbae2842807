"""Batches of logged decisions for training, drawn so that a run can be repeated and resumed at any step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from policies.dataset import Dataset
from policies.errors import PolicyError

Doubles = NDArray[np.float64]
Rows = NDArray[np.integer[Any]]
_CHUNK = 65_536  # rows that are checked at once


@dataclass(frozen=True)
class Batch:
    """B decisions as tensors.

    text [B, D], context [B, C], last [B] and skill [B, K] (rows of the skill table; none: the row behind the last),
    numeric [B, K, F], mask and open [B, K], old: propensities of the policy in force [B, K], logged: propensity of the
    action when it was drawn [B], action [B], reward [B], domain [B]; where there is one, q: estimated reward [B, K],
    and target: propensities to copy [B, K].
    """

    text: Tensor
    context: Tensor
    last: Tensor
    numeric: Tensor
    skill: Tensor
    mask: Tensor
    open: Tensor
    old: Tensor
    logged: Tensor
    action: Tensor
    reward: Tensor
    domain: Tensor
    q: Tensor | None = None
    target: Tensor | None = None

    def __len__(self) -> int:
        return len(self.action)

    def chosen(self, values: Tensor) -> Tensor:
        """Of [B, K] what belongs to the action [B]."""
        return values.gather(1, self.action.unsqueeze(1)).squeeze(1)

    def rows(self, index: Tensor) -> Batch:
        """Some of the decisions."""
        return self._each(lambda value: value[index])

    def double(self) -> Batch:
        """The same in float64."""
        return self._each(lambda value: value.double() if value.is_floating_point() else value)

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: change(value) for name, value in known.items() if value is not None})


class Batches:
    """Decisions of a data set as batches; rows are read when they are drawn: a mapped log never has to fit memory."""

    def __init__(
        self,
        dataset: Dataset,
        old: Doubles | None = None,
        q: Doubles | None = None,
        target: Doubles | None = None,
        rows: Rows | None = None,
    ) -> None:
        """old: propensities of the policy in force [N, K], by default those logged. rows: only these are drawn.

        Raises `PolicyError`.
        """
        check(dataset)
        if old is not None and old.shape != dataset.skill.shape:
            raise PolicyError(f"propensities in force are of shape {old.shape}, not {dataset.skill.shape}")
        self.dataset = dataset
        self.old = dataset.logged if old is None else old
        self.q, self.target = q, target
        self._rows = rows

    def __len__(self) -> int:
        return len(self.dataset) if self._rows is None else len(self._rows)

    @property
    def domain(self) -> NDArray[np.int32]:
        """Of the decisions that are drawn."""
        found = np.asarray(self.dataset.domain)
        return found if self._rows is None else found[self._rows]

    def draw(self, seed: int, step: int, size: int, stream: int = 0) -> Batch:
        """The batch of one step, with replacement; the same arguments always give the same rows."""
        generator = np.random.default_rng([seed, stream, step])
        drawn = np.sort(generator.integers(0, len(self), size))  # sorted: neighbours share disk pages
        return self.take(drawn if self._rows is None else self._rows[drawn])

    def chunks(self, size: int = 8192) -> Iterator[tuple[slice, Batch]]:
        """All decisions of the data set in order."""
        for start in range(0, len(self.dataset), size):
            part = np.arange(start, min(start + size, len(self.dataset)))
            yield slice(start, start + len(part)), self.take(part)

    def take(self, rows: Rows) -> Batch:
        """The decisions of some rows."""
        data = self.dataset
        skill, last, action = data.skill[rows], data.last[rows], data.action[rows].astype(np.int64)
        none = len(data.tables.skills)
        logged = np.take_along_axis(data.logged[rows], action[:, None], 1)[:, 0]
        return Batch(
            text=_real(usable(data.tables.texts[data.text[rows]])),
            context=_real(data.context[rows]),
            last=_whole(np.where(last < 0, none, last)),
            numeric=_real(np.nan_to_num(data.numeric[rows])),
            skill=_whole(np.where(skill < 0, none, skill)),
            mask=torch.from_numpy(skill >= 0),
            open=torch.from_numpy(np.asarray(data.open[rows], np.bool_)),
            old=_real(self.old[rows]),
            logged=_real(logged),
            action=torch.from_numpy(action),
            reward=_real(data.reward[rows]),
            domain=_whole(data.domain[rows]),
            q=None if self.q is None else _real(self.q[rows]),
            target=None if self.target is None else _real(self.target[rows]),
        )


def usable(vectors: NDArray[np.generic]) -> NDArray[np.float32]:
    """Sentence vectors [N, D], zeros where one is not finite."""
    found = np.asarray(vectors, np.float32)
    wrong: Any = ~np.isfinite(found).all(axis=1)
    return np.where(wrong[:, None], np.float32(0), found) if wrong.any() else found


def check(dataset: Dataset, learning: bool = False) -> None:
    """Raises `PolicyError` where a log cannot be learned from.

    learning: each action must have a propensity, and rewards, where they are known, must be in [0, 1].
    """
    if not len(dataset):
        raise PolicyError("there are no decisions")
    for start in range(0, len(dataset), _CHUNK):
        part = slice(start, start + _CHUNK)
        mask, logged = np.asarray(dataset.skill[part]) >= 0, np.asarray(dataset.logged[part])
        action, reward = np.asarray(dataset.action[part], np.int64), np.asarray(dataset.reward[part])
        gap = ~mask[:, 0] | (mask[:, 1:] & ~mask[:, :-1]).any(axis=1)
        _refuse(gap, "candidates must come first, padding behind them", start)
        total = np.where(mask, logged, 0.0).sum(axis=1)
        wrong = ~(np.abs(total - 1.0) < 1e-3) | (logged < 0).any(axis=1)
        _refuse(wrong, "propensities are missing or no distribution", start)
        if learning:
            drawn = np.take_along_axis(logged, action[:, None], 1)[:, 0]
            _refuse(~(drawn > 0), "the action that was taken has no propensity", start)
            _refuse((reward < 0) | (reward > 1), "rewards must be in [0, 1]", start)


def _refuse(wrong: Any, reason: str, start: int) -> None:
    rows = np.flatnonzero(wrong)
    if len(rows):
        raise PolicyError(f"{reason}: the first is row {start + rows[0]}")


def _real(values: NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))


def _whole(values: NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.int64))
