"""Linear-chain conditional random field over BIO tags (Lafferty, McCallum and Pereira 2001)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nlu.joint.viterbi import FORBIDDEN, forbidden


class LinearChainCrf(nn.Module):
    """Scores [B, W, G] of words' tags, lengths by mask bool [B, W] (real words first).

    Transitions that BIO forbids score `FORBIDDEN` and are not learned. A row without words has log probability 0.
    """

    pairs: Tensor
    first: Tensor

    def __init__(self, tags: int) -> None:
        super().__init__()
        pairs, first = forbidden(tags)
        self.register_buffer("pairs", torch.from_numpy(pairs), persistent=False)
        self.register_buffer("first", torch.from_numpy(first), persistent=False)
        self.transitions = nn.Parameter(torch.zeros(tags, tags))
        self.start = nn.Parameter(torch.zeros(tags))
        self.end = nn.Parameter(torch.zeros(tags))

    def allowed(self) -> tuple[Tensor, Tensor]:
        """Transition scores [G, G] and start scores [G] with BIO's constraints."""
        pairs = self.transitions.masked_fill(self.pairs, FORBIDDEN)
        return pairs, self.start.masked_fill(self.first, FORBIDDEN)

    def log_partition(self, scores: Tensor, mask: Tensor) -> Tensor:
        """Log of the sum over all tag sequences [B] (forward algorithm).

        A step is one matrix product in the space of probabilities, each row scaled by its largest term; terms more
        than e^87 below it are lost.
        """
        transitions, start = self.allowed()
        powers = transitions.exp()
        total = start + scores[:, 0]
        for step in range(1, scores.shape[1]):
            peak = total.amax(1, keepdim=True)
            summed = ((total - peak).exp() @ powers).clamp_min(1e-38).log() + peak + scores[:, step]
            total = torch.where(mask[:, step, None], summed, total)
        return torch.where(mask[:, 0], torch.logsumexp(total + self.end, 1), torch.zeros_like(total[:, 0]))

    def path_score(self, scores: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """Score [B] of tag sequences [B, W]; what stands behind the mask does not count."""
        transitions, start = self.allowed()
        safe = tags.clamp_min(0)
        emitted = (scores.gather(2, safe[:, :, None])[:, :, 0] * mask).sum(1)
        moved = (transitions[safe[:, :-1], safe[:, 1:]] * mask[:, 1:]).sum(1)
        last = safe.gather(1, (mask.sum(1) - 1).clamp_min(0)[:, None])[:, 0]
        return emitted + moved + (start[safe[:, 0]] + self.end[last]) * mask[:, 0]

    def forward(self, scores: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """Negative log-likelihood [B] of the tag sequences."""
        return self.log_partition(scores, mask) - self.path_score(scores, tags, mask)

    @torch.no_grad()
    def decode(self, scores: Tensor, mask: Tensor) -> list[list[int]]:
        """The best tag sequence of each row (Viterbi), as long as the row has words."""
        transitions, start = self.allowed()
        lengths = mask.sum(1)
        total = start + scores[:, 0]
        back: list[Tensor] = []
        for step in range(1, scores.shape[1]):
            reach, origin = (total[:, :, None] + transitions).max(1)
            keep = mask[:, step, None]
            same = torch.arange(scores.shape[2], device=scores.device).expand_as(origin)
            back.append(torch.where(keep, origin, same))
            total = torch.where(keep, reach + scores[:, step], total)
        paths = [(total + self.end).argmax(1)]
        for origin in reversed(back):
            paths.append(origin.gather(1, paths[-1][:, None])[:, 0])
        # A step behind the mask points at itself: the path's first `length` tags are the row's own.
        stacked = torch.stack(paths[::-1], 1).tolist()
        return [path[:length] for path, length in zip(stacked, lengths.tolist(), strict=True)]
