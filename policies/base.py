"""What lies below all learned layers: the softmax formula, or a log's own propensities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from policies.blocks import blocks, zeros
from policies.dataset import Dataset
from policies.errors import PolicyError
from policies.request import FEATURES, Option, Request
from policies.softmax import NEGLIGIBLE, softmax_policy

Doubles = NDArray[np.float64]

#: Skills that help out; they are never explored.
HELPERS = frozenset({"fallback", "unsupported"})


class Base(Protocol):
    """A policy that needs no learning."""

    def propensities(self, request: Request) -> list[float]:
        """Of one request, in the order of its options."""
        ...

    def propensities_of(self, dataset: Dataset) -> Doubles:
        """Of logged decisions [N, K], zero on padding."""
        ...

    def to_json(self) -> dict[str, Any]:
        """What `parse` reads."""
        ...


@dataclass(frozen=True)
class SoftmaxBase:
    """The softmax over probability times prior (`policies.softmax`). A candidate that forces itself (an active form)
    counts as certain. default, by_domain: share of exploration, by the domain of the best candidate. floor: candidates
    below this probability are not explored, nor are those with effects, nor helpers.
    """

    temperature: float = 0.1
    default: float = 0.0
    by_domain: Mapping[str, float] = field(default_factory=dict)
    floor: float = 0.05

    def propensities(self, request: Request) -> list[float]:
        """Of one request, in the order of its options."""
        options = request.options
        scores = [_score(option) for option in options]
        best = options[max(range(len(scores)), key=lambda index: scores[index])]
        return softmax_policy(
            scores,
            [not option.costly for option in options],
            [self._explorable(option) for option in options],
            self.temperature,
            self.by_domain.get(best.domain, self.default),
        )

    def _explorable(self, option: Option) -> bool:
        harmless = option.effects == "none" and option.skill not in HELPERS
        return harmless and option.features.get("probability", 0.0) >= self.floor

    def propensities_of(self, dataset: Dataset) -> Doubles:
        """Of logged decisions [N, K]. The log says which candidates are costly, but not which effects are reversible:
        those count as free of effects here, which matters to the exploration share alone."""
        found = zeros(dataset.skill.shape, np.float64, dataset.logged)
        for part in blocks(len(dataset)):
            found[part] = self._said(dataset.take(part))
        return found

    def _said(self, dataset: Dataset) -> Doubles:
        """The same for a block."""
        numeric, mask = np.asarray(dataset.numeric, np.float64), dataset.mask
        column = {name: numeric[:, :, place] for place, name in enumerate(FEATURES)}
        score = np.where(column["form"] > 0, 1.0, np.maximum(column["probability"], 0.0) * column["prior"])
        score = np.where(mask, score, -1.0)
        logits = np.log(np.maximum(score, 1e-9)) / self.temperature
        places = np.arange(mask.shape[1])
        best = score.argmax(1)[:, None] == places
        ratio = np.exp(np.where(mask, logits, -np.inf) - (logits * best).sum(1, keepdims=True))
        mass = np.where(best | (dataset.open & (ratio >= NEGLIGIBLE)), ratio, 0.0)
        helper = np.isin(dataset.skill, [i for i, name in enumerate(dataset.tables.skills) if name in HELPERS])
        pool = best | (mask & dataset.open & ~helper & (column["probability"] >= self.floor))
        share = np.array([self.by_domain.get(name, self.default) for name in dataset.tables.domains])[dataset.domain]
        spread = pool / pool.sum(1, keepdims=True)
        found: Doubles = (1.0 - share)[:, None] * mass / mass.sum(1, keepdims=True) + share[:, None] * spread
        return found

    def to_json(self) -> dict[str, Any]:
        """What `parse` reads."""
        return {"kind": "softmax", **asdict(self), "by_domain": dict(self.by_domain)}


@dataclass(frozen=True)
class LoggedBase:
    """The propensities of a log, whatever policy they came from: for experiments on data sets. It cannot serve."""

    def propensities(self, request: Request) -> list[float]:
        """Raises `PolicyError`."""
        raise PolicyError("this policy was trained over a log's propensities; train it over a policy to serve it")

    def propensities_of(self, dataset: Dataset) -> Doubles:
        """Those logged [N, K]."""
        return np.asarray(dataset.logged, np.float64)

    def to_json(self) -> dict[str, Any]:
        """What `parse` reads."""
        return {"kind": "logged"}


def parse(value: object) -> Base:
    """The base that `to_json` wrote. Raises `PolicyError`."""
    if isinstance(value, Mapping):
        options = {key: item for key, item in value.items() if key != "kind"}
        kinds: dict[object, type[SoftmaxBase] | type[LoggedBase]] = {"softmax": SoftmaxBase, "logged": LoggedBase}
        if (kind := kinds.get(value.get("kind"))) is not None:
            try:
                return kind(**options)
            except TypeError as error:
                raise PolicyError(f"base: {error}") from error
    raise PolicyError(f"base: {value!r} is neither softmax nor logged")


def _score(option: Option) -> float:
    if "form" in option.features:
        return 1.0
    return max(0.0, option.features.get("probability", 0.0)) * option.features.get("prior", 0.0)
