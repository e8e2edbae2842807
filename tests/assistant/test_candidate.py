"""Cases in what is learned: replayed where a method has steps to replay them in, a layer where it has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from assistant.learning import candidate
from assistant.learning.candidate import Candidate, make
from assistant.learning.extract import Extract
from assistant.learning.wishes import Wishes
from policies.base import SoftmaxBase
from policies.bounds import Bounds
from policies.case_layer import CaseLayer
from policies.cases import Case, Row, evaluate
from policies.policy import Policy, SkillVectors
from policies.rehearsal import Settings
from tests.policies.made import made
from tests.policies.test_rehearsal import request_of

QUICK = ("steps=100", "batch=256", "width=16", "encoder=pool", "evaluations=1", "select=last")
PARENT = Policy(SoftmaxBase(temperature=0.5, default=0.1))
BOUNDS = Bounds((0.9, 1.0))


@pytest.fixture(scope="module")
def found() -> Extract:
    data = made(n=3000, texts=3000, seed=1).data
    return Extract(data, np.arange(3000, dtype=np.uint64), np.arange(3000), {}, {}, "minilm-int8")


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """The likeliest candidate of some requests that are none of the log's is wrong."""
    data = made(n=60, texts=3000, seed=5).data
    rows = [row for row in range(60) if data.mask[row].sum() >= 3][:6]
    return [Case(f"c{row}", "regression", request_of(data, row), 0, severity="critical") for row in rows]


def learned(
    extract: Extract, cases: Sequence[Case], method: str, more: bool = True, parent: Policy = PARENT
) -> Candidate:
    wishes = Wishes(method, tolerated=0.05, least_effective=10.0, settings=QUICK, cases=more)
    return make(extract, parent, BOUNDS, wishes, cases)


def examined(made: Candidate, extract: Extract, cases: Sequence[Case]) -> list[Row]:
    tables = extract.dataset.tables
    skills = SkillVectors(dict(zip(tables.skills, tables.skill_vectors, strict=True)))
    return evaluate(cases, lambda request: made.policy.propensities(request, skills))


def test_a_ring_takes_cases_in_as_a_layer(found: Extract, cases: list[Case]) -> None:
    with_them, without = (learned(found, cases, "ring", more) for more in (True, False))
    assert with_them.policy.with_cases(None).version == without.policy.version
    assert all(row.risk == 0.0 for row in examined(with_them, found, cases))
    assert all(row.risk > 0.1 for row in examined(without, found, cases))
    absorbed = with_them.absorbed
    assert absorbed.ids == tuple(case.id for case in cases) and without.absorbed.ids == ()
    held = found.dataset.take(with_them.split.certify)
    moved = np.abs(with_them.policy.propensities_of(held) - without.policy.propensities_of(held)).max(1) > 1e-9
    assert absorbed.requests == len(held) and absorbed.changed == moved.sum()
    outside = with_them.violations.micro.frequency * len(held)
    assert without.violations.micro.frequency == 0.0 and absorbed.outside == round(outside) <= absorbed.changed


def test_requests_like_a_case_count_as_outside(found: Extract) -> None:
    held = found.dataset.take(learned(found, [], "ring").split.certify)
    rows = [row for row in range(len(held)) if held.mask[row].sum() >= 3][:40]
    many = [Case(f"h{row}", "regression", request_of(held, row), 0) for row in rows]
    made_of = learned(found, many, "ring")
    absorbed = made_of.absorbed
    assert 30 < absorbed.outside <= absorbed.changed
    assert made_of.violations.micro.frequency == pytest.approx(absorbed.outside / len(held))
    assert not made_of.certificate.passed
    blind = replace(many[1], request=replace(many[1].request, vector=None))
    none = learned(found, [replace(many[0], active=False), blind], "ring")
    assert none.absorbed.ids == () and none.policy.cases is None  # retired ones have no effect
    assert [f"case {blind.id} was not taken in: it has no sentence vector"] == list(none.warnings)[:1]


def test_the_cases_of_the_parent_are_replaced(found: Extract, cases: list[Case]) -> None:
    parent = PARENT.with_cases(CaseLayer.of(cases[:1]))
    made_of = learned(found, cases[1:], "ring", parent=parent)
    assert made_of.policy.cases is not None and made_of.policy.cases.ids == tuple(case.id for case in cases[1:])
    assert made_of.policy.card["parent"] == parent.version
    assert learned(found, [], "ring", parent=parent).policy.cases is None


def test_a_network_rehearses_them(found: Extract, cases: list[Case], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Settings] = []
    real = candidate.rehearsing

    def noted() -> Settings:
        seen.append(real())
        return seen[-1]

    monkeypatch.setattr(candidate, "rehearsing", noted)
    with_them, without = (learned(found, cases, "ips", more) for more in (True, False))
    assert seen == [Settings(loss="log", noise=0.5, relative=True)]
    assert with_them.policy.cases is None and with_them.absorbed.ids == ()
    failed = [sum(not row.passed for row in examined(one, found, cases)) for one in (with_them, without)]
    assert failed[0] == 0 < failed[1]
