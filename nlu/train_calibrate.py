"""Post-training calibration on held-out sentences: temperature, out-of-scope bias, tag temperature."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nlu.train_data import IGNORED, Example
from nlu.train_model import Branch, collate


@torch.no_grad()
def logits_of(model: Branch, examples: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(intent logits [N, I], intents [N], tag logits of scored words [W, G], their tags [W])."""
    model.eval()
    intents, labels, tags, gold = [], [], [], []
    order = sorted(examples, key=lambda example: len(example.trunk))
    for first in range(0, len(order), 64):
        trunk, mask, wanted, wanted_tags = collate(order[first : first + 64])
        with torch.autocast("cpu", torch.bfloat16):
            intent_logits, tag_logits = model(trunk, mask)
        intents.append(intent_logits.float())
        labels.append(wanted)
        scored = wanted_tags != IGNORED
        tags.append(tag_logits.float()[scored])
        gold.append(wanted_tags[scored])
    return torch.cat(intents), torch.cat(labels), torch.cat(tags), torch.cat(gold)


def fit_scale(logits: Tensor, labels: Tensor, weights: Tensor, bias: bool) -> tuple[float, float]:
    """Temperature and (where `bias`) bias of the last class that minimise weighted cross-entropy."""
    log_temperature, shift = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(()))
    optimiser = torch.optim.LBFGS([log_temperature, shift] if bias else [log_temperature], max_iter=100)

    def closure() -> Tensor:
        optimiser.zero_grad()
        scaled = logits / log_temperature.exp()
        moved = torch.cat([scaled[:, :-1], scaled[:, -1:] + shift], 1)
        loss = (functional.cross_entropy(moved, labels, reduction="none") * weights).sum() / weights.sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return float(log_temperature.detach().exp()), float(shift.detach())


def calibrate(
    model: Branch, inside: Sequence[Example], outside: Sequence[Example], share: float = 0.05
) -> dict[str, float]:
    """Fits all three numbers; `outside` (out of scope) counts for `share` of the weight whatever its size."""
    logits, labels, tags, gold = logits_of(model, [*inside, *outside])
    keep = labels != IGNORED
    logits, labels = logits[keep], labels[keep]
    last = labels == logits.shape[1] - 1
    weights = torch.where(last, share / max(int(last.sum()), 1), (1 - share) / max(int((~last).sum()), 1))
    temperature, shift = fit_scale(logits, labels, weights, bias=True)
    tag_temperature, _ = fit_scale(tags, gold, torch.ones(len(gold)), bias=False)
    return {"temperature": temperature, "out_of_scope_bias": shift, "tag_temperature": tag_temperature}


def quick_scores(model: Branch, examples: Sequence[Example]) -> dict[str, float]:
    """Intent accuracy and per-word tag accuracy, for choosing the epoch."""
    logits, labels, tags, gold = logits_of(model, examples)
    right = (logits.argmax(1) == labels).float().mean()
    entity = gold > 0
    predicted = tags.argmax(1)
    hits = float(((predicted == gold) & entity).sum())
    f1 = 2 * hits / max(float((predicted > 0).sum() + entity.sum()), 1.0)
    return {"intent": float(right), "tag_f1": f1, "mean": float(np.mean([float(right), f1]))}
