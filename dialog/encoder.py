"""Sentence vectors from whatever understands, for threads beside the event loop (routers, learners)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from dialog.errors import PluginError
from dialog.plugin import NLU
from dialog.types import Hypothesis, Utterance

_AT_ONCE = 64
_DEADLINE = 60.0  # seconds for that many


class Encoder:
    """Encodes texts as a turn's text is encoded: through the understanding itself.

    Call it from a thread; the understanding runs on `loop`.
    """

    def __init__(self, nlu: NLU, loop: asyncio.AbstractEventLoop) -> None:
        self._nlu = nlu
        self._loop = loop

    @property
    def version(self) -> str:
        """Name of the encoder: vectors of different ones must not be mixed."""
        return self._nlu.encoder

    def __call__(self, texts: Sequence[str]) -> list[Any]:
        """One vector (float32, L2 norm 1) for each text. Raises `PluginError` where the understanding gives none."""
        found: list[Any] = []
        for start in range(0, len(texts), _AT_ONCE):
            part = texts[start : start + _AT_ONCE]
            found += asyncio.run_coroutine_threadsafe(self._in_time(part), self._loop).result()
        return found

    async def _in_time(self, texts: Sequence[str]) -> list[Any]:
        try:
            async with asyncio.timeout(_DEADLINE):
                return await self.encode(texts)
        except TimeoutError:
            raise PluginError(f"the understanding gave no sentence vectors within {_DEADLINE:g} s") from None

    async def encode(self, texts: Sequence[str]) -> list[Any]:
        """The same on the event loop."""
        heard = [
            Utterance("encoder", (Hypothesis(text),), f"{index}", channel="encoder") for index, text in enumerate(texts)
        ]
        understood = await asyncio.gather(*(self._nlu.understand(utterance) for utterance in heard))
        vectors = [one.vector for one in understood]
        if any(vector is None for vector in vectors):
            raise PluginError(
                f"the understanding {self._nlu.version} gives no sentence vectors; learned routing needs them"
            )
        return vectors
