"""What a plugin is: hook specifications with named arguments, and the contracts of what the hooks return.

A plugin is a module (or object) with functions marked `@hookimpl`. It implements the hooks it wants and asks for the
arguments it needs; `config` is the plugin's own `options:` of `config.yml`. Built-ins use the same door.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import pluggy

from dialog.types import Candidate, Reward, Routing, RoutingContext, Turn, Understanding, Utterance

if TYPE_CHECKING:
    from dialog.skill import Skill

GROUP = "assistant.plugins"
hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)

#: Carries out one outbox effect; called at least once with the same key until it returns (then never again).
Dispatcher = Callable[[str, Mapping[str, Any]], Awaitable[None]]


@runtime_checkable
class NLU(Protocol):
    """Turns hypotheses into calibrated interpretations. One instance serves all conversations."""

    version: str
    encoder: str

    def fit(self, examples: Mapping[str, Sequence[str]]) -> None:
        """Learn the intents that plugins declare by example; called once before the first utterance."""
        ...

    async def understand(self, utterance: Utterance) -> Understanding:
        """Ranked interpretations of one utterance; must not depend on what else is being understood."""
        ...

    async def close(self) -> None:
        """Free threads and memory."""
        ...


@runtime_checkable
class ListedNLU(NLU, Protocol):
    """An understanding that finds values of entities by the lists that plugins bring."""

    def know(self, values: Mapping[str, Sequence[str]]) -> None:
        """Values by entity name; called once, before `fit`."""
        ...


@runtime_checkable
class Router(Protocol):
    """Gives every candidate a propensity (non-negative, summing to one). Pure: same input, same output."""

    version: str

    def route(self, candidates: Sequence[Candidate], context: RoutingContext) -> Routing:
        """Propensities in the order of `candidates` (at least one), and the version of the policy that gave them."""
        ...


class SentenceEncoder(Protocol):
    """Sentence vectors of the understanding in force, for use in threads beside the event loop."""

    @property
    def version(self) -> str:
        """Name of the encoder: vectors of different ones must not be mixed."""
        ...

    def __call__(self, texts: Sequence[str]) -> list[Any]:
        """A vector (float32, L2 norm 1) for each text. Raises `PluginError` where the understanding gives none."""
        ...


@runtime_checkable
class LearnedRouter(Router, Protocol):
    """A router that knows skills by what they say of themselves, and may follow versions in threads of its own."""

    def fit(self, skills: Mapping[str, Sequence[str]], encode: SentenceEncoder) -> None:
        """Called once before the first utterance, in a thread: texts of each skill (description, intents, examples)."""
        ...

    def close(self) -> None:
        """End the threads; may block."""
        ...


@runtime_checkable
class Judge(Protocol):
    """Estimates the quality of finished turns; its rewards are logged with its version."""

    version: str

    async def judge(self, turn: Turn, history: Sequence[Turn]) -> Iterable[Reward]:
        """Rewards for `turn`, given the earlier turns of the session that are still in memory."""
        ...


class Hooks:
    """The hook specifications. Every hook is optional; several plugins may implement the same one."""

    @hookspec
    def skills(self, config: Mapping[str, Any]) -> Iterable[Skill]:  # type: ignore[empty-body]
        """Skills that this plugin brings."""

    @hookspec
    def examples(self, config: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:  # type: ignore[empty-body]
        """Further example utterances by intent, for intents that the NLU should learn."""

    @hookspec
    def entities(self, config: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:  # type: ignore[empty-body]
        """Values by entity name that the NLU should find in what is said: devices, places, products."""

    @hookspec
    def nlu(self, config: Mapping[str, Any]) -> NLU:  # type: ignore[empty-body]
        """The language understanding; the last plugin in `config.yml` that offers one wins."""

    @hookspec
    def router(self, config: Mapping[str, Any], seed: int) -> Router:  # type: ignore[empty-body]
        """The routing policy; the last plugin in `config.yml` that offers one wins."""

    @hookspec
    def judge(self, config: Mapping[str, Any]) -> Judge:  # type: ignore[empty-body]
        """A dialog-quality estimator, called after the turn without delaying its replies."""

    @hookspec
    def dispatchers(self, config: Mapping[str, Any]) -> Mapping[str, Dispatcher]:  # type: ignore[empty-body]
        """Who carries out which kind of outbox effect."""

    @hookspec
    def lifespan(self, config: Mapping[str, Any]) -> AsyncIterator[None]:  # type: ignore[empty-body]
        """An async generator that opens resources, yields once, and closes them."""
