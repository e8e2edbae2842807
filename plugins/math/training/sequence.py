"""The autoregressive decoder: a formula in prefix order, with attention to the question and a pointer to its letters.

A recurrent decoder with attention (Luong et al. 2015, section 3: dot product, input feeding) whose one softmax is over
operators, constants and the letters of the question (a pointer, Vinyals et al. 2015, equation 3, with a dot product).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from nlu.train_layers import WIDTH
from plugins.math.solver.inputs import NUMBER_FEATURES
from plugins.math.solver.symbols import MAX_OPERATORS, OPERATORS
from plugins.math.training.batches import Batch, Inputs
from plugins.math.training.gold import FIXED
from plugins.math.training.relation import at_letters


class Memory:
    """What a question gives the decoder: keys [B, T, m], mask [B, T], embeddings [B, fixed + N, m], their mask."""

    def __init__(self, keys: Tensor, mask: Tensor, symbols: Tensor, there: Tensor) -> None:
        self.keys, self.mask, self.symbols, self.there = keys, mask, symbols, there

    def repeated(self, times: int) -> Memory:
        """The memory of one question for `times` beam entries."""
        expand = [part.expand(times, *part.shape[1:]) for part in (self.keys, self.mask, self.symbols, self.there)]
        return Memory(*expand)


class Sequence(nn.Module):
    """Weights and one step of the decoder; `width` is m."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.key = nn.Linear(WIDTH, width)
        self.number = nn.Linear(WIDTH + NUMBER_FEATURES, width)
        self.norm = nn.LayerNorm(width)
        self.tokens = nn.Parameter(torch.randn(1 + len(FIXED), width) * 0.5)
        self.start = nn.Linear(WIDTH, width)
        self.cell = nn.GRUCell(2 * width, width)
        self.out = nn.Linear(2 * width, width)
        self.dropout = dropout

    def begin(self, states: Tensor, mean: Tensor, inputs: Inputs) -> tuple[Memory, Tensor, Tensor]:
        """The memory, the first state h [B, m] and its context [B, m]."""
        letters = self.norm(self.number(at_letters(states, inputs)).float())
        fixed = self.tokens[1:].expand(len(letters), -1, -1)
        there = torch.cat([inputs.there.new_ones(len(letters), len(FIXED)), inputs.there], dim=1)
        memory = Memory(self.key(states).float(), inputs.mask, torch.cat([fixed, letters], dim=1), there)
        state = torch.tanh(self.start(mean).float())
        return memory, state, self.attend(memory, state)

    def attend(self, memory: Memory, state: Tensor) -> Tensor:
        """Context [B, m] of states [B, m]."""
        weights = torch.einsum("btm,bm->bt", memory.keys, state) / math.sqrt(state.shape[1])
        weights = weights.masked_fill(~memory.mask, -torch.inf).softmax(1)
        return torch.einsum("bt,btm->bm", weights, memory.keys)

    def step(
        self, memory: Memory, previous: Tensor, state: Tensor, context: Tensor, closed: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """After the embeddings `previous` [B, m]: log-probabilities [B, fixed + N], state, context.

        `closed` [B]: examples that have used all operators they may have.
        """
        state = self.cell(torch.cat([self._drop(previous), context], dim=1), state)
        context = self.attend(memory, state)
        out = torch.tanh(self.out(self._drop(torch.cat([state, context], dim=1))))
        scored = torch.einsum("bsm,bm->bs", memory.symbols, out).masked_fill(~memory.there, -torch.inf)
        operators = torch.arange(scored.shape[1], device=scored.device) < len(OPERATORS)
        scored = scored.masked_fill(closed[:, None] & operators, -torch.inf)
        return scored.log_softmax(1), state, context

    def loss(self, states: Tensor, mean: Tensor, batch: Batch, smoothing: float) -> Tensor:
        """Mean over examples of the cross-entropy of their gold tokens (teacher-forced)."""
        with torch.autocast(states.device.type, enabled=False):
            memory, state, context = self.begin(states.float(), mean.float(), batch.inputs)
            previous = self.tokens[0].expand(len(state), -1)
            used = torch.zeros(len(state), dtype=torch.long, device=state.device)
            total = state.new_zeros(())
            rows = torch.arange(len(state), device=state.device)
            for wanted in batch.target.unbind(1):
                logs, state, context = self.step(memory, previous, state, context, used >= MAX_OPERATORS)
                real, token = wanted >= 0, wanted.clamp(min=0)
                loss = -logs[rows, token]
                if smoothing:
                    known = logs.isfinite()
                    even = logs.masked_fill(~known, 0).sum(1) / known.sum(1)
                    loss = (1 - smoothing) * loss - smoothing * even
                total = total + loss.masked_fill(~real, 0).sum()
                used = used + (real & (token < len(OPERATORS)))
                previous = memory.symbols[rows, token]
        return total / len(state)

    def _drop(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.dropout, self.training)
