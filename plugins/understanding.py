"""The embedded understanding: one encoder for all conversations, a joint intent and entity model, plugin intents.

Options:
  model: folder of another exported model; the shipped one by default.
  cache: folder where fitted plugin intents are kept between starts.
  max_batch: utterances that are encoded in one go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialog.errors import AssistantError
from dialog.plugin import hookimpl
from dialog.types import Entity, Interpretation, Understanding, Utterance

if TYPE_CHECKING:
    from nlu.batching import Batcher
    from nlu.types import Parse

_RANKED = 5


class EmbeddedNLU:
    """`NLU` over `nlu.runtime`. All conversations share one batcher."""

    def __init__(self, model: Path | None, cache: Path | None, max_batch: int) -> None:
        from nlu.runtime import Understander

        self._understander = Understander.load(model)
        self._cache = cache
        self._max_batch = max_batch
        self._batcher: Batcher | None = None
        self.version = self._understander.version
        self.encoder = self._understander.encoder_version

    def fit(self, examples: Mapping[str, Sequence[str]]) -> None:
        """Learn the intents that plugins declare by example, on cached vectors."""
        if examples:
            self._understander = self._understander.with_examples(examples, self._cache)
            self.version = self._understander.version

    async def understand(self, utterance: Utterance) -> Understanding:
        """Interpretations of the n-best: each hypothesis is read on its own, weighted by its confidence."""
        if self._batcher is None:
            from nlu.batching import Batcher

            self._batcher = Batcher(self._understander, self._max_batch)
        texts = [heard.text for heard in utterance.hypotheses] or [""]
        if len(texts) == 1:
            parses = [await self._batcher.parse(texts[0])]
        else:
            parses = list(await asyncio.gather(*(self._batcher.parse(text) for text in texts)))
        return self._merged(utterance, parses)

    def _merged(self, utterance: Utterance, parses: Sequence[Parse]) -> Understanding:
        """Posterior-weighted mixture over the hypotheses; an intent's entities come from its best reading.

        Probabilities are rounded to six places here, where they are made, so that the log keeps them exactly.
        """
        confidences = [heard.confidence for heard in utterance.hypotheses] or [1.0]
        total = sum(confidences)
        weights = [value / total if total > 0 else 1 / len(parses) for value in confidences]
        mass: dict[str, float] = {}
        best: dict[str, tuple[float, int]] = {}
        for index, (parse, weight) in enumerate(zip(parses, weights, strict=True)):
            for intent, probability in parse.intents[:_RANKED]:
                share = weight * probability
                mass[intent] = mass.get(intent, 0.0) + share
                if share > best.get(intent, (-1.0, 0))[0]:
                    best[intent] = (share, index)
        ranked = sorted(mass, key=lambda intent: -mass[intent])[:_RANKED]
        entities = [_entities(parse) for parse in parses]
        readings = tuple(
            Interpretation(intent, round(mass[intent], 6), entities[best[intent][1]], best[intent][1])
            for intent in ranked
        )
        outside = sum(weight * parse.out_of_scope for parse, weight in zip(parses, weights, strict=True))
        vector = parses[0].vector
        return Understanding(parses[0].text, readings, round(outside, 6), vector, self.version, self.encoder)

    async def close(self) -> None:
        """End the batcher's thread."""
        if self._batcher is not None:
            await self._batcher.close()


def _entities(parse: Parse) -> tuple[Entity, ...]:
    return tuple(
        Entity(found.name, found.value, found.start, found.end, round(found.confidence, 4)) for found in parse.entities
    )


@hookimpl
def nlu(config: Mapping[str, Any]) -> EmbeddedNLU:
    """The embedded understanding. Raises `AssistantError` when the model cannot be read."""
    model, cache = config.get("model"), config.get("cache")
    try:
        return EmbeddedNLU(
            Path(model).expanduser() if model else None,
            Path(cache).expanduser() if cache else None,
            int(config.get("max_batch", 32)),
        )
    except (OSError, ValueError) as error:
        raise AssistantError(f"the model {model or '(shipped)'} cannot be loaded: {error}") from error
