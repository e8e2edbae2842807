"""The encoder in torch agrees with the served one; padding and neighbours change nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nlu.backbone import CLS, SEP, Backbone, autocast, length_batches, mean_max, pad
from nlu.encoder import Encoder
from nlu.runtime import ENCODER_FOLDER, MODELS

TEXTS = ["wake me up at seven tomorrow", "hi", "", "play unbelievably loud electronic music in the kitchen"]


@pytest.mark.parametrize("frozen", [3, 0])
def test_states_agree_with_the_served_encoder(frozen: int) -> None:
    """The mean of the torch states is the served sentence vector, up to quantisation."""
    backbone = Backbone(frozen).eval()
    x, mask = pad(backbone.states(TEXTS))
    with torch.no_grad():
        states = backbone(x, mask)
    mean = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
    ours = torch.nn.functional.normalize(mean).numpy()
    served = np.stack([item.vector for item in Encoder(MODELS / ENCODER_FOLDER).encode(TEXTS)])
    assert (ours * served).sum(1).min() > 0.98


def test_tokens_carry_words_and_offsets() -> None:
    """One row a word, offsets in characters, special tokens around."""
    tokens = Backbone(3).tokenise(TEXTS)[3]
    assert tokens.ids[0] == CLS
    assert tokens.ids[-1] == SEP
    spans = zip(tokens.words.starts, tokens.words.ends, strict=True)
    assert [TEXTS[3][start:end] for start, end in spans] == TEXTS[3].split()


def test_pooling_sees_real_tokens_only() -> None:
    """Padding does not leak into mean or maximum, and a text without a token still has a vector."""
    backbone = Backbone(3).eval()
    states = backbone.states(TEXTS)
    with torch.no_grad():
        x, mask = pad(states)
        together = mean_max(backbone(x, mask), mask)
        for row, state in enumerate(states):
            x, mask = pad([state])
            alone = mean_max(backbone(x, mask), mask)
            assert torch.allclose(alone[0], together[row], atol=1e-4)
    assert together.isfinite().all()


def test_only_the_upper_layers_train() -> None:
    """Three layers of 1.77 M parameters; six with the embeddings fixed."""
    assert sum(p.numel() for p in Backbone(3).parameters() if p.requires_grad) == 5_323_392
    assert sum(p.numel() for p in Backbone(0).parameters() if p.requires_grad) == 10_646_784
    with pytest.raises(ValueError, match="frozen must be 0 or 3"):
        Backbone(2)


def test_batches_cover_everything_once() -> None:
    """Every index once; the same generator state gives the same order."""
    lengths = [length % 17 + 2 for length in range(500)]
    first = list(length_batches(lengths, 32, np.random.default_rng(4)))
    assert sorted(np.concatenate(first).tolist()) == list(range(500))
    again = list(length_batches(lengths, 32, np.random.default_rng(4)))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))


def test_autocast_is_bf16() -> None:
    """What makes training on a processor bearable."""
    with autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.bfloat16
