"""One turn: understand, propose, route, act. It ends in a `TurnRecord`, which the conversation commits."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from dialog import act, form, route
from dialog.context import Buffered, Context
from dialog.errors import AssistantError
from dialog.events import Event, hotfix, policy_shadow, rejected
from dialog.host import Host
from dialog.log.records import TurnRecord
from dialog.memory import UserMemory
from dialog.plugin import NLU, Router
from dialog.settings import DialogSettings
from dialog.skill import IntentSpec, Skill
from dialog.state import REQUESTED, State, StateView
from dialog.types import (
    Candidate,
    Decision,
    ForcedBy,
    Interpretation,
    Reply,
    Routing,
    RoutingContext,
    Understanding,
    Utterance,
)

log = logging.getLogger(__name__)
_NOTHING = Interpretation("none", 0.0)


@dataclass(slots=True)
class Services:
    """What every turn uses: plugins, understanding, policy and limits. Replaced as a whole on reload."""

    host: Host
    nlu: NLU
    router: Router
    settings: DialogSettings
    running: int = 0  # turns that use them


@dataclass
class TurnRun:
    """Runs the steps of one turn. `say` hands a reply part on; the last part must wait for the commit."""

    services: Services
    state: State
    user: UserMemory
    take_lock: Callable[[], Awaitable[None]]
    utterance: Utterance
    sequence: int
    say: Callable[[Reply], None]
    timings: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    buffered: Buffered = field(default_factory=Buffered)
    decision: Decision = field(init=False)
    understanding: Understanding = field(init=False)

    def __post_init__(self) -> None:
        self.understanding = Understanding(self.utterance.text, (), 1.0)
        nlu = self.services.nlu
        self.decision = Decision((), (), -1, -1, "", nlu.version, nlu.encoder, self.services.settings.seed)

    async def run(self) -> None:
        """All steps. Whatever a plugin does wrong ends in an apology, never in an exception."""
        clock = time.perf_counter
        marks = [clock()]
        await self._understand()
        marks.append(clock())
        candidates, forced_by, forced = self._propose()
        marks.append(clock())
        routing = self._route(candidates)
        values, policy = routing.propensities, routing.policy
        if forced is None and routing.hotfix is not None:
            forced_by, (forced, rule) = "hotfix", routing.hotfix
            self.events.append(hotfix(rule))
        chosen = forced if forced is not None else self._draw(values)
        marks.append(clock())
        nlu = self.services.nlu
        self.decision = Decision(
            candidates, values, chosen, chosen, policy, self.understanding.nlu or nlu.version,
            self.understanding.encoder or nlu.encoder, self.services.settings.seed, forced_by,
        )  # fmt: skip
        await self._act(chosen)
        marks.append(clock())
        steps = ("understand", "propose", "route", "act")
        self.timings.update({step: marks[i + 1] - marks[i] for i, step in enumerate(steps)})

    def record(self, new_session: bool) -> TurnRecord:
        """What is to be committed."""
        buffered = self.buffered
        return TurnRecord(
            self.utterance, self.understanding, self.decision, tuple(self.replies), tuple(self.events),
            tuple(buffered.memory.values()), tuple(buffered.outbox.values()), tuple(buffered.cancelled),
            dict(self.timings), tuple(self.failures), new_session, self.sequence,
        )  # fmt: skip

    # -- understand ------------------------------------------------------------------------------------------

    async def _understand(self) -> None:
        known = route.explicit(self.utterance)
        if known is not None:
            self.understanding = known
            return
        try:
            async with asyncio.timeout(self.services.settings.understand_deadline):
                self.understanding = await self.services.nlu.understand(self.utterance)
        except Exception as error:  # noqa: BLE001 - without understanding the turn still gets its fallback
            self._failed("understanding", _reason(error, "did not answer in time"))

    # -- propose ---------------------------------------------------------------------------------------------

    def _propose(self) -> tuple[tuple[Candidate, ...], ForcedBy | None, int | None]:
        """Candidates, and the one that is forced with the reason: an active form and a correction come first."""
        forced_by: ForcedBy | None = "explicit" if self.understanding.nlu == "explicit" else None
        found = [] if forced_by else self._form_candidates()
        if found:
            forced_by = "form"
        context: Context | None = None
        for skill in self.services.host.skills.values():
            if self.services.host.owners[skill.name].quarantined:
                continue
            context = context.handed_to(skill.name) if context else self._context(skill)
            try:
                found.extend(skill.propose(context))
            except Exception as error:  # noqa: BLE001 - the other skills still propose
                self._failed(skill.name, f"propose: {_reason(error)}")
        if not found:
            found = [Candidate("core", "none", "core", _NOTHING)]
        candidates = route.featured(found, self.understanding, self.utterance, self.services.host.skills)
        forced = 0 if forced_by == "form" else None
        if forced_by == "explicit":  # the skill that claims the intent; without one the policy decides
            named = (index for index, candidate in enumerate(found) if candidate.intent == self._top().intent)
            forced = next(named, None)
        return candidates, forced_by, forced

    def _form_candidates(self) -> list[Candidate]:
        """The candidate of the active form, or of the last form where this utterance corrects it."""
        name = self.state.active_loop
        held = None if name else self.state.slots.get(form.AMENDABLE)
        if held and held["until"] >= self.utterance.time:
            name = held["form"]
        owner = self._form_owner(name)
        if owner is None:
            return []
        skill, spec = owner
        context = self._context(skill)
        try:
            if held:
                values = form.amend(context, spec, held["values"])
                mine = values is not None and not self._elsewhere(spec, form.correction(context.text) or "")
            else:
                says = form.cancels(context.text) or form.answers(context, skill, spec)
                mine = not self._elsewhere(spec, context.text) if says else not self._elsewhere(spec, "")
        except Exception as error:  # noqa: BLE001 - a broken form must not hold the conversation
            self._failed(skill.name, f"form {name}: {_reason(error)}")
            return []
        if not mine:
            return []
        intent = spec.intents[0]
        top = self._top()
        reading = Interpretation(intent, 1.0, top.entities, top.hypothesis)
        return [Candidate(skill.name, intent, skill.domain, reading, {"form": 1.0}, spec.effects)]

    def _form_owner(self, name: str | None) -> tuple[Skill, IntentSpec] | None:
        """The handler of a form, unless its plugin is gone or out of service: then the form holds nobody."""
        owner = form.find(name, self.services.host.skills) if name else None
        return None if owner is None or self.services.host.owners[owner[0].name].quarantined else owner

    def _elsewhere(self, spec: IntentSpec, answer: str) -> bool:
        """Whether the user clearly asks for something else. A short text that answers the question never does."""
        top = self._top()
        if top.intent in spec.intents or top.intent not in self.services.host.claims:
            return False
        return top.probability >= self.services.settings.interrupt and (not answer or len(answer.split()) > 3)

    def _restated(self, spec: IntentSpec) -> bool:
        """Whether the answer is a full request for the same thing."""
        top = self._top()
        sure = top.intent in spec.intents and top.probability >= self.services.settings.interrupt
        return sure and len(self.utterance.text.split()) > 3

    def _top(self) -> Interpretation:
        return self.understanding.interpretations[0] if self.understanding.interpretations else _NOTHING

    # -- route -----------------------------------------------------------------------------------------------

    def _route(self, candidates: tuple[Candidate, ...]) -> Routing:
        state, heard, known = self.state, self.utterance, self.understanding
        context = RoutingContext(
            heard.conversation_id, known.text, known.vector, state.last_skill, state.last_intent, state.active_loop,
            heard.channel, heard.time,
        )  # fmt: skip
        try:
            routing = route.routed(self.services.router, candidates, context)
        except Exception as error:  # noqa: BLE001 - a broken policy must not stop the assistant
            self._failed("router", _reason(error))
            return Routing(route.greedy(candidates), route.GREEDY)
        self.events += [policy_shadow(version, values) for version, values in routing.shadow.items()]
        return routing

    def _draw(self, values: tuple[float, ...]) -> int:
        return route.draw(values, self.services.settings.seed, self.utterance.conversation_id, self.sequence)

    # -- act -------------------------------------------------------------------------------------------------

    async def _act(self, chosen: int) -> None:
        decision = self.decision
        order = [chosen, *route.further(chosen, decision.candidates, decision.propensities)]
        for attempt, index in enumerate(order):
            candidate = decision.candidates[index]
            problem = await self._try(candidate, "form" in candidate.features)
            if problem is None:
                if attempt:
                    self._redecide(index)
                return
            self.events.append(rejected(candidate.skill, problem, decision.policy, decision.propensities[index]))
            if attempt == 0:
                self._put(Reply("Sorry, something went wrong with that.", source="core"))
            if len(self.replies) > 1:  # something was said already that another candidate cannot take back
                return

    def _redecide(self, executed: int) -> None:
        d = self.decision
        self.decision = Decision(
            d.candidates, d.propensities, d.chosen, executed, d.policy, d.nlu, d.encoder, d.seed, "retry"
        )

    async def _try(self, candidate: Candidate, in_form: bool) -> str | None:
        """Run one candidate; None when it worked, else the reason. A failure leaves nothing behind."""
        host = self.services.host
        skill = host.skills.get(candidate.skill)
        spec = skill.specs.get(candidate.intent) if skill else None
        if skill is None or spec is None:
            return None if self._put(Reply("Sorry, I have nothing that could answer that.")) else ""
        record = host.owners[skill.name]
        if record.quarantined:
            return f"quarantined: {record.quarantined}"
        deadline = spec.deadline or record.settings.deadline or self.services.settings.deadline
        context = self._context(skill, candidate.interpretation)
        said, events = len(self.replies), len(self.events)
        try:
            async with asyncio.timeout(deadline) as limit:
                context.take_lock = self._patient(limit)
                await self._perform(skill, spec, context, in_form)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            problem = _reason(error, f"did not finish within {deadline:g} s")
            del self.events[events:]
            if len(self.replies) > said:  # the last part has not left yet
                del self.replies[-1]
            self._failed(skill.name, problem)
            return problem
        record.strikes = 0
        self._keep(context.buffered)
        return None

    def _patient(self, limit: asyncio.Timeout) -> Callable[[], Awaitable[None]]:
        """Takes the user's lock without the wait for another conversation's turn counting against the handler."""

        async def take() -> None:
            loop, left = asyncio.get_running_loop(), limit.when()
            start = loop.time()
            limit.reschedule(start + self.services.settings.lock_deadline)
            await self.take_lock()
            if left is not None:
                limit.reschedule(left + loop.time() - start)

        return take

    async def _perform(self, skill: Skill, spec: IntentSpec, context: Context, in_form: bool) -> None:
        """Start or resume the form of a handler, and call it once it has all it needs."""
        held = self.state.slots.get(form.AMENDABLE)
        if self.utterance.channel == "reminder":
            context.fired(self.utterance.message_id)
        if in_form and not self.state.active_loop and held:
            context.amends = held["values"]
            amended = form.amend(context, spec, held["values"])
            step = form.Step(amended or held["values"])
        elif in_form:
            step = form.resume(context, skill, spec, self._restated(spec))
        else:
            step = form.start(context, skill, spec)
        if step.values is None:
            assert step.reply is not None
            self.events.extend(step.events)
            self._put(step.reply)
            return
        async for part in act.run(skill, spec, context, step.values):
            if isinstance(part, Event):
                self.events.append(part)
            else:
                self._put(part)
        self.events.extend(step.events)
        if spec.amendable:
            self.events.append(form.amendable(context, skill, spec, step.values))
        self._ask_again(skill)

    def _ask_again(self, answered: Skill) -> None:
        """After a digression the active form's question comes again."""
        name = self.state.active_loop
        if not name or name.startswith(f"{answered.name}.") or self.decision.forced_by == "form":
            return
        owner = self._form_owner(name)
        question = form.ask(*owner, str(self.state.slots.get(REQUESTED))) if owner else None
        if question is not None:
            self._put(question)

    def _keep(self, buffered: Buffered) -> None:
        self.buffered.memory.update(buffered.memory)
        self.buffered.outbox.update(buffered.outbox)
        self.buffered.cancelled.extend(buffered.cancelled)
        self.events.extend(buffered.events)

    def _put(self, reply: Reply) -> bool:
        """Add a reply part; the one before it may leave now, this one waits."""
        if self.replies:
            self.say(self.replies[-1])
        self.replies.append(reply)
        return True

    @cached_property
    def _skills(self) -> Mapping[str, str]:
        return self.services.host.descriptions()

    def _context(self, skill: Skill, reading: Interpretation | None = None) -> Context:
        host = self.services.host
        key = f"{self.utterance.conversation_id}:{self.sequence}:{skill.name}"
        return Context(
            self.utterance, self.understanding, reading or self._top(), StateView(self.state), host.claims,
            self._skills, skill.name, self.user, self.services.settings.user, self.take_lock, key,
        )  # fmt: skip

    def _failed(self, who: str, reason: str) -> None:
        self.failures.append(f"{who}: {reason}")
        log.warning("%s failed; the turn's record says why", who)  # the reason may quote the utterance
        log.debug("%s failed: %s", who, reason)
        record = self.services.host.owners.get(who)
        if record is not None and record.strike(self.services.settings.strikes):
            self.failures.append(f"{who}: quarantined")


def _reason(error: BaseException, on_time_out: str = "timed out") -> str:
    if isinstance(error, TimeoutError):
        return on_time_out
    if isinstance(error, AssistantError):
        return str(error)
    return f"{type(error).__name__}: {error}"
