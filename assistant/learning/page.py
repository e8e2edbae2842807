"""The report as one HTML page with its pictures inside, which needs nothing else."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np

from assistant.cases.page import escape
from assistant.learning.candidate import Candidate
from assistant.learning.report import COLUMNS, HEADS, VALUES, Report, absorbed_lines, domain_rows, value_rows, where

_STYLE = """
:root { color-scheme: light dark; --soft: #5a5a5a; --line: #cfcfcf; --bad: #a30d11; --good: #17632a; }
@media (prefers-color-scheme: dark) { :root { --soft: #b0b0b0; --line: #444; --bad: #ff9a94; --good: #8fd9a0; } }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.summary { border-left: .3rem solid; padding: .2rem .8rem; margin: 1rem 0; font-weight: 600; }
.bad { color: var(--bad); } .good { color: var(--good); } .soft { color: var(--soft); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .92rem; }
th, td { text-align: left; padding: .3rem .7rem; border-bottom: 1px solid var(--line); }
img { max-width: 100%; background: #fff; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(report: Report) -> str:
    """The whole page as text. Needs matplotlib."""
    made = report.candidate
    title = f"Policy {report.version}"
    summary = "refused" if report.reasons else "certified"
    counts = [(name, str(count)) for name, count in report.counts.items()]
    return "\n".join([
        "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{escape(title)}</title>", f"<style>{_STYLE}</style>", "</head>", "<body>", "<main>",
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">Made {escape(report.made)} from {escape(report.parent)}, method {escape(report.method)}, '
        f"seed {report.seed}.</p>",
        f'<p class="summary {"bad" if report.reasons else "good"}">The candidate is {summary}.</p>',
        *_listed("Why it is refused", report.reasons), *_listed("Warnings", report.warnings),
        f"<h2>{HEADS[0]}</h2>", *_table(COLUMNS, domain_rows(made)),
        _picture(_replications(made), "Share of requests by how much of the old choice they repeat"),
        *_listed("Left as they are", list(made.pinned.values())),
        f"<h2>{HEADS[1]}</h2>", *_table(VALUES, value_rows(made)),
        _picture(_gains(made), "Gain over the log by estimator, with intervals"),
        f"<p>The mean reward of the log is {made.before:.4f}. The certified gain{escape(where(made))} is more than "
        f"{made.certificate.value.low:+.4f} at level {1.0 - made.certificate.delta:.0%}.</p>",
        "<h2>Cases</h2>", f"<p>{escape(report.cases.summary)}.</p>",
        *(f"<p>{escape(line)}.</p>" for line in absorbed_lines(made)),
        "<h2>Training</h2>", _picture(_training(made), "What was estimated on held-out decisions while training"),
        "<h2>Log</h2>", *_table(("turns", "number"), counts), "</main>", "</body>", "</html>", "",
    ])  # fmt: skip


def _listed(title: str, texts: Sequence[str]) -> list[str]:
    if not texts:
        return []
    return [f"<h2>{title}</h2>", "<ul>", *(f"<li>{escape(text)}</li>" for text in texts), "</ul>"]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    top = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    body = ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return ['<div class="scroll"><table>', f"<thead><tr>{top}</tr></thead>", "<tbody>", *body, "</tbody></table></div>"]


def _picture(png: bytes, words: str) -> str:
    return f'<p><img alt="{escape(words)}" src="data:image/png;base64,{base64.b64encode(png).decode()}"></p>'


def _replications(made: Candidate) -> bytes:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    axes.hist(made.replications, bins=50, weights=np.full(len(made.replications), 1.0 / len(made.replications)))
    least = 0.5 / len(made.replications)  # one request is seen
    axes.set(xlabel="replication of a request", ylabel="share of requests", yscale="log", ylim=(least, 1.5))
    return _png(figure)


def _gains(made: Candidate) -> bytes:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 2.2), layout="constrained")
    axes = figure.subplots()
    for place, one in enumerate(made.values.values()):
        axes.plot([one["gain_low"], one["gain_high"]], [place, place], color="C0")
        axes.plot(one["gain"], place, "o", color="C0")
    axes.axvline(0.0, color="0.6", linewidth=0.8)
    axes.axvline(made.certificate.value.low, color="C3", linestyle="--", label=f"certified{where(made)}")
    axes.set(yticks=range(len(made.values)), yticklabels=list(made.values), xlabel="gain in reward over the log")
    axes.legend(fontsize="small")
    return _png(figure)


def _training(made: Candidate) -> bytes:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.subplots()
    for name, entries in _curves(made).items():
        axes.plot([step for step, _ in entries], [value for _, value in entries], marker="o", label=name)
    axes.set(xlabel="step", ylabel="value on held-out decisions")
    axes.legend(fontsize="small")
    return _png(figure)


def _curves(made: Candidate) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for name in ("snips", "replication", "violation"):
        entries = [(one["step"], one[name]) for one in made.history["evaluations"] if name in one]
        if entries:
            found[name] = entries
    for number, member in enumerate(made.history["members"]):
        found[f"reward model {number}: entropy"] = [(one["step"], one["entropy"]) for one in member["evaluations"]]
    return found


def _png(figure: object) -> bytes:
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=110, metadata={"Software": None})  # type: ignore[attr-defined]
    return target.getvalue()
