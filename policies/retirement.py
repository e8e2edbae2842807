"""Which hot-fix rules a policy has made superfluous: it does by itself what they say (paper 35, figure 2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from policies.cases import Case, Propensities
from policies.hotfix import Hotfixes, Rule, mass_of


@dataclass(frozen=True, slots=True)
class Retirement:
    """What a policy does without one rule. cases: those on which the rule decides. certainty: the least of them."""

    rule: str
    retirable: bool
    reason: str
    cases: tuple[str, ...] = ()
    certainty: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain data for a report."""
        return {
            "rule": self.rule, "retirable": self.retirable, "reason": self.reason, "cases": list(self.cases),
            "certainty": round(self.certainty, 6),
        }  # fmt: skip


def retirable(
    hotfixes: Hotfixes, cases: Iterable[Case], policy: Propensities, certainty: float = 0.9, least: int = 1
) -> list[Retirement]:
    """Examine each rule by itself on the active cases that it decides, or would decide if the policy erred.

    A rule can go where the policy's likeliest candidate is one that the rule allows on all of them, and the mass on
    allowed candidates is at least `certainty`. least: a rule with fewer cases stays, for want of evidence.
    """
    listed = [case for case in cases if case.active]
    values = [[float(value) for value in policy(case.request)] for case in listed]
    return [_examined(rule, listed, values, certainty, least) for rule in hotfixes.rules]


def _examined(rule: Rule, cases: list[Case], values: list[list[float]], certainty: float, least: int) -> Retirement:
    # `avoid` falls silent on a policy that has learned it, and so does a condition on the policy: whose case it is must
    # not depend on the policy, so the rule is asked what it would say to one that does not know what to do.
    asked = replace(rule, when=replace(rule.when, policy=None))
    mine: list[str] = []
    astray: list[str] = []
    lowest = 1.0
    for case, propensities in zip(cases, values, strict=True):
        options = case.request.options
        decided = asked.decide(case.request, case.text, [1.0 / len(options)] * len(options))
        if decided is None or decided[0] != "applied":
            continue
        mine.append(case.id)
        named = mass_of(rule.target, case.request, propensities)
        allowed = sum(propensities) - named if rule.avoids else named
        best = max(range(len(options)), key=propensities.__getitem__)
        lowest = min(lowest, allowed)
        if (options[best] in rule.target) == rule.avoids or allowed < certainty:
            astray.append(case.id)
    if len(mine) < least:
        return Retirement(rule.name, False, f"{len(mine)} of the {least} cases that are needed", tuple(mine))
    if astray:
        reason = f"the policy differs, or is less than {certainty:.0%} sure, on {', '.join(astray)}"
        return Retirement(rule.name, False, reason, tuple(mine), lowest)
    reason = f"the policy agrees on all its cases ({len(mine)})"
    return Retirement(rule.name, True, reason, tuple(mine), lowest)
