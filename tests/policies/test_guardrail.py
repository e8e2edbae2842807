from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.cases import evaluate
from policies.errors import PolicyError
from policies.guardrail import THRESHOLDS, Thresholds, judge, overlap
from policies.hotfix import Hotfixes
from policies.retirement import retirable
from tests.policies.examples import case

SEVERITIES: Any = ("low", "medium", "high", "critical")


@pytest.mark.parametrize(
    ("kind", "action", "values", "severity", "blocked"),
    [
        ("regression", 0, (0.6, 0.3, 0.1), "low", True),
        ("regression", 0, (0.45, 0.3, 0.25), "low", False),  # fails, but most draws are right
        ("regression", 0, (0.45, 0.3, 0.25), "medium", True),
        ("regression", 1, (0.8, 0.2, 0.0), "medium", False),  # passes
        ("regression", 1, (0.8, 0.2, 0.0), "high", True),  # passes, and yet shows in a fifth of draws
        ("regression", 1, (0.96, 0.04, 0.0), "critical", False),
        ("progression", 0, (0.96, 0.04, 0.0), "critical", False),
        ("progression", 0, (0.9, 0.1, 0.0), "critical", True),
        ("progression", 1, (0.9, 0.1, 0.0), "low", True),
    ],
)
def test_algorithm_1(kind: Any, action: int, values: tuple[float, ...], severity: Any, blocked: bool) -> None:
    verdict = judge(evaluate([case("c", kind, action, severity=severity)], lambda _: values))
    assert verdict.blocked == blocked == bool(verdict.reasons)
    (checked,) = verdict.rows
    assert checked.bound == pytest.approx(checked.row.risk)  # nothing but the policy decides
    if blocked:
        assert f"case c ({severity})" in verdict.reasons[0]
    assert verdict.to_json()["cases"][0]["blocks"] == blocked


def test_a_rule_that_takes_the_case_lets_the_policy_pass() -> None:
    rules = Hotfixes.parse(
        [{"name": "off", "when": {"policy": {"skill": "radio", "min": 0.5}}, "use": {"skill": "music"}}]
    )
    cases = [case("c", severity="critical")]
    guarded = judge(evaluate(cases, lambda _: (0.9, 0.1, 0.0), rules))
    assert not guarded.blocked and guarded.rows[0].skipped
    # the next policy slips through the rule's condition: the defect would be back
    assert judge(evaluate(cases, lambda _: (0.49, 0.31, 0.2), rules)).blocked


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_the_bound_never_exceeds_the_joint_probability(first: float, second: float, mix: float) -> None:
    """The joint probability of two events lies between max(0, p + q - 1) and min(p, q)."""
    low, high = max(0.0, first + second - 1.0), min(first, second)
    joint = low + mix * max(high - low, 0.0)
    assert overlap(first, second) <= joint + 1e-12


@given(st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3), st.sampled_from(SEVERITIES), st.integers(0, 2))
def test_blocking_is_the_same_as_too_much_risk(weights: list[float], severity: Any, action: int) -> None:
    values = [weight / sum(weights) for weight in weights]
    for kind in ("regression", "progression"):
        (checked,) = judge(evaluate([case("c", kind, action, severity=severity)], lambda _: values)).rows
        assert checked.blocks == (checked.bound > THRESHOLDS[severity]) and 0.0 <= checked.row.certainty <= 1.0
        assert checked.bound == pytest.approx(checked.row.risk, abs=1e-9)


def test_thresholds_from_configuration() -> None:
    assert Thresholds.parse(None) == Thresholds()
    strict = Thresholds.parse({"low": 0})
    assert strict.by_severity == {**THRESHOLDS, "low": 0.0}
    assert judge(evaluate([case("c", action=1, severity="low")], lambda _: (0.9, 0.1, 0.0)), strict).blocked
    for value, message in (
        ([], "guardrail: a mapping"),
        ({"hihg": 1}, r"guardrail.hihg: unknown key; did you mean 'high'\?"),
        ({"low": 2}, "guardrail.low: 2 is not a share"),
        ({"low": True}, "guardrail.low: True is not a share"),
    ):
        with pytest.raises(PolicyError, match=message):
            Thresholds.parse(value)


def test_no_cases_no_verdict_against() -> None:
    verdict = judge([])
    assert not verdict.blocked and verdict.to_json() == {
        "blocked": False, "reasons": [], "passed": 0, "failed": 0, "cases": [],
    }  # fmt: skip


# -- retirement --------------------------------------------------------------------------------------------------

RULES = Hotfixes.parse([
    {"name": "jazz", "when": {"text": "jazz"}, "use": {"skill": "music"}},
    {"name": "no radio", "when": {"text": "rock"}, "avoid": {"skill": "radio"}},
    {"name": "sure", "when": {"text": "soul", "policy": {"skill": "radio", "min": 0.5}}, "use": {"skill": "music"}},
])  # fmt: skip


def rests(values: tuple[float, ...], *texts: str) -> dict[str, bool]:
    cases = [case(f"c{i}", text=text) for i, text in enumerate(texts)]
    return {found.rule: found.retirable for found in retirable(RULES, cases, lambda _: values)}


def test_a_rule_can_go_where_the_policy_does_by_itself_what_it_says() -> None:
    texts = ("some jazz", "more jazz", "rock", "soul")
    learned = rests((0.02, 0.95, 0.03), *texts)
    assert learned == {"jazz": True, "no radio": True, "sure": True}
    assert rests((0.95, 0.02, 0.03), *texts) == {"jazz": False, "no radio": False, "sure": False}
    assert rests((0.2, 0.8, 0.0), *texts) == {"jazz": False, "no radio": False, "sure": False}  # not sure enough
    assert rests((0.0, 0.05, 0.95), *texts) == {"jazz": False, "no radio": True, "sure": False}


def test_a_rule_without_a_case_stays() -> None:
    assert rests((0.0, 1.0, 0.0), "jazz") == {"jazz": True, "no radio": False, "sure": False}
    (first, *_) = retirable(RULES, [case("c", text="jazz")], lambda _: (0.0, 1.0, 0.0), least=2)
    assert not first.retirable and first.reason == "1 of the 2 cases that are needed" and first.cases == ("c",)
    (first, *_) = retirable(RULES, [case("c", text="jazz")], lambda _: (0.3, 0.7, 0.0))
    assert first.to_json() == {
        "rule": "jazz", "retirable": False, "certainty": 0.7, "cases": ["c"],
        "reason": "the policy differs, or is less than 90% sure, on c",
    }  # fmt: skip
