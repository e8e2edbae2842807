"""The whole system in value types: a turn goes in as an `Utterance` and stays in the log as a `Turn`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

ForcedBy = Literal["form", "hotfix", "retry", "explicit"]
Effects = Literal["none", "reversible", "costly"]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One reading of what was said; `confidence` in [0, 1] is the recogniser's, 1.0 for typed text."""

    text: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Utterance:
    """One message from a user (or a due reminder); `hypotheses` best first, `time` in epoch seconds."""

    conversation_id: str
    hypotheses: tuple[Hypothesis, ...]
    message_id: str
    user_id: str = "user"
    channel: str = "repl"
    locale: str = "en"
    time: float = 0.0
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The best hypothesis, or the empty string."""
        return self.hypotheses[0].text if self.hypotheses else ""


@dataclass(frozen=True, slots=True)
class Entity:
    """A span of the text: character offsets, `end` exclusive."""

    name: str
    value: Any
    start: int
    end: int
    confidence: float = 1.0
    role: str | None = None
    group: str | None = None
    extractor: str = "nlu"


@dataclass(frozen=True, slots=True)
class Interpretation:
    """One ranked meaning; `probability` is calibrated, `hypothesis` is the index of the reading it is of."""

    intent: str
    probability: float
    entities: tuple[Entity, ...] = ()
    hypothesis: int = 0


@dataclass(frozen=True, slots=True)
class Understanding:
    """Ranked interpretations, the mass that none is right, and the sentence vector (float32, L2 norm 1)."""

    text: str
    interpretations: tuple[Interpretation, ...]
    out_of_scope: float
    vector: Any = None
    nlu: str = ""
    encoder: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A skill that could answer one interpretation. Features are rounded to four places, as they are logged."""

    skill: str
    intent: str
    domain: str
    interpretation: Interpretation
    features: Mapping[str, float] = field(default_factory=dict)
    effects: Effects = "none"


@dataclass(frozen=True, slots=True)
class RoutingContext:
    """What a policy sees besides the candidates: the sentence vector of the turn and the state of the conversation."""

    conversation_id: str
    text: str
    vector: Any = None
    last_skill: str | None = None
    last_intent: str | None = None
    form: str | None = None
    channel: str = "repl"
    time: float = 0.0


@dataclass(frozen=True, slots=True)
class Routing:
    """A policy's answer. `hotfix` is (candidate, rule) where a rule overrides the draw; `shadow` is what other policies
    would have answered, by version."""

    propensities: tuple[float, ...]
    policy: str
    hotfix: tuple[int, str] | None = None
    shadow: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """Which candidate the policy drew (`chosen`) and which one answered (`executed`), with all propensities."""

    candidates: tuple[Candidate, ...]
    propensities: tuple[float, ...]
    chosen: int
    executed: int
    policy: str
    nlu: str
    encoder: str
    seed: int
    forced_by: ForcedBy | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One part of an answer. `buttons` are `{"title", "payload"}`; `data` is any further JSON."""

    text: str = ""
    buttons: tuple[Mapping[str, str], ...] = ()
    image: str | None = None
    data: Mapping[str, Any] | None = None
    spoken: str | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Reward:
    """A judgement in [0, 1] on one decision: explicit (thumbs), hindsight or causal (an estimator's)."""

    value: float
    source: Literal["explicit", "hindsight", "causal"]
    estimator: str
    hindsight: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """The record of one turn: what was heard, understood, decided, done and said. `timings` in seconds."""

    turn_id: int
    utterance: Utterance
    understanding: Understanding
    decision: Decision
    events: Sequence[Any]
    replies: tuple[Reply, ...]
    timings: Mapping[str, float] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
