"""Tokens as diagonal Gaussians, and contrastive losses over the entity tokens of a batch.

After Das et al. 2022 (token contrast with Gaussian embeddings) as used in a joint intent and entity model by the
"entity contrastive learning in a large-scale virtual assistant" paper (equations 1 and 2); `supervised_contrast` is
Khosla et al. 2020 on points.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Added to every variance.
EPSILON = 1e-6


class GaussianHead(nn.Module):
    """Token vectors [N, D] -> means [N, width] and variances [N, width] (both float32).

    Variance = ELU(f(t)) + 1 + epsilon. The means start small: in 128 dimensions the divergence would else start in the
    hundreds.
    """

    def __init__(self, inputs: int, width: int = 128) -> None:
        super().__init__()
        self.mean, self.variance = nn.Linear(inputs, width), nn.Linear(inputs, width)
        for layer in (self.mean, self.variance):
            nn.init.normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        return self.mean(tokens).float(), functional.elu(self.variance(tokens).float()) + 1 + EPSILON


def divergence(mean: Tensor, variance: Tensor, other_mean: Tensor, other_variance: Tensor) -> Tensor:
    """Symmetric Kullback-Leibler divergence [N, M] of diagonal Gaussians [N, L] and [M, L].

    d(p, q) = (KL(q || p) + KL(p || q)) / 2 after equation 1; the logarithms of the determinants cancel.
    """
    inverse, other_inverse = 1 / variance, 1 / other_variance
    traces = other_variance @ inverse.T + other_inverse @ variance.T  # [M, N]

    def square(a: Tensor, weight_a: Tensor, b: Tensor) -> Tensor:
        """sum (a - b)^2 weight_a for all pairs [len(a), len(b)]."""
        own = (a * a * weight_a).sum(1, keepdim=True)
        return own - 2 * (a * weight_a) @ b.T + weight_a @ (b * b).T

    apart = square(mean, inverse, other_mean) + square(other_mean, other_inverse, mean).T
    return (traces.T - 2 * mean.shape[1] + apart) / 4


def pair_masks(labels: Tensor, views: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """(mates, others) bool [N, M] with N = M: same label and any other token; tokens with label < 0 have no mates.

    views [N]: where given, only pairs of different views count (a clean token and a recognised one).
    """
    others = ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    if views is not None:
        others &= views[:, None] != views[None]
    mates = (labels[:, None] == labels[None]) & (labels >= 0)[:, None] & others
    return mates, others


def entity_loss(
    distances: Tensor, labels: Tensor, weights: Tensor | None = None, views: Tensor | None = None
) -> Tensor:
    """Equation 2: how much nearer an entity's token lies to those of its label than to all others.

    distances [N, N]: d(p, q) >= 0. labels [N]: entity type without B-/I-; a token of label -1 is nobody's mate and
    only counts in the others' denominators. weights [N]: of the anchors (1 where None). Tokens without a mate are left
    out; 0 where no token has one. The loss is the (weighted) mean over the remaining anchors.
    """
    mates, others = pair_masks(labels, views)
    anchors = mates.any(1)
    if not bool(anchors.any()):
        return distances.sum() * 0
    near = torch.where(mates, -distances, -torch.inf)[anchors]
    every = torch.where(others, -distances, -torch.inf)[anchors]
    inside = torch.logsumexp(near, 1) - mates[anchors].sum(1).log()
    each = torch.logsumexp(every, 1) - inside
    if weights is None:
        return each.mean()
    # Divided by the number of anchors, not by the sum of weights: a guard on small labels lowers their pull.
    return (each * weights[anchors]).sum() / anchors.sum()


def supervised_contrast(
    vectors: Tensor, labels: Tensor, temperature: float = 0.1, weights: Tensor | None = None
) -> Tensor:
    """SupCon (Khosla et al. 2020, L_out) on points [N, D], L2-normalised here; arguments as in `entity_loss`."""
    unit = functional.normalize(vectors, dim=1)
    mates, others = pair_masks(labels)
    anchors = mates.any(1)
    if not bool(anchors.any()):
        return vectors.sum() * 0
    logits = (unit @ unit.T / temperature)[anchors]
    total = torch.logsumexp(torch.where(others[anchors], logits, -torch.inf), 1, keepdim=True)
    each = -((logits - total) * mates[anchors]).sum(1) / mates[anchors].sum(1)
    if weights is None:
        return each.mean()
    return (each * weights[anchors]).sum() / anchors.sum()


def guard_weights(counts: Tensor, strength: float) -> Tensor:
    """Weight of each label, n / (n + strength), from the number n of its training tokens: rare labels pull less."""
    return counts / (counts + strength)
