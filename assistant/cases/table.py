"""Cases and reports as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from assistant.cases.report import Report
from assistant.repl.text import printable
from policies.cases import Case
from policies.guardrail import Checked
from policies.retirement import Retirement

_LONG = 48


def listed(cases: Iterable[Case]) -> Table:
    """All cases, one a row."""
    table = Table("id", "kind", "severity", "date", "status", "wanted", "text", "note", box=None)
    for case in cases:
        skill = case.request.options[case.target].skill
        target = f"not {skill}" if case.kind == "regression" else skill
        if case.kind == "regression" and case.desired is not None:
            target += f", {case.request.options[case.desired].skill}"
        status = "active" if case.active else "retired"
        words = (case.id, case.kind, case.severity, case.date, status, target, case.text, case.description)
        table.add_row(*map(_cell, words), style="" if case.active else "dim")
    return table


def reported(report: Report) -> RenderableType:
    """A report: the cases, the reasons, the rules, the summary."""
    parts: list[RenderableType] = []
    if report.verdict.rows:
        cases = Table(
            "id", "kind", "severity", "status", "certainty", "eligibility", "bound", "guard-rail", "likeliest", "text",
            box=None,
        )  # fmt: skip
        for one in report.verdict.rows:
            cases.add_row(*_cells(one))
        parts += [cases, Text()]
    parts += [Text(f"blocked: {printable(reason)}", style="red") for reason in report.verdict.reasons]
    parts += [_rule(rule) for rule in report.rules]
    parts += [Text(f"warning: {printable(warning)}", style="yellow") for warning in report.warnings]
    parts.append(Text(f"policy {printable(report.policy)}: {report.summary}", style="bold"))
    return Group(*parts)


def show(what: RenderableType) -> None:
    """Print to the terminal, or in full width to a pipe."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=240)
    console.print(what)


def judged(checked: Checked) -> str:
    """What the guard-rail says of one case: blocks, passes, or skipped (the bound says nothing)."""
    return "blocks" if checked.blocks else "skipped" if checked.skipped else "passes"


def _cells(checked: Checked) -> list[Text]:
    row = checked.row
    options = row.case.request.options
    return [
        _cell(row.case.id), _cell(row.case.kind), _cell(row.case.severity),
        Text(row.status, style="green" if row.passed else "red"), Text(f"{row.certainty:.3f}"),
        Text(f"{row.eligibility:.3f}" + (f" ({printable(row.rule)})" if row.rule else "")),
        Text(f"{max(checked.bound, 0.0):.3f}"), Text(judged(checked), style="red" if checked.blocks else ""),
        _cell(options[row.preferred].skill), _cell(row.case.text),
    ]  # fmt: skip


def _rule(rule: Retirement) -> Text:
    word = "can be retired" if rule.retirable else "stays"
    return Text(
        f"hot-fix {printable(rule.rule)} {word}: {printable(rule.reason)}", style="" if rule.retirable else "dim"
    )


def _cell(text: str) -> Text:
    shown = " ".join(printable(text).split())
    return Text(shown if len(shown) <= _LONG else shown[: _LONG - 1] + "…")
