"""Training a policy: one function for all methods. Needs torch; what comes out serves without it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies import export, reward_model
from policies.base import LoggedBase
from policies.batches import Batches, check
from policies.blocks import propensities_of
from policies.bounds import Bounds
from policies.dataset import Dataset
from policies.errors import PolicyError
from policies.fit import History, Progress, fit
from policies.learner import PolicyLearner, Rehearsal
from policies.network import Scorer
from policies.objectives import Objective
from policies.policy import Policy
from policies.reward_model import RewardModel, fingerprint, known
from policies.settings import Settings, named


@dataclass(frozen=True)
class Trained:
    """A policy, how it was trained, and the estimated reward if one was needed."""

    policy: Policy
    history: History
    rewards: RewardModel | None = None

    @property
    def seconds(self) -> float:
        """Processor time of all steps."""
        members = self.rewards.histories if self.rewards else ()
        return self.history.seconds + sum(member.seconds for member in members)


def train(
    dataset: Dataset,
    valid: Dataset,
    method: str = "ring",
    bounds: Bounds | None = None,
    settings: Settings | None = None,
    seed: int = 0,
    folder: Path | None = None,
    progress: Progress | None = None,
    rehearsal: Rehearsal | None = None,
    objective: str | None = None,
    parent: Policy | None = None,
    groups: NDArray[np.generic] | None = None,
) -> Trained:
    """A policy that earns more reward and repeats the policy in force as `bounds` say. The same arguments give the same
    policy, bit for bit, on the same kind of machine.

    dataset, valid: logged decisions to train on and to choose snapshots by. Those without a reward are left out, but
    for "replicate".
    method: "ring" (an estimated reward, then the exact policy for it: no decision is ever outside its bounds), "plain"
    (no bounds), "quadratic", "minimax", "metagrad", "metagrad_forward", "replicate" (copy the policy in force), or the
    name of an objective ("ips", "snips", "clipped", "dr", "lcb"), which is "plain" with it. objective: for all but
    "ring" and "replicate", by default "ips". parent: the policy in force; without it the log's own propensities are
    taken for it, and the policy can be evaluated on data sets but not serve. folder: for checkpoints; a run that was
    interrupted goes on from there. groups: see `reward_model.trained`.

    With "replicate" one network takes the place of all of the parent's layers. Raises `PolicyError` for a log that
    cannot be learned from, settings that make no sense, a checkpoint of another training, or where training diverges.
    """
    bounds, settings = bounds or Bounds(), settings or Settings()
    how, loss = named(method, objective)
    if dataset.tables.skills != valid.tables.skills or dataset.tables.domains != valid.tables.domains:
        raise PolicyError("the decisions to train on and those to choose by know different skills or domains")
    rows = None if how == "replicate" else known(dataset)
    valid = valid if how == "replicate" else valid.judged()
    for part in (dataset, valid):
        check(part, learning=how != "replicate")
    base = parent or Policy(LoggedBase())
    card = {
        "method": how,
        "objective": loss,
        "bounds": bounds.to_json(),
        "seed": seed,
        "decisions": len(dataset) if rows is None else len(rows),
    }
    card["settings"] = asdict(settings)
    if how == "ring":
        rewards = reward_model.trained(dataset, valid, settings, seed, folder, progress, groups)
        made = export.layer(
            "ring",
            rewards.networks,
            dataset.tables.skills,
            bounds.to_json(),
            (rewards.slope, rewards.offset),
            settings.spread,
        )
        return Trained(base.stacked(made, card), History(), rewards)
    judged = None
    if loss == "dr" and how != "replicate":
        where = None if folder is None else folder / "rewards"
        judged = reward_model.trained(dataset, valid, settings, seed, where, progress, groups)
    old = [None if parent is None else propensities_of(parent, part) for part in (dataset, valid)]
    if how == "replicate" and parent is not None:  # what is copied is the whole, what it is built on the base
        below = [propensities_of(parent.base, part) for part in (dataset, valid)]
        batches, held = (Batches(*each) for each in zip((dataset, valid), below, (None, None), old, strict=True))
    else:
        batches = Batches(dataset, old[0], None if judged is None else judged.crossed(dataset, groups), rows=rows)
        held = Batches(valid, old[1], None if judged is None else judged.estimate(valid)[0])
    baseline = float(np.nanmean(dataset.reward)) if settings.baseline == "mean" else 0.0
    aim = Objective(loss, settings.clip, settings.pessimism, baseline)
    network = Scorer(dataset.tables, settings.width, settings.encoder, settings.residual, seed)
    learner = PolicyLearner(network, batches, held, how, aim, bounds, settings, seed, rehearsal)
    identity = f"{card} {fingerprint(dataset)} {fingerprint(valid)} {base.version} {rehearsal is not None}"
    history = fit(learner, settings.steps, settings.evaluations, folder, identity, progress)
    layer = export.layer("residual" if settings.residual else "network", [network], dataset.tables.skills)
    if how == "replicate":  # it stands for all layers
        return Trained(Policy(base.base, (layer,), {"parent": base.version, **card}), history, judged)
    return Trained(base.stacked(layer, card), history, judged)


def distilled(
    dataset: Dataset, valid: Dataset, policy: Policy, settings: Settings | None = None, **options: Any
) -> Trained:
    """The layers of `policy` as one residual network on its base: "replicate" with `policy` as the parent.

    It is an approximation: the rings' bounds do not hold exactly any more. Evaluate it before it is put in force.
    """
    settings = replace(settings or Settings(), residual=True)
    return train(dataset, valid, "replicate", settings=settings, parent=policy, **options)
