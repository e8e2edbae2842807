"""The transformer layers in torch, with the upstream's weight names: for calibration and fine-tuning only."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

Floats = NDArray[np.float32]
WIDTH, HEADS, WIDE = 384, 12, 1536


class Layer(nn.Module):
    """One BERT layer, post-normalised: x [B, T, 384], mask bool [B, T] (True = real token) -> [B, T, 384]."""

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.out, self.up, self.down = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDE), nn.Linear(WIDE, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH, eps=1e-12), nn.LayerNorm(WIDTH, eps=1e-12)
        self.dropout = dropout

    def forward(
        self, x: Tensor, mask: Tensor | None = None, maxima: dict[str, Tensor] | None = None
    ) -> Tensor:
        """`maxima`, where given, collects the largest magnitude per channel into the smoothed matrices."""
        batch, length, _ = x.shape

        def split(y: Tensor) -> Tensor:
            return y.view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2)

        chance = self.dropout if self.training else 0.0
        keep = None if mask is None else mask[:, None, None, :]
        mixed = functional.scaled_dot_product_attention(
            split(self.query(x)), split(self.key(x)), split(self.value(x)), attn_mask=keep, dropout_p=chance
        )
        mixed = self.out(mixed.transpose(1, 2).reshape(batch, length, WIDTH))
        middle: Tensor = self.norm1(x + functional.dropout(mixed, chance, self.training))
        inner = self.down(functional.gelu(self.up(middle)))
        if maxima is not None:
            for name, value in (("qkv", x), ("up", middle)):
                peak = value.detach().abs().amax(dim=(0, 1))
                maxima[name] = torch.maximum(maxima[name], peak) if name in maxima else peak
        result: Tensor = self.norm2(middle + functional.dropout(inner, chance, self.training))
        return result


#: Attribute of `Layer` -> name of the same part upstream.
PARTS = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "out": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "norm2": "output.LayerNorm",
}


def load_layer(weights: Mapping[str, Floats], source: str) -> Layer:
    """A layer with upstream weights, e.g. `source` = `encoder.layer.3`."""
    layer = Layer()
    state = {
        f"{part}.{kind}": torch.from_numpy(np.array(weights[f"{source}.{name}.{kind}"]))
        for part, name in PARTS.items()
        for kind in ("weight", "bias")
    }
    layer.load_state_dict(state)
    return layer


def layer_weights(layer: Layer, source: str) -> dict[str, Floats]:
    """The inverse of `load_layer`: upstream names -> float32 arrays."""
    return {
        f"{source}.{name}.{kind}": getattr(getattr(layer, part), kind).detach().float().numpy()
        for part, name in PARTS.items()
        for kind in ("weight", "bias")
    }
