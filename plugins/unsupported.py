"""What is understood but has no skill (weather, music, email ...) gets an honest answer with the name of the intent.

The candidate's features:
  probability: the NLU's probability of the unclaimed intent times `WORTH`, for an answer that only names what is
    missing is worth less than one that helps.
  unclaimed: 1.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dialog.plugin import hookimpl
from dialog.skill import Skill, TurnContext, intent
from dialog.types import Candidate
from plugins.phrases import phrase

WORTH = 0.75
DEPTH = 3  # interpretations that are looked at


class Unsupported(Skill):
    """Names what is missing."""

    name, domain, description = "unsupported", "core", ""

    def propose(self, turn: TurnContext) -> Sequence[Candidate]:
        """One candidate for the most probable intent that no skill claims, if there is one near the top."""
        for reading in turn.understanding.interpretations[:DEPTH]:
            if reading.intent not in turn.claims:
                features = {"probability": reading.probability * WORTH, "unclaimed": 1.0}
                return [Candidate(self.name, "unsupported", self.domain, reading, features)]
        return []

    @intent("unsupported")
    async def explain(self, turn: TurnContext) -> str:
        """What was understood, and that there is no skill for it."""
        wanted = turn.interpretation.intent
        if wanted == "unsupported":
            return "I have no skill for that."
        known = " ".join(wanted.split())[:60]
        missing = "but I have no skill for it; a plugin could do it."
        return f"I understood that you want to {phrase(wanted)} ({known}), {missing}"


@hookimpl
def skills(config: Mapping[str, Any]) -> Iterable[Skill]:
    """The skill; it has no options."""
    return [Unsupported()]
