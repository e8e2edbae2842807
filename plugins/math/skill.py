"""The word-problem skill: solves, says how sure it is, shows both readings where it is not, and takes follow-ups."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from dialog.events import Event, slot
from dialog.skill import Skill, TurnContext, intent
from dialog.types import Candidate, Reply
from plugins.math import follow, story, symbolic
from plugins.math.phrasing import Said, number_said
from plugins.math.replies import account, joined, reply
from plugins.math.solving import LOADING_SECONDS, Solved, Solving
from plugins.math.state import SLOT, State, held
from plugins.math.template import template_of
from plugins.math.why import explanation
from plugins.proposals import proposals

PROBLEM, FOLLOW, WHY, WHICH = "math_problem", "math_follow_up", "math_why", "math_which"
UNABLE = 'I have no solver for word problems here. I can do plain sums, such as "5 times 7" or "15 percent of 80".'
NOTHING = "I read the numbers, but none of my derivations came to an answer."
NO_NUMBERS = "I need a question with numbers in it for that."
FORGOTTEN = "I have no calculation in mind that I could explain. Ask me a word problem first."
LATE = "My solver is still being loaded. Please ask again in a moment."


class WordProblems(Skill):
    """Solves word problems."""

    name, domain = "math", "qa"
    description = "I solve word problems and say when I am not sure."

    def __init__(self, solving: Solving) -> None:
        self._solving = solving
        most = solving.options.deadline + LOADING_SECONDS + 2
        self.specs = {name: replace(spec, deadline=most) for name, spec in type(self).specs.items()}  # type: ignore[misc]

    def propose(self, turn: TurnContext) -> Sequence[Candidate]:
        """Also proposes when the NLU, which has seen no word problems, saw another intent in one."""
        if turn.utterance.text.startswith("/"):
            return Skill.propose(self, turn)
        wanted = self._follows(turn) or (PROBLEM if self._asked(turn) else "")
        return proposals(self, turn, wanted, True) if wanted else []

    def _state(self, turn: TurnContext) -> State | None:
        """The problem of the turn before, None where another skill answered since or the session has ended."""
        return State.from_json(turn.slots.get(SLOT)) if turn.view.last_skill == self.name else None

    def _asked(self, turn: TurnContext) -> bool:
        """Whether the text is a word problem that nobody can answer without a solver."""
        return story.read(turn.text) is not None and not symbolic.recognise(turn.text, turn.now, turn.utterance.locale)

    def _follows(self, turn: TurnContext) -> str:
        """The intent of a follow-up to the problem that was solved in the turn before; empty where it is none."""
        state = self._state(turn)
        if state is None:
            return ""
        if state.letters and follow.chosen(turn.text, template_of(state.question), state.letters) is not None:
            return WHICH
        if follow.asks_why(turn.text):
            return WHY
        return FOLLOW if follow.read(turn.text, template_of(state.question), state.last) is not None else ""

    @intent(PROBLEM)
    async def solve(self, turn: TurnContext) -> AsyncIterator[Reply | Event]:
        """The answer, or the readings between which the assistant cannot decide."""
        template = await asyncio.to_thread(template_of, turn.text)
        if not template.letters:
            yield Reply(NO_NUMBERS)
            return
        try:
            if await self._solving.able():
                yield Reply(UNABLE)
                return
            solved = await self._solving.worked(template)
        except TimeoutError:
            yield Reply(LATE)
            return
        state = State.of(solved, turn.text, {})
        yield await self._noted(state, solved)
        yield await asyncio.to_thread(reply, solved)

    @intent(FOLLOW)
    async def follow(self, turn: TurnContext) -> AsyncIterator[Reply | Event]:
        """The same problem with other numbers; asks which number is meant where several could be."""
        state = self._state(turn)
        if state is None:
            yield Reply(FORGOTTEN)
            return
        template = state.template()
        change = follow.read(turn.text, template, state.last)
        if change is None:
            yield Reply("I did not get which number you want to change.")
            return
        if change.value is not None:
            names = [follow.named(template, letter, hint=True) for letter in change.letters]
            values = dict(state.values) | {letter: str(value) for letter, value in change.values.items()}
            asks = replace(state, values=values, value=str(change.value), letters=change.letters)
            yield slot(SLOT, asks.to_json())
            buttons = tuple({"title": name.text, "payload": name.text} for name in names)
            new, shown, spoken = number_said(change.value), [one.text for one in names], [one.spoken for one in names]
            ask = "Which number should become"
            said = f"{ask} {new.spoken}: {joined(spoken, 'or')}?"
            yield Reply(f"{ask} {new.text}: {joined(shown, 'or')}?", buttons, spoken=said)
            return
        async for part in self._again(state, change.values):
            yield part

    @intent(WHICH)
    async def which(self, turn: TurnContext) -> AsyncIterator[Reply | Event]:
        """Goes on once it is known which number was meant."""
        state = self._state(turn)
        letter = follow.chosen(turn.text, state.template(), state.letters) if state is not None else None
        if state is None or letter is None:
            yield Reply(FORGOTTEN)
        elif not letter:
            yield slot(SLOT, replace(state, value="", letters=()).to_json())
            yield Reply("Okay, I leave the numbers as they are.")
        else:
            async for part in self._again(replace(state, letters=()), {letter: Fraction(state.value)}):
                yield part

    @intent(WHY)
    async def why(self, turn: TurnContext) -> AsyncIterator[Reply]:
        """How the last answer came about, in words."""
        state = self._state(turn)
        if state is None or not state.kept:
            yield Reply(FORGOTTEN)
            return
        yield await asyncio.to_thread(account, await self._judged(state))

    async def _again(self, state: State, values: Mapping[str, Fraction]) -> AsyncIterator[Reply | Event]:
        """The problem with some numbers changed: what was derived is run again; what failed then is asked anew."""
        changed = {**state.values, **{letter: str(value) for letter, value in values.items()}}
        last = list(values)[-1] if values else state.last
        state = replace(state, values=changed, last=last, value="", letters=())
        try:
            if state.kept:
                solved = await self._judged(state)
            elif await self._solving.able():
                yield Reply(UNABLE)
                return
            else:
                solved = await self._solving.worked(await asyncio.to_thread(state.template))
        except TimeoutError:
            yield Reply(LATE)
            return
        if not state.kept:
            state = State.of(solved, state.question, changed, last)
        yield await self._noted(state, solved)
        names = [follow.named(solved.template, letter) for letter in values]
        given = Said(joined([name.text for name in names], "and"), joined([name.spoken for name in names], "and"))
        yield await asyncio.to_thread(reply, solved, given)

    async def _judged(self, state: State) -> Solved:
        template = await asyncio.to_thread(state.template)
        derivations = await asyncio.to_thread(state.derivations, template)
        return await asyncio.to_thread(held, await self._solving.judged(derivations, template), state.formula)

    async def _noted(self, state: State, solved: Solved) -> Event:
        """The state for follow-ups; the explanation of this turn rides on it."""
        ready = await self._solving.ready()
        table = await asyncio.to_thread(explanation, solved, ready.floor)
        return replace(slot(SLOT, state.to_json()), metadata={"explanation": table})
