"""What a conversation keeps of a word problem: the question, changed numbers, and the programs that were derived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from plugins.math.channels import Derivation, derivation
from plugins.math.consensus import Verdict
from plugins.math.groups import agree
from plugins.math.program import program_of
from plugins.math.solving import Solved
from plugins.math.template import filled, template_of
from plugins.math.types import ProgramError, Template
from plugins.math.why import best

SLOT = "math_problem"
MAX_KEPT, MAX_SOURCE = 12, 400


@dataclass(frozen=True)
class State:
    """One problem of a conversation.

    question: as it was asked first; values: numbers changed since, by letter; kept: channel, source, weight and checks
    of the derivations, the best reading first; formula: the source that was answered with, empty where the assistant
    was not sure; last: the letter changed last; value, letters: a new value, and the letters it may be meant for, where
    it was asked which.
    """

    question: str
    values: Mapping[str, str] = field(default_factory=dict)
    kept: tuple[tuple[str, str, float, Mapping[str, float]], ...] = ()
    formula: str = ""
    last: str = ""
    value: str = ""
    letters: tuple[str, ...] = ()

    @classmethod
    def of(cls, solved: Solved, question: str, values: Mapping[str, str], last: str = "") -> State:
        """What is kept of a solved problem."""
        items = [item for group in solved.verdict.groups for item in group.derivations if item.program is not None]
        first = best(solved) if solved.verdict.answer is not None else None
        kept = [
            (item.channel, item.program.source, round(item.weight, 6), dict(item.checks))
            for item in items
            if item.program is not None and len(item.program.source) <= MAX_SOURCE
        ]
        program = first.program if first is not None else None
        return cls(question, dict(values), tuple(kept[:MAX_KEPT]), program.source if program else "", last)

    @classmethod
    def from_json(cls, raw: Any) -> State | None:
        """The state in a slot, None where there is none."""
        match raw:
            case {"question": str(question), "values": dict(values), "kept": list(kept), "formula": str(formula)}:
                items = tuple((str(name), str(text), float(weight), dict(marks)) for name, text, weight, marks in kept)
                letters = tuple(raw.get("letters", ()))
                return cls(question, values, items, formula, raw.get("last", ""), raw.get("value", ""), letters)
        return None

    def to_json(self) -> dict[str, Any]:
        """The state as a slot's value."""
        return {
            "question": self.question,
            "values": dict(self.values),
            "kept": [[name, text, weight, dict(marks)] for name, text, weight, marks in self.kept],
            "formula": self.formula,
            "last": self.last,
            "value": self.value,
            "letters": list(self.letters),
        }

    def template(self) -> Template:
        """The question's template with the numbers as they were changed."""
        template = template_of(self.question)
        changed = {letter: Fraction(value) for letter, value in self.values.items() if letter in template.values}
        return changed_to(template, changed)

    def derivations(self, template: Template) -> list[Derivation]:
        """What was derived, run again on a template's numbers. Takes some milliseconds."""
        found = []
        for channel, source, weight, checks in self.kept:
            try:
                item = derivation(channel, source, program_of(source, template.letters), template, weight)
                found.append(replace(item, checks=MappingProxyType(dict(checks))))
            except ProgramError as error:
                found.append(Derivation(channel, source, failure=error.reason, weight=weight))
        return found


def changed_to(template: Template, values: Mapping[str, Fraction]) -> Template:
    """A template with other numbers for some of its letters; what is said of the rest stays."""
    if not values:
        return template
    merged = {**template.values, **values}
    counts = frozenset(letter for letter in template.integers if merged[letter] > 0 and merged[letter].denominator == 1)
    return replace(template, values=MappingProxyType(merged), integers=counts, question=filled(template, merged))


def held(solved: Solved, formula: str) -> Solved:
    """A verdict that stays with a formula: other numbers do not make another calculation of it.

    Where the formula has no answer for them (a division by zero), nobody else's is given instead.
    """
    verdict, template = solved.verdict, solved.template
    if not formula:
        return solved
    program = program_of(formula, template.letters)
    for place, group in enumerate(verdict.groups):
        programs = [item.program for item in group.derivations if item.program is not None]
        if any(other.source == formula or agree(other, program, template) for other in programs):
            order = [place, *(index for index in range(len(verdict.groups)) if index != place)]
            chances = verdict.probabilities
            kept = Verdict(
                group.answer,
                chances[place] if chances else verdict.probability,
                tuple(verdict.groups[index] for index in order),
                tuple(chances[index] for index in order) if chances else (),
                len(group.derivations),
                verdict.tried,
                "sure",
                verdict.rounds,
            )
            return replace(solved, verdict=kept)
    return replace(solved, verdict=Verdict(None, 0.0, (), (), 0, verdict.tried, "nothing", verdict.rounds))
