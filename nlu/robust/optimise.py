"""AdamW as both stages use it: heads learn ten times as fast as layers, warm-up, then linear decay."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

#: Learning rate of heads, in those of the layers; share of the steps that warm up.
HEAD, WARM = 10.0, 0.1


def optimiser(
    layers: Sequence[nn.Module], heads: Sequence[nn.Module], rate: float, steps: int
) -> tuple[Callable[[], None], list[nn.Parameter]]:
    """(a function that makes a step and clears the gradients, the parameters to clip)."""
    groups = [
        {"params": [p for module in modules for p in module.parameters() if p.requires_grad], "lr": lr}
        for modules, lr in ((layers, rate), (heads, rate * HEAD))
    ]
    adam = torch.optim.AdamW([group for group in groups if group["params"]], weight_decay=0.01)
    warm = max(1, round(WARM * steps))

    def factor(step: int) -> float:
        return min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))

    schedule = torch.optim.lr_scheduler.LambdaLR(adam, factor)

    def step() -> None:
        adam.step()
        schedule.step()
        adam.zero_grad(set_to_none=True)

    return step, [parameter for group in adam.param_groups for parameter in group["params"]]
