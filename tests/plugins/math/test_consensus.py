"""Agreement: groups by answer, formulas by equivalence, the published loop and the vote's verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from fractions import Fraction

import pytest

from plugins.math.channels import Derivation, derivation
from plugins.math.consensus import decide, published, solve, unanimous
from plugins.math.groups import alike, formulas, grouped
from plugins.math.program import program_of
from plugins.math.template import template_of
from plugins.math.types import Template
from plugins.math.vote import Vote

TEMPLATE = template_of("Ann had 4 bags of 2 apples each and ate 2 apples. How many apples are left?")


def says(channel: str, source: str) -> Derivation:
    return derivation(channel, source, program_of(source, TEMPLATE.letters), TEMPLATE)


class Scripted:
    """A channel that answers round by round from a list; the last one again and again."""

    def __init__(self, name: str, rounds: Sequence[str], wait: float = 0.0) -> None:
        self.name, self._rounds, self._wait, self.asked = name, list(rounds), wait, 0

    async def derive(self, template: Template, n: int) -> list[Derivation]:
        await asyncio.sleep(self._wait)
        source = self._rounds[min(self.asked, len(self._rounds) - 1)]
        self.asked += 1
        if source == "?":
            return [Derivation(self.name, "", failure="nothing")] * n
        return [says(self.name, source)] * n


def test_groups_are_by_answer_and_formulas_by_equivalence() -> None:
    found = [says("a", "A*B - C"), says("b", "B*A - C"), says("c", "A + C"), says("d", "A - C")]
    groups = grouped([*found, Derivation("e", "", failure="none")], TEMPLATE)
    assert [(group.answer, sorted(group.channels), group.formulas) for group in groups] == [
        (6, ["a", "b", "c"], 2),
        (2, ["d"], 1),
    ]
    assert len(formulas(found, TEMPLATE)) == 3


def test_answers_from_prose_meet_exact_ones() -> None:
    assert alike(Fraction(10, 3), 3.333) and alike(Fraction("3.33"), Fraction(10, 3))
    assert not alike(Fraction(1000), Fraction(1001)) and not alike(True, Fraction(1))
    prose = Derivation("prose", "", None, Fraction("0.667"))
    groups = grouped([prose, says("a", "B/(B+1)")], TEMPLATE)
    assert len(groups) == 1 and groups[0].answer == Fraction(2, 3)


def test_one_lucky_number_is_no_agreement() -> None:
    same_here = [says("a", "A*B - C"), says("b", "A + C")]
    assert same_here[0].answer == same_here[1].answer
    assert not unanimous(same_here, TEMPLATE)
    assert unanimous([says("a", "A*B - C"), says("b", "(A*B) - C")], TEMPLATE)
    assert not unanimous([says("a", "A"), says("a", "A")], TEMPLATE), "one channel does not agree with itself"


async def test_the_published_loop_reports_the_most_frequent_agreed_answer() -> None:
    first = Scripted("algebraic", ["A+B", "A*B - C", "A - C", "A*B - C"])
    second = Scripted("python", ["A*B - C", "A*B - C", "A - C", "A*B - C"])
    verdict = await published([first, second], TEMPLATE)
    assert (verdict.answer, verdict.why, verdict.rounds) == (6, "agreed", 5)
    assert verdict.probability == pytest.approx(3 / 5)
    assert (verdict.agreeing, verdict.tried) == (8, 10)


async def test_without_agreement_the_published_loop_says_so() -> None:
    verdict = await published([Scripted("a", ["A+B"]), Scripted("b", ["A*B - C"])], TEMPLATE, rounds=2)
    assert verdict.answer is None and verdict.why == "disagreement"
    assert verdict.readings == (6,) and verdict.groups[0].formulas == 2


SURE = Vote({"for a & b": 3.0}, {"for a & b": 0.0}, {"for a & b": 1.0}, offset=0.5)


def test_the_vote_abstains_below_the_floor_with_two_readings() -> None:
    split = [says("a", "A - C"), says("b", "A*B - C")]
    verdict = decide(split, TEMPLATE, SURE, floor=0.9)
    assert verdict.answer is None and verdict.why == "unsure" and sorted(verdict.readings) == [2, 6]
    agreed = decide([says("a", "A*B - C"), says("b", "A*B - C")], TEMPLATE, SURE, floor=0.9)
    assert (agreed.answer, agreed.why, agreed.agreeing, agreed.tried) == (6, "sure", 2, 2)
    assert agreed.probability == pytest.approx(0.9707, abs=1e-3)


def test_a_tie_is_never_answered_and_nothing_is_nothing() -> None:
    tie = decide([says("a", "A - C"), says("b", "A*B - C")], TEMPLATE, None, floor=0.0)
    assert tie.answer is None and tie.why == "unsure"
    nothing = decide([Derivation("a", "", failure="none")], TEMPLATE, None, floor=0.0)
    assert (nothing.answer, nothing.why, nothing.tried) == (None, "nothing", 1)


async def test_rounds_go_on_until_the_vote_is_sure() -> None:
    first, second = Scripted("a", ["A - C", "A*B - C"]), Scripted("b", ["A*B - C"])
    verdict = await solve([first, second], TEMPLATE, SURE, floor=0.6, rounds=5)
    assert verdict.answer == 6 and verdict.rounds == 2 and first.asked == 2


async def test_a_late_channel_is_left_behind() -> None:
    late, quick = Scripted("late", ["A"], wait=30.0), Scripted("a", ["A*B - C"])
    verdict = await solve([late, quick], TEMPLATE, None, floor=0.5, deadline=0.5)
    assert verdict.answer == 6 and verdict.tried == 1


async def test_channels_without_answers_end_the_loop() -> None:
    assert (await solve([], TEMPLATE, None, floor=0.5)).why == "nothing"
    failing = Scripted("a", ["?"])
    verdict = await solve([failing], TEMPLATE, None, floor=0.5, rounds=3)
    assert verdict.why == "nothing" and failing.asked == 3
