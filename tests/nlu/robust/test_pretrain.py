"""Stage 1 on a tiny backbone: every variant, its budget, its determinism, and what it does not touch."""

import math

import numpy as np
import pytest
import torch

from nlu.backbone import CLS, MASK, SEP
from nlu.robust.parallel import Pairs
from nlu.robust.pretrain import VARIANTS, Budget, MaskedHead, pretrain
from nlu.robust.states import NO_LABEL, Masked, States, mask
from tests.nlu.robust.tiny import SIZE, TinyBackbone, pairs

BUDGET = Budget(steps=4, batch=8, rate=1e-2)


@pytest.fixture(autouse=True)
def small_vocabulary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlu.robust.states.mask", lambda ids, rng: mask(ids, rng, SIZE))


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_every_variant_takes_exactly_its_steps(name: str) -> None:
    backbone = TinyBackbone()
    before = backbone.layers[0].weight.detach().clone()
    losses = pretrain(backbone, pairs(20, 0), VARIANTS[name], BUDGET, seed=0)  # type: ignore[arg-type]
    assert len(losses) == BUDGET.steps and all(map(math.isfinite, losses))
    assert not torch.equal(before, backbone.layers[0].weight)
    assert not backbone.training


def test_the_same_seed_gives_the_same_weights() -> None:
    weights = []
    for seed in (0, 0, 1):
        torch.manual_seed(99 + len(weights))  # what came before does not matter
        backbone = TinyBackbone()
        pretrain(backbone, pairs(20, 0), VARIANTS["both+da"], BUDGET, seed)  # type: ignore[arg-type]
        weights.append(backbone.layers[0].weight.detach().clone())
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_contrast_brings_the_sides_of_a_pair_together() -> None:
    backbone, data = TinyBackbone(), pairs(64, 0)
    losses = pretrain(backbone, data, VARIANTS["both"], Budget(60, 16, 1e-2), seed=0)  # type: ignore[arg-type]
    assert np.mean(losses[-10:]) < np.mean(losses[:10])


def test_no_pairs_is_an_error() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        pretrain(TinyBackbone(), Pairs((), (), (), (), ()), VARIANTS["mlm"], BUDGET, seed=0)  # type: ignore[arg-type]


def test_one_empty_transcript_is_no_error() -> None:
    data = Pairs(("show me a flight",), ("",), ("",), ("flight",), ("a",))
    losses = pretrain(TinyBackbone(), data, VARIANTS["both+da"], BUDGET, seed=0)  # type: ignore[arg-type]
    assert all(map(math.isfinite, losses))


def test_masking_leaves_specials_and_masks_a_share() -> None:
    ids = np.array([CLS, *range(1000, 1400), SEP])
    changed, labels = mask(ids, np.random.default_rng(0))
    chosen = labels != NO_LABEL
    assert chosen.sum() == 60 and not chosen[0] and not chosen[-1]
    assert (labels[chosen] == ids[chosen]).all() and (changed[~chosen] == ids[~chosen]).all()
    kinds = [(changed[chosen] == MASK).mean(), (changed[chosen] == ids[chosen]).mean()]
    assert kinds == pytest.approx([0.8, 0.1], abs=0.12)
    empty, none = mask(np.array([CLS, SEP]), np.random.default_rng(0))
    assert empty.tolist() == [CLS, SEP] and (none == NO_LABEL).all()


def test_masked_variants_are_few_and_computed_once() -> None:
    backbone = TinyBackbone()
    masked = Masked(backbone, ["a b c d e f g"], seed=0)  # type: ignore[arg-type]
    found = [masked.of([0], [visit])[1][0].tolist() for visit in range(8)]
    assert found[:4] == found[4:] and backbone.computed == 4


def test_states_are_computed_once_a_text() -> None:
    backbone = TinyBackbone()
    states = States(backbone)  # type: ignore[arg-type]
    first = states.of(["a b", "c", "a b"])
    assert states.of(["c"])[0] is first[1] and backbone.computed == 2


def test_nothing_masked_costs_nothing() -> None:
    head = MaskedHead(torch.randn(50, 8))
    states = torch.randn(2, 3, 8, requires_grad=True)
    loss = head(states, torch.full((2, 3), NO_LABEL))
    loss.backward()
    assert float(loss.detach()) == 0 and states.grad is not None
