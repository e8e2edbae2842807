"""The last resort: says that nothing was understood, and what can be asked instead.

Its one candidate stands for the mass outside everything known: `probability` is the NLU's out-of-scope mass
(1.0 for an empty message), so that a softmax over `probability` falls back where nothing else is likelier.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dialog.plugin import hookimpl
from dialog.skill import Skill, TurnContext, intent
from dialog.types import Candidate, Interpretation, Reply

_OPENINGS = (
    "Sorry, I did not understand that.",
    "I am not sure what you mean.",
    "That one is beyond me.",
    "I did not get that.",
)
_HELP = ({"title": "What can you do?", "payload": "what can you do"},)


def pick(options: Sequence[str], turn: TurnContext, purpose: str) -> str:
    """One of the options: varied from turn to turn, the same again for the same message."""
    digest = hashlib.blake2b(f"{purpose}\x00{turn.utterance.message_id}".encode("utf-8", "replace"), digest_size=4)
    return options[int.from_bytes(digest.digest(), "big") % len(options)]


class Fallback(Skill):
    """Answers when nobody else can."""

    name, domain, description = "fallback", "core", ""

    def propose(self, turn: TurnContext) -> Sequence[Candidate]:
        """Always one candidate."""
        understanding = turn.understanding
        mass = understanding.out_of_scope if turn.utterance.text.strip() and understanding.interpretations else 1.0
        meaning = Interpretation("fallback", mass)
        return [Candidate(self.name, "fallback", self.domain, meaning, {"probability": mass, "out_of_scope": mass})]

    @intent("fallback")
    async def answer(self, turn: TurnContext) -> str | Reply:
        """Short and varied; the second time in a row it says what can be asked."""
        if not any(letter.isalnum() for letter in turn.utterance.text):
            return "I did not catch anything. What can I do for you?"
        abilities = [text for text in turn.skills.values() if text]
        if turn.view.last_skill == self.name and abilities:
            return Reply(f"I am still lost. {' '.join(_spread(abilities, 3))}", _HELP)
        hint = f" {pick(abilities, turn, 'ability')}" if abilities else ""
        return Reply(f"{pick(_OPENINGS, turn, 'opening')}{hint} Ask \u201cwhat can you do\u201d for more.", _HELP)


def _spread(texts: Sequence[str], wanted: int) -> list[str]:
    step = max(1, len(texts) // wanted)
    return list(texts[::step][:wanted])


@hookimpl
def skills(config: Mapping[str, Any]) -> Iterable[Skill]:
    """The skill; it has no options."""
    return [Fallback()]
