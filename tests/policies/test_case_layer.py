from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from policies.base import LoggedBase, SoftmaxBase
from policies.case_data import arrays
from policies.case_layer import CaseLayer
from policies.cases import Case, evaluate
from policies.dataset import Dataset, Tables
from policies.errors import PolicyError
from policies.guardrail import judge
from policies.hotfix import Hotfixes
from policies.policy import DEPTH, Policy
from policies.request import Option, Request
from policies.retirement import retirable
from tests.policies.examples import case, request, vector
from tests.policies.test_policy import BASE, asked, made_layer

HERE, NEAR, FAR = vector(1, 0, 0), vector(1, 0.1, 0), vector(0, 1, 0)
TABLES = Tables(
    np.zeros((0, 3), np.float32), ("music", "radio", "shop", "tv"), np.eye(4, 3, dtype=np.float32), ("media",)
)
SOFT = SoftmaxBase(temperature=1.0)


def known(name: str, kind: Any = "regression", action: int = 0, **more: Any) -> Case:
    return case(name, kind, action, request=more.pop("request", request(at=HERE)), **more)


def absorbing(*cases: Case, **more: Any) -> Policy:
    return Policy(SOFT).with_cases(CaseLayer.of(cases, **more))


def rows_of(requests: list[Request]) -> Dataset:
    """The requests as logged decisions, with the base's propensities."""
    made = [
        Case(f"c{place}", "regression", one, 0, propensities=tuple(SOFT.propensities(one)))
        for place, one in enumerate(requests)
    ]
    return arrays(made, TABLES).dataset


def test_what_is_avoided_gets_nothing_and_the_others_share_it() -> None:
    skills = ("radio", "music", "tv", "shop")
    policy, before = absorbing(known("r", request=request(skills, at=HERE))), SOFT.propensities(request(skills))
    found = policy.propensities(request(skills, at=NEAR))
    grown = 1.0 + before[0] / (before[1] + before[2])
    assert found == pytest.approx([0.0, before[1] * grown, before[2] * grown, before[3]])  # the shop is costly
    for like_none in (FAR, None, vector(1, 0), np.full(3, np.nan), np.zeros(3)):
        assert policy.propensities(request(skills, at=like_none)) == before
    other = request(("radio", "x", "y", "z"), at=NEAR)  # other skills to choose from
    assert policy.propensities(other) == SOFT.propensities(other)


def test_what_is_wanted_gets_all_unless_it_is_costly() -> None:
    assert absorbing(known("p", "progression", 1)).propensities(request(at=NEAR)) == [0.0, 1.0, 0.0]
    assert absorbing(known("r", desired=1)).propensities(request(at=NEAR)) == [0.0, 1.0, 0.0]
    assert absorbing(known("p", "progression", 2)).propensities(request(at=NEAR)) == SOFT.propensities(request())


def test_nothing_changes_where_nothing_open_is_left() -> None:
    pair = ("radio", "shop")
    policy = absorbing(known("r", request=request(pair, at=HERE)))
    assert policy.propensities(request(pair, at=HERE)) == SOFT.propensities(request(pair))
    bought = absorbing(known("r", action=2))
    found = bought.propensities(request(at=HERE))
    assert found[2] == 0.0 and sum(found) == pytest.approx(1.0)  # a costly one may well be forbidden


def test_candidates_of_one_skill_are_told_apart() -> None:
    def twice(first: str, second: str) -> Request:
        options = [Option("radio", name, "media", {"probability": p, "rank": float(r), "prior": 1.0})
                   for r, (name, p) in enumerate(((first, 0.6), (second, 0.3)))]  # fmt: skip
        return Request((*options, Option("music", "play", "media", {"probability": 0.1, "rank": 2.0})), HERE)

    policy = absorbing(known("r", request=twice("on", "off"), desired=1))
    assert policy.propensities(twice("on", "off")) == [0.0, 1.0, 0.0]
    assert policy.propensities(twice("off", "on")) == [1.0, 0.0, 0.0]  # the intent counts, not the rank
    data = rows_of([twice("on", "off")])
    assert policy.propensities_of(data, data.logged).tolist() == [[0.0, 1.0, 0.0]]  # arrays know ranks only


def test_many_decisions_are_settled_as_each_alone() -> None:
    rng = np.random.default_rng(0)
    names = ("radio", "music", "tv", "shop")

    def drawn() -> Request:
        skills = rng.permutation(names)[: rng.integers(2, 5)]
        return request(tuple(map(str, skills)), at=vector(*(rng.normal(size=3) * (1, 0.4, 0.4))))

    cases = []
    for number in range(40):
        base = drawn()
        bad = int(rng.integers(len(base.options)))
        wanted = None if rng.random() < 0.5 else (bad + 1) % len(base.options)
        cases.append(known(f"c{number}", request=base, action=bad, desired=wanted))
    requests = [drawn() for _ in range(300)]
    data = rows_of(requests)
    for similarity in (0.9, 0.99):
        policy = absorbing(*cases, similarity=similarity)
        found = policy.propensities_of(data, data.logged)
        changed = np.abs(found - data.logged).max(1) > 0
        assert 20 < changed.sum() < 280
        assert np.allclose(found.sum(1), 1.0) and not found[~data.mask].any()
        assert (found[~data.open] <= data.logged[~data.open]).all()  # costly candidates never gain
        for row, one in enumerate(requests):
            alone = policy.propensities(one)
            assert np.allclose(found[row, : len(alone)], alone, atol=1e-12)


def test_only_active_cases_with_a_vector_are_taken_in() -> None:
    assert (
        CaseLayer.of([case("blind"), known("gone", active=False), known("zero", request=request(at=HERE * 0))]) is None
    )
    layer = CaseLayer.of([known("a"), case("blind")])
    assert layer is not None and layer.ids == ("a",) and layer.size == 3 and len(layer) == 1
    with pytest.raises(PolicyError, match="different lengths"):
        CaseLayer.of([known("a"), known("b", request=request(at=vector(1, 0)))])


def test_it_takes_no_place_in_the_stack_and_is_replaced() -> None:
    policy = Policy(BASE).with_cases(CaseLayer.of([known("a")]))
    bare = policy.with_cases(None)
    assert bare.version == Policy(BASE).version != policy.version and policy.version.startswith("cases-")
    assert policy.with_cases(CaseLayer.of([known("b")])).version != policy.version
    for _ in range(DEPTH):
        policy = policy.stacked(made_layer("residual"))
    assert len(policy.layers) == DEPTH and policy.cases is not None


def test_it_is_above_a_layer_of_other_vectors() -> None:
    here = asked(4)
    wanted = Case("p", "progression", here, 0, 2)
    policy = Policy(BASE, (made_layer("ring"),)).with_cases(CaseLayer.of([wanted]))
    assert policy.propensities(here) == [0.0, 0.0, 1.0, 0.0]
    short = policy.with_cases(CaseLayer.of([known("r")]))
    assert short.propensities(here) == policy.with_cases(None).propensities(here)


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    secret = known("r", desired=1, text="persephone", description="ophelia", user="ann")
    policy = absorbing(secret, known("p", "progression", 1, request=request(at=FAR)), similarity=0.9, overlap=0.5)
    policy.save(tmp_path)
    again = Policy.load(tmp_path)
    assert again.version == policy.version and again.cases is not None and policy.cases is not None
    assert again.cases.described() == policy.cases.described() and again.cases.ids == ("r", "p")
    assert again.propensities(request(at=NEAR)) == policy.propensities(request(at=NEAR)) == [0.0, 1.0, 0.0]
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert not any(word in held for word in (b"persephone", b"ophelia", b"ann"))
    policy.with_cases(None).save(tmp_path / "bare")
    assert "cases" not in json.loads((tmp_path / "bare" / "policy.json").read_text())


def test_damage_is_told_with_the_name_of_the_file(tmp_path: Path) -> None:
    policy = absorbing(known("r"))
    policy.save(tmp_path)
    described = tmp_path / "policy.json"
    whole = json.loads(described.read_text())
    for change in ({"similarity": 2.0}, {"similarity": 0.9}, {"cases": []}, {"cases": [{}]}, {"files": {}}):
        described.write_text(json.dumps({**whole, "cases": {**whole["cases"], **change}}))
        with pytest.raises(PolicyError, match=r"policy\.json"):
            Policy.load(tmp_path)
    policy.save(tmp_path)
    path = tmp_path / "cases.npz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(PolicyError, match=r"cases\.npz is damaged"):
        Policy.load(tmp_path)
    path.unlink()
    with pytest.raises(PolicyError, match=r"cases\.npz cannot be read"):
        Policy.load(tmp_path)


def test_the_guard_rail_lets_it_pass_and_its_rule_can_go() -> None:
    cases = [known("r", severity="critical")]
    rule = {"name": "fix", "when": {"intent": "radio_intent"}, "avoid": {"skill": "radio"}}
    fixes = Hotfixes.parse([rule])
    plain, mended = Policy(SOFT), absorbing(*cases)
    assert judge(evaluate(cases, plain.propensities)).blocked
    assert not judge(evaluate(cases, mended.propensities)).blocked
    # the costly shop is left with its own share, so the others are all that the rule allows
    assert [retirable(fixes, cases, one.propensities)[0].retirable for one in (plain, mended)] == [False, True]


def test_a_policy_over_logged_propensities_takes_cases_too() -> None:
    data = rows_of([request(at=HERE), request(at=FAR)])
    found = Policy(LoggedBase()).with_cases(CaseLayer.of([known("p", "progression", 1)])).propensities_of(data)
    assert found[0].tolist() == [0.0, 1.0, 0.0] and found[1].tolist() == data.logged[1].tolist()
    shorter = replace(data, tables=replace(data.tables, texts=data.tables.texts[:, :2]))
    assert absorbing(known("r")).propensities_of(shorter, data.logged).tolist() == data.logged.tolist()
