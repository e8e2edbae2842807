"""Stories of one heap of things, composed: how somebody comes by it, what happens to it, what is asked of it.

Change, combine, compare and equal groups (Riley, Greeno and Heller 1983; Vergnaud 1982), one after the other: every
beginning goes with every chain of events and every question, as long as the formula stays short.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from plugins.math.solver.symbols import operators
from plugins.math.training.synthetic.schema import Schema, prefix_of
from plugins.math.training.synthetic.texts import Entry, entries

_MOST = 4
#: The questions for the size of the heap; which one depends on what happened last.
_SIZES = ("now", "left", "all", "of")
#: Questions that stay clear when somebody else is said to have some of the things too.
_CLEAR = ("result", "pack", "into", "sell", "need")


def schemas() -> Iterator[Schema]:
    """Every composition of one beginning, up to two events and one question that stays within four operators."""
    starts, events, questions = (entries(f"story_{part}") for part in ("starts", "events", "asks"))
    sizes = {entry.name: entry for entry in questions if entry.name in _SIZES}
    asks = [replace(sizes["now"], name="result"), *(entry for entry in questions if entry.name not in _SIZES)]
    chains = [(), *((event,) for event in events), *(pair for pair in product(events, repeat=2) if _goes_on(*pair))]
    for start, ask, chain in product(starts, asks, chains):
        if ask.name == "result":
            size = ("left" if chain[-1].name.startswith("loss") else "now") if chain else start.options.get("ask")
            if size is None:
                continue
            ask = replace(sizes[size], name="result")
        if (schema := _composed(start, chain, ask)) is not None:
            yield schema


def _goes_on(first: Entry, second: Entry) -> bool:
    """Whether two events make one story: shares of the heap come first, and groups come once."""
    return (
        "fraction" not in second.name
        and "percent" not in second.name
        and (first is not second or "_" not in first.name)
    )


def _composed(start: Entry, chain: tuple[Entry, ...], ask: Entry) -> Schema | None:
    events = [_second(event) if index else event for index, event in enumerate(chain)]
    formula = start.formula
    for part in (*events, ask):
        formula = part.formula.replace("_", f"({formula})")
    numbers = {name: spec for part in (start, *events, ask) for name, spec in part.numbers.items()}
    count = operators(prefix_of(formula))
    if not 1 <= count <= _MOST or len(numbers) > _MOST + (len(start.numbers) == 1):
        return None
    return Schema(
        name="+".join((start.name, *(event.name for event in events), ask.name)),
        family=f"story{count}",
        formula=formula,
        numbers=numbers,
        story=" // ".join((start.story, *(event.story for event in events))),
        ask=ask.ask,
        kinds=ask.kinds,
        distract="any" if ask.name in _CLEAR else "other",
    )


def _second(event: Entry) -> Entry:
    """The second event of a story: with numbers and verbs of its own."""
    formula, story, numbers = event.formula, event.story, dict(event.numbers)
    for old, new in (("z", "u"), ("w", "v")):
        if old in numbers:
            numbers[new] = numbers.pop(old)
        formula = formula.replace(old, new)
        for mark in ("{%s}", "{%s ", "{%%%s}"):
            story = story.replace(mark % old, mark % new)
    for verb in ("gain", "lose"):
        story = story.replace(f"{{{verb}}}", f"{{{verb}2}}").replace(f"{{{verb}tail}}", f"{{{verb}2tail}}")
    return replace(event, formula=formula, story=story, numbers=numbers)
