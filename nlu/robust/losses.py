"""Losses of robust training: clean-recogniser contrast, label contrast, distillation.

Equation numbers are those of MCLF (multi-grained contrastive learning for robust spoken language understanding).
Throughout, B is the batch, T tokens, D the width; vectors need not be normalised by the caller.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

#: Temperature of the equations, and that of the paper's code listing.
TEMPERATURE, LISTING_TEMPERATURE = 0.2, 0.05
#: Stands for minus infinity where a softmax must leave an entry out: its gradient stays finite.
NEVER = -1e9


def info_nce(heard: Tensor, clean: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Symmetric InfoNCE of paired sentence vectors [B, D] (equation 1); the other B - 1 pairs are the negatives."""
    scores = functional.normalize(clean, dim=-1) @ functional.normalize(heard, dim=-1).T / temperature
    return (_diagonal(scores) + _diagonal(scores.T)) / 2


def token_similarity(left: Tensor, left_mask: Tensor, right: Tensor, right_mask: Tensor) -> Tensor:
    """Mean over left tokens of the best cosine with a right token, for all pairs: [B1, T1, D], [B2, T2, D] -> [B1, B2].

    Masks are bool [B, T]; tokens outside them (padding, specials) neither look for nor are a best match. Every text
    needs at least one token inside its mask.
    """
    u, v = functional.normalize(left, dim=-1), functional.normalize(right, dim=-1)
    cosines = torch.einsum("ikd,jrd->ijkr", u, v)
    best = cosines.masked_fill(~right_mask[None, :, None, :], NEVER).amax(3)
    kept = left_mask[:, None, :]
    return (best * kept).sum(2) / kept.sum(2)


def late_interaction(
    heard: Tensor, heard_mask: Tensor, clean: Tensor, clean_mask: Tensor, temperature: float = TEMPERATURE
) -> Tensor:
    """Token-level contrast of paired token states [B, T, D] (equations 2 to 4): every token finds its best partner."""
    of_heard = token_similarity(heard, heard_mask, clean, clean_mask)  # s^a[i, j]: heard i, clean j
    of_clean = token_similarity(clean, clean_mask, heard, heard_mask).T  # s^o[i, j]: heard i, clean j
    return (_diagonal(of_heard / temperature) + _diagonal(of_clean.T / temperature)) / 2


def nt_xent(similarities: Tensor, temperature: float = LISTING_TEMPERATURE) -> Tensor:
    """The listing's form: similarities [2B, 2B] of (heard, clean); negatives come from both sides, only self is out."""
    size = len(similarities)
    own = torch.eye(size, dtype=torch.bool, device=similarities.device)
    partner = torch.arange(size, device=similarities.device).roll(size // 2)
    return functional.cross_entropy((similarities / temperature).masked_fill(own, NEVER), partner)


def nt_xent_global(heard: Tensor, clean: Tensor, temperature: float = LISTING_TEMPERATURE) -> Tensor:
    """`nt_xent` of sentence vectors [B, D]."""
    both = functional.normalize(torch.cat([heard, clean]), dim=-1)
    return nt_xent(both @ both.T, temperature)


def nt_xent_fine(
    heard: Tensor, heard_mask: Tensor, clean: Tensor, clean_mask: Tensor, temperature: float = LISTING_TEMPERATURE
) -> Tensor:
    """`nt_xent` of token similarities; unlike the listing, padding and special tokens stay out."""
    sides = ((heard, heard_mask), (clean, clean_mask))
    rows = [torch.cat([token_similarity(*left, *right) for right in sides], 1) for left in sides]
    return nt_xent(torch.cat(rows), temperature)


def hard_contrast(
    features: Tensor, labels: Tensor, temperature: float = TEMPERATURE, normalised: bool = True
) -> Tensor:
    """Supervised contrast L_h: features [N, D], labels [N]; equal labels attract.

    `normalised` divides by the number of positives of each item; without it the loss grows with the size of a class,
    as the formula is printed.
    """
    return weighted_contrast(features, (labels[:, None] == labels[None]).to(features.dtype), temperature, normalised)


def soft_contrast(
    features: Tensor, previous: Tensor, temperature: float = TEMPERATURE, normalised: bool = True
) -> Tensor:
    """Soft supervised contrast L_s: items attract by p_i . p_j of the previous epoch's posteriors [N, C]."""
    return weighted_contrast(features, previous @ previous.T, temperature, normalised)


def weighted_contrast(features: Tensor, weights: Tensor, temperature: float, normalised: bool) -> Tensor:
    """-1/N sum_i sum_{j != i} w_ij log softmax_{k != i}(z_i . z_k / temperature)_j, w optionally summing to 1 per i.

    Items without a positive add nothing; a batch of one gives zero.
    """
    own = torch.eye(len(features), dtype=torch.bool, device=features.device)
    z = functional.normalize(features, dim=-1)
    scores = functional.log_softmax((z @ z.T / temperature).masked_fill(own, NEVER), 1)
    weights = weights.masked_fill(own, 0)
    if normalised:
        weights = weights / weights.sum(1, keepdim=True).clamp_min(1e-12)
    return -(weights * scores.masked_fill(own, 0)).sum(1).mean()


def distillation(target: Tensor, logits: Tensor, temperature: float) -> Tensor:
    """temperature^2 KL(target || prediction), both softened: target probabilities [N, C], logits [N, C].

    Softening raises probabilities to 1/temperature, which equals dividing the logits they came from; one-hot targets
    stay one-hot. With the previous epoch's posteriors as target this is L_d.
    """
    softened = target.clamp_min(0).pow(1 / temperature)
    softened = softened / softened.sum(1, keepdim=True)
    predicted = functional.log_softmax(logits / temperature, 1)
    return functional.kl_div(predicted, softened, reduction="batchmean") * temperature**2


def _diagonal(scores: Tensor) -> Tensor:
    """Cross-entropy of each row against its own column."""
    return functional.cross_entropy(scores, torch.arange(len(scores), device=scores.device))
