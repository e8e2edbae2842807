"""One seed of the `remediation` benchmark: what each way to mend known defects mends, and what it does to the rest."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.remediation_incidents import Reported, in_force, intents_of, reported, request_of, rules_of
from benchmarks.routing_methods import once
from benchmarks.routing_world import NOW, Stage, settings_of, stage
from benchmarks.simulator.constraints import benchmarks
from policies.bounds import Bounds
from policies.case_data import arrays
from policies.case_layer import CaseLayer
from policies.cases import Case, Row, evaluate, remediation, split
from policies.dataset import Dataset
from policies.guardrail import judge
from policies.hotfix import Hotfixes
from policies.policy import Policy
from policies.rehearsal import Rehearsal, Settings
from policies.replication import replication
from policies.retirement import retirable
from policies.train import train

Doubles = NDArray[np.float64]
#: Folder of production policies and reward models; set by the benchmark for its processes.
FOLDER = "ROUTING_SHARED"
PAPER = Settings()
RECOMMENDED = Settings(loss="log", noise=0.5, relative=True)
#: Methods that take cases in, and what each is without them.
WITHOUT = {
    "ring + hot-fixes": "ring",
    "ring + cases": "ring",
    "ips + rehearsal, paper's settings": "ips",
    "ips + rehearsal": "ips",
    "metagrad_forward + rehearsal": "metagrad_forward",
}
METHODS = ("ring", "ips", "metagrad_forward", *WITHOUT)
#: Draws of the week in which defects may come up again, as a multiple of the test's requests.
_AGAIN = 10
_MOVED = 1e-9


@dataclass(frozen=True)
class _Method:
    """Propensities [N, K] of a data set whose `logged` is the policy in force. seconds: of its own training.

    rules: that decide instead; `apply` gives what is done then.
    """

    apply: Callable[[Dataset], Doubles]
    seconds: float
    rules: Hotfixes | None = None


@dataclass(frozen=True)
class _Again:
    """Requests of the cases' utterances in other words than theirs, on which the policy in force repeats the defect.

    skill [N]: the one that shows it, or (wants [N]) that was wanted.
    """

    data: Dataset
    skill: NDArray[np.int64]
    wants: NDArray[np.bool_]

    def shows(self, values: Doubles) -> NDArray[np.bool_]:
        """Whether the likeliest candidate shows the defect [N]."""
        best = self.data.skill[np.arange(len(self.data)), values.argmax(1)]
        return np.asarray((best == self.skill) != self.wants, np.bool_)


def measure(cell: Mapping[str, Any], data: Path) -> dict[str, Any]:
    """Figures of all methods of a seed. cell: routing_world.WORLD and `bounds`."""
    torch.set_num_threads(1)
    started, shared = time.process_time(), Path(os.environ[FOLDER])
    scene = stage(cell, data, shared)
    bounds = Bounds.parse(benchmarks(scene.domains)[cell["bounds"]])
    found = reported(scene, cell["log"], cell["seed"])
    learned, _ = split(found.cases, seed=cell["seed"])
    methods = _methods(scene, cell, bounds, found, learned, shared)
    again = _again(scene, cell, found, learned)
    rest = _rest(scene, found)
    out: dict[str, Any] = {}
    values = {name: method.apply(rest[0]) for name, method in methods.items()}
    for name, method in methods.items():
        alone = methods[WITHOUT[name]] if method.rules else method
        out[name] = {
            **_on_cases(found, learned, method.apply(found.data), alone.apply(found.data), method.rules),
            "again": float(again.shows(method.apply(again.data)).mean()) if len(again.data) else None,
            "rest": _on_rest(rest, values[name], values[WITHOUT[name]] if name in WITHOUT else values[name]),
            "seconds": round(method.seconds, 2),
        }
    counts = {"cases": len(found.cases), "learned": len(learned), "incidents": len({one.incident for one in learned}),
              "again": len(again.data), "rest": len(rest[0])}  # fmt: skip
    return {"methods": out, "counts": counts, "cpu": round(time.process_time() - started, 1)}


def _methods(
    scene: Stage, cell: Mapping[str, Any], bounds: Bounds, found: Reported, learned: Sequence[Case], shared: Path
) -> dict[str, _Method]:
    rewards, info = once(scene, cell, "rewards", shared)
    ring = Policy(rewards.base, (rewards.layers[-1].within(bounds),))
    ips, ips_info = once(scene, cell, "ips", shared)
    rules, intents = rules_of(learned), intents_of(scene)
    texts = {case.text for case in learned}

    def fixed(data: Dataset) -> Doubles:
        values = _of(ring)(data)
        for row, index in enumerate(data.text.tolist()):
            text = scene.world.corpus.texts[index]
            if text in texts:
                count = int(data.mask[row].sum())
                decided = rules.apply(request_of(data, row, intents), text, values[row, :count].tolist())
                if decided is not None:
                    values[row] = np.arange(values.shape[1]) == decided[0]
        return values

    cases = arrays(learned, scene.train.tables)

    def trained(how: str, settings: Settings | None) -> _Method:
        started = time.process_time()
        rehearsal = None if settings is None else Rehearsal(cases, settings, cell["seed"])
        made = train(scene.train, scene.valid, how, Bounds() if how == "ips" else bounds, settings_of(cell),
                     cell["seed"], rehearsal=rehearsal)  # fmt: skip
        return _Method(_of(made.policy), time.process_time() - started)

    return {
        "ring": _Method(_of(ring), info["seconds"]),
        "ips": _Method(_of(ips), ips_info["seconds"]),
        "metagrad_forward": trained("metagrad_forward", None),
        "ring + hot-fixes": _Method(fixed, info["seconds"], rules),
        "ring + cases": _Method(_of(ring.with_cases(CaseLayer.of(learned))), info["seconds"]),
        "ips + rehearsal, paper's settings": trained("ips", PAPER),
        "ips + rehearsal": trained("ips", RECOMMENDED),
        "metagrad_forward + rehearsal": trained("metagrad_forward", RECOMMENDED),
    }


def _of(policy: Policy) -> Callable[[Dataset], Doubles]:
    return lambda data: policy.propensities_of(data, np.asarray(data.logged))


def _on_cases(
    found: Reported, learned: Sequence[Case], values: Doubles, policy: Doubles, rules: Hotfixes | None
) -> dict[str, Any]:
    """Percentage remediated, the guard-rail's verdict on the cases learned from, and the share of rules that can go.

    values: what is done on the cases; policy: what the policy alone would do.
    """
    before, after = (_examined(found, one) for one in (found.data.logged, values))
    known = {case.id for case in learned}
    mended: dict[str, dict[str, float | None]] = {}
    for name, inside in (("learned", True), ("held out", False)):
        mended[name] = {}
        for kind in ("all", "regression", "progression"):
            chosen = [place for place, case in enumerate(found.cases)
                      if (case.id in known) == inside and kind in ("all", case.kind)]  # fmt: skip
            mended[name][kind] = remediation([before[at] for at in chosen], [after[at] for at in chosen])
    verdict = judge(evaluate(learned, _asked(found, policy), rules))
    recurs = [one for one in verdict.rows if one.row.case.kind == "regression" and not one.row.passed]
    retired = retirable(rules_of(learned), learned, _asked(found, policy))
    return {
        "mended": mended,
        "guard": {
            "blocked": verdict.blocked, "recur": len(recurs), "recur_blocked": sum(one.blocks for one in recurs),
            "block": sum(one.blocks for one in verdict.rows),
        },
        "retired": sum(rule.retirable for rule in retired) / len(retired),
    }  # fmt: skip


def _examined(found: Reported, values: Doubles) -> list[Row]:
    return evaluate(found.cases, _asked(found, values))


def _asked(found: Reported, values: Doubles) -> Callable[[Any], Sequence[float]]:
    known = {id(case.request): row[row_mask].tolist()
             for case, row, row_mask in zip(found.cases, values, found.data.mask, strict=True)}  # fmt: skip
    return lambda request: known[id(request)]


def _again(scene: Stage, cell: Mapping[str, Any], found: Reported, learned: Sequence[Case]) -> _Again:
    known = {case.id for case in learned}
    # An utterance stands for one case of those learned from: what is wrong with it is the incident's.
    about = {int(name): case for name, case in zip(found.utterance, found.cases, strict=True) if case.id in known}
    requests = scene.world.week(_AGAIN * cell["test"], NOW, "again")
    requests = requests.take(np.isin(requests.utterance, list(about)))
    data, own = in_force(scene, requests), set(found.data.text.tolist())
    place = {name: index for index, name in enumerate(data.tables.skills)}
    rows, skills, wants = [], [], []
    for row in range(len(data)):
        case = about[int(requests.utterance[row])]
        skill = place[case.request.options[case.target].skill]
        wanted = case.kind == "progression"
        best = int(data.skill[row, data.logged[row].argmax()])
        if int(data.text[row]) not in own and skill in data.skill[row] and (best == skill) != wanted:
            rows.append(row)
            skills.append(skill)
            wants.append(wanted)
    return _Again(data.take(np.array(rows, np.int64)), np.array(skills, np.int64), np.array(wants, np.bool_))


def _rest(scene: Stage, found: Reported) -> tuple[Dataset, Doubles]:
    """Requests of the test that say something else than any case, and their truth [N, K]."""
    traffic = scene.traffic["test"]
    utterance = scene.world.corpus.utterance[traffic.dataset.text]
    rows = ~np.isin(utterance, found.utterance)
    return traffic.dataset.take(rows), traffic.truth[rows]


def _on_rest(rest: tuple[Dataset, Doubles], values: Doubles, without: Doubles) -> dict[str, float]:
    """In percent: replication of the policy in force, and of the same method without cases; true value, and how far it
    is from that of the method without; share of requests that change."""
    data, truth = rest
    own, other = (float((one * truth).sum(1).mean()) for one in (values, without))
    old = np.asarray(data.logged)
    found = {
        "replication": float(replication(values, old).mean()),
        "replication_change": float(replication(values, old).mean() - replication(without, old).mean()),
        "same": float(replication(values, without).mean()),
        "value": own,
        "value_change": own - other,
        "changed": float((np.abs(values - without).max(1) > _MOVED).mean()),
    }
    return {name: 100.0 * value for name, value in found.items()}
