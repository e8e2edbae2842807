"""The deductive decoder: combines two quantities at a time until one of the results is the answer.

After Jie, Li and Lu 2022, "Learning to Reason Deductively" (sections 3.1 to 3.3: candidates of all pairs and
operations, a rationalizer that updates the quantities, a terminator in the same choice), in a formulation of our own:
the pair is scored by its values too, and an operation's vector is made for the chosen one alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from nlu.train_layers import WIDTH
from plugins.math.solver.inputs import NUMBER_FEATURES
from plugins.math.solver.symbols import CONSTANTS, PAIR_OPERATIONS
from plugins.math.training.batches import Batch, Inputs, Pairs
from plugins.math.training.pairwise import pairs_before

OPERATIONS = len(PAIR_OPERATIONS)
#: Choices a pair has: each operation, and whether its result is the answer.
CHOICES = 2 * OPERATIONS


def at_letters(states: Tensor, inputs: Inputs) -> Tensor:
    """Token states of each letter with its features: states [B, T, 384] -> [B, N, 400]."""
    rows = inputs.rows[:, :, None].expand(-1, -1, states.shape[2])
    return torch.cat([states.gather(1, rows), inputs.numbers], dim=2)


class Relation(nn.Module):
    """Weights and one step of the decoder; `width` is d."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.quantity = nn.Linear(WIDTH + NUMBER_FEATURES, width)
        self.norm = nn.LayerNorm(width)
        self.constants = nn.Parameter(torch.randn(len(CONSTANTS), width) * 0.5)
        self.context = nn.Linear(WIDTH, width)
        self.left, self.right, self.both = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.pair = nn.Linear(12, width)
        self.hidden = nn.Linear(width, width)
        self.score = nn.Linear(width, CHOICES)
        self.unary = nn.Linear(width, 1)
        self.result = nn.Linear(4, 2)
        self.ops = nn.ModuleList(nn.Linear(width, width) for _ in range(OPERATIONS))
        self.op_norm = nn.LayerNorm(width)
        self.update = nn.GRUCell(width, width)
        self.dropout = dropout

    def start(self, states: Tensor, mean: Tensor, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """Quantities [B, N + constants, d] and the question's context [B, 1, d]."""
        letters = self.norm(self.quantity(at_letters(states, inputs)).float())
        fixed = self.constants.expand(len(letters), -1, -1)
        return self._drop(torch.cat([letters, fixed], dim=1)), self.context(mean)[:, None]

    def candidates(
        self, quantities: Tensor, context: Tensor, pairs: Pairs, rows: int, count: int
    ) -> tuple[Tensor, Tensor]:
        """Of the first `rows` examples and `count` pairs: scores [B, P, 12] (operation x tau), vectors [B, P, d]."""
        first, second = pairs.first[:count], pairs.second[:count]
        one, other = quantities[:, first], quantities[:, second]
        mixed = self.left(quantities)[:, first] + self.right(quantities)[:, second] + self.both(one * other)
        vectors = functional.gelu(mixed + context + self.pair(pairs.features[:rows, :count]))
        scored = self.score(functional.gelu(self.hidden(vectors))).float()
        single = self.unary(quantities).float()
        scored = scored + single[:, first] + single[:, second]
        by_result = self.result(pairs.results[:rows, :count]).float()
        scored = scored.view(*scored.shape[:2], OPERATIONS, 2) + by_result
        finite = pairs.finite[:rows, :count, :, None]
        return scored.masked_fill(~finite, -torch.inf).flatten(2), vectors

    def made(self, vectors: Tensor, operations: Tensor) -> Tensor:
        """The result of each chosen pair: vectors [B, d], operations [B] -> [B, d]."""
        rows = torch.arange(len(operations))
        every = torch.stack([op(vectors) for op in self.ops], dim=1).float()
        result: Tensor = self.op_norm(every[rows, operations])
        return result

    def updated(self, quantities: Tensor, made: Tensor) -> Tensor:
        """All quantities after a result, and the result: [B, Q, d], [B, d] -> [B, Q + 1, d]."""
        given = functional.linear(made, self.update.weight_ih, self.update.bias_ih)[:, None]
        kept = functional.linear(quantities, self.update.weight_hh, self.update.bias_hh)
        reset, gate = (torch.sigmoid(a + b) for a, b in zip(given.chunk(3, 2)[:2], kept.chunk(3, 2)[:2], strict=True))
        new = torch.tanh(given.chunk(3, 2)[2] + reset * kept.chunk(3, 2)[2])
        moved = (1 - gate) * new + gate * quantities
        return torch.cat([moved, made[:, None]], dim=1)

    def loss(self, states: Tensor, mean: Tensor, batch: Batch, smoothing: float) -> Tensor:
        """Mean over examples of the cross-entropy of their gold steps (teacher-forced; smoothed over candidates)."""
        quantities, context = self.start(states, mean, batch.inputs)
        letters = batch.inputs.rows.shape[1]
        total = quantities.new_zeros(())
        for number in range(batch.steps.shape[1]):
            rows = int((batch.steps[:, number, 0] >= 0).sum())
            if not rows:
                break
            quantities, context = quantities[:rows], context[:rows]
            pair, operation, last = batch.steps[:rows, number].unbind(1)
            count = pairs_before(letters, number)
            scored, vectors = self.candidates(quantities, context, batch.pairs, rows, count)
            logs = scored.flatten(1).log_softmax(1)
            chosen = logs.gather(1, (pair * CHOICES + operation * 2 + last)[:, None])[:, 0]
            loss = -chosen
            if smoothing:
                known = logs.isfinite()
                even = logs.masked_fill(~known, 0).sum(1) / known.sum(1)
                loss = (1 - smoothing) * loss - smoothing * even
            total = total + loss.sum()
            made = self.made(vectors[torch.arange(rows), pair], operation)
            quantities = self.updated(quantities, made)
        return total / len(batch.steps)

    def _drop(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.dropout, self.training)
