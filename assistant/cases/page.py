"""The report as one HTML page that needs nothing else: dark and light, readable without colours, safe for any text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape as _escape

from assistant.cases.report import Report
from assistant.cases.table import judged
from assistant.repl.text import printable
from policies.guardrail import Checked

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --soft: #5a5a5a; --line: #cfcfcf; --bad: #a30d11;
  --good: #17632a; --shade: #f4f4f2; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececec; --paper: #161616; --soft: #b0b0b0; --line: #444;
  --bad: #ff9a94; --good: #8fd9a0; --shade: #222; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.summary { border-left: .3rem solid; padding: .2rem .8rem; margin: 1rem 0; font-weight: 600; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
caption { text-align: left; color: var(--soft); padding-bottom: .4rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
thead th { background: var(--shade); }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
td.words { min-width: 12rem; max-width: 22rem; overflow-wrap: anywhere; }
td.number span { white-space: nowrap; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; } dd { margin: 0; }
.bad { color: var(--bad); font-weight: 600; } .good { color: var(--good); } .soft { color: var(--soft); }
:focus-visible { outline: 2px solid; outline-offset: 2px; }
"""
_EXPLAINED = (
    ("Certainty", "how sure the status is, from 0 to 1"),
    ("Eligibility", "the share of draws in which the policy decides and no hot-fix rule, from 0 to 1"),
    ("Bound", "the least share of draws in which the policy decides and shows the defect"),
    ("Limit", "the bound above which a case of this severity keeps a policy from being promoted"),
)


def page(report: Report) -> str:
    """The whole page as text."""
    verdict = report.verdict
    title = f"Cases of policy {report.policy}"
    tone = "bad" if verdict.blocked else "good"
    made = f'<p class="soft">Examined {escape(report.made)}{_retired(report.retired)}</p>'
    return "\n".join([
        "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'">',
        f"<title>{escape(title)}</title>", f"<style>{_STYLE}</style>", "</head>", "<body>", "<main>",
        f"<h1>{escape(title)}</h1>", made, f'<p class="summary {tone}">{escape(report.summary)}.</p>',
        *_section("Why it is blocked", verdict.reasons), *_section("Warnings", report.warnings),
        "<h2>Cases</h2>", *_cases(verdict.rows), *_rules(report), "</main>", "</body>", "</html>", "",
    ])  # fmt: skip


def escape(text: str) -> str:
    """A text for the page: no markup, and no control character, which HTML does not allow."""
    return _escape(printable(text))


def _retired(count: int) -> str:
    return f"; {count} retired {'case is' if count == 1 else 'cases are'} left out" if count else ""


def _section(title: str, texts: Sequence[str]) -> list[str]:
    if not texts:
        return []
    return [f"<h2>{title}</h2>", "<ul>", *(f"<li>{escape(text)}</li>" for text in texts), "</ul>"]


def _cases(rows: Sequence[Checked]) -> list[str]:
    if not rows:
        return ["<p>There are no active cases.</p>"]
    heads = (
        "Case", "Kind", "Severity", "Status", "Certainty", "Eligibility", "Bound", "Limit", "Guard-rail",
        "Candidates", "Text",
    )  # fmt: skip
    caption = "Every active case, with what the policy does on it"
    notes = [f"<dt>{name}</dt><dd>{escape(words)}.</dd>" for name, words in _EXPLAINED]
    return [*_table("cases", caption, heads, (_row(one) for one in rows)), '<dl class="soft">', *notes, "</dl>"]


def _row(checked: Checked) -> list[str]:
    row, case = checked.row, checked.row.case
    options = case.request.options
    status = f'<td class="{"good" if row.passed else "bad"}">{"✓" if row.passed else "✗"} {row.status}</td>'
    rule = f' <span class="soft">({escape(row.rule)})</span>' if row.rule else ""
    asked = f"not {options[case.target].skill}" if case.kind == "regression" else options[case.target].skill
    about = f'<br><span class="soft">{escape(case.description)}</span>' if case.description else ""
    return [
        f'<th scope="row">{escape(case.id)}</th>', _cell(case.kind), _cell(case.severity), status,
        _number(row.certainty), f'<td class="number">{row.eligibility:.3f}{rule}</td>',
        _number(max(checked.bound, 0.0)), _number(checked.threshold),
        _cell(judged(checked), "bad" if checked.blocks else ""),
        _cell(f"wanted: {asked}; likeliest: {options[row.preferred].skill}"),
        f'<td class="words">{escape(case.text)}{about}</td>',
    ]  # fmt: skip


def _rules(report: Report) -> list[str]:
    if not report.rules:
        return []
    rows = [
        [
            f'<th scope="row">{escape(rule.rule)}</th>',
            _cell("✓ can be retired" if rule.retirable else "stays", "good" if rule.retirable else ""),
            _cell(rule.reason), _cell(", ".join(rule.cases)), _number(rule.certainty) if rule.cases else _cell("–"),
        ]
        for rule in report.rules
    ]  # fmt: skip
    heads = ("Rule", "Result", "Reason", "Its cases", "Least certainty")
    return [
        "<h2>Hot-fix rules</h2>",
        *_table("rules", "What the policy does by itself on each rule's cases", heads, rows),
    ]


def _table(name: str, caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{name}">', "<table>",
        f'<caption id="{name}">{escape(caption)}</caption>', "<thead><tr>",
        *(f'<th scope="col">{head}</th>' for head in heads), "</tr></thead>",
        "<tbody>", *(f"<tr>{''.join(cells)}</tr>" for cells in rows), "</tbody>", "</table>", "</div>",
    ]  # fmt: skip


def _cell(text: str, tone: str = "") -> str:
    return f'<td class="{tone}">{escape(text)}</td>' if tone else f"<td>{escape(text)}</td>"


def _number(value: float) -> str:
    return f'<td class="number">{value:.3f}</td>'
