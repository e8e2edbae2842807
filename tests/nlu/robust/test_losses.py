"""Losses of robust training against plain loops over their formulas."""

import math

import pytest
import torch
from torch import Tensor

from nlu.robust import losses

T = 0.2


def unit(vector: Tensor) -> Tensor:
    return vector / vector.norm()


def sample(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def masks(lengths: list[int], size: int) -> Tensor:
    return torch.tensor([[place < length for place in range(size)] for length in lengths])


def log_share(own: float, all_of_them: list[float], temperature: float) -> float:
    return math.log(math.exp(own / temperature) / sum(math.exp(score / temperature) for score in all_of_them))


def test_info_nce_is_equation_1() -> None:
    heard, clean = sample(5, 7), sample(5, 7, seed=1)
    dots = [[float(unit(c) @ unit(a)) for a in heard] for c in clean]
    a2o = -sum(log_share(dots[i][i], dots[i], T) for i in range(5)) / 5
    o2a = -sum(log_share(dots[i][i], [dots[j][i] for j in range(5)], T) for i in range(5)) / 5
    assert float(losses.info_nce(heard, clean)) == pytest.approx((a2o + o2a) / 2)
    assert float(losses.info_nce(heard[:1], clean[:1])) == 0


def late(left: Tensor, left_length: int, right: Tensor, right_length: int) -> float:
    best = [max(float(unit(left[k]) @ unit(right[r])) for r in range(right_length)) for k in range(left_length)]
    return sum(best) / left_length


def test_late_interaction_is_equations_2_to_4() -> None:
    heard, clean = sample(3, 4, 6), sample(3, 5, 6, seed=1)
    n1, n2 = [4, 1, 3], [2, 5, 4]
    s_a = [[late(heard[i], n1[i], clean[j], n2[j]) for j in range(3)] for i in range(3)]
    s_o = [[late(clean[j], n2[j], heard[i], n1[i]) for j in range(3)] for i in range(3)]
    expected = -sum(
        log_share(s_a[i][i], s_a[i], T) + log_share(s_o[i][i], [s_o[j][i] for j in range(3)], T) for i in range(3)
    ) / (2 * 3)
    found = losses.late_interaction(heard, masks(n1, 4), clean, masks(n2, 5))
    assert float(found) == pytest.approx(expected)


def test_padding_and_specials_do_not_count() -> None:
    heard, clean = sample(3, 4, 6), sample(3, 5, 6, seed=1)
    mask1, mask2 = masks([4, 1, 3], 4), masks([2, 5, 4], 5)
    mask1[0, 0] = False  # a special token in front
    before = losses.late_interaction(heard, mask1, clean, mask2)
    heard[~mask1], clean[~mask2] = 1e4, -1e4
    assert float(losses.late_interaction(heard, mask1, clean, mask2)) == pytest.approx(float(before))


@pytest.mark.parametrize("fine", [False, True])
def test_the_listing_has_negatives_of_both_sides(fine: bool) -> None:
    count, t = 4, losses.LISTING_TEMPERATURE
    if fine:
        lengths = [3, 2, 4, 1, 2, 4, 3, 3]
        tokens = sample(8, 4, 6)
        near = [[late(tokens[i], lengths[i], tokens[j], lengths[j]) for j in range(8)] for i in range(8)]
        mask = masks(lengths, 4)
        found = losses.nt_xent_fine(tokens[:4], mask[:4], tokens[4:], mask[4:])
    else:
        vectors = sample(8, 6)
        near = [[float(unit(a) @ unit(b)) for b in vectors] for a in vectors]
        found = losses.nt_xent_global(vectors[:4], vectors[4:])
    total = 0.0
    for i in range(2 * count):
        others = [near[i][k] for k in range(2 * count) if k != i]
        total -= log_share(near[i][(i + count) % (2 * count)], others, t)
    assert float(found) == pytest.approx(total / (2 * count))


@pytest.mark.parametrize("normalised", [True, False])
@pytest.mark.parametrize("soft", [True, False])
def test_supervised_contrast(normalised: bool, soft: bool) -> None:
    z, labels = sample(6, 5), torch.tensor([0, 1, 0, 2, 1, 0])
    posteriors = sample(6, 3, seed=2).softmax(1)
    total = 0.0
    for i in range(6):
        others = [float(unit(z[i]) @ unit(z[k])) for k in range(6) if k != i]
        inner, weights = 0.0, 0.0
        for j in range(6):
            if j != i:
                weight = float(posteriors[i] @ posteriors[j]) if soft else float(labels[i] == labels[j])
                inner += weight * log_share(float(unit(z[i]) @ unit(z[j])), others, T)
                weights += weight
        total -= (inner / weights if weights else 0.0) if normalised else inner
    if soft:
        found = losses.soft_contrast(z, posteriors, normalised=normalised)
    else:
        found = losses.hard_contrast(z, labels, normalised=normalised)
    assert float(found) == pytest.approx(total / 6)


def test_distillation_is_a_softened_divergence() -> None:
    before, logits, t = sample(4, 3), sample(4, 3, seed=1), 5.0
    p, q = (before / t).softmax(1), (logits / t).softmax(1)
    expected = float((p * (p / q).log()).sum() / 4) * t * t
    assert float(losses.distillation(before.softmax(1), logits, t)) == pytest.approx(expected)
    hard = torch.eye(3, dtype=torch.float64)[[0, 2, 1, 1]]
    expected = -float(q.log()[range(4), [0, 2, 1, 1]].mean()) * t * t
    assert float(losses.distillation(hard, logits, t)) == pytest.approx(expected)


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize("one_class", [True, False])
def test_gradients_are_finite(size: int, one_class: bool) -> None:
    tokens = sample(size, 3, 4).float().requires_grad_()
    other = sample(size, 3, 4, seed=1).float().requires_grad_()
    labels = torch.zeros(size, dtype=torch.int64) if one_class else torch.arange(size)
    posteriors = torch.eye(5)[labels]
    mask = masks([1 + row % 3 for row in range(size)], 3)
    total = (
        losses.info_nce(tokens[:, 0], other[:, 0])
        + losses.late_interaction(tokens, mask, other, mask)
        + losses.nt_xent_global(tokens[:, 0], other[:, 0])
        + losses.nt_xent_fine(tokens, mask, other, mask)
        + losses.distillation(posteriors, tokens.mean(1) @ torch.ones(4, 5), 5.0)
    )
    for normalised in (True, False):
        total = total + losses.hard_contrast(tokens[:, 0], labels, normalised=normalised)
        total = total + losses.soft_contrast(tokens[:, 0], posteriors, normalised=normalised)
    total.backward()
    assert math.isfinite(float(total.detach()))
    for value in (tokens, other):
        assert value.grad is not None and bool(value.grad.isfinite().all())


def test_no_positive_no_contrast() -> None:
    assert float(losses.hard_contrast(sample(4, 3), torch.arange(4))) == 0
    assert float(losses.hard_contrast(sample(1, 3), torch.arange(1))) == 0
