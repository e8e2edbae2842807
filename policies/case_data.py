"""Cases as arrays, to be replayed and judged beside logged decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from policies.cases import Case
from policies.dataset import Dataset, Doubles, Tables
from policies.errors import PolicyError
from policies.request import CONTEXT, FEATURES, context_of, numbers_of


@dataclass(frozen=True)
class CaseData:
    """Cases as decisions: `dataset.action` is the target `a` of each, `dataset.reward` 1 for progression and 0 for
    regression, `dataset.logged` the propensities that were logged (even ones where they are not known).

    cases: those that could be taken in, row by row. left_out: why the others were not, by id.
    """

    dataset: Dataset
    cases: tuple[Case, ...]
    left_out: Mapping[str, str]


def arrays(cases: Sequence[Case], tables: Tables) -> CaseData:
    """Active cases in the integers of `tables`.

    Candidates of skills that the tables do not know are left out. So is a case without a sentence vector of the right
    length, of an unknown domain, or whose target is of such a skill. Raises `PolicyError` where no case remains.
    """
    active = [case for case in cases if case.active]
    problems = {case.id: _problem(case, tables) for case in active}
    taken = [case for case in active if not problems[case.id]]
    left_out = {name: problem for name, problem in problems.items() if problem}
    if not taken:
        listed = "; ".join(f"{name}: {problem}" for name, problem in left_out.items())
        raise PolicyError(f"there is no case to learn from{': ' + listed if listed else ''}")
    index = {name: place for place, name in enumerate(tables.skills)}
    kept = [[i for i, option in enumerate(case.request.options) if option.skill in index] for case in taken]
    n, k = len(taken), max(len(places) for places in kept)
    skill, numeric = np.full((n, k), -1, np.int32), np.zeros((n, k, len(FEATURES)), np.float32)
    is_open, logged = np.zeros((n, k), np.bool_), np.zeros((n, k), np.float64)
    context, last = np.zeros((n, len(CONTEXT)), np.float32), np.full(n, -1, np.int32)
    action, domain = np.zeros(n, np.int32), np.zeros(n, np.int32)
    for row, (case, places) in enumerate(zip(taken, kept, strict=True)):
        options = [case.request.options[place] for place in places]
        count = len(options)
        skill[row, :count] = [index[option.skill] for option in options]
        numeric[row, :count] = [numbers_of(option) for option in options]
        is_open[row, :count] = [not option.costly for option in options]
        logged[row, :count] = _shares(case, places)
        context[row] = context_of(case.request)
        last[row] = index.get(case.request.last_skill or "", -1)
        action[row] = places.index(case.target)
        domain[row] = tables.domains.index(case.request.domain)
    reward = np.array([float(case.kind == "progression") for case in taken], np.float32)
    own = replace(tables, texts=np.array([case.request.vector for case in taken], np.float32))
    text = np.arange(n, dtype=np.int32)
    dataset = Dataset(own, text, context, last, numeric, skill, is_open, logged, action, reward, domain)
    return CaseData(dataset.checked(), tuple(taken), left_out)


def _problem(case: Case, tables: Tables) -> str:
    vector, target = case.request.vector, case.request.options[case.target]
    if vector is None:
        return "it has no sentence vector"
    if len(vector) != tables.texts.shape[1]:
        return f"its sentence vector has {len(vector)} numbers, {tables.texts.shape[1]} are needed"
    if target.skill not in tables.skills:
        return f"there is no skill {target.skill!r}"
    return "" if case.request.domain in tables.domains else f"there is no domain {case.request.domain!r}"


def _shares(case: Case, places: Sequence[int]) -> Doubles:
    known = np.array([case.propensities[place] for place in places] if case.propensities else [], np.float64)
    total = float(known.sum())
    return known / total if total > 0.0 else np.full(len(places), 1.0 / len(places))
