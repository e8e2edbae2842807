"""Regression and progression cases: single requests on which every new policy is examined (paper 35, 2.1 and 2.2).

A regression case holds an action that was wrong and must not come back, a progression case one that is wanted. A case
is a value: it carries its candidates with their features, so that it can be judged when the log is gone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from policies.errors import PolicyError
from policies.hotfix import Overrides, Severity, eligible
from policies.hotfix_config import date_of, severity_of
from policies.request import Option, Request

Kind = Literal["regression", "progression"]
KINDS: tuple[Kind, ...] = ("regression", "progression")
#: A policy's propensities [K] for a request.
Propensities = Callable[[Request], Sequence[float]]
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Case:
    """One sample (X, a) with what is known of it.

    action: the candidate that was taken when the case was logged. desired: the one that is wanted, None: not known
    (a progression case always has one). propensities [K]: of the policy that decided then, empty: not known. text:
    what was understood, for rules. encoder: whose sentence vector `request.vector` is. incident: cases of one cause
    share it. user: whose words these are, so that they can be erased.
    """

    id: str
    kind: Kind
    request: Request
    action: int
    desired: int | None = None
    text: str = ""
    propensities: tuple[float, ...] = ()
    description: str = ""
    severity: Severity = "medium"
    date: str = ""
    active: bool = True
    incident: str = ""
    user: str = ""
    turn: int | None = None
    encoder: str = ""

    def __post_init__(self) -> None:
        count = len(self.request.options)
        if not self.id or self.kind not in KINDS:
            raise PolicyError(f"case {self.id!r}: an id and a kind ({', '.join(KINDS)}) are needed, not {self.kind!r}")
        for name, index in (("action", self.action), ("desired", self.desired)):
            if index is not None and not 0 <= index < count:
                raise PolicyError(f"case {self.id}: {name} {index} is none of its {count} candidates")
        if self.kind == "progression" and self.desired is None:
            raise PolicyError(f"case {self.id}: a progression case says which action is wanted")
        if self.kind == "regression" and self.desired == self.action:
            raise PolicyError(f"case {self.id}: the action that must not come back cannot be the wanted one")
        if self.propensities and len(self.propensities) != count:
            raise PolicyError(f"case {self.id}: {len(self.propensities)} propensities for {count} candidates")

    @property
    def target(self) -> int:
        """The action `a` of the sample: the bad one of a regression, the wanted one of a progression case."""
        return self.action if self.kind == "regression" or self.desired is None else self.desired

    def retired(self) -> Case:
        """The same case, deprecated: it is kept, and no policy is examined on it."""
        return replace(self, active=False)

    def to_json(self) -> dict[str, Any]:
        """Plain data for one line of a file; the vector is kept in half precision."""
        request = self.request
        data = {"format": _FORMAT, **{name: getattr(self, name) for name in _PLAIN}}
        data["propensities"] = list(self.propensities)
        vector = None if request.vector is None else np.asarray(request.vector, "<f2").tobytes()
        data["request"] = {
            "options": [{**asdict(option), "features": dict(option.features)} for option in request.options],
            "vector": None if vector is None else base64.b64encode(vector).decode(),
            "last_skill": request.last_skill, "form": request.form, "channel": request.channel, "time": request.time,
        }  # fmt: skip
        return data

    @classmethod
    def from_json(cls, data: Any) -> Case:
        """The inverse of `to_json`. Raises `PolicyError` saying what is wrong."""
        if not isinstance(data, Mapping) or data.get("format") != _FORMAT:
            raise PolicyError(f"not a case of format {_FORMAT}")
        named = f"case {data.get('id')!r}"
        try:
            known = {name: data[name] for name in _PLAIN}
            wanted = data["request"]
            options = tuple(Option(**one) for one in wanted["options"])
            request = Request(
                options, _vector(wanted["vector"]), wanted["last_skill"], wanted["form"], wanted["channel"],
                float(wanted["time"]),
            )  # fmt: skip
            propensities = tuple(float(value) for value in data["propensities"])
        except KeyError as error:
            raise PolicyError(f"{named}: {error.args[0]} is missing") from None
        except (TypeError, ValueError, AttributeError, binascii.Error) as error:
            raise PolicyError(f"{named}: {error}") from None
        wrong = [name for name, kinds in _PLAIN.items() if not isinstance(known[name], kinds)]
        wrong += ["request" for option in options if not _whole(option)][:1]
        if wrong or not all(math.isfinite(value) and value >= 0.0 for value in propensities):
            raise PolicyError(f"{named}: {', '.join(wrong) or 'propensities'}: not what a case holds")
        known["severity"] = severity_of(known["severity"], f"{named}: severity")
        known["date"] = date_of(known["date"] or None, f"{named}: date")
        return cls(request=request, propensities=propensities, **known)


_PLAIN: Mapping[str, tuple[type, ...]] = {
    # The user comes early: a line that was cut off still tells whose it is.
    "id": (str,), "user": (str,), "kind": (str,), "description": (str,), "severity": (str,), "date": (str,),
    "active": (bool,), "incident": (str,), "turn": (int, type(None)), "encoder": (str,), "text": (str,),
    "action": (int,), "desired": (int, type(None)),
}  # fmt: skip


def _vector(text: str | None) -> Any:
    if text is None:
        return None
    return np.frombuffer(base64.b64decode(text, validate=True), "<f2").astype(np.float32)


def _whole(option: Option) -> bool:
    texts = (option.skill, option.intent, option.domain, option.effects)
    return all(isinstance(text, str) for text in texts) and all(
        isinstance(value, int | float) and math.isfinite(value) for value in dict(option.features).values()
    )


@dataclass(frozen=True, slots=True)
class Row:
    """How a policy does on one case.

    certainty: C in [0, 1], how sure the status is. eligibility: Q in [0, 1], the expected share of draws that the
    policy decides and no rule. risk: the share of the policy's draws that would show the defect. preferred: index of
    its likeliest candidate. rule: which one would decide, if any.
    """

    case: Case
    passed: bool
    certainty: float
    eligibility: float
    risk: float
    preferred: int
    rule: str | None = None

    @property
    def status(self) -> str:
        """pass or fail."""
        return "pass" if self.passed else "fail"

    def to_json(self) -> dict[str, Any]:
        """Plain data for a report."""
        case, options = self.case, self.case.request.options
        return {
            "id": case.id, "kind": case.kind, "status": self.status, "certainty": round(self.certainty, 6),
            "eligibility": round(self.eligibility, 6), "risk": round(self.risk, 6), "severity": case.severity,
            "action": options[case.target].skill, "preferred": options[self.preferred].skill, "rule": self.rule,
            "incident": case.incident, "date": case.date, "description": case.description, "text": case.text,
        }  # fmt: skip


def evaluate(cases: Iterable[Case], policy: Propensities, rules: Overrides | None = None) -> list[Row]:
    """Examine a policy on the active cases (paper 35, 2.2): status, certainty C and expected eligibility Q (eq. 2).

    A progression case passes where the likeliest candidate is the wanted one, a regression case where it is not the
    bad one. C is the likelihood of what the status says of the action `a`: pi(a) for a passed progression and a failed
    regression case, else 1 - pi(a). (The paper prints 1 - pi(a^) for the latter, by which a policy that is sure of a
    wrong action would fail with little certainty; both readings agree wherever a^ = a.)
    Raises `PolicyError` where the policy does not give a distribution over the candidates of a case.
    """
    return [_row(case, policy, rules) for case in cases if case.active]


def _row(case: Case, policy: Propensities, rules: Overrides | None) -> Row:
    values = [float(value) for value in policy(case.request)]
    whole = len(values) == len(case.request.options) and all(value >= 0.0 for value in values)
    if not whole or abs(sum(values) - 1.0) > 1e-4:
        raise PolicyError(f"case {case.id}: the policy gives no distribution over its candidates: {values}")
    preferred = max(range(len(values)), key=values.__getitem__)
    same, mass = preferred == case.target, min(values[case.target], 1.0)
    wanted = case.kind == "progression"
    decided = rules.apply(case.request, case.text, values) if rules is not None else None
    stands = eligible(rules, case.request, case.text, values) if rules is not None else (1,) * len(values)
    share = math.fsum(value * g for value, g in zip(values, stands, strict=True)) / math.fsum(values)
    risk = 1.0 - mass if wanted else mass
    return Row(case, same == wanted, mass if same else 1.0 - mass, share, risk, preferred, decided and decided[1])


def remediation(before: Sequence[Row], after: Sequence[Row]) -> float | None:
    """Percentage of failing cases that a new policy has mended, net of those it broke (paper 35, eq. 7).

    None where nothing failed before. Raises `PolicyError` where the rows are not of the same cases.
    """
    if [row.case.id for row in before] != [row.case.id for row in after]:
        raise PolicyError("the two policies were not examined on the same cases")
    failed, left = (sum(not row.passed for row in rows) for rows in (before, after))
    return (failed - left) / failed * 100.0 if failed else None


def split(cases: Iterable[Case], share: float = 0.67, seed: int = 0) -> tuple[list[Case], list[Case]]:
    """Cases to learn from and to hold out; of an incident with several cases some are on each side (paper 35, 3.1)."""
    groups: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.incident or case.id, case.kind), []).append(case)
    learned: list[Case] = []
    held: list[Case] = []
    for (name, _), members in sorted(groups.items()):
        order = sorted(members, key=lambda case: _draw(seed, case.id))
        # A share of the group, rounded by a draw of the group's own so that small groups do not all fall on one side.
        at = math.floor(share * len(order) + _draw(seed, name))
        at = min(max(at, 1), len(order) - 1) if len(order) > 1 else at
        learned += order[:at]
        held += order[at:]
    return learned, held


def _draw(seed: int, name: str) -> float:
    digest = hashlib.blake2b(f"{seed}\x00{name}".encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
