"""What a policy does on the cases: the verdict of the guard-rail, and the rules that it makes superfluous."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from policies.cases import Case, Propensities, evaluate
from policies.guardrail import Thresholds, Verdict, judge
from policies.hotfix import Hotfixes
from policies.retirement import Retirement, retirable


@dataclass(frozen=True)
class Report:
    """policy: the version that was examined. made: when, UTC. retired: deprecated cases, which count for nothing.
    warnings: what makes the report less than whole."""

    policy: str
    made: str
    verdict: Verdict
    rules: tuple[Retirement, ...]
    retired: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """One line that says it all."""
        rows = self.verdict.rows
        passed, gone = sum(one.row.passed for one in rows), sum(rule.retirable for rule in self.rules)
        verdict = (
            "the guard-rail blocks this policy" if self.verdict.blocked else "the guard-rail lets this policy pass"
        )
        rules = f"; {gone} of {counted(len(self.rules), 'hot-fix rule')} can be retired" if self.rules else ""
        return f"{passed} of {counted(len(rows), 'case')} pass; {verdict}{rules}"

    def to_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "policy": self.policy, "made": self.made, **self.verdict.to_json(),
            "rules": [rule.to_json() for rule in self.rules], "retired": self.retired, "warnings": list(self.warnings),
        }  # fmt: skip


def examine(
    name: str, policy: Propensities, cases: Sequence[Case], hotfixes: Hotfixes, made: str,
    thresholds: Thresholds | None = None, warnings: Sequence[str] = (),
) -> Report:  # fmt: skip
    """The report on one policy. Raises `PolicyError` where the policy gives no distribution for a case."""
    verdict = judge(evaluate(cases, policy, hotfixes), thresholds)
    rules = tuple(retirable(hotfixes, cases, policy))
    return Report(name, made, verdict, rules, sum(not case.active for case in cases), tuple(warnings))


def counted(count: int, noun: str) -> str:
    """`1 case`, `2 cases`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
