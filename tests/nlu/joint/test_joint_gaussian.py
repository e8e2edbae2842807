"""Entity losses against the formulas, written out pair by pair."""

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence

from nlu.joint.gaussian import (
    GaussianHead,
    divergence,
    entity_loss,
    pair_masks,
    supervised_contrast,
)


@pytest.fixture
def tokens() -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    return torch.randn(6, 4), torch.rand(6, 4) + 0.2, torch.tensor([0, 0, 1, 1, 2, -1])


def test_divergence_is_the_mean_of_both_kl_directions(tokens: tuple[Tensor, Tensor, Tensor]) -> None:
    mean, variance, _ = tokens
    found = divergence(mean, variance, mean[:4], variance[:4])
    for p in range(6):
        for q in range(4):
            one, other = (Independent(Normal(mean[i], variance[i].sqrt()), 1) for i in (p, q))
            expected = (kl_divergence(one, other) + kl_divergence(other, one)) / 2
            assert float(found[p, q]) == pytest.approx(float(expected), abs=1e-4)


def by_hand(distances: Tensor, labels: Tensor, weights: Tensor | None = None, views: Tensor | None = None) -> float:
    losses = []
    for p in range(len(labels)):
        others = [q for q in range(len(labels)) if q != p and (views is None or views[p] != views[q])]
        mates = [q for q in others if labels[q] == labels[p] and labels[p] >= 0]
        if mates:
            near = sum(math.exp(-float(distances[p, q])) for q in mates) / len(mates)
            every = sum(math.exp(-float(distances[p, q])) for q in others)
            losses.append(-math.log(near / every) * (1 if weights is None else float(weights[p])))
    return sum(losses) / len(losses)


def test_entity_loss_is_equation_2(tokens: tuple[Tensor, Tensor, Tensor]) -> None:
    mean, variance, labels = tokens
    distances = divergence(mean, variance, mean, variance)
    assert float(entity_loss(distances, labels)) == pytest.approx(by_hand(distances, labels), rel=1e-4)
    weights = torch.tensor([0.5, 0.5, 0.1, 0.1, 1.0, 1.0])
    assert float(entity_loss(distances, labels, weights)) == pytest.approx(
        by_hand(distances, labels, weights), rel=1e-4
    )
    views = torch.tensor([0, 1, 0, 1, 0, 1])
    assert float(entity_loss(distances, labels, views=views)) == pytest.approx(
        by_hand(distances, labels, views=views), rel=1e-4
    )


def test_large_distances_do_not_overflow() -> None:
    distances = torch.full((4, 4), 900.0, requires_grad=True)
    loss = entity_loss(distances, torch.tensor([0, 0, 1, 1]))
    torch.autograd.backward(loss)
    assert float(loss.detach()) == pytest.approx(math.log(3), abs=1e-3)
    assert distances.grad is not None and bool(torch.isfinite(distances.grad).all())


def test_nothing_to_contrast_is_zero_with_gradients() -> None:
    distances = torch.ones(3, 3, requires_grad=True)
    for labels in (torch.tensor([0, 1, 2]), torch.tensor([-1, -1, 0])):
        loss = entity_loss(distances, labels)
        torch.autograd.backward(loss)
        assert float(loss.detach()) == 0
    vectors = torch.ones(2, 3, requires_grad=True)
    assert float(supervised_contrast(vectors, torch.tensor([0, 1])).detach()) == 0


def test_outside_words_repel_but_never_attract() -> None:
    mates, others = pair_masks(torch.tensor([0, 0, -1, -1]))
    assert mates.tolist()[2:] == [[False] * 4] * 2
    assert others[0].tolist() == [False, True, True, True]


def test_supervised_contrast_is_khosla(tokens: tuple[Tensor, Tensor, Tensor]) -> None:
    vectors, _, labels = tokens
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    losses = []
    for p in range(6):
        mates = [q for q in range(6) if q != p and labels[q] == labels[p] and labels[p] >= 0]
        total = sum(math.exp(float(unit[p] @ unit[q]) / 0.1) for q in range(6) if q != p)
        if mates:
            losses.append(-sum(math.log(math.exp(float(unit[p] @ unit[q]) / 0.1) / total) for q in mates) / len(mates))
    assert float(supervised_contrast(vectors, labels)) == pytest.approx(sum(losses) / len(losses), rel=1e-4)


def test_variances_are_positive() -> None:
    torch.manual_seed(0)
    head = GaussianHead(8)
    mean, variance = head(torch.randn(50, 8) * 200)
    assert mean.shape == variance.shape == (50, 128)
    assert float(variance.detach().min()) > 0


def test_minimising_pulls_labels_together() -> None:
    torch.manual_seed(0)
    mean = torch.randn(8, 4, requires_grad=True)
    labels, variance = torch.tensor([0, 1] * 4), torch.ones(8, 4)
    optimiser = torch.optim.Adam([mean], 0.1)
    for _ in range(60):
        optimiser.zero_grad()
        torch.autograd.backward(entity_loss(divergence(mean, variance, mean, variance), labels))
        optimiser.step()
    distances = divergence(mean, variance, mean, variance).detach()
    mates, others = pair_masks(labels)
    nearest = torch.where(others, distances, torch.inf).argmin(1, keepdim=True)
    assert bool(mates.gather(1, nearest).all())
    assert float(distances[mates].mean()) < float(distances[others & ~mates].mean()) / 3
