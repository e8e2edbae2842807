"""The CRF against enumeration of all tag sequences."""

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from nlu.joint.crf import LinearChainCrf
from nlu.joint.viterbi import forbidden, viterbi


@pytest.fixture
def crf() -> LinearChainCrf:
    torch.manual_seed(3)
    made = LinearChainCrf(5)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter)
    return made


def allowed_paths(tags: int, length: int) -> list[tuple[int, ...]]:
    pairs, first = forbidden(tags)
    return [
        path
        for path in itertools.product(range(tags), repeat=length)
        if not first[path[0]] and not any(pairs[a, b] for a, b in itertools.pairwise(path))
    ]


def score(crf: LinearChainCrf, scores: Tensor, path: tuple[int, ...]) -> float:
    total = crf.start[path[0]] + crf.end[path[-1]] + sum(scores[i, tag] for i, tag in enumerate(path))
    return float(total + sum(crf.transitions[a, b] for a, b in itertools.pairwise(path)))


def test_what_bio_forbids() -> None:
    pairs, first = forbidden(5)
    assert first.tolist() == [False, False, True, False, True]
    assert pairs[:, 2].tolist() == [True, False, False, True, True]  # I-0 only after B-0 and I-0
    assert not pairs[:, [0, 1, 3]].any()


@torch.no_grad()
def test_partition_likelihood_and_best_path_by_enumeration(crf: LinearChainCrf) -> None:
    lengths = [4, 2, 1, 3]
    scores = torch.randn(4, 4, 5) * 2
    mask = torch.arange(4)[None] < torch.tensor(lengths)[:, None]
    found = crf.log_partition(scores, mask)
    decoded = crf.decode(scores, mask)
    gold = torch.full((4, 4), -1)
    for row, length in enumerate(lengths):
        paths = allowed_paths(5, length)
        each = torch.tensor([score(crf, scores[row], path) for path in paths])
        assert float(found[row]) == pytest.approx(float(torch.logsumexp(each, 0)), abs=1e-4)
        best = paths[int(each.argmax())]
        assert decoded[row] == list(best)
        arrays = [value.detach().numpy() for value in (scores[row, :length], crf.transitions, crf.start, crf.end)]
        assert viterbi(*arrays).tolist() == list(best)
        gold[row, :length] = torch.tensor(paths[row])
    loss = crf(scores, gold, mask)
    for row, length in enumerate(lengths):
        path = tuple(gold[row, :length].tolist())
        assert float(loss[row]) == pytest.approx(float(found[row]) - score(crf, scores[row], path), abs=1e-4)


def test_a_row_does_not_depend_on_its_neighbours(crf: LinearChainCrf) -> None:
    scores = torch.randn(1, 3, 5)
    padded = torch.cat([torch.cat([scores, torch.randn(1, 4, 5) * 50], 1), torch.randn(1, 7, 5)])
    mask = torch.arange(7)[None] < torch.tensor([3, 7])[:, None]
    alone = crf.log_partition(scores, torch.ones(1, 3, dtype=torch.bool))
    assert torch.allclose(crf.log_partition(padded, mask)[:1], alone, atol=1e-5)
    assert crf.decode(padded, mask)[0] == crf.decode(scores, torch.ones(1, 3, dtype=torch.bool))[0]


def test_rows_without_words_cost_nothing(crf: LinearChainCrf) -> None:
    mask = torch.tensor([[False], [True]])
    scores = torch.randn(2, 1, 5)
    assert float(crf(scores, torch.zeros(2, 1, dtype=torch.long), mask)[0].detach()) == 0
    assert crf.decode(scores, mask)[0] == []
    assert viterbi(np.zeros((0, 5), np.float32), *(np.zeros(s, np.float32) for s in ((5, 5), 5, 5))).shape == (0,)


def test_extreme_scores_leave_gradients_finite(crf: LinearChainCrf) -> None:
    scores = (torch.randn(3, 6, 5) * 300).requires_grad_()
    mask = torch.ones(3, 6, dtype=torch.bool)
    loss = crf(scores, torch.zeros(3, 6, dtype=torch.long), mask).sum()
    torch.autograd.backward(loss)
    assert scores.grad is not None and bool(torch.isfinite(scores.grad).all())
    assert all(p.grad is not None and bool(torch.isfinite(p.grad).all()) for p in crf.parameters())


def test_learning_makes_the_gold_path_the_best() -> None:
    torch.manual_seed(0)
    crf, scores = LinearChainCrf(5), torch.zeros(1, 4, 5, requires_grad=True)
    gold, mask = torch.tensor([[0, 3, 4, 1]]), torch.ones(1, 4, dtype=torch.bool)
    optimiser = torch.optim.Adam([scores, *crf.parameters()], 0.2)
    first = float(crf(scores, gold, mask).detach())
    for _ in range(30):
        optimiser.zero_grad()
        torch.autograd.backward(crf(scores, gold, mask).sum())
        optimiser.step()
    assert float(crf(scores, gold, mask).detach()) < first / 10
    assert crf.decode(scores, mask) == gold.tolist()
