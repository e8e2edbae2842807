"""One learned layer of a policy on the light runtime: a graph, the skills' embeddings, and what is done with scores."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from policies.bounds import Bounds
from policies.errors import PolicyError
from policies.ring import ring

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Kind = Literal["network", "residual", "ring"]


@dataclass(frozen=True)
class Decisions:
    """N decisions on K candidates as a layer sees them.

    text [N, D], context [N, C], numeric [N, K, F]. skill [N, K] and last [N]: places in `names`, just behind them for
    none. names: skills; vectors: of their texts [len(names), D]. mask, open [N, K]; domains: a name for each decision.
    intents: of each decision's candidates, None where they are not known.
    """

    text: Floats
    context: Floats
    numeric: Floats
    skill: NDArray[np.integer[Any]]
    last: NDArray[np.integer[Any]]
    names: tuple[str, ...]
    vectors: Floats
    mask: NDArray[np.bool_]
    open: NDArray[np.bool_]
    domains: Sequence[str]
    intents: Sequence[Sequence[str]] | None = None


@dataclass(frozen=True)
class Layer:
    """A layer; what lies below it is the policy that it changes.

    kind: "network" (a softmax of its own), "residual" (scores added to the log of what lies below) or "ring" (scores
    are estimated rewards; the best policy inside `bounds` around what lies below is taken, see `policies.ring`).
    graph: see `policies.export`. table [S, W]: embeddings of `skills`; others get their text vector times `projection`
    [D, W]. size: D. calibration: slope and offset of the score of a reward; spread: how many deviations between members
    a move must clear.
    """

    kind: Kind
    graph: bytes = field(repr=False)
    table: Floats = field(repr=False)
    projection: Floats = field(repr=False)
    skills: tuple[str, ...] = field(repr=False)
    size: int
    bounds: Mapping[str, Any] | None = None
    calibration: tuple[float, float] = (1.0, 0.0)
    spread: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise PolicyError(f"a layer of kind {self.kind!r} is unknown")
        width = self.table.shape[-1]
        if self.table.shape != (len(self.skills), width) or self.projection.shape != (self.size, width):
            raise PolicyError(f"embeddings of {len(self.skills)} skills do not fit: {self.table.shape}, {self.size}")
        if not (np.isfinite(self.table).all() and np.isfinite(self.projection).all()):
            raise PolicyError("embeddings are not finite")
        if self.kind == "ring" and self.bounds is None:
            raise PolicyError("a ring has no bounds")

    @cached_property
    def limits(self) -> Bounds:
        """Bounds of a ring."""
        return Bounds.parse(self.bounds, "bounds")

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.skills)}

    @cached_property
    def session(self) -> Any:
        """The graph, opened. Raises `PolicyError`."""
        # Read once when the runtime is loaded: without it the runtime keeps a device id and reports its use.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime  # type: ignore[import-untyped, unused-ignore]
        from onnxruntime.capi import onnxruntime_pybind11_state as state  # type: ignore[import-untyped, unused-ignore]

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_mem_pattern = False  # shapes change from run to run
        options.log_severity_level = 4
        try:
            return onnxruntime.InferenceSession(self.graph, options, providers=["CPUExecutionProvider"])
        except (
            state.InvalidProtobuf,
            state.InvalidGraph,
            state.Fail,
            state.InvalidArgument,
            state.NotImplemented,
        ) as error:
            raise PolicyError(f"the graph cannot be opened: {error}") from error

    def embeddings(self, names: Sequence[str], vectors: Floats) -> Floats:
        """Of the skills [len(names) + 1, W]; the last row stands for none."""
        found = np.zeros((len(names) + 1, self.table.shape[1]), np.float32)
        for row, name in enumerate(names):
            place = self._places.get(name)
            found[row] = vectors[row] @ self.projection if place is None else self.table[place]
        return found

    def scores(self, decisions: Decisions) -> Doubles:
        """Of all members [members, N, K]; without meaning on padding. Raises `PolicyError`."""
        if decisions.text.shape[1] != self.size:
            raise PolicyError(
                f"sentence vectors of length {decisions.text.shape[1]} do not fit a policy for {self.size}"
            )
        table = self.embeddings(decisions.names, decisions.vectors)
        found = self.session.run(
            ["scores"],
            {
                "text": decisions.text,
                "context": decisions.context,
                "last": table[decisions.last],
                "numeric": decisions.numeric,
                "skill": table[decisions.skill],
                "length": decisions.mask.sum(1, dtype=np.int32),
            },
        )[0]
        return np.asarray(found, np.float64)

    def rewards(self, decisions: Decisions) -> tuple[Doubles, Doubles]:
        """Of a ring: estimated rewards [N, K] and how far the members differ [N, K] (standard deviation)."""
        slope, offset = self.calibration
        each = 1.0 / (1.0 + np.exp(-np.clip(slope * self.scores(decisions) + offset, -30.0, 30.0)))
        deviation = each.std(0, ddof=1) if len(each) > 1 else np.zeros_like(each[0])
        return each.mean(0), deviation

    def apply(self, decisions: Decisions, below: Doubles) -> Doubles:
        """Propensities [N, K] of what lies below, changed."""
        if self.kind != "ring":
            return shares(self.scores(decisions)[0], below, decisions.mask, decisions.open, self.kind == "residual")
        q, deviation = self.rewards(decisions)
        ranges = 1.0 - np.array([self.limits.of(name) for name in decisions.domains])
        spread = self.spread * deviation if self.spread else None
        return ring(q, below, decisions.open, decisions.mask, ranges[:, 1], ranges[:, 0], spread)

    def within(self, bounds: Bounds) -> Layer:
        """The same ring with other bounds: its estimated rewards know nothing of them. Raises `PolicyError`."""
        if self.kind != "ring":
            raise PolicyError(f"a layer of kind {self.kind!r} was trained for its bounds")
        return replace(self, bounds=bounds.to_json())


def shares(
    scores: Doubles, below: Doubles, mask: NDArray[np.bool_], open: NDArray[np.bool_], residual: bool
) -> Doubles:
    """Scores to propensities [N, K], as `policies.network.propensities_of` does in training."""
    known = mask & (below > 0) if residual else mask
    logits = np.where(known, scores, -np.inf)
    if residual:
        logits = logits + np.log(np.where(known, below, 1.0))
    found = np.exp(logits - logits.max(1, keepdims=True))
    found /= found.sum(1, keepdims=True)
    usable = open & mask
    if (usable | ~mask).all():
        return np.asarray(found, np.float64)
    kept = np.where(usable, 0.0, np.minimum(found, below))
    free = np.where(usable, found, 0.0)
    total = free.sum(1, keepdims=True)
    spread = free * ((1.0 - kept.sum(1, keepdims=True)) / np.maximum(total, 1e-12))
    return np.asarray(np.where(total > 1e-12, kept + spread, below), np.float64)
