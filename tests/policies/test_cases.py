from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.case_data import arrays
from policies.case_rules import CaseRules
from policies.cases import Case, evaluate, remediation, split
from policies.dataset import Tables
from policies.errors import PolicyError
from policies.hotfix import Chain, Hotfixes
from tests.policies.examples import case, request, vector


def test_a_case_survives_its_line() -> None:
    asked = request(at=vector(1, 2, 3), last_skill="clock", form="timers.set", channel="voice", time=12.5)
    whole = case(
        "r1", request=asked, desired=1, text="play 'jazz' \u2028 \ud83c", propensities=(0.7, 0.2, 0.1), description="d",
        severity="high", date="2026-11-20", incident="i", user="ada", turn=3, encoder="e", active=False,
    )  # fmt: skip
    again = Case.from_json(json.loads(json.dumps(whole.to_json(), allow_nan=False)))
    assert np.allclose(again.request.vector, asked.vector, atol=1e-3)
    rounded = replace(again, request=replace(again.request, vector=None))
    assert rounded == replace(whole, request=replace(asked, vector=None))
    assert Case.from_json(case("p", "progression", 1).to_json()) == case("p", "progression", 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format 1"),
        ({"kind": "remark"}, "kind"),
        ({"action": 3}, "action 3 is none of its 3 candidates"),
        ({"desired": -1}, "desired -1"),
        ({"desired": 0}, "must not come back cannot be the wanted one"),
        ({"kind": "progression"}, "says which action is wanted"),
        ({"propensities": [1.0]}, "1 propensities for 3 candidates"),
        ({"propensities": [1.0, float("nan"), 0.0]}, "propensities"),
        ({"severity": "huge"}, "severity"),
        ({"date": "today"}, "date"),
        ({"text": None}, "text"),
        ({"request": None}, "'r'"),
        ({"request": {"options": [{"skil": "x"}]}}, "skil"),
        ({"id": ""}, "an id"),
    ],
)
def test_what_a_case_may_not_be(change: dict[str, Any], message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        Case.from_json({**case("r").to_json(), **change})


@pytest.mark.parametrize("data", [None, [], "x", {"format": 1}, {**case("r").to_json(), "request": {"options": [{}]}}])
def test_damage_is_an_error_of_its_own(data: Any) -> None:
    with pytest.raises(PolicyError):
        Case.from_json(data)


@pytest.mark.parametrize(
    ("kind", "action", "values", "passed", "certainty", "risk"),
    [
        ("regression", 0, (0.7, 0.2, 0.1), False, 0.7, 0.7),
        ("regression", 1, (0.7, 0.2, 0.1), True, 0.8, 0.2),
        ("progression", 0, (0.7, 0.2, 0.1), True, 0.7, 0.3),
        ("progression", 1, (0.7, 0.2, 0.1), False, 0.8, 0.8),
    ],
)
def test_status_certainty_and_risk(
    kind: Any, action: int, values: tuple[float, ...], passed: bool, certainty: float, risk: float
) -> None:
    (row,) = evaluate([case("c", kind, action), case("old", active=False)], lambda _: values)
    assert (row.passed, row.preferred, row.eligibility) == (passed, 0, 1.0)
    assert (row.certainty, row.risk) == (pytest.approx(certainty), pytest.approx(risk))
    assert row.to_json()["status"] == ("pass" if passed else "fail")


def test_eligibility_is_the_share_that_no_rule_takes() -> None:
    rules = Hotfixes.parse([{"name": "off", "when": {"text": "jazz"}, "avoid": {"skill": "radio"}}])
    rows = evaluate([case("a", text="some jazz"), case("b", text="rock")], lambda _: (0.7, 0.2, 0.1), rules)
    assert [(row.eligibility, row.rule) for row in rows] == [(0.0, "off"), (pytest.approx(1.0), None)]


@pytest.mark.parametrize("values", [(0.5, 0.5), (0.5, 0.5, 0.5), (1.5, -0.5, 0.0), (float("nan"), 0.5, 0.5)])
def test_a_policy_must_give_a_distribution(values: tuple[float, ...]) -> None:
    with pytest.raises(PolicyError, match="case c: the policy gives no distribution"):
        evaluate([case("c")], lambda _: values)


def test_remediation() -> None:
    cases = [case("a"), case("b"), case("c", action=1)]
    before, after = evaluate(cases, lambda _: (0.7, 0.2, 0.1)), evaluate(cases, lambda _: (0.1, 0.8, 0.1))
    assert remediation(before, after) == pytest.approx(50.0)  # two mended, one broken
    assert remediation(evaluate(cases[2:], lambda _: (1, 0, 0)), before[2:]) is None
    with pytest.raises(PolicyError, match="same cases"):
        remediation(before, after[1:])


@given(st.integers(0, 50), st.integers(0, 3))
def test_every_incident_is_on_both_sides_of_a_split(count: int, seed: int) -> None:
    cases = [case(f"c{i}", incident=f"i{i % 5}") for i in range(count)]
    learned, held = split(cases, seed=seed)
    assert sorted(one.id for one in learned + held) == sorted(one.id for one in cases)
    if count >= 10:
        assert {one.incident for one in learned} == {one.incident for one in held}
    assert split(cases[::-1], seed=seed) == (learned, held)


# -- cases as hard constraints -----------------------------------------------------------------------------------

NEAR, FAR = vector(1, 0.1, 0), vector(0, 1, 0)
LIKELY = (0.7, 0.2, 0.1)


def known(name: str, kind: Any = "regression", action: int = 0, **more: Any) -> Case:
    return case(name, kind, action, request=request(at=vector(1, 0, 0)), **more)


def test_a_similar_request_may_not_repeat_the_defect() -> None:
    rules = CaseRules([known("r")], overlap=1.0)
    assert rules.apply(request(at=NEAR), "", LIKELY) == (1, "case:r")
    assert rules.apply(request(at=FAR), "", LIKELY) is None
    assert rules.apply(request(at=None), "", LIKELY) is None
    assert rules.apply(request(at=vector(1, 0)), "", LIKELY) is None
    assert rules.apply(request(("radio", "music"), at=NEAR), "", (0.7, 0.3)) is None  # other skills to choose from
    assert rules.apply(request(at=NEAR), "", (0.0, 0.9, 0.1)) is None  # learned already
    assert rules.apply(request(("shop", "radio", "music"), at=NEAR), "", (0.2, 0.7, 0.1)) == (2, "case:r")
    assert rules.counts == {"r": 2} and len(rules) == 1
    loose = CaseRules([known("r")], overlap=0.5)
    assert loose.apply(request(("radio", "music"), at=NEAR), "", (0.7, 0.3)) == (1, "case:r")


def test_what_is_wanted_is_taken_unless_it_is_costly() -> None:
    assert CaseRules([known("p", "progression", 1)]).apply(request(at=NEAR), "", LIKELY) == (1, "case:p")
    assert CaseRules([known("r", desired=1)]).apply(request(at=NEAR), "", (0.9, 0.0, 0.1)) == (1, "case:r")
    assert CaseRules([known("p", "progression", 2)]).apply(request(at=NEAR), "", LIKELY) is None
    alone = CaseRules([case("r", request=request(("radio", "shop"), at=NEAR))])
    assert alone.apply(request(("radio", "shop"), at=NEAR), "", (0.9, 0.1)) is None


def test_several_cases_forbid_together_and_the_closest_decides_what_is_taken() -> None:
    skills = ("radio", "music", "tv", "shop")
    here = {"request": request(skills, at=vector(1, 0, 0))}
    both = CaseRules([case("a", **here), case("b", action=1, **here)])
    assert both.apply(request(skills, at=NEAR), "", (0.4, 0.3, 0.2, 0.1)) == (2, "case:b")
    wanted = case("far", "progression", 0, request=request(skills, at=vector(1, 0.4, 0)))
    mixed = CaseRules([wanted, case("a", **here)], similarity=0.9)
    assert mixed.apply(request(skills, at=vector(1, 0, 0)), "", (0.4, 0.3, 0.2, 0.1)) == (1, "case:a")
    assert mixed.apply(request(skills, at=vector(1, 0.4, 0)), "", (0.4, 0.3, 0.2, 0.1)) == (0, "case:far")


def test_only_cases_that_can_be_compared_count() -> None:
    rules = CaseRules([case("none"), known("other", encoder="x"), known("old", active=False)], encoder="y")
    assert len(rules) == 0 and rules.apply(request(at=NEAR), "", LIKELY) is None
    assert CaseRules([case("none")]).without == ("none",)
    with pytest.raises(PolicyError, match="different lengths"):
        CaseRules([known("a"), case("b", request=request(at=vector(1, 0)))])
    for bad in ({"similarity": 0.0}, {"overlap": 1.5}):
        with pytest.raises(PolicyError, match="similarity"):
            CaseRules([], **bad)


def test_rules_before_cases() -> None:
    fixes = Hotfixes.parse([{"name": "off", "when": {"text": "jazz"}, "use": {"skill": "radio"}}])
    chain = Chain(fixes, CaseRules([known("r")]))
    assert chain.apply(request(at=NEAR), "jazz", LIKELY) == (0, "off")
    assert chain.apply(request(at=NEAR), "rock", LIKELY) == (1, "case:r")


# -- cases as arrays ---------------------------------------------------------------------------------------------

TABLES = Tables(
    np.zeros((0, 3), np.float32), ("music", "radio", "shop"), np.eye(3, dtype=np.float32), ("home", "media")
)


def test_cases_as_decisions() -> None:
    asked = request(("gone", "radio", "music"), at=NEAR, last_skill="music")
    cases = [
        known("r", propensities=(0.7, 0.2, 0.1)),
        case("p", "progression", 2, request=asked, propensities=(0.5, 0.3, 0.2)),
        case("blind"),
        case("gone", request=asked),
        case("short", request=request(at=vector(1, 0))),
        known("retired", active=False),
    ]
    data = arrays(cases, TABLES)
    found = data.dataset
    assert [one.id for one in data.cases] == ["r", "p"]
    assert set(data.left_out) == {"blind", "gone", "short"} and "no skill 'gone'" in data.left_out["gone"]
    assert found.skill.tolist() == [[1, 0, 2], [1, 0, -1]] and found.action.tolist() == [0, 1]
    assert found.reward.tolist() == [0.0, 1.0] and found.last.tolist() == [-1, 0] and found.domain.tolist() == [1, 1]
    assert found.open.tolist() == [[True, True, False], [True, True, False]]
    assert np.allclose(found.logged, [[0.7, 0.2, 0.1], [0.6, 0.4, 0.0]])
    with pytest.raises(PolicyError, match="no case to learn from: blind: it has no sentence vector"):
        arrays([case("blind")], TABLES)


def test_constraints_on_many_decisions_agree_with_those_on_one() -> None:
    rules = CaseRules([known("r"), case("p", "progression", 1, request=request(at=FAR))])
    cases = [known("a"), case("b", request=request(at=FAR)), case("c", request=request(at=vector(0, 0, 1)))]
    data = arrays(cases, TABLES).dataset
    before = np.array([[0.7, 0.2, 0.1]] * 3)
    after, forced = rules.enforced(data, before)
    assert forced.tolist() == [True, True, False]
    assert after.tolist() == [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.7, 0.2, 0.1]]
    assert before[0, 0] == 0.7
    for row, one in enumerate(cases):
        decided = rules.apply(one.request, "", before[row])
        assert (decided is not None) == forced[row]
        assert decided is None or after[row].argmax() == decided[0]
