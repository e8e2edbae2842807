"""A candidate version: trained on one part of the decisions, judged and certified on another that it has never seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from assistant.learning.errors import LearningError
from assistant.learning.extract import Extract
from assistant.learning.split import Split, split
from assistant.learning.wishes import Wishes
from policies.blocks import blocks, for_each, zeros
from policies.bounds import Bounds
from policies.case_layer import CaseLayer
from policies.cases import Case
from policies.certify import Certificate, certify
from policies.dataset import Dataset
from policies.errors import PolicyError
from policies.estimators import Method, Support, difference, estimate, support
from policies.policy import Policy, decisions_of
from policies.replication import TOLERANCE, Violations, replication, summary, violation

if TYPE_CHECKING:
    from policies.rehearsal import Rehearsal
    from policies.rehearsal import Settings as Rehearsing

Doubles = NDArray[np.float64]
_METHODS: tuple[Method, ...] = ("ips", "snips", "dr")
_UNTOUCHED = (1.0, 1.0)
_SAME = 0.95  # replication of a request above which two policies are taken for the same
_OTHERS = 0.05  # share of decisions of other policies that is mentioned
_ROWS = 4096  # decisions at once where networks run
_FEW = 20  # rewards below which nothing is chosen by them
_MOVED = 1e-9  # change of a propensity that counts
_LAYERED = ("ring", "replicate")  # methods that do not train a policy step by step, so that cases are a layer
_CAPS = (10.0, 5.0, 3.0, 2.0, 1.5)  # of importance weights


@dataclass(frozen=True)
class Absorbed:
    """The cases that the policy has as a layer, and what they do to held-out decisions.

    changed: decisions that are decided otherwise for being like a case; outside: those of them that leave their bounds
    by that; pinned: those in domains that are left as they are otherwise.
    """

    ids: tuple[str, ...] = ()
    requests: int = 0
    changed: int = 0
    outside: int = 0
    pinned: int = 0


@dataclass(frozen=True)
class Candidate:
    """A trained policy and what is known of it.

    split: rows. bounds: those that were asked for; kept: domains that it may change, pinned: why others stay as they
    are. values: by estimator, the value with its interval and the gain over the log. before: mean reward of the log.
    history: of the training, as plain values.
    """

    policy: Policy
    split: Split
    bounds: Bounds
    kept: tuple[str, ...]
    pinned: Mapping[str, str]
    violations: Violations
    certificate: Certificate
    cap: float
    values: Mapping[str, Mapping[str, float]]
    support: Support
    before: float
    history: Mapping[str, Any]
    replications: Doubles
    domains: NDArray[np.int32]
    warnings: Sequence[str]
    absorbed: Absorbed = Absorbed()


def make(
    extract: Extract, parent: Policy, bounds: Bounds, wishes: Wishes, cases: Sequence[Case] = (),
    folder: Path | None = None, progress: Callable[[int, int], None] | None = None,
) -> Candidate:  # fmt: skip
    """Train and judge. parent: the policy in force. folder: for checkpoints.

    The candidate takes the active `cases` in, in place of those that the parent has: by rehearsal, or as a layer
    (`policies.case_layer`) where the method has no steps to rehearse in. A request like a case may leave its bounds.
    A domain with too few requests for a certificate is left exactly as it is where the method can do that ("ring").
    Raises `LearningError` and `PolicyError` with the reason why there is no candidate.
    """
    dataset = extract.dataset
    rewards = int(np.count_nonzero(~np.isnan(dataset.reward)))
    if rewards < wishes.least_rewards:
        raise LearningError(f"{rewards} rewards are known; at least {wishes.least_rewards} are needed (--min-rewards)")
    parts = split(extract.session, wishes.seed)
    held = dataset.take(parts.certify)
    kept, pinned = _enough(held, bounds, wishes)
    if wishes.method == "ring":
        if not kept:
            raise LearningError("no domain has enough requests: " + "; ".join(pinned.values()))
        inner = Bounds(_UNTOUCHED, {name: bounds.of(name) for name in kept})
    else:
        kept, pinned, inner = tuple(dataset.tables.domains), {}, bounds
    training, valid = dataset.take(parts.train), dataset.take(parts.valid)
    for name, part in (("to train on", training), ("to choose by", valid), ("to certify with", held)):
        if not np.count_nonzero(~np.isnan(part.reward)):
            raise LearningError(f"none of {len(part)} decisions {name} has a known reward")
    warnings: list[str] = []
    active = [case for case in cases if case.active] if wishes.cases else []
    trained, q_of = _trained(training, valid, inner, wishes, parent.with_cases(None), active,
                             extract.session[parts.train], warnings, folder, progress)  # fmt: skip
    policy, history = trained
    layer = CaseLayer.of(active) if wishes.method in _LAYERED else None
    if wishes.method in _LAYERED:
        blind = [case.id for case in active if layer is None or case.id not in layer.ids]
        warnings += [f"case {name} was not taken in: it has no sentence vector" for name in blind]
    policy = policy.with_cases(layer).with_card({"parent": parent.version})
    proven = Bounds((0.0, 1.0), {name: bounds.of(name) for name in kept}) if wishes.method == "ring" else bounds
    cap, control = _sharpest(_Judged.of(valid, kept, policy, parent, q_of, []), proven, wishes)
    judged = _Judged.of(held, kept, policy, parent, q_of, warnings)
    old, new, q = judged.old, judged.new, judged.q
    certificate = judged.certificate(proven, wishes, cap, control, wishes.least_effective)
    moved = replication(new, old)
    rewarded = ~np.isnan(held.reward)
    known = held.take(rewarded)
    violations = summary(moved, held.domain, held.tables.domains, bounds)
    absorbed = _absorbed(held, policy, parent, moved, judged, bounds, warnings)
    values, thin = _values(known, new[rewarded], q[rewarded]), support(known, new[rewarded])
    return Candidate(
        policy, parts, bounds, kept, pinned, violations, certificate, cap, values, thin, float(np.mean(known.reward)),
        history, moved, np.asarray(held.domain), tuple(warnings), absorbed,
    )  # fmt: skip


@dataclass(frozen=True)
class _Judged:
    """Held-out decisions with both policies and estimated rewards [N, K]; rows: of the domains that may change."""

    data: Dataset
    old: Doubles
    new: Doubles
    q: Doubles
    rows: NDArray[np.bool_]

    @classmethod
    def of(
        cls, data: Dataset, kept: Sequence[str], policy: Policy, parent: Policy,
        q_of: Callable[[Dataset], Doubles], warnings: list[str],
    ) -> _Judged:  # fmt: skip
        below = _below(data, parent)
        rows = np.isin(data.domain, [data.tables.domains.index(name) for name in kept])
        old, new = _says(parent, data, below), _says(policy, data, below)
        others = 1.0 - float(np.mean(replication(old, np.asarray(data.logged, np.float64)) >= _SAME))
        if others > _OTHERS:
            warnings.append(
                f"{others:.0%} of the held-out decisions were drawn by other policies than the one in force: the gain "
                "is over those (--since leaves older turns out)"
            )
        return cls(data, old, new, q_of(data), rows)

    def certificate(
        self, bounds: Bounds, wishes: Wishes, cap: float, control: bool, least_effective: float
    ) -> Certificate:
        """`control`: estimated rewards as a control variate."""
        rows = self.rows
        q = self.q[rows] if control else None
        return certify(
            self.data.take(rows), self.new[rows], bounds, q, wishes.delta, live=self.old[rows],
            tolerated=wishes.tolerated, epsilon=wishes.epsilon, cap=cap, least_effective=least_effective,
            seed=wishes.seed,
        )  # fmt: skip


def _absorbed(
    held: Dataset, policy: Policy, parent: Policy, moved: Doubles, judged: _Judged, bounds: Bounds,
    warnings: list[str],
) -> Absorbed:  # fmt: skip
    """What the layer of cases does to held-out decisions. moved: their replication [N]."""
    if policy.cases is None:
        return Absorbed(requests=len(held))
    without = _says(policy.with_cases(None), held, _below(held, parent))
    changed = np.abs(judged.new - without).max(axis=1) > _MOVED
    low, high = (values[held.domain] for values in bounds.arrays(held.tables.domains))
    before = replication(without, judged.old)
    outside, was = ((violation(share, low, high) > TOLERANCE) for share in (moved, before))
    pinned = changed & ~judged.rows
    if pinned.any():
        warnings.append(
            f"{np.count_nonzero(pinned)} of the held-out decisions in domains that are left as they are are like a "
            "case and change; the certificate does not speak of them"
        )
    return Absorbed(
        policy.cases.ids, len(held), int(np.count_nonzero(changed)),
        int(np.count_nonzero(changed & outside & ~was)), int(np.count_nonzero(pinned)),
    )  # fmt: skip


def _sharpest(valid: _Judged, bounds: Bounds, wishes: Wishes) -> tuple[float, bool]:
    """The cap of weights that proves most on other decisions, and whether estimated rewards help to.

    Mass beyond a cap counts as loss, a high one as width; a control variate widens the bets: it pays in large logs.
    """
    if np.count_nonzero(valid.rows & ~np.isnan(valid.data.reward)) < _FEW:
        return _CAPS[0], False
    ways = [(cap, control) for control in (False, True) for cap in _CAPS]
    return max(ways, key=lambda way: valid.certificate(bounds, wishes, way[0], way[1], 0.0).value.low)


def _enough(held: Dataset, bounds: Bounds, wishes: Wishes) -> tuple[tuple[str, ...], dict[str, str]]:
    """Domains that can be certified: with no request outside, their share is proven at the strictest level."""
    names, count = held.tables.domains, np.bincount(held.domain, minlength=len(held.tables.domains))
    needed = int(np.ceil(np.log(wishes.delta / (len(names) + 1)) / np.log1p(-wishes.tolerated)))
    kept, pinned = [], {}
    for name, requests in zip(names, count, strict=True):
        if requests >= needed or bounds.of(name) == (0.0, 1.0):
            kept.append(name)
        elif bounds.of(name)[1] < 1.0:
            raise LearningError(
                f"{name}: at least {1.0 - bounds.of(name)[1]:g} of its decisions must change, but its {requests} "
                f"held-out requests are too few to certify that ({needed} are needed)"
            )
        else:
            pinned[name] = f"{name}: {requests} of the {needed} held-out requests that a certificate takes"
    return tuple(kept), pinned


def _trained(
    training: Dataset, valid: Dataset, bounds: Bounds, wishes: Wishes, parent: Policy, cases: Sequence[Case],
    session: NDArray[np.uint64], warnings: list[str], folder: Path | None,
    progress: Callable[[int, int], None] | None,
) -> tuple[tuple[Policy, Mapping[str, Any]], Callable[[Dataset], Doubles]]:  # fmt: skip
    """The policy with its history, and the estimated rewards [N, K] of decisions that were not trained on."""
    try:
        from policies import reward_model
        from policies.train import train
    except ModuleNotFoundError as error:
        if (error.name or "policies").partition(".")[0] == "policies":
            raise
        hint = "install the training extra: pip install 'learning-assistant[train]'"
        raise LearningError(f"learning needs {error.name}, which is not installed; {hint}") from None
    settings, seed = wishes.training(int(np.count_nonzero(~np.isnan(training.reward)))), wishes.seed
    rehearsal = _rehearsal(training, parent, cases, wishes, warnings)
    trained = train(
        training,
        valid,
        wishes.method,
        bounds,
        settings,
        seed,
        folder,
        progress,
        rehearsal,
        parent=parent,
        groups=session,
    )
    rewards = trained.rewards
    if rewards is None:  # only to judge by
        where = None if folder is None else folder / "rewards"
        rewards = reward_model.trained(training, valid, settings, seed, where, None, session)
    layer = trained.policy.layers[-1]
    members = [{"evaluations": one.evaluations, "kept": one.kept} for one in rewards.histories]
    history: dict[str, Any] = {**trained.history.to_json(), "members": members}
    if layer.kind == "ring":
        def estimated(data: Dataset) -> Doubles:
            return for_each(data, lambda part: layer.rewards(decisions_of(part))[0], _ROWS)

        return (trained.policy, history), estimated
    return (trained.policy, history), lambda data: rewards.estimate(data)[0]


def _rehearsal(
    training: Dataset, parent: Policy, cases: Sequence[Case], wishes: Wishes, warnings: list[str]
) -> Rehearsal | None:
    """The cases, replayed in training where the method trains a policy step by step; None for the others."""
    if wishes.method in _LAYERED or not cases:
        return None
    from policies.case_data import arrays
    from policies.rehearsal import Rehearsal

    try:
        data = arrays(cases, training.tables)
    except PolicyError as error:
        warnings.append(f"no case could be replayed: {error}")
        return None
    warnings += [f"case {name} was not replayed: {why}" for name, why in data.left_out.items()]
    return Rehearsal(data, rehearsing(), wishes.seed, parent.propensities_of(data.dataset))


def rehearsing() -> Rehearsing:
    """How cases are replayed: not the paper's loss, whose gradient vanishes where the policy is sure of a defect, nor
    its noise, which drowns hidden vectors of the scale that they have here."""
    from policies.rehearsal import Settings

    return Settings(loss="log", noise=0.5, relative=True)


def _says(policy: Policy, data: Dataset, below: Doubles | None) -> Doubles:
    """The policy's propensities [N, K], in blocks. below: the base's [N, K]."""
    found: Doubles = zeros(data.skill.shape, np.float64, data.logged)
    for part in blocks(len(data), _ROWS):
        found[part] = policy.propensities_of(data.take(part), None if below is None else below[part])
    return found


def _below(held: Dataset, parent: Policy) -> Doubles | None:
    """What the base said in the held-out decisions [N, K]: as it was logged, where the log agrees with the base.

    The arrays do not keep which effects are reversible, so the base made anew differs by exploration there.
    """
    if parent.layers or parent.cases is not None:
        return None
    logged = np.asarray(held.logged, np.float64)
    again = parent.base.propensities_of(held)
    found: Doubles = np.where((replication(again, logged) >= _SAME)[:, None], logged, again)
    return found


def _values(known: Dataset, new: Doubles, q: Doubles) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for method in _METHODS:
        gain = difference(method, known, new, q)
        found[method] = {
            **asdict(estimate(method, known, new, q)), "gain": gain.value, "gain_low": gain.low, "gain_high": gain.high,
        }  # fmt: skip
    return found
