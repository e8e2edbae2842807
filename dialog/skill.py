"""Skills: what a plugin author writes. A class, a name, and handlers marked with the intents they answer.

    class Weather(Skill):
        name, domain, description = "weather", "weather", "Tells the weather."

        @intent("weather_query", slots=[Slot("place", ask="For which place?", entities=["place_name"])])
        async def query(self, turn: TurnContext, place: str) -> Output:
            yield f"No rain in {place}."
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol, TypeVar

from dialog.events import Event
from dialog.types import Candidate, Effects, Entity, Interpretation, Reply, Understanding, Utterance

#: What a handler yields: text or a `Reply` for the user, an `Event` for the log.
Output = AsyncIterator[str | Reply | Event]
Handler = TypeVar("Handler", bound=Callable[..., Any])


class Memory(Protocol):
    """What a skill keeps about one user, across conversations and restarts. JSON values; writes join the turn."""

    async def get(self, key: str, default: Any = None) -> Any:
        """The value of `key`. The first access in a turn takes this user's lock until the turn ends."""
        ...

    def peek(self, skill: str, key: str, default: Any = None) -> Any:
        """The value of `key` of `skill` without the lock, for `Slot.parse` and `confirm`, which cannot wait."""
        ...

    def set(self, key: str, value: Any) -> None:
        """Write `key` with the turn's commit; nothing is written when the turn fails. None removes it."""
        ...


class View(Protocol):
    """The bounded view of a conversation that a skill gets."""

    @property
    def conversation_id(self) -> str:
        """Id of the conversation."""
        ...

    @property
    def slots(self) -> Mapping[str, Any]:
        """Slots, read-only."""
        ...

    @property
    def active_loop(self) -> str | None:
        """Name of the active form."""
        ...

    @property
    def last_skill(self) -> str | None:
        """The skill that answered the last turn."""
        ...

    @property
    def last_intent(self) -> str | None:
        """The intent of the last turn."""
        ...

    def events(self) -> Sequence[Event]:
        """The current session's last events, capped."""
        ...


class TurnContext(Protocol):
    """Everything a handler needs. Effects are buffered and happen with the commit, or not at all."""

    @property
    def utterance(self) -> Utterance:
        """What came in."""
        ...

    @property
    def understanding(self) -> Understanding:
        """All interpretations, and the sentence vector."""
        ...

    @property
    def interpretation(self) -> Interpretation:
        """The interpretation that is being answered (while proposing: the most probable one)."""
        ...

    @property
    def view(self) -> View:
        """The conversation so far, bounded."""
        ...

    @property
    def memory(self) -> Memory:
        """What this skill keeps about the user."""
        ...

    @property
    def now(self) -> datetime:
        """The time of the utterance, aware, in the user's time zone."""
        ...

    @property
    def claims(self) -> Mapping[str, str]:
        """Which skill claims which intent."""
        ...

    @property
    def skills(self) -> Mapping[str, str]:
        """Skills in service, with what they say of themselves."""
        ...

    @property
    def amends(self) -> Mapping[str, Any] | None:
        """The slots of the earlier call when this turn corrects it ("no, at eight")."""
        ...

    @property
    def text(self) -> str:
        """The text of the interpreted hypothesis."""
        ...

    @property
    def slots(self) -> Mapping[str, Any]:
        """Slots of the conversation."""
        ...

    def entities(self, *names: str) -> list[Entity]:
        """Entities with one of these names, in the order of the text."""
        ...

    async def setting(self, name: str) -> Any:
        """A user setting (`name`, `timezone`, `units`, `quiet_hours`), or its default from `config.yml`."""
        ...

    async def set_setting(self, name: str, value: Any) -> None:
        """Keep a user setting; it holds for every skill from the next turn on."""
        ...

    def remind(self, name: str, at: datetime, intent: str, entities: Mapping[str, Any]) -> None:
        """Trigger `intent` in this conversation at `at`, also after a restart; the same name replaces."""
        ...

    def cancel_reminder(self, name: str) -> None:
        """Call off a reminder."""
        ...

    def effect(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Put an effect on the world into the outbox; the dispatcher of `kind` carries it out once committed."""
        ...


#: Reads a slot's JSON value from an answer: `parse(turn, text, requested)`; None means "not in there".
#: `requested` is true when the user was just asked for exactly this slot.
Parse = Callable[[TurnContext, str, bool], Any]


@dataclass(frozen=True, slots=True)
class Slot:
    """A value that a handler needs. Missing ones are asked for, one by one (Rasa's form semantics)."""

    name: str
    ask: str = ""
    parse: Parse | None = None
    entities: Sequence[str] = ()  # without `parse`: the text of the first such entity, or the whole answer
    required: bool = True
    options: Sequence[str] = ()  # quick replies offered with the question


@dataclass(frozen=True, slots=True)
class IntentSpec:
    """A handler and its claims: intents, slots, side-effect class, examples, deadline (seconds)."""

    handler: str
    intents: tuple[str, ...]
    slots: tuple[Slot, ...] = ()
    confirm: str | Callable[..., str | None] | None = None
    effects: Effects = "none"
    examples: tuple[str, ...] = ()
    amendable: bool = False
    deadline: float | None = None


def intent(
    *intents: str,
    slots: Sequence[Slot] = (),
    confirm: str | Callable[..., str | None] | None = None,
    effects: Effects = "none",
    examples: Sequence[str] = (),
    amendable: bool = False,
    deadline: float | None = None,
) -> Callable[[Handler], Handler]:
    """Mark a method as the handler of `intents`.

    confirm: a yes/no question asked before a costly effect: text, or a function of (turn, **slots) that returns the
      question, or None where none is needed.
    amendable: a follow-up such as "no, at eight" calls the handler again with the corrected slot; `turn.amends`
      then holds the earlier slots, so that the handler replaces what it did.
    examples: utterances for the first of `intents`, for the NLU to learn it.
    """

    def mark(method: Handler) -> Handler:
        spec = IntentSpec(
            method.__name__, intents, tuple(slots), confirm, effects, tuple(examples), amendable, deadline
        )
        method.intent_spec = spec  # type: ignore[attr-defined]
        return method

    return mark


class Skill:
    """Base class of skills. Subclasses set the class attributes and mark handlers with `@intent`."""

    name: ClassVar[str] = ""
    domain: ClassVar[str] = ""
    description: ClassVar[str] = ""  # one sentence, said when the user asks what the assistant can do
    prior: ClassVar[float] = 1.0  # the share of trust that the first policy gives this skill's candidates
    specs: ClassVar[Mapping[str, IntentSpec]] = {}  # intent -> spec

    def __init_subclass__(cls) -> None:
        found = (getattr(getattr(cls, name, None), "intent_spec", None) for name in dir(cls))
        specs = [spec for spec in found if isinstance(spec, IntentSpec)]
        cls.specs = {name: spec for spec in specs for name in spec.intents}

    def examples(self) -> Mapping[str, Sequence[str]]:
        """Example utterances by intent, from the `@intent` marks."""
        return {spec.intents[0]: spec.examples for spec in self.specs.values() if spec.examples}

    def propose(self, turn: TurnContext) -> Sequence[Candidate]:
        """Candidates for this turn: by default one for each interpretation whose intent this skill claims."""
        found = []
        for reading in turn.understanding.interpretations:
            spec = self.specs.get(reading.intent)
            if spec is not None:
                found.append(Candidate(self.name, reading.intent, self.domain, reading, effects=spec.effects))
        return found
