"""The value types of the symbolic path: what a text was read as, and what came of working it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

Kind = Literal[
    "calculation",
    "percent",
    "fraction",
    "list",
    "series",
    "whole number",
    "equation",
    "puzzle",
    "measure",
    "conversion",
    "date",
    "countdown",
    "weekday",
]
#: A number (exact wherever it is rational), a truth, a day, words, or several numbers (the unknowns in their order).
Result = Fraction | float | bool | date | str | tuple[Fraction | float, ...]


@dataclass(frozen=True, slots=True)
class Symbolic:
    """An answer worked out without a model.

    `text` is the sentence to show and `spoken` the one to say; `answer` is the value in `unit` (singular-less, as in
    "dollars"; empty where it is a bare number). `expression` is a formula in digits and + - * / where the answer is one
    (empty otherwise); `steps` are the equations and intermediate values on the way, to be shown on request.
    """

    kind: Kind
    answer: Result
    text: str
    spoken: str
    unit: str = ""
    expression: str = ""
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A text that was recognised. `work` does the rest: it may import SymPy or Pint and raises `Refused`."""

    kind: Kind
    work: Callable[[], Symbolic]
