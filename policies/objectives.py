"""What a policy is trained to maximise, estimated from logged decisions; losses, so smaller is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor

from policies.batches import Batch
from policies.errors import PolicyError

Kind = Literal["ips", "snips", "clipped", "dr", "lcb"]
OBJECTIVES: tuple[str, ...] = get_args(Kind)


@dataclass(frozen=True)
class Objective:
    """An off-policy loss of propensities.

    kind: ips (MetaGrad eq. 3), snips (weights normalised to a mean of one), clipped (weights at most `clip`), dr
    (doubly robust: needs an estimated reward; weights at most `clip`), lcb (counterfactual risk minimisation: clipped
    weights, and the mean less `pessimism` standard errors of the batch). baseline: control variate, taken from every
    reward; it changes no expectation but that of the clipped ones, and much of the variance. Raises `PolicyError`.
    """

    kind: Kind = "ips"
    clip: float = 10.0
    pessimism: float = 1.0
    baseline: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in OBJECTIVES:
            raise PolicyError(f"objective {self.kind!r} is none of {', '.join(OBJECTIVES)}")
        if self.clip <= 0 or self.pessimism < 0:
            raise PolicyError(f"clip {self.clip} must be positive, pessimism {self.pessimism} not negative")

    def terms(self, propensities: Tensor, batch: Batch) -> Tensor:
        """What each decision adds to the value [B]; their mean is the estimate, less the baseline."""
        weight = batch.chosen(propensities) / batch.logged
        if self.kind in ("clipped", "dr", "lcb"):
            weight = weight.clamp(max=self.clip)
        if self.kind == "dr":
            if batch.q is None:
                raise PolicyError("the doubly robust objective needs an estimated reward")
            return (propensities * batch.q).sum(1) + weight * (batch.reward - batch.chosen(batch.q))
        if self.kind == "snips":
            weight = weight / weight.mean()
        return weight * (batch.reward - self.baseline)

    def loss(self, propensities: Tensor, batch: Batch) -> Tensor:
        """The loss of a batch, a scalar."""
        terms = self.terms(propensities, batch)
        value = terms.mean()
        if self.kind == "lcb":
            error = ((terms - value).square().mean() + 1e-12).sqrt() / len(batch) ** 0.5
            found: Tensor = self.pessimism * error - value
            return found
        return -value
