"""What came of learning: what the log gave, what the candidate would do, what was proven, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from assistant.cases.report import Report as Cases
from assistant.cases.report import counted
from assistant.learning.candidate import Candidate
from assistant.repl.text import printable


@dataclass(frozen=True)
class Report:
    """version: the candidate's. window: of the data, epoch seconds. counts, policies: what the log held.

    reasons: why the candidate is refused; empty where it may be kept.
    """

    version: str
    parent: str
    made: str
    method: str
    seed: int
    candidate: Candidate
    cases: Cases
    window: tuple[float | None, float | None] = (None, None)
    counts: Mapping[str, int] = field(default_factory=dict)
    policies: Mapping[str, int] = field(default_factory=dict)
    encoder: str = ""
    notes: Sequence[str] = ()

    @property
    def reasons(self) -> list[str]:
        """Why the candidate is refused."""
        certificate = self.candidate.certificate
        return [*certificate.refused, *certificate.failed, *self.cases.verdict.reasons]

    @property
    def warnings(self) -> list[str]:
        """What makes the candidate less than whole."""
        return [*self.notes, *self.candidate.warnings, *self.cases.warnings]

    def card(self) -> dict[str, Any]:
        """What is kept with the version."""
        made = self.candidate
        parts = {name: len(getattr(made.split, name)) for name in ("train", "valid", "certify")}
        return {
            "method": self.method,
            "seed": self.seed,
            "window": list(self.window),
            "counts": dict(self.counts),
            "policies": dict(self.policies),
            "parts": parts,
            "encoder": self.encoder,
            "bounds": made.bounds.to_json(),
            "changed_domains": list(made.kept),
            "left_as_they_are": dict(made.pinned),
            "values": {name: dict(value) for name, value in made.values.items()},
            "logged_reward": made.before,
            "violations": made.violations.to_json(),
            "certificate": {**made.certificate.to_json(), "cap": made.cap},
            "cases": _without_words(self.cases.verdict.to_json()),
            "absorbed": {**asdict(made.absorbed), "ids": list(made.absorbed.ids)},
        }

    def to_json(self) -> dict[str, Any]:
        """The whole report as plain data."""
        return {
            "version": self.version,
            "parent": self.parent,
            "made": self.made,
            "kept": not self.reasons,
            "reasons": self.reasons,
            "warnings": self.warnings,
            **self.card(),
            "support": vars(self.candidate.support),
            "history": dict(self.candidate.history),
        }


#: Titles of the two tables.
HEADS = (
    "How much of the old choices is repeated, on held-out decisions",
    "What the new policy would earn, estimated on held-out decisions with a reward",
)
#: Head of the table of domains.
COLUMNS = ("domain", "requests", "bounds", "replication", "outside", "proven below", "")


def domain_rows(made: Candidate) -> list[tuple[str, ...]]:
    """One row for each domain: how much of the old choices is repeated, and what is proven of that."""
    found: list[tuple[str, ...]] = []
    for name, share in sorted(made.violations.by_domain.items(), key=lambda pair: -pair[1].requests):
        low, high = made.bounds.of(name)
        known = made.certificate.domains.get(name)
        verdict = "as it was" if name in made.pinned else "" if known is None else "yes" if known.satisfied else "NO"
        found.append(
            (
                name, str(share.requests), f"{low:g} to {high:g}", f"{share.replication:.4f}",
                f"{share.frequency:.2%}", "" if known is None else f"{known.share:.2%}", verdict,
            )
        )  # fmt: skip
    return found


def value_rows(made: Candidate) -> list[tuple[str, ...]]:
    """One row for each estimator: value and gain with their intervals, effective sample."""
    return [
        (
            name, f"{one['value']:.4f}", f"[{one['low']:.4f}, {one['high']:.4f}]", f"{one['gain']:+.4f}",
            f"[{one['gain_low']:+.4f}, {one['gain_high']:+.4f}]", f"{one['effective']:.0f} of {one['rows']:.0f}",
        )
        for name, one in made.values.items()
    ]  # fmt: skip


def absorbed_lines(made: Candidate) -> list[str]:
    """What the cases that the policy has taken in do to other requests; empty where they are no layer."""
    found = made.absorbed
    if not found.ids:
        return []
    return [
        f"{counted(len(found.ids), 'case')} taken in: {found.changed} of {found.requests} held-out decisions are like "
        f"one and change, {found.outside} of them leave their bounds"
    ]


def _without_words(verdict: dict[str, Any]) -> dict[str, Any]:
    """A version stays when its users are erased, so it holds nothing that anybody has said or written of a case."""
    words = ("text", "description")
    rows = [{name: value for name, value in row.items() if name not in words} for row in verdict["cases"]]
    return {**verdict, "cases": rows}


def where(made: Candidate) -> str:
    """What the certificate of value speaks of, as the end of a sentence: the tables speak of all domains."""
    return f" in the domains that change ({', '.join(made.kept)})" if made.pinned else ""


VALUES = ("estimator", "reward", "interval", "gain", "interval of the gain", "effective sample")


def shown(report: Report) -> RenderableType:
    """The report for a terminal."""
    made = report.candidate
    counted = ", ".join(f"{count} {printable(name)}" for name, count in report.counts.items() if count)
    parts: list[RenderableType] = [
        Text(f"log: {counted}"), Text(), Text(HEADS[0], style="bold"), _table(COLUMNS, domain_rows(made)), Text(),
        Text(HEADS[1], style="bold"), _table(VALUES, value_rows(made)),
        Text(f"mean reward of the log: {made.before:.4f}"), Text(),
    ]  # fmt: skip
    value = made.certificate.value
    proven = f"more than {value.low:+.4f} at level {1.0 - made.certificate.delta:.0%}"
    parts.append(Text(f"certified gain{printable(where(made))}: {proven}"))
    parts += [Text(f"left as it is: {printable(why)}") for why in made.pinned.values()]
    parts.append(Text(f"cases: {report.cases.summary}"))
    parts += [Text(line) for line in absorbed_lines(made)]
    parts += [Text(f"warning: {printable(text)}", style="yellow") for text in report.warnings]
    parts += [Text(f"refused: {printable(reason)}", style="red") for reason in report.reasons]
    verdict = "refused" if report.reasons else "certified"
    parts.append(Text(f"policy {printable(report.version)} is {verdict}", style="bold"))
    return Group(*parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(*head, box=None)
    for row in rows:
        table.add_row(*map(printable, row))
    return table
