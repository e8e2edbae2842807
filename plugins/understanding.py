"""The embedded understanding: one encoder for all conversations, a joint intent and entity model, plugin intents.

Options:
  models: folder of the registry of versions (`assistant models`); without it only the shipped model and folders count.
  model: a version of the registry; or `current`, the one that is in force there, and no start without it; or the
    folder of an exported model (a path with a `/`). By default the version in force, else the shipped model. Where the
    version in force decides, a running assistant takes up another one without stopping; otherwise it keeps its model.
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
from dialog.registry import Follower, Registry, Release
from dialog.types import Entity, Interpretation, Understanding, Utterance

if TYPE_CHECKING:
    from nlu.batching import Batcher
    from nlu.runtime import Understander
    from nlu.types import Entity as Found
    from nlu.types import Parse

KIND = "nlu"
_CURRENT = "current"
_RANKED = 5
#: Parsed before a model answers anybody: sentences of several lengths, so that its memory is there and mapped.
_WARM_UP = (
    "stop",
    "what time is it",
    "wake me up at seven tomorrow",
    "add milk eggs and two loaves of bread to my list",
)


class EmbeddedNLU:
    """`NLU` over `nlu.runtime`. All conversations share one batcher.

    follower: takes up other versions of the registry; None where the model is named in the configuration.
    """

    def __init__(self, model: str | None, models: Path | None, cache: Path | None, max_batch: int) -> None:
        self._cache = cache
        self._max_batch = max_batch
        self._examples: dict[str, list[str]] = {}
        self._values: dict[str, list[str]] = {}
        self._batcher: Batcher | None = None
        self.follower: Follower[Understander] | None = None
        registry = Registry(models) if models is not None else None
        if model not in (None, _CURRENT):
            self._understander = self._read(_named(str(model), registry))
        elif registry is not None:
            self.follower = Follower(self, registry, KIND)
            self._understander = self.follower.begin(strict=model == _CURRENT)
        elif model == _CURRENT:
            raise ValueError("'current' needs the folder of the registry: the option 'models'")
        else:
            self._understander = self._read(None)
        self.version, self.encoder = self._understander.version, self._understander.encoder_version

    # -- the model -------------------------------------------------------------------------------------------

    def _read(self, folder: Path | None) -> Understander:
        from nlu.runtime import Understander

        return Understander.load(folder)

    def load(self, release: Release | None) -> Understander:
        """A version with the plugins' intents fitted, warmed up. Nothing of it is in force yet."""
        base = self._read(None if release is None else model_folder(release.path))
        loaded = self._fitted(base)
        for text in _WARM_UP:
            loaded.parse([text])
        return loaded

    def put(self, model: Understander) -> Understander:
        """Understand with another model from the next utterance on; those that have begun end with the old one."""
        old, self._understander = self._understander, model
        if self._batcher is not None:
            self._batcher.swap(model)  # else it would keep the old one alive
        self.version, self.encoder = model.version, model.encoder_version
        return old

    def _fitted(self, base: Understander) -> Understander:
        listed = base.with_values(self._values) if self._values else base
        return listed.with_examples(self._examples, self._cache) if self._examples else listed

    def know(self, values: Mapping[str, Sequence[str]]) -> None:
        """Find values that plugins list, from the next `fit` on."""
        self._values = {name: list(listed) for name, listed in values.items()}

    def fit(self, examples: Mapping[str, Sequence[str]]) -> None:
        """Learn the intents that plugins declare by example, on cached vectors, then follow the registry."""
        self._examples = {intent: list(texts) for intent, texts in examples.items()}
        self.put(self._fitted(self._understander))
        if self.follower is not None:
            self.follower.start()

    # -- utterances ------------------------------------------------------------------------------------------

    async def understand(self, utterance: Utterance) -> Understanding:
        """Interpretations of the n-best: each hypothesis is read on its own, weighted by its confidence."""
        if self._batcher is None:
            from nlu.batching import Batcher

            self._batcher = Batcher(self._understander, self._max_batch)
        model = self._understander  # all hypotheses are read by this one, whatever is put meanwhile
        texts = [heard.text for heard in utterance.hypotheses] or [""]
        if len(texts) == 1:
            parses = [await self._batcher.parse(texts[0], model)]
        else:
            parses = list(await asyncio.gather(*(self._batcher.parse(text, model) for text in texts)))
        readings, outside = _merged(utterance, parses)
        return Understanding(
            parses[0].text, readings, outside, parses[0].vector, model.version, model.encoder_version
        )  # fmt: skip

    async def close(self) -> None:
        """End the threads."""
        if self.follower is not None:
            await asyncio.to_thread(self.follower.stop)
        if self._batcher is not None:
            await self._batcher.close()


def _merged(utterance: Utterance, parses: Sequence[Parse]) -> tuple[tuple[Interpretation, ...], float]:
    """The n-best read as one: ranked readings, and the mass that none of them is right.

    Probabilities are rounded to six places here, where they are made, so that the log keeps them exactly.
    """
    from nlu.nbest.merge import merge

    merged = merge(parses, [heard.confidence for heard in utterance.hypotheses] or [1.0], ranked=_RANKED)
    # Readings with the same entities share one tuple: the log writes it once.
    entities = {one.entities: _entities(one.entities) for one in merged.readings}
    readings = tuple(
        Interpretation(one.intent, round(one.probability, 6), entities[one.entities], one.hypothesis)
        for one in merged.readings
    )
    return readings, round(merged.out_of_scope, 6)


def _entities(found: Sequence[Found]) -> tuple[Entity, ...]:
    return tuple(Entity(one.name, one.value, one.start, one.end, round(one.confidence, 4)) for one in found)


# -- where a model is --------------------------------------------------------------------------------------------


def model_folder(folder: Path) -> Path:
    """The folder of the head in that of a version: itself, or the one inside it (then an encoder may lie beside)."""
    if (folder / "head.json").exists():
        return folder
    inside = [path.parent for path in sorted(folder.glob("*/head.json"))]
    if len(inside) != 1:
        raise ValueError(f"{folder} holds {len(inside) or 'no'} models (a model has a head.json)")
    return inside[0]


def check(folder: Path) -> str:
    """Load the exported model in `folder` and have it parse something; its version. Raises `AssistantError`."""
    from nlu.runtime import Understander

    try:
        loaded = Understander.load(model_folder(folder))
        loaded.parse(_WARM_UP)
    except Exception as error:  # whatever a damaged model does, it cannot be used
        raise AssistantError(f"{folder} cannot be used as a model: {type(error).__name__}: {error}") from error
    return loaded.version


def _named(model: str, registry: Registry | None) -> Path:
    """The folder that `model:` names: a version of the registry, or a path."""
    path = Path(model).expanduser()
    if "/" in model or registry is None or (path.is_dir() and model not in registry.versions(KIND)):
        return path
    return model_folder(registry.open(KIND, model).path)


@hookimpl
def nlu(config: Mapping[str, Any]) -> EmbeddedNLU:
    """The embedded understanding. Raises `AssistantError` when the model cannot be read."""
    model, models, cache = config.get("model"), config.get("models"), config.get("cache")
    try:
        return EmbeddedNLU(
            None if model is None else str(model),
            Path(models).expanduser() if models else None,
            Path(cache).expanduser() if cache else None,
            int(config.get("max_batch", 32)),
        )
    except (OSError, ValueError) as error:
        raise AssistantError(f"the model {model or '(shipped)'} cannot be loaded: {error}") from error
