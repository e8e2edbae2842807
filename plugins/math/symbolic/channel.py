"""The symbolic path as a channel of the consensus: a question that can be read directly gives one derivation."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction

from plugins.expression import Refused
from plugins.math import symbolic
from plugins.math.channels import Derivation, derivation
from plugins.math.program import program_of
from plugins.math.types import ProgramError, Template

#: Seconds, SymPy's import included.
DEADLINE = 10.0
_NUMERAL = re.compile(r"\d+(?:\.\d+)?")


def _now() -> datetime:
    return datetime.now(UTC)


class SymbolicChannel:
    """Derives from the text alone; silent (no derivation) for every question that tells a story.

    clock: what time it is for the user. deadline: seconds for one question.
    """

    def __init__(self, clock: Callable[[], datetime] = _now, deadline: float = DEADLINE) -> None:
        self.name = "symbolic"
        self._clock, self._deadline = clock, deadline

    async def derive(self, template: Template, n: int) -> list[Derivation]:
        """At most one derivation; works in a thread."""
        if n < 1:
            return []
        try:
            return await asyncio.wait_for(asyncio.to_thread(self._derive, template), self._deadline)
        except TimeoutError:
            return [Derivation(self.name, template.question, failure="took too long")]

    def _derive(self, template: Template) -> list[Derivation]:
        try:
            found = symbolic.read(template.question, self._clock())
        except Refused as reason:
            return [Derivation(self.name, template.question, failure=str(reason))]
        if found is None or not isinstance(found.answer, Fraction | float | bool):
            return []
        lettered = formula(found.expression, template)
        if lettered:
            try:
                made = derivation(self.name, lettered, program_of(lettered, template.letters), template)
            except ProgramError:
                made = None
            if made is not None and made.answer == found.answer:
                return [made]
        return [Derivation(self.name, found.expression or found.text, answer=found.answer)]


def formula(expression: str, template: Template) -> str:
    """An expression with the letters of a template in place of its numbers, or nothing where that is not certain.

    Each letter must stand for a number of its own, and appear; other numbers (the 100 of a percentage) stay.
    """
    letters = {value: letter for letter, value in template.values.items()}
    if not expression or len(letters) < len(template.values):
        return ""
    found = _NUMERAL.sub(lambda match: letters.get(Fraction(match[0]), match[0]), expression)
    return found if all(re.search(rf"(?<![A-Z]){letter}(?!\d)", found) for letter in letters.values()) else ""
