"""Channels with beams from a table, in place of trained ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from plugins.math.channels import Derivation, derivation
from plugins.math.program import program_of
from plugins.math.types import Template

#: Question -> formulas with their probabilities.
Beams = Mapping[str, Sequence[tuple[str, float]]]


class BeamChannel:
    """A channel that answers from a table; nothing for a question that is not in it."""

    def __init__(self, name: str, beams: Beams) -> None:
        self.name, self._beams = name, beams

    async def derive(self, template: Template, n: int) -> list[Derivation]:
        return [says(self.name, template, *one) for one in self._beams.get(template.question, ())[:n]]


def says(channel: str, template: Template, formula: str, weight: float = 1.0) -> Derivation:
    """A formula of a channel, run."""
    return derivation(channel, formula, program_of(formula, template.letters), template, weight)
