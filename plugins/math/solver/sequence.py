"""The sequence decoder in numpy: a formula symbol by symbol in prefix order, with attention to the question's tokens.

A gated recurrent unit with attention (Bahdanau et al. 2015; dot products as in Luong et al. 2015) that points at the
question's numbers (Vinyals et al. 2015). `plugins.math.training.model` has it in torch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plugins.math.solver.beam import SPARE, Beam, kept, ranked
from plugins.math.solver.encoding import Encoding
from plugins.math.solver.inputs import NUMBER_FEATURES
from plugins.math.solver.symbols import CONSTANTS, MAX_OPERATORS, OPERATORS, Prefix
from plugins.math.solver.weights import Floats, Weights, largest, log_softmax

Doubles = NDArray[np.float64]


@dataclass
class _Open:
    """Partial formulas: hidden states and contexts [B, m], symbols so far, log-probabilities [B], and for each how many
    operands are still to come and how many operators it has."""

    hidden: Floats
    context: Floats
    last: Floats
    formulas: list[Prefix]
    logs: Doubles
    slots: list[int]
    used: list[int]


class SequenceDecoder:
    """Thread-safe after construction. Raises `SolverError` where weights are missing or do not fit."""

    def __init__(self, weights: Weights) -> None:
        size = self._size = len(weights.array("sequence.norm.weight", None))
        self._key = weights.linear("sequence.key", None, size)
        self.width = self._key.weight.shape[1]
        self._number = weights.linear("sequence.number", self.width + NUMBER_FEATURES, size)
        self._norm = weights.norm("sequence.norm", size)
        self._tokens = weights.array("sequence.tokens", 1 + len(OPERATORS) + len(CONSTANTS), size)
        self._start = weights.linear("sequence.start", self.width, size)
        self._cell = weights.gru("sequence.cell", 2 * size, size)
        self._out = weights.linear("sequence.out", 2 * size, size)

    def decode(self, question: Encoding, beam: int) -> Beam:
        """The most probable formulas, SPARE times `beam` of them at most."""
        if not question.letters:
            return []
        memory = self._key(question.states)
        letters = self._norm(self._number(question.letter_states()))
        symbols = (*OPERATORS, *CONSTANTS, *question.letters)
        vectors = np.concatenate([self._tokens[1:], letters])
        hidden = np.tanh(self._start(question.pooled[None]))
        open_ = _Open(hidden, self._attend(hidden, memory), self._tokens[:1], [()], np.zeros(1), [1], [0])
        finished: dict[Prefix, float] = {}
        for _ in range(2 * MAX_OPERATORS + 1):
            hidden = self._cell(np.concatenate([open_.last, open_.context], axis=1), open_.hidden)
            context = self._attend(hidden, memory)
            out = np.tanh(self._out(np.concatenate([hidden, context], axis=1)))
            logits = (out @ vectors.T).astype(np.float64)
            logits[np.array(open_.used) >= MAX_OPERATORS, : len(OPERATORS)] = -np.inf
            logs = log_softmax(logits) + open_.logs[:, None]
            ends = np.array([slots == 1 for slots in open_.slots])
            closing = np.full(logs.shape, -np.inf)
            closing[ends, len(OPERATORS) :] = logs[ends, len(OPERATORS) :]
            logs[np.isfinite(closing)] = -np.inf
            for at in largest(closing.ravel(), SPARE * beam):
                entry, symbol = divmod(int(at), len(symbols))
                finished[(*open_.formulas[entry], symbols[symbol])] = math.exp(closing[entry, symbol])
            going = kept(logs.ravel(), finished, beam)
            if not len(going):
                break
            entries, chosen = np.divmod(going, len(symbols))
            step = [1 if symbol < len(OPERATORS) else -1 for symbol in chosen]
            open_ = _Open(
                hidden[entries],
                context[entries],
                vectors[chosen],
                [(*open_.formulas[entry], symbols[symbol]) for entry, symbol in zip(entries, chosen, strict=True)],
                logs[entries, chosen],
                [open_.slots[entry] + change for entry, change in zip(entries, step, strict=True)],
                [open_.used[entry] + (change > 0) for entry, change in zip(entries, step, strict=True)],
            )
        return ranked(finished, beam)

    def _attend(self, hidden: Floats, memory: Floats) -> Floats:
        """Attention of each hidden state [B, m] to the tokens [T, m]: the mean of the memory by weight [B, m]."""
        scores = hidden @ memory.T / np.float32(math.sqrt(self._size))
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True) @ memory, np.float32)
