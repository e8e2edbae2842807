"""The relation decoder in numpy: which two quantities are combined next, and how, until one is the answer.

Bottom-up deduction over pairs of quantities, in the manner of Jie, Li and Lu (2022), "Learning to Reason Deductively";
the scoring is our own (`plugins.math.training.model` has it in torch). All partial formulas of a beam have made
equally many quantities, so a step of the whole beam is one batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plugins.math.solver.beam import SPARE, Beam, kept, ranked
from plugins.math.solver.encoding import Encoding
from plugins.math.solver.inputs import NUMBER_FEATURES, pairs
from plugins.math.solver.symbols import CONSTANTS, MAX_OPERATORS, PAIR_OPERATIONS, Prefix
from plugins.math.solver.weights import Floats, Weights, gelu, largest, log_softmax

Doubles = NDArray[np.float64]
Indices = NDArray[np.int64]
_OPERATIONS, _PAIR = len(PAIR_OPERATIONS), 12
_CONSTANTS = np.array([float(constant) for constant in CONSTANTS])


@dataclass
class _Open:
    """The partial formulas of one step, B of them with Q quantities each.

    quantities [B, Q, d]; `ids` [B, Q] into `pool`, the values of all quantities of all of them; `formulas` [B][Q];
    `logs` [B] log-probabilities.
    """

    quantities: Floats
    ids: Indices
    pool: Doubles
    formulas: list[list[Prefix]]
    logs: Doubles


class RelationDecoder:
    """Thread-safe after construction. Raises `SolverError` where weights are missing or do not fit."""

    def __init__(self, weights: Weights) -> None:
        size = self._size = len(weights.array("relation.norm.weight", None))
        self._quantity = weights.linear("relation.quantity", None, size)
        self.width = self._quantity.weight.shape[1] - NUMBER_FEATURES
        self._norm = weights.norm("relation.norm", size)
        self._constants = weights.array("relation.constants", len(CONSTANTS), size)
        self._context = weights.linear("relation.context", self.width, size)
        self._left = weights.linear("relation.left", size, size, bias=False)
        self._right = weights.linear("relation.right", size, size, bias=False)
        self._both = weights.linear("relation.both", size, size, bias=False)
        self._pair = weights.linear("relation.pair", _PAIR, size)
        self._hidden = weights.linear("relation.hidden", size, size)
        self._score = weights.linear("relation.score", size, 2 * _OPERATIONS)
        self._unary = weights.linear("relation.unary", size, 1)
        self._result = weights.linear("relation.result", 4, 2)
        ops = [weights.linear(f"relation.ops.{index}", size, size) for index in range(_OPERATIONS)]
        self._op_norm = weights.norm("relation.op_norm", size)
        self._update = weights.gru("relation.update", size, size)
        self._ops = ops

    def decode(self, question: Encoding, beam: int) -> Beam:
        """The most probable formulas, SPARE times `beam` of them at most."""
        if not question.letters:
            return []
        open_ = self._start(question)
        context = self._context(question.pooled[None])[0]
        finished: dict[Prefix, float] = {}
        for step in range(MAX_OPERATORS):
            first, second = _index_pairs(len(question.letters), open_.ids.shape[1])
            hidden = self._joined(open_, first, second, context)
            values = open_.pool[open_.ids]
            results = _results(values[:, first], values[:, second])
            logs = self._logs(open_, hidden, results, first, second)
            for at in largest(logs[..., 1].ravel(), SPARE * beam):
                entry, pair, operation = (int(place) for place in np.unravel_index(at, logs.shape[:3]))
                formula = _formula(open_.formulas[entry], int(first[pair]), int(second[pair]), operation)
                finished[formula] = finished.get(formula, 0.0) + math.exp(logs[entry, pair, operation, 1])
            going = kept(logs[..., 0].ravel(), finished, beam)
            if step + 1 == MAX_OPERATORS or not len(going):
                break
            open_ = self._next(open_, hidden, results, logs[..., 0], going, first, second)
        return ranked(finished, beam)

    def _start(self, question: Encoding) -> _Open:
        letters = self._norm(self._quantity(question.letter_states()))
        quantities = np.concatenate([letters, self._constants])[None]
        pool = np.concatenate([question.values, _CONSTANTS])
        formulas: list[Prefix] = [(name,) for name in (*question.letters, *CONSTANTS)]
        return _Open(quantities, np.arange(len(pool))[None], pool, [formulas], np.zeros(1))

    def _joined(self, open_: _Open, first: Indices, second: Indices, context: Floats) -> Floats:
        """The vector of each pair [B, P, d]."""
        q = open_.quantities
        pool: NDArray[Any] = open_.pool
        close = pairs(pool)
        one, two = open_.ids[:, first], open_.ids[:, second]
        features = np.concatenate([close[one, two], close[two, one]], axis=-1)
        total = self._both(q[:, first] * q[:, second])
        total += self._left(q)[:, first]
        total += self._right(q)[:, second]
        total += self._pair(features)
        total += context
        return gelu(total)

    def _logs(self, open_: _Open, joined: Floats, results: Doubles, first: Indices, second: Indices) -> Doubles:
        """Log-probability of each choice, the formula so far counted in [B, P, 6, 2]; impossible ones are -inf."""
        scores = self._score(gelu(self._hidden(joined))).reshape(*joined.shape[:2], _OPERATIONS, 2)
        unary = self._unary(open_.quantities)[..., 0]
        scores += (unary[:, first] + unary[:, second])[..., None, None]
        scores += self._result(_marks(results))
        logits = np.where(np.isfinite(results)[..., None], scores.astype(np.float64), -np.inf)
        flat = log_softmax(logits.reshape(len(logits), -1))
        return np.asarray(flat.reshape(logits.shape) + open_.logs[:, None, None, None])

    def _next(
        self,
        open_: _Open,
        joined: Floats,
        results: Doubles,
        logs: Doubles,
        going: Indices,
        first: Indices,
        second: Indices,
    ) -> _Open:
        """Makes the chosen quantities; all others hear of it."""
        entries, chosen, operations = np.unravel_index(going, logs.shape)
        made = np.stack(
            [
                self._ops[operation](joined[entry, pair][None])[0]
                for entry, pair, operation in zip(entries, chosen, operations, strict=True)
            ]
        )
        made = self._op_norm(made)
        updated = self._update(made[:, None], open_.quantities[entries])
        pool = np.concatenate([open_.pool, results[entries, chosen, operations]])
        fresh = np.arange(len(open_.pool), len(pool))
        formulas = [
            [*open_.formulas[entry], _formula(open_.formulas[entry], first[pair], second[pair], int(operation))]
            for entry, pair, operation in zip(entries, chosen, operations, strict=True)
        ]
        return _Open(
            np.concatenate([updated, made[:, None]], axis=1),
            np.concatenate([open_.ids[entries], fresh[:, None]], axis=1),
            pool,
            formulas,
            logs[entries, chosen, operations],
        )


def _index_pairs(letters: int, quantities: int) -> tuple[Indices, Indices]:
    """Both places of every pair i < j that is not of two constants."""
    first, second = np.triu_indices(quantities, 1)
    end = letters + len(CONSTANTS)
    fixed = (first >= letters) & (first < end) & (second >= letters) & (second < end)
    return first[~fixed], second[~fixed]


def _results(first: Doubles, second: Doubles) -> Doubles:
    """The value of each operation [..., 6] in the order of PAIR_OPERATIONS; not finite where there is none."""
    with np.errstate(all="ignore"):
        parts = [first + second, first - second, second - first, first * second, first / second, second / first]
    return np.stack(parts, axis=-1)


def _marks(results: Doubles) -> Floats:
    """What speaks against a value [..., 4]: negative, not whole, zero, very large."""
    with np.errstate(all="ignore"):
        broken = np.abs(results - np.round(results)) > 1e-6
        marks = [results < -1e-9, broken, np.abs(results) < 1e-9, np.abs(results) > 1e9]
    return np.stack(marks, axis=-1).astype(np.float32)


def _formula(known: list[Prefix], first: int, second: int, operation: int) -> Prefix:
    name = PAIR_OPERATIONS[operation]
    left, right = (known[second], known[first]) if name.endswith("R") else (known[first], known[second])
    return (name[0], *left, *right)
