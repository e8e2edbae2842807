from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.case_data import arrays
from policies.cases import Case, evaluate, remediation, split
from policies.dataset import Tables
from policies.errors import PolicyError
from policies.hotfix import Hotfixes
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


NEAR, FAR = vector(1, 0.1, 0), vector(0, 1, 0)


def known(name: str, kind: Any = "regression", action: int = 0, **more: Any) -> Case:
    return case(name, kind, action, request=request(at=vector(1, 0, 0)), **more)


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


