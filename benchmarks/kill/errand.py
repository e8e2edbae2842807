"""The plugin of the kill loop: an understanding that costs nothing, and a skill that counts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from dialog.events import Event, slot
from dialog.plugin import hookimpl
from dialog.skill import Skill, Slot, TurnContext, intent
from dialog.types import Interpretation, Reply, Understanding, Utterance


class StubNLU:
    """Takes every text for the request of a timer; the other messages of the load name their intent themselves.

    It keeps the restart of the process quick.
    """

    version = encoder = "stub"

    def fit(self, examples: Mapping[str, Sequence[str]]) -> None:
        """Nothing to learn."""

    async def understand(self, utterance: Utterance) -> Understanding:
        """One interpretation."""
        return Understanding(utterance.text, (Interpretation("timer_set", 1.0),), 0.0)

    async def close(self) -> None:
        """Nothing to free."""


class Errand(Skill):
    """Counts in the user's memory."""

    name, domain, description = "errand", "errand", "Counts."

    @intent("count", slots=[Slot("token", entities=["token"])])
    async def count(self, turn: TurnContext, token: str) -> AsyncIterator[str | Reply | Event]:
        """One more than the last time; the number must never skip or repeat in the log."""
        number = 1 + await turn.memory.get("count", 0)
        turn.memory.set("count", number)
        yield slot("token", token)
        yield f"count {number}"
        yield f"done {token}"


@hookimpl
def skills(config: Mapping[str, Any]) -> list[Skill]:
    """The one skill."""
    return [Errand()]


@hookimpl
def nlu(config: Mapping[str, Any]) -> StubNLU:
    """The understanding."""
    return StubNLU()
