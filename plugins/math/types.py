"""The value types of checked word-problem arithmetic: a question as a template, a program, what a run may take.

A question's numbers become the letters A, B, C ... (MathPrompter, section 2.1 step I); programs over those letters are
parsed, checked, run and compared. Everything here is a value: nothing runs on being made.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

from dialog.errors import AssistantError

Kind = Literal["expression", "function"]
#: What a program may answer: exact wherever it stays rational, a float after a root or a power that is not, or a truth.
Answer = Fraction | float | bool


class ProgramError(AssistantError):
    """A program that is refused or failed; `reason` says why in a few words, `line` counts from 1 (0: the whole)."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.reason, self.line = reason, line


@dataclass(frozen=True, slots=True)
class Template:
    """A question with its numbers replaced by letters.

    `text` is the question with the letters in it, `values` what each stood for, `units` the words after each number
    (empty where there is none), `asked` the asked quantity as it was put ("how many apples", empty where nothing is
    asked), `unit` the unit the answer is in ("apples", "dollars", empty where it is not known), `integers` the letters
    that are counts (positive whole numbers of things), `excused` the letters an answer need not use (the two of "both",
    the one of "one of them"), `question` the text as it came.
    """

    text: str
    values: Mapping[str, Fraction]
    units: Mapping[str, str]
    asked: str
    integers: frozenset[str]
    question: str
    unit: str = ""
    excused: frozenset[str] = frozenset()

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters in the order of the text."""
        return tuple(self.values)


@dataclass(frozen=True, slots=True)
class Finding:
    """A weakness a static check found that does not stop the program: `unused variable`, `unreachable`, ..."""

    kind: str
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Program:
    """A checked program.

    `source` is what came, `letters` what it may use, `variables` the letters that reach its answer, `unused` those that
    do not, `parameters` the letter of each parameter by its name, `findings` what the static check noted. `body` is the
    syntax tree, of allowed nodes alone; `answer` names the variable whose last value is the answer where nothing is
    returned.
    """

    kind: Kind
    source: str
    letters: frozenset[str]
    variables: frozenset[str]
    unused: frozenset[str] = frozenset()
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    findings: tuple[Finding, ...] = ()
    answer: str = ""
    body: tuple[ast.stmt, ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one run may take: steps (nodes evaluated), wall time, bits of a number, cells of all lists together."""

    steps: int = 20_000
    seconds: float = 1.0
    bits: int = 2048
    cells: int = 10_000


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Whether two programs say the same.

    `draws` counts the random assignments both answered; `by` says what decided. `bound` is an upper bound on the chance
    that different programs look equal: 0 where it is proved (or they differ), the Schwartz-Zippel bound for closed
    forms too large to expand, None where no bound is known (branches, rounding).
    """

    equal: bool
    draws: int
    by: Literal["symbolic", "numeric"]
    bound: float | None
