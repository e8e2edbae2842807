from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

from plugins.math.channels import Channel
from plugins.math.consensus import solve
from plugins.math.symbolic.channel import SymbolicChannel
from plugins.math.template import template_of
from plugins.math.types import Template


def _clock() -> datetime:
    return datetime(2026, 11, 20, 9, tzinfo=UTC)


def channel() -> Channel:
    return SymbolicChannel(_clock)


async def test_a_direct_question_gives_a_program_over_its_letters() -> None:
    template = template_of("What is 30 percent of 80 dollars?")
    (found,) = await channel().derive(template, 3)
    assert (found.channel, found.answer, found.failure) == ("symbolic", 24, "")
    assert found.program is not None
    assert found.program.variables == {"A", "B"}


async def test_a_puzzle_gives_its_answer_without_a_program() -> None:
    template = template_of("The sum of two numbers is 20 and their difference is 4. What is the larger number?")
    (found,) = await channel().derive(template, 1)
    assert (found.answer, found.program) == (Fraction(12), None)


async def test_numbers_that_occur_twice_give_no_program() -> None:
    (found,) = await channel().derive(template_of("what is 20 percent more than 20 dollars"), 1)
    assert (found.answer, found.program) == (24, None)


async def test_a_story_gives_nothing_and_a_refusal_a_failure() -> None:
    story = template_of("Tom has 5 apples and buys 3 more. How many apples does he have?")
    assert await channel().derive(story, 1) == []
    assert await channel().derive(template_of("what is 7 plus 8"), 0) == []
    (found,) = await channel().derive(template_of("12 is what percent of 0"), 1)
    assert (found.answer, found.failure) == (None, "Nothing can be a percentage of zero.")


async def test_it_takes_part_in_the_consensus() -> None:
    template: Template = template_of("how much is 15 percent of 80")
    verdict = await solve([channel()], template, None, floor=0.5, rounds=1)
    assert verdict.answer == 12
