"""Supervised contrast of whole sentences, before the joint training: one positive, ten negatives (after Gao et al.
2021).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nlu.backbone import Backbone, autocast, mean_max, pad


@dataclass(frozen=True)
class SentencePlan:
    """steps of `size` sentences, half of them anchors' mates; `negatives` for each anchor; temperature of the
    cosines.
    """

    steps: int = 100
    size: int = 32
    negatives: int = 10
    temperature: float = 0.05
    rate: float = 5e-5
    domains: int = 4


def draw(intents: Sequence[str], domains: Sequence[str], plan: SentencePlan, rng: np.random.Generator) -> list[int]:
    """Indices of a step's sentences: pairs of one intent, from at most `plan.domains` domains.

    Anchors are drawn evenly over sentences, so a domain's chance follows its size. Raises ValueError where no intent
    has two sentences.
    """
    groups: dict[str, list[int]] = {}
    for index, intent in enumerate(intents):
        groups.setdefault(intent, []).append(index)
    able = [index for index, intent in enumerate(intents) if len(groups[intent]) > 1]
    if not able:
        raise ValueError("sentence contrast needs an intent with two sentences")
    picked = {domains[index] for index in rng.choice(able, plan.domains)}
    pool = np.array([index for index in able if domains[index] in picked])
    out: list[int] = []
    for anchor in rng.choice(pool, plan.size // 2).tolist():
        others = [index for index in groups[intents[anchor]] if index != anchor]
        out += [anchor, int(rng.choice(others))]
    return out


def negatives_of(
    anchor: int, intents: Sequence[str], domains: Sequence[str], count: int, rng: np.random.Generator
) -> list[int]:
    """At most `count` places of other intents in a step, those of the anchor's domain first."""
    other = [place for place in rng.permutation(len(intents)).tolist() if intents[place] != intents[anchor]]
    other.sort(key=lambda place: domains[place] != domains[anchor])
    return other[:count]


def sentence_loss(vectors: Tensor, positives: Tensor, negatives: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of the positive among positive and negatives, by cosine / temperature.

    vectors [N, D]; positives int64 [N]; negatives bool [N, N]. Anchors without a negative are left out.
    """
    unit = functional.normalize(vectors, dim=1)
    cosines = unit @ unit.T / temperature
    good = cosines.gather(1, positives[:, None])
    bad = torch.where(negatives, cosines, -torch.inf)
    each = torch.logsumexp(torch.cat([good, bad], 1), 1) - good[:, 0]
    used = negatives.any(1)
    return each[used].mean() if bool(used.any()) else vectors.sum() * 0


def tune(
    backbone: Backbone,
    states: Sequence[Tensor],
    intents: Sequence[str],
    domains: Sequence[str],
    plan: SentencePlan,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> None:
    """Tunes the backbone's upper layers in place. Every sentence of a step is an anchor, its pair's other half its
    positive; its negatives come from the same step, which costs no more than one step of the joint training.
    """
    rng = np.random.default_rng([seed, 1])
    torch.manual_seed(seed)
    device = next(backbone.parameters()).device.type
    optimiser = torch.optim.AdamW([p for p in backbone.parameters() if p.requires_grad], plan.rate, weight_decay=0.01)
    backbone.train()
    for step in range(plan.steps):
        chosen = draw(intents, domains, plan, rng)
        names, places = [intents[i] for i in chosen], [domains[i] for i in chosen]
        positives = torch.arange(len(chosen)) ^ 1
        negatives = torch.zeros(len(chosen), len(chosen), dtype=torch.bool)
        for anchor in range(len(chosen)):
            negatives[anchor, negatives_of(anchor, names, places, plan.negatives, rng)] = True
        x, mask = pad([states[i] for i in chosen])
        x, mask = x.to(device), mask.to(device)
        with autocast(device):
            pooled = mean_max(backbone(x, mask), mask)
        loss = sentence_loss(pooled.float(), positives.to(device), negatives.to(device), plan.temperature)
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * min(1.0, (step + 1) / (0.1 * plan.steps)) * (1 - step / plan.steps)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        if progress is not None:
            progress(float(loss.detach()))
