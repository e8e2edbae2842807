"""Arithmetic, equations and everything else of the symbolic path: `fifteen percent of eighty`, `solve 3x + 7 = 22`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dialog.plugin import hookimpl
from dialog.skill import Skill, TurnContext, intent
from dialog.types import Candidate, Reply
from plugins.calculation import Problem, read
from plugins.expression import Refused
from plugins.math import symbolic
from plugins.math.symbolic.calculations import value_of
from plugins.math.symbolic.equations import single
from plugins.math.symbolic.roots import Contradiction, solve
from plugins.math.symbolic.wording import phrase
from plugins.proposals import proposals

__all__ = ["Arithmetic", "answer", "phrase", "read", "roots", "skills", "solve"]

#: Seconds that the first use of SymPy or Pint (their import) and the search for roots may take.
SOLVE_SECONDS = 10.0
UNREAD = 'I could not read that as a calculation. Try "twelve times seven" or "solve 3x + 7 = 22".'
#: What other skills answer as well; the calculation does not compete for it.
ELSEWHERE = frozenset({"conversion", "countdown", "weekday"})


async def roots(problem: Problem) -> str:
    """The answer to an equation in one unknown, as a sentence. Raises `Refused` and `TimeoutError`."""
    try:
        return (await asyncio.wait_for(asyncio.to_thread(single, problem), SOLVE_SECONDS)).text
    except Contradiction as reason:
        return str(reason)


def answer(problem: Problem) -> Reply:
    """The value of a calculation, or whether both its sides agree. Raises `Refused`."""
    found = value_of(problem)
    return Reply(found.text, spoken=found.spoken)


def _reads(turn: TurnContext) -> bool:
    """Whether the text is one that this skill answers, also one that is refused."""
    reading = symbolic.recognise(turn.text, turn.now, turn.utterance.locale)
    return reading is not None and reading.kind not in ELSEWHERE


class Arithmetic(Skill):
    """Works out calculations exactly, and what else needs no model: equations, percentages, quantities, dates."""

    name, domain = "arithmetic", "qa"
    description = "I do sums, percentages, roots and simple equations."

    def propose(self, turn: TurnContext) -> Sequence[Candidate]:
        """Also proposes when the NLU saw another intent in a text that is a calculation."""
        return proposals(self, turn, "qa_maths", _reads(turn))

    @intent(
        "qa_maths",
        deadline=SOLVE_SECONDS + 2,
        examples=[
            "what is twelve times seven plus three",
            "what is fifteen percent of eighty",
            "square root of two",
            "three point five divided by two",
            "solve 3x plus 7 equals 22",
            "how much is 19 minus 4",
            "what is two plus two",
            "calculate 4.5 * 12",
            "add five and eighteen",
            "what is two to the power of ten",
            "subtract nine from forty",
            "what's a third of ninety",
            "work out 128 divided by 16",
            "multiply eleven by eleven",
        ],
    )
    async def compute(self, turn: TurnContext) -> str | Reply:
        """The answer, or a clear reason why there is none."""
        reading = symbolic.recognise(turn.text, turn.now, turn.utterance.locale)
        if reading is None:
            return UNREAD
        try:
            found = await asyncio.wait_for(asyncio.to_thread(reading.work), SOLVE_SECONDS)
        except Refused as reason:
            return str(reason)
        except TimeoutError:
            return "That takes me too long to work out."
        return Reply(found.text, spoken=found.spoken)


@hookimpl
def skills(config: Mapping[str, Any]) -> Iterable[Skill]:
    """The arithmetic skill; it has no options."""
    return [Arithmetic()]
