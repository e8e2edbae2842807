"""One user's side of one conversation, whatever it is shown on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from dialog.errors import AssistantError, TurnCancelled
from dialog.types import Hypothesis, Reply, Turn

if TYPE_CHECKING:
    from assistant.app import Assistant
    from dialog.conversation import Handle

N_BEST = 5


class Chat:
    """Sends lines as utterances and hands out reply parts. `heard` is told what a recogniser made of a line."""

    def __init__(self, assistant: Assistant, user_id: str, conversation_id: str) -> None:
        self.assistant = assistant
        self.user_id = user_id
        self.conversation_id = conversation_id
        self.word_error_rate = 0.0
        self.heard: Callable[[list[Hypothesis]], None] = lambda hypotheses: None
        self._random = random.Random(assistant.config.assistant.seed)
        self._running: Handle | None = None

    async def say(self, text: str) -> AsyncIterator[Reply]:
        """Send a line; yields reply parts as they arrive. Raises `AssistantError` when it cannot be answered."""
        heard = tuple(await self._hypotheses(text))
        utterance = self.assistant.utterance(text, self.conversation_id, self.user_id, hypotheses=heard)
        self._running = handle = self.assistant.dialog.send(utterance)
        try:
            async for reply in handle:
                yield reply
            await handle.turn()  # raises when there was no turn
        except asyncio.CancelledError:  # the program ends: nobody is left to hear the answer
            handle.cancel()
            raise
        finally:
            self._running = None

    def cancel(self) -> None:
        """Break off the running turn, if there is one."""
        if self._running is not None:
            self._running.cancel()

    @property
    def last_turn(self) -> Turn | None:
        """The last turn of this conversation, if it is still in memory."""
        return self.assistant.dialog.last_turn(self.conversation_id)

    async def reward(self, value: float) -> None:
        """Judge the last turn: 1 good, 0 bad. Raises `AssistantError` when there is none."""
        turn = self.last_turn
        if turn is None:
            raise AssistantError("there is no turn to judge yet")
        await self.assistant.dialog.reward(self.conversation_id, value, turn_id=turn.turn_id)

    def knows_intent(self, name: str) -> bool:
        """Whether some skill or example speaks of this intent."""
        host = self.assistant.host
        return name in host.claims or name in host.examples()

    async def _hypotheses(self, text: str) -> list[Hypothesis]:
        too_long = len(text) > self.assistant.config.dialog.max_text  # it will be refused; no use in garbling it
        if not self.word_error_rate or not text.strip() or text.startswith("/") or too_long:
            return [Hypothesis(text)]
        from nlu.asr_noise import misrecognise

        readings = await asyncio.to_thread(misrecognise, text, self.word_error_rate, self._random, n_best=N_BEST)
        hypotheses = [Hypothesis(reading, confidence) for reading, confidence in readings]
        self.heard(hypotheses)
        return hypotheses


def excuse(error: AssistantError) -> str:
    """What is said in place of a reply."""
    return "(cancelled)" if isinstance(error, TurnCancelled) else f"Sorry: {error}"
