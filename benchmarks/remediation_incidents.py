"""Failing decisions of a simulated log as incidents: cases, and the rule that an operator would write for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.routing_world import NOW, Stage
from benchmarks.simulator import production
from benchmarks.simulator.requests import Requests
from benchmarks.simulator.seeds import stream
from policies.cases import Case, Kind
from policies.dataset import Dataset
from policies.hotfix import Hotfixes
from policies.request import CONTEXT, FEATURES, Option, Request

Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]

#: A likeliest candidate below the first is a defect where another reaches the second (P(satisfied)).
BAD, GOOD = 0.15, 0.5
_EACH = 6  # incidents of each sort
_CASES = 4  # of an incident
_LEAST = 3
_NOT_KEPT = ("log_probability", "costly")  # worked out from the others


@dataclass(frozen=True)
class Incident:
    """Requests on which the policy in force makes the same mistake. kind: what is known of it. wanted: the skill."""

    name: str
    kind: Kind
    rows: Rows
    bad: str
    wanted: str


@dataclass(frozen=True)
class Reported:
    """What users have complained about. cases: row by row of `data`, whose propensities are those in force.

    utterance [C]: what was meant, by row of the corpus.
    """

    cases: tuple[Case, ...]
    data: Dataset
    utterance: NDArray[np.int32]


def in_force(scene: Stage, requests: Requests) -> Dataset:
    """The requests with the propensities of the policy in force."""
    found = scene.production.propensities_of(requests.dataset)
    scores = np.where(requests.dataset.mask, np.log(np.maximum(found, 1e-12)), -np.inf)
    logged = production.propensities(scores, scene.temperature, scene.world.variant.exploration)
    columns = {**vars(requests.dataset), "logged": logged, "action": logged.argmax(1).astype(np.int32)}
    return Dataset(**columns)


def reported(scene: Stage, log: int, seed: int) -> Reported:
    """About 50 failing decisions of the week of the log in up to 12 incidents: half of them one utterance as it was
    said and misheard, half different utterances of one intent. Raises `ValueError` where the log has none."""
    requests = scene.world.week(log, NOW, "log")
    data = in_force(scene, requests)
    incidents = _incidents(scene, requests, data, seed)
    if not incidents:
        raise ValueError(f"the policy in force makes no mistake often enough in {log} decisions")
    cases, rows = [], []
    for incident in incidents:
        for place, row in enumerate(incident.rows.tolist()):
            cases.append(_case(scene, requests, data, incident, place, row))
            rows.append(row)
    return Reported(tuple(cases), data.take(np.array(rows)), requests.utterance[rows])


def rules_of(cases: Sequence[Case]) -> Hotfixes:
    """A rule for each incident: on what was said then, avoid the wrong skill or use the wanted one."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.incident, []).append(case)
    rules = []
    for name, members in groups.items():
        target = {"skill": members[0].request.options[members[0].target].skill}
        how = "avoid" if members[0].kind == "regression" else "use"
        rules.append({"name": name, "when": {"phrases": sorted({case.text for case in members})}, how: target})
    return Hotfixes.parse(rules)


def request_of(data: Dataset, row: int, intents: Sequence[str], time: float = 0.0) -> Request:
    """A row of a data set as a request. intents: by skill."""
    names, numeric = data.tables.skills, data.numeric[row]
    domain = data.tables.domains[data.domain[row]]
    options = []
    for place in np.flatnonzero(data.mask[row]).tolist():
        features = {name: float(numeric[place, i]) for i, name in enumerate(FEATURES) if name not in _NOT_KEPT}
        features["rank"] = float(round(features["rank"] * 10.0))
        skill = int(data.skill[row, place])
        options.append(Option(names[skill], intents[skill], domain, features))
    spoken, remote = (data.context[row, CONTEXT.index(name)] > 0 for name in ("spoken", "remote"))
    last = int(data.last[row])
    return Request(
        tuple(options), np.asarray(data.tables.texts[data.text[row]], np.float32), None if last < 0 else names[last],
        None, "voice" if spoken else "web" if remote else "repl", time,
    )  # fmt: skip


def intents_of(scene: Stage) -> list[str]:
    """The intent that each skill serves."""
    return [scene.world.corpus.intents[index] for index in scene.world.skills.intent]


def _incidents(scene: Stage, requests: Requests, data: Dataset, seed: int) -> list[Incident]:
    at = np.arange(len(data))
    preferred, best = data.logged.argmax(1), requests.truth.argmax(1)
    failing = (requests.truth[at, preferred] < BAD) & (requests.truth[at, best] >= GOOD) & (requests.intent >= 0)
    first = np.zeros(len(data), np.bool_)
    first[np.unique(data.text, return_index=True)[1]] = True  # a text is reported once
    rows = np.flatnonzero(failing & first)
    bad, good = data.skill[rows, preferred[rows]], data.skill[rows, best[rows]]
    rng = stream("incidents", seed)
    found: list[Incident] = []
    used: set[int] = set()
    for sort, keys in (("utterance", requests.utterance[rows]), ("intent", requests.intent[rows])):
        groups: dict[tuple[int, int, int], list[int]] = {}
        for key, wrong, right, row in zip(keys.tolist(), bad.tolist(), good.tolist(), rows.tolist(), strict=True):
            if int(requests.utterance[row]) not in used:
                groups.setdefault((key, wrong, right), []).append(row)
        large = [(name, members) for name, members in sorted(groups.items()) if len(members) >= _LEAST]
        for place in rng.permutation(len(large))[:_EACH].tolist():
            (key, wrong, right), members = large[place]
            taken = np.sort(rng.permutation(np.array(members))[:_CASES])
            used |= {int(name) for name in requests.utterance[taken]}
            kind: Kind = "regression" if len(found) % 2 else "progression"
            names = data.tables.skills
            found.append(Incident(f"{sort}-{key}-{wrong}", kind, taken, names[wrong], names[right]))
    return found


def _case(scene: Stage, requests: Requests, data: Dataset, incident: Incident, place: int, row: int) -> Case:
    request = request_of(data, row, intents_of(scene), float(requests.time[row]))
    skills = [option.skill for option in request.options]
    wanted = skills.index(incident.wanted) if incident.kind == "progression" else None
    return Case(
        f"{incident.name}-{place}", incident.kind, request, skills.index(incident.bad), wanted,
        text=scene.world.corpus.texts[data.text[row]], propensities=tuple(data.logged[row, data.mask[row]].tolist()),
        severity="high", incident=incident.name,
    )  # fmt: skip
