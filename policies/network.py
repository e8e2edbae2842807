"""The network that scores candidates: a vector per candidate, a BiLSTM over the list, a shared MLP, a softmax.

Constrained policy optimisation for controlled self-learning (MetaGrad), figure 1. Added to it: the product of what is
said with the skill's embedding, dimension by dimension, since how well a skill answers depends on the request.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from policies.batches import Batch
from policies.dataset import Tables
from policies.errors import PolicyError
from policies.request import CONTEXT, FEATURES

Encoder = Literal["bilstm", "pool"]
_NEVER = -1e9  # a logit that no softmax lets through, and whose differences stay finite


class LSTM(nn.Module):
    """One direction of an LSTM [K, B, W] -> [K, B, H] with torch's parameters and gate order.

    The fused kernel is fast but can be differentiated once only, and not forward; `basic` computes the same of
    elementary operations, which can.
    """

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.fused = nn.LSTM(width, size)
        self.basic = False

    def parts(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Weights of inputs and states, and both biases, as they are now."""
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        found: list[Tensor] = [getattr(self.fused, name) for name in names]
        return found[0], found[1], found[2], found[3]

    def forward(self, x: Tensor) -> Tensor:
        """States of all steps."""
        if not self.basic:
            found: Tensor = self.fused(x)[0]
            return found
        inputs, hidden, first, second = self.parts()
        gates = x @ inputs.T + (first + second)
        recurrent = hidden.T
        state = cell = torch.zeros_like(gates[0, :, : recurrent.shape[0]])
        states = []
        for step in gates.unbind(0):
            inward, forget, value, outward = (step + state @ recurrent).chunk(4, 1)
            cell = torch.sigmoid(forget) * cell + torch.sigmoid(inward) * torch.tanh(value)
            state = torch.sigmoid(outward) * torch.tanh(cell)
            states.append(state)
        return torch.stack(states)


class BiLSTM(nn.Module):
    """Both directions over lists of different length [B, K, W] -> [B, K, 2 H]; padding has no influence."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.ahead = LSTM(width, size)
        self.back = LSTM(width, size)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """mask [B, K]: candidates first, then padding. What is returned on padding means nothing."""
        steps = torch.arange(mask.shape[1]).unsqueeze(1)
        length = mask.sum(1).unsqueeze(0)
        turned = torch.where(steps < length, length - 1 - steps, steps)  # [K, B], its own inverse
        sequence = x.transpose(0, 1)
        mirrored = sequence.gather(0, turned.unsqueeze(2).expand_as(sequence))
        ahead, back = self.ahead(sequence), self.back(mirrored)
        back = back.gather(0, turned.unsqueeze(2).expand_as(back))
        return torch.cat([ahead, back], 2).transpose(0, 1)


class Pool(nn.Module):
    """The mean of all candidates beside each [B, K, W] -> [B, K, 2 H]: cheaper than the BiLSTM, and blind to order."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.project = nn.Linear(width, 2 * size)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """mask [B, K]."""
        weight = mask.to(x.dtype) / mask.sum(1, keepdim=True)
        mean = torch.bmm(weight.unsqueeze(1), x)
        return torch.relu(self.project(mean)).expand(-1, x.shape[1], -1)


class Scorer(nn.Module):
    """Scores of candidates. With `residual` they are added to the log of the old propensities, and start at zero.

    tables: gives the sizes and the text-derived skill vectors [S, D]; what is learned of a skill beyond its text is an
    embedding that starts at zero, so a skill without one works as its text says. Raises `PolicyError`.
    """

    skill_texts: Tensor

    def __init__(
        self, tables: Tables, width: int = 32, encoder: Encoder = "bilstm", residual: bool = False, seed: int = 0
    ) -> None:
        super().__init__()
        if encoder not in ("bilstm", "pool") or width < 2 or width % 2:
            raise PolicyError(f"encoder {encoder!r} must be bilstm or pool, width {width} even and positive")
        size = int(tables.texts.shape[1])
        if tables.skill_vectors.shape != (len(tables.skills), size):
            raise PolicyError(
                f"skill vectors are of shape {tables.skill_vectors.shape}, not {(len(tables.skills), size)}"
            )
        self.width, self.encoder, self.residual, self.size = width, encoder, residual, size
        self.scale = math.sqrt(size)  # vectors of norm 1 get entries of about 1
        texts = torch.zeros(len(tables.skills) + 1, size)
        texts[:-1] = torch.nan_to_num(torch.tensor(tables.skill_vectors, dtype=torch.float32))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.register_buffer("skill_texts", texts * self.scale, persistent=False)
            self.utterance = nn.Linear(size, width)
            self.skill_text = nn.Linear(size, width, bias=False)
            self.skill_id = nn.Parameter(torch.zeros(len(tables.skills), width))
            self.turn = nn.Linear(width + len(CONTEXT) + width, width)
            self.candidate = nn.Linear(width + len(FEATURES) + width, width, bias=False)
            self.over = BiLSTM(width, width // 2) if encoder == "bilstm" else Pool(width, width // 2)
            self.inner = nn.Linear(2 * width + 1, width)
            self.outer = nn.Linear(width, 1)
            self.straight = nn.Linear(2 * width + 1, 1, bias=False)
        if residual:
            for part in (self.outer, self.straight):
                nn.init.zeros_(part.weight)
            nn.init.zeros_(self.outer.bias)

    def skills(self) -> Tensor:
        """Embeddings of all skills [S + 1, W]; the last row, zeros, stands for none."""
        known: Tensor = self.skill_text(self.skill_texts)
        return known + torch.cat([self.skill_id, torch.zeros_like(self.skill_id[:1])])

    def hidden(self, batch: Batch) -> Tensor:
        """What is known of each candidate [B, K, H], before the shared MLP."""
        table = self.skills()
        skill, last = nn.functional.embedding(batch.skill, table), nn.functional.embedding(batch.last, table)
        said = self.utterance(batch.text * self.scale)
        product = said.unsqueeze(1) * skill
        turn = self.turn(torch.cat([said, batch.context, last], 1))
        single = torch.relu(self.candidate(torch.cat([product, batch.numeric, skill], 2)) + turn.unsqueeze(1))
        affinity = product.sum(2, keepdim=True) / math.sqrt(self.width)
        return torch.cat([single, self.over(single, batch.mask), affinity], 2)

    def scores(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Of `hidden` [B, K, H] to scores [B, K], far below any other on padding."""
        found: Tensor = self.outer(torch.relu(self.inner(hidden))) + self.straight(hidden)
        return found.squeeze(2).masked_fill(~mask, _NEVER)

    def forward(self, batch: Batch) -> Tensor:
        """Scores [B, K]."""
        return self.scores(self.hidden(batch), batch.mask)

    def propensities(self, batch: Batch, hidden: Tensor | None = None) -> Tensor:
        """The policy [B, K]; `hidden`: in place of that of the batch, of B decisions too."""
        scores = self.forward(batch) if hidden is None else self.scores(hidden, batch.mask)
        return propensities_of(scores, batch, self.residual)

    def twice(self, on: bool) -> None:
        """Compute of operations that can be differentiated twice and forward."""
        for part in self.modules():
            if isinstance(part, LSTM):
                part.basic = on


def propensities_of(scores: Tensor, batch: Batch, residual: bool) -> Tensor:
    """Scores [B, K] to propensities [B, K].

    Residual: nothing is given to what the old policy excludes. Candidates that are not open keep at most their old
    share; what they lose goes to the open ones, in proportion, or stays where nothing is open.
    """
    if residual:
        support = batch.old > 0
        scores = torch.where(support, scores + torch.where(support, batch.old, 1.0).log(), _NEVER)
    share = torch.softmax(scores.masked_fill(~batch.mask, _NEVER), 1)
    usable = batch.open & batch.mask
    if bool((usable | ~batch.mask).all()):
        return share
    kept = torch.where(usable, 0.0, torch.minimum(share, batch.old))
    free = torch.where(usable, share, 0.0)
    total = free.sum(1, keepdim=True)
    spread = free * ((1.0 - kept.sum(1, keepdim=True)) / total.clamp_min(1e-12))
    return torch.where(total > 1e-12, kept + spread, batch.old)
