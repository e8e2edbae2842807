"""The guard-rail: keeps a policy from being promoted that would bring a known defect back (paper 35, Algorithm 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from policies.cases import Row
from policies.errors import PolicyError
from policies.hotfix import SEVERITIES, Severity
from policies.hotfix_config import nearest

#: T_f by severity. The paper does not tell its value. What it is compared with is a share of draws in which the defect
#: surely shows, since policies are drawn from: so the threshold is the share that is put up with. A defect of low
#: severity must show in most draws to block; a critical one blocks well above the 1 % that exploring may cost.
THRESHOLDS: Mapping[Severity, float] = {"low": 0.5, "medium": 0.25, "high": 0.1, "critical": 0.05}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """T_f in [0, 1] by severity: a bound above it blocks."""

    by_severity: Mapping[Severity, float] = field(default_factory=lambda: dict(THRESHOLDS))

    @classmethod
    def parse(cls, value: Any, where: str = "plugins.routing.options.guardrail") -> Thresholds:
        """Thresholds from configuration, such as `{high: 0.05}`; severities that are not named keep theirs.

        Raises `PolicyError` naming the key.
        """
        if value is None:
            return cls()
        if not isinstance(value, Mapping):
            raise PolicyError(f"{where}: a mapping of thresholds by severity is needed, not {value!r}")
        found = dict(THRESHOLDS)
        for key, number in value.items():
            if key not in SEVERITIES:
                raise PolicyError(f"{where}.{key}: unknown key{nearest(str(key), SEVERITIES)}")
            if isinstance(number, bool) or not isinstance(number, int | float) or not 0.0 <= number <= 1.0:
                raise PolicyError(f"{where}.{key}: {number!r} is not a share between 0 and 1")
            found[key] = float(number)
        return cls(found)


@dataclass(frozen=True, slots=True)
class Checked:
    """A case after the guard-rail. bound: least probability that the policy decides and shows the defect."""

    row: Row
    bound: float
    threshold: float

    @property
    def skipped(self) -> bool:
        """Whether nothing can be said: the two probabilities need not overlap."""
        return self.bound <= 0.0

    @property
    def blocks(self) -> bool:
        """Whether this case alone blocks the promotion."""
        return not self.skipped and self.bound > self.threshold

    def to_json(self) -> dict[str, Any]:
        """Plain data for a report."""
        return {**self.row.to_json(), "bound": round(self.bound, 6), "threshold": self.threshold, "blocks": self.blocks}


@dataclass(frozen=True, slots=True)
class Verdict:
    """blocked: the policy must not be promoted, for `reasons` (one for each case that blocks)."""

    blocked: bool
    rows: tuple[Checked, ...]
    reasons: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data for a report or a card."""
        passed = sum(checked.row.passed for checked in self.rows)
        return {
            "blocked": self.blocked, "reasons": list(self.reasons), "passed": passed,
            "failed": len(self.rows) - passed, "cases": [checked.to_json() for checked in self.rows],
        }  # fmt: skip


def overlap(first: float, second: float) -> float:
    """The least probability of two events together: the lower Frechet bound P(C) + P(Q) - 1, not cut off at zero."""
    return first + second - 1.0


def judge(rows: Sequence[Row], thresholds: Thresholds | None = None) -> Verdict:
    """Algorithm 1 on every case: the bound of failing (C, or 1 - C where the case passes) and being eligible (Q)."""
    limits = (thresholds or Thresholds()).by_severity
    checked = tuple(
        Checked(
            row,
            overlap(1.0 - row.certainty if row.passed else row.certainty, row.eligibility),
            limits[row.case.severity],
        )
        for row in rows
    )
    reasons = tuple(_reason(one) for one in checked if one.blocks)
    return Verdict(bool(reasons), checked, reasons)


def _reason(checked: Checked) -> str:
    row, case = checked.row, checked.row.case
    skill = case.request.options[case.target].skill
    what = f"{skill} would come back" if case.kind == "regression" else f"{skill} would be missed"
    return (
        f"case {case.id} ({case.severity}): {what} in at least {checked.bound:.0%} of draws, the limit is "
        f"{checked.threshold:.0%}; {row.status} with certainty {row.certainty:.2f}, eligibility {row.eligibility:.2f}"
    )
