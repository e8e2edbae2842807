"""Why the assistant answered as it did: the record of a turn as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from assistant.repl.text import printable
from dialog.types import Decision, Interpretation, Turn, Understanding

_SHOWN = 5


def why(turn: Turn) -> RenderableType:
    """Interpretations, candidates, the decision, timings and failures of one turn, and what its skill says of it.

    A skill explains itself in the metadata of an event: `explanation` with a `title`, `columns` (with `>` before those
    to be set right), `rows` of texts, and `notes`.
    """
    parts: list[RenderableType] = [
        _heard(turn),
        _interpretations(turn.understanding),
        _candidates(turn.decision),
        _decision(turn.decision),
        _timings(turn.timings),
    ]
    for event in turn.events:
        parts += _explanation(event.metadata.get("explanation"))
    parts += [Text(f"failure: {printable(failure)}") for failure in turn.failures]
    return Group(*parts)


def _heard(turn: Turn) -> RenderableType:
    spoken = turn.utterance.hypotheses
    if len(spoken) < 2:
        return Text(f"turn {turn.turn_id}: {_short(turn.utterance.text)}")
    table = _table(f"turn {turn.turn_id}: heard", "#", "hypothesis", ">confidence")
    for index, hypothesis in enumerate(spoken):
        table.add_row(str(index), _short(hypothesis.text), f"{hypothesis.confidence:.3f}")
    return table


def _interpretations(understanding: Understanding) -> RenderableType:
    title = f"understood by {understanding.nlu or 'nobody'}; none of these: {understanding.out_of_scope:.3f}"
    table = _table(title, "intent", ">probability", "entities", ">reading")
    for reading in understanding.interpretations[:_SHOWN]:
        table.add_row(reading.intent, f"{reading.probability:.3f}", _entities(reading), str(reading.hypothesis))
    return table


def _entities(reading: Interpretation) -> str:
    return ", ".join(
        printable(f"{entity.name}={entity.value!r} [{entity.start}:{entity.end}]") for entity in reading.entities
    )


def _candidates(decision: Decision) -> RenderableType:
    table = _table("candidates", "", "skill", "intent", "domain", ">propensity", "effects", "features")
    marked = zip(decision.candidates, decision.propensities, strict=True)
    for index, (candidate, propensity) in enumerate(marked):
        mark = ("*" if index == decision.chosen else "") + ("!" if index == decision.executed else "")
        features = " ".join(f"{name}={value:g}" for name, value in candidate.features.items())
        table.add_row(
            mark, candidate.skill, candidate.intent, candidate.domain, f"{propensity:.4f}", candidate.effects, features
        )
    return table


def _decision(decision: Decision) -> RenderableType:
    def name(index: int) -> str:
        known = 0 <= index < len(decision.candidates)
        return f"{decision.candidates[index].skill}/{decision.candidates[index].intent}" if known else "nothing"

    forced = f", forced by {decision.forced_by}" if decision.forced_by else ""
    return Text(
        f"decision: chosen (*) {name(decision.chosen)}, executed (!) {name(decision.executed)}{forced}; "
        f"policy {decision.policy or 'none'}, seed {decision.seed}"
    )


def _explanation(found: Any) -> list[RenderableType]:
    """The table and the notes of a skill's explanation; what has another shape is left out."""
    match found:
        case {"title": str(title), "columns": [*columns], "rows": [*rows]}:
            pass
        case _:
            return []
    table = _table(printable(title), *(printable(str(column)) for column in columns))
    for row in rows:
        if isinstance(row, list | tuple) and len(row) == len(columns):
            table.add_row(*(_short(str(cell)) for cell in row))
    notes = found.get("notes", [])
    return [table, *(Text(_short(str(note))) for note in (notes if isinstance(notes, list | tuple) else []))]


def _timings(timings: Mapping[str, float]) -> RenderableType:
    steps = "  ".join(f"{name} {seconds * 1000:.2f}" for name, seconds in timings.items())
    return Text(f"milliseconds: {steps}  total {sum(timings.values()) * 1000:.2f}")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(column.lstrip(">"), justify="right" if column.startswith(">") else "left", overflow="fold")
    return table


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= 200 else text[:200] + "…"
