"""Hot-fixes: hand-written rules that override the policy at once, until it has learned what they say (paper 35, 2.1).

    plugins.routing.options.hotfixes:
    - name: jazz-is-music                # of its own
      when: {intent: play_music, text: '\\bjazz\\b'}   # all of them must hold
      use: {skill: music}                # or avoid: {skill: radio}
      severity: high
      since: 2026-11-20
      note: radio answered instead

A rule acts on what the policy sees and on what it would do: the rule policy of the paper's equation 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from policies.patterns import Pattern
from policies.request import Option, Request

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
#: What becomes of a rule that holds: it decides; what it would use is no candidate; only costly candidates are left.
Outcome = Literal["applied", "absent", "costly"]


class Overrides(Protocol):
    """Anything that can decide instead of a policy."""

    def apply(self, request: Request, text: str, propensities: Sequence[float]) -> tuple[int, str] | None:
        """The candidate that must be taken and the name of the rule that says so, or None: the policy decides."""
        ...


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`, both included."""

    low: float = float("-inf")
    high: float = float("inf")

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Target:
    """Candidates of certain skills and intents (empty: any). costly: the rule may choose one with costly effects."""

    skills: frozenset[str] = frozenset()
    intents: frozenset[str] = frozenset()
    costly: bool = False

    def __contains__(self, option: Option) -> bool:
        return (not self.skills or option.skill in self.skills) and (not self.intents or option.intent in self.intents)


@dataclass(frozen=True, slots=True)
class Condition:
    """What must be so for a rule to hold; an empty field asks for nothing.

    intents, domains, features: of the most probable candidate. skills: one of them is among the candidates. channels,
    last_skills, forms: of the turn; None stands for no skill and no form. policy: the share of mass that the policy
    gives to certain candidates.
    """

    intents: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    text: Pattern | None = field(default=None, compare=False)
    phrases: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    last_skills: frozenset[str | None] = frozenset()
    forms: frozenset[str | None] = frozenset()
    features: tuple[tuple[str, Range], ...] = ()
    policy: tuple[Target, Range] | None = None
    source: str = ""  # of `text`: two conditions with the same source are the same

    def holds(self, request: Request, text: str, propensities: Sequence[float]) -> bool:
        """Whether all of it is so. `propensities` [K] are the policy's."""
        top = request.options[top_of(request)]
        return (
            (not self.intents or top.intent in self.intents)
            and (not self.domains or top.domain in self.domains)
            and (not self.skills or any(option.skill in self.skills for option in request.options))
            and (not self.channels or request.channel in self.channels)
            and (not self.last_skills or request.last_skill in self.last_skills)
            and (not self.forms or request.form in self.forms)
            and all(float(top.features.get(name, 0.0)) in span for name, span in self.features)
            and (not self.phrases or plain(text) in self.phrases)
            and (self.text is None or self.text.found(text))
            and (self.policy is None or mass_of(self.policy[0], request, propensities) in self.policy[1])
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One hot-fix. target: the candidates to use, or (avoids) those that must not be taken."""

    name: str
    when: Condition
    target: Target
    avoids: bool = False
    severity: Severity = "medium"
    since: str = ""
    note: str = ""

    def decide(self, request: Request, text: str, propensities: Sequence[float]) -> tuple[Outcome, int] | None:
        """What the rule says: an outcome and the candidate (-1 where it is not "applied"), or None: it does not hold.

        `use` takes the matching candidate that the policy likes best. `avoid` takes the best of the others; it holds
        only where the policy gives what it avoids any mass, so it falls silent once a policy has learned it.
        """
        if not request.options or not self.when.holds(request, text, propensities):
            return None
        wanted = [index for index, option in enumerate(request.options) if (option in self.target) != self.avoids]
        if self.avoids and mass_of(self.target, request, propensities) <= 0.0:
            return None
        if not wanted:
            return "absent", -1
        free = [index for index in wanted if self.target.costly or not request.options[index].costly]
        if not free:
            return "costly", -1
        return "applied", max(free, key=lambda index: propensities[index])


class Hotfixes:
    """Rules in their order; the first that holds and can act decides. `counts`: how often, by rule and outcome."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self.rules = tuple(rules)
        self.counts: Counter[tuple[str, Outcome]] = Counter()

    @classmethod
    def parse(cls, values: Any, where: str = "plugins.routing.options.hotfixes") -> Hotfixes:
        """Rules from configuration. Raises `PolicyError` naming the key, such as `...hotfixes[2].when.intnet`."""
        from policies.hotfix_config import parse

        return cls(parse(values, where))

    def apply(self, request: Request, text: str, propensities: Sequence[float]) -> tuple[int, str] | None:
        """The candidate that must be taken and the rule that says so, or None. propensities [K]: the policy's."""
        for rule in self.rules:
            decided = rule.decide(request, text, propensities)
            if decided is not None:
                self.counts[rule.name, decided[0]] += 1
                if decided[0] == "applied":
                    return decided[1], rule.name
        return None

    def __len__(self) -> int:
        return len(self.rules)


def eligible(rules: Overrides, request: Request, text: str, propensities: Sequence[float]) -> tuple[int, ...]:
    """G of paper 35 for each candidate: 1 where the policy's own draw stands, 0 where a rule takes the decision.

    A rule that decides takes the whole draw, so the candidates of one request share their value.
    """
    decided = rules.apply(request, text, propensities)
    return (int(decided is None),) * len(request.options)


def top_of(request: Request) -> int:
    """The most probable candidate, the first of equals."""
    return max(range(len(request.options)), key=lambda i: request.options[i].features.get("probability", 0.0))


def mass_of(target: Target, request: Request, propensities: Sequence[float]) -> float:
    """The share of mass that a policy gives to the candidates of a target."""
    return sum(propensities[index] for index, option in enumerate(request.options) if option in target)


def plain(text: str) -> str:
    """A text as phrases are compared: lower case, single spaces, no punctuation around it."""
    return " ".join(text.casefold().split()).strip(" .,!?;:")
