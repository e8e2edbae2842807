"""A problem to train on: a question, its formula over the letters of its template, its answer and where it is from."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from dialog.errors import AssistantError
from plugins.math.solver.inputs import masked
from plugins.math.solver.symbols import MAX_OPERATORS, Prefix, operators, value
from plugins.math.template import template_of
from plugins.math.types import Template

WRONG = "the formula gives another number"


class DataError(AssistantError):
    """A file of the data that is missing or damaged; the text names the file, and the row where there is one."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A question and the formula that answers it.

    `prefix` is over the letters of `template_of(question)`, `answer` its exact value, `source` the data set ("mawps",
    "gsm8k", "step", "synthetic", with "+noise" for a noised copy), `id` the row in it.
    """

    question: str
    prefix: Prefix
    answer: Fraction
    source: str
    id: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a test set: `prefix` where its annotated formula could be read, `tags` the parts it belongs to."""

    question: str
    answer: Fraction
    id: str
    prefix: Prefix | None = None
    tags: frozenset[str] = field(default_factory=frozenset)


def number(told: object) -> Fraction:
    """The number that a data file tells as an answer (thirds come as decimals). Raises ValueError."""
    text = str(told).replace(",", "").strip()
    exact = Fraction(text)
    simple = exact.limit_denominator(1000)
    return simple if len(text.partition(".")[2]) > 6 and abs(exact - simple) < Fraction(1, 10**6) else exact


def close(first: Fraction, second: Fraction, tolerance: Fraction = Fraction(1, 10**4)) -> bool:
    """Whether two numbers are the same but for rounding, relative to the larger."""
    return abs(first - second) <= tolerance * max(Fraction(1), abs(first), abs(second))


def rounded(exact: Fraction, told: Fraction) -> bool:
    """Whether `told` is `exact` rounded to the decimals that `told` has (one or more: whole numbers say nothing)."""
    for places in range(1, 7):
        scale = Fraction(10**places)
        if (told * scale).denominator == 1:
            return told.denominator > 1 and 2 * abs(exact - told) * scale <= 1
    return False


def flaw(template: Template, prefix: Prefix, answer: Fraction) -> str:
    """Why a formula cannot be trained on with its question; empty where it can."""
    letters = set(masked(template).letters)
    used = {token for token in prefix if token in template.values}
    if not used:
        return "no number of the question is used"
    if used - letters:
        return "a used number is beyond the letters a solver sees"
    if operators(prefix) == 0:
        return "one number is the answer"
    if operators(prefix) > MAX_OPERATORS:
        return "too many operators"
    try:
        found = value(prefix, dict(template.values))
    except ZeroDivisionError:
        return "division by zero"
    return "" if close(found, answer) else WRONG


def check(problem: Problem) -> str:
    """Why a problem is not valid by itself (its template read anew); empty where it is."""
    return flaw(template_of(problem.question), problem.prefix, problem.answer)
