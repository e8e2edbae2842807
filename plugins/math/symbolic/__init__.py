"""The symbolic path: questions that need arithmetic, algebra, the calendar or a table of units, and no model.

    reading = symbolic.recognise(text, now)     # cheap: no SymPy, no Pint
    found = symbolic.read(text, now)            # works it out: in a thread, where the event loop must not wait

Whole texts are matched, never a part of one: a story with numbers, or a request for a timer, is none of these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from plugins.expression import Refused
from plugins.math.symbolic import (
    calculations,
    days,
    equations,
    integers,
    lists,
    measures,
    percent,
    puzzles,
    rationals,
    series,
)
from plugins.math.symbolic.asked import Asked, asked
from plugins.math.symbolic.types import Kind, Reading, Result, Symbolic

__all__ = ["Kind", "Reading", "Refused", "Result", "Symbolic", "read", "recognise"]

#: In order: a reader further up knows better what a phrase means that several could read.
READERS: Sequence[Callable[[Asked, datetime], Reading | None]] = (
    percent.read,
    series.read,
    lists.read,
    integers.read,
    rationals.read,
    days.read,
    measures.read,
    calculations.read,
    equations.read,
    puzzles.read,
)


def recognise(text: str, now: datetime, locale: str = "en") -> Reading | None:
    """What a text asks for, or None where it is nothing that is computed here. Takes a fifth of a millisecond;
    20 ms for the worst of long texts.

    now: the time of the utterance, in the user's zone; it decides what today is. locale: texts in other languages than
      English are never recognised.
    """
    if locale.partition("-")[0].partition("_")[0] not in ("", "en"):
        return None
    request = asked(text)
    if request is None:
        return None
    for reader in READERS:
        found = reader(request, now)
        if found is not None:
            return found
    return None


def read(text: str, now: datetime, locale: str = "en") -> Symbolic | None:
    """The answer to a text, or None where it is nothing that is computed here.

    Blocks: the first equation imports SymPy (a second or two) and the first quantity Pint, so call it in a thread from
    a coroutine. Raises `Refused` with a sentence for the user where the text is understood but has no answer:
    contradictions, units that do not go together, numbers that are too large.
    """
    reading = recognise(text, now, locale)
    return reading.work() if reading is not None else None
