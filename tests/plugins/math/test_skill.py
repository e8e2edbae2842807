"""The skill in a real assistant: routing, answers, doubt, follow-ups, explanations, what is missing."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

import plugins.math as plugin
from assistant.repl.why import why
from assistant.testing import Client, FakeClock
from dialog.errors import ConfigError
from dialog.events import slot
from dialog.plugin import hookimpl
from dialog.types import Turn
from plugins.math import story
from plugins.math.channels import Derivation, derivation
from plugins.math.program import program_of
from plugins.math.settings import Options
from plugins.math.skill import FORGOTTEN, UNABLE, WordProblems
from plugins.math.solving import Loaded, Solving, floor_of, independent
from plugins.math.types import ProgramError, Template
from plugins.math.vote import Vote, VoteError
from tests.plugins.math.server import says, serving

MEALS = (
    "at a restaurant each adult meal costs 5 dollars and kids eat free if a group of 15 people came in "
    "and 8 were kids how much would it cost"
)
RIGHT, WRONG = "A*(B-C)", "A*B"


class Beam:
    """A channel that knows its formulas by heart, the likeliest first."""

    def __init__(self, name: str, *formulas: str) -> None:
        self.name, self._formulas, self.asked = name, formulas, 0

    async def derive(self, template: Template, n: int) -> list[Derivation]:
        self.asked += 1
        return [self._made(source, 0.6 / place, template) for place, source in enumerate(self._formulas[:n], 1)]

    def _made(self, source: str, weight: float, template: Template) -> Derivation:
        try:
            return derivation(self.name, source, program_of(source, template.letters), template, weight)
        except ProgramError as error:
            return Derivation(self.name, source, failure=error.reason, weight=weight)


def scripted(*channels: Beam, floor: float = 0.5, **options: Any) -> Mapping[str, object]:
    """The plugin with scripted channels in place of trained ones."""
    solving = Solving(Options.read(options, {}), {}, loaded=Loaded(channels, None, floor))

    @hookimpl
    def skills() -> list[WordProblems]:
        return [WordProblems(solving)]

    return {"scripted_math": SimpleNamespace(skills=skills)}


def client(*channels: Beam, floor: float = 0.5, folder: Path | None = None, **options: Any) -> Client:
    overrides = {"plugins.math.enabled": False}
    return Client(scripted(*channels, floor=floor, **options), overrides=overrides, folder=folder)


def sure() -> list[Beam]:
    return [
        Beam("relation", RIGHT, WRONG),
        Beam("sequence", RIGHT, "A/(C-C)"),
        Beam("third", RIGHT),
        Beam("odd", WRONG),
    ]


async def test_a_conversation_about_one_problem(tmp_path: Path) -> None:
    channels = sure()
    async with client(*channels, floor=0.4, folder=tmp_path) as user:
        turn = await user.turn(MEALS)
        (reply,) = turn.replies
        assert reply.text == "That makes 35 dollars: 5 × (15 − 8). 3 of 4 derivations agree."
        assert reply.spoken == "That makes thirty five dollars. Three of four derivations agree."
        assert await user.say("and if it were twelve people?") == [
            "With 12 people that makes 20 dollars: 5 × (12 − 8). 3 of 4 derivations agree."
        ]
        assert await user.say("what about 2.50 dollars each") == [
            "With 2.5 dollars that makes 10 dollars: 2.5 × (12 − 8). 3 of 4 derivations agree."
        ]
        assert await user.say("why?") == [
            "12 − 8 = 4, then 2.5 × 4 = 10, so 10 dollars. 3 of 4 derivations agree (relation, sequence and third). "
            "Another one says 30 dollars: 2.5 × 12."
        ]
        assert await user.say("what if there were 20 kids") == [
            "With 20 that would be −20 dollars (2.5 × (12 − 20)). These numbers do not fit together."
        ]
        assert [channel.asked for channel in channels] == [1, 1, 1, 1], "follow-ups need no new derivations"
        (other,) = (await user.turn("what about tomorrow")).replies
        assert "derivations" not in other.text
    async with client(*sure(), floor=0.4, folder=tmp_path) as user:
        assert await user.say("and if it were 20 people?") != []


async def test_it_survives_a_restart_and_ends_with_the_session(tmp_path: Path) -> None:
    async with client(*sure(), floor=0.4, folder=tmp_path) as user:
        await user.say(MEALS)
    clock = FakeClock()
    async with Client(
        scripted(*sure(), floor=0.4), overrides={"plugins.math.enabled": False}, folder=tmp_path, clock=clock
    ) as user:
        assert await user.say("and with 10 kids") == [
            "With 10 that makes 25 dollars: 5 × (15 − 10). 3 of 4 derivations agree."
        ]
        clock.advance(3600)
        turn = await user.turn("and if it were twelve people?")
        assert turn.decision.candidates[turn.decision.executed].skill != "math"
        assert await user.say("/math_why") == [FORGOTTEN]


async def test_it_asks_which_number_is_meant() -> None:
    async with client(*sure(), floor=0.4) as user:
        await user.say(MEALS)
        (asked,) = (await user.turn("and with 10?")).replies
        assert asked.text == "Which number should become 10: 5 dollars, 15 people or 8 were kids?"
        assert [button["title"] for button in asked.buttons] == ["5 dollars", "15 people", "8 were kids"]
        assert await user.say("the people") == [
            "With 10 people that makes 10 dollars: 5 × (10 − 8). 3 of 4 derivations agree."
        ]
        assert (await user.say("and nine?"))[0].startswith("With 9 people that makes 5 dollars")
        await user.say(MEALS)
        await user.say("and with 10?")
        assert await user.say("never mind") == ["Okay, I leave the numbers as they are."]


async def test_numbers_for_which_the_formula_has_no_answer() -> None:
    async with client(Beam("relation", "A/(B-C)", RIGHT), Beam("sequence", "A/(B-C)"), floor=0.3) as user:
        assert (await user.say(MEALS))[0].startswith("That makes about 0.71 dollars: 5 ÷ (15 − 8)")
        assert await user.say("and if there were 8 people") == ["With 8 people that cannot be worked out."]
        assert await user.say("and 7?") == [
            "With 7 people that would be −5 dollars (5 ÷ (7 − 8)). These numbers do not fit together."
        ]


async def test_below_the_precision_both_readings_are_shown() -> None:
    async with client(Beam("relation", RIGHT), Beam("sequence", WRONG), floor=0.9) as user:
        turn = await user.turn(MEALS)
        (reply,) = turn.replies
        assert reply.text == "I am not sure. It could be 35 dollars (5 × (15 − 8)), or 75 dollars (5 × 15)."
        assert reply.spoken == "I am not sure. It could be thirty five dollars, or seventy five dollars."
        (again,) = await user.say("and if it were twelve people?")
        assert again == "I am not sure with 12 people. It could be 20 dollars (5 × (12 − 8)), or 60 dollars (5 × 12)."


async def test_nothing_derived_is_said_honestly() -> None:
    async with client(Beam("relation", "A/(B-B)")) as user:
        turn = await user.turn(MEALS)
        assert [reply.text for reply in turn.replies] == [
            "I read the numbers, but none of my derivations came to an answer."
        ]
        assert "division by zero" in shown(turn)
    async with client() as user:
        assert await user.say(MEALS) == ["I read the numbers, but none of my derivations came to an answer."]


def shown(turn: Turn) -> str:
    out = io.StringIO()
    Console(width=200, file=out).print(why(turn))
    return out.getvalue()


async def test_why_shows_every_candidate() -> None:
    async with client(*sure(), floor=0.4) as user:
        text = shown(await user.turn(MEALS))
    for part in ("3 of 4 independent ones agree", "A × (B − C)", "5 × (15 − 8)", "A × B", "unused C", "retrieval"):
        assert (part in text) is (part != "retrieval"), part
    assert "failed: division by zero" in text and "C = 8" in text and "0.500" in text


@pytest.mark.parametrize("found", [None, 5, {"title": "t"}, {"title": "t", "columns": "ab", "rows": 3}, {"rows": []}])
async def test_an_explanation_of_another_shape_is_left_out(found: Any) -> None:
    async with client(*sure()) as user:
        turn = await user.turn("hello")
    event = replace(slot("x", 1), metadata={"explanation": found})
    assert shown(replace(turn, events=[event])) == shown(replace(turn, events=[]))
    table = {"title": "a table", "columns": ["one", ">two"], "rows": [["x", 5], ["short"], 7], "notes": ["a note"]}
    text = shown(replace(turn, events=[replace(event, metadata={"explanation": table})]))
    assert "a table" in text and "a note" in text and "short" not in text


async def test_without_weights_it_says_so(tmp_path: Path) -> None:
    solving = Solving(Options(), {}, loaded=Loaded(problem="nothing is there"))

    @hookimpl
    def skills() -> list[WordProblems]:
        return [WordProblems(solving)]

    overrides = {"plugins.math.enabled": False}
    async with Client({"bare_math": SimpleNamespace(skills=skills)}, overrides=overrides) as user:
        assert await user.say(MEALS) == [UNABLE]
        assert await user.say("what is fifteen percent of eighty") == ["15% of 80 is 12."]


async def test_a_damaged_folder_costs_only_the_solver(tmp_path: Path) -> None:
    async with Client(overrides={"plugins.math.options.model": str(tmp_path)}) as user:
        assert await user.say(MEALS) == [UNABLE]


async def test_a_language_model_is_asked_only_where_the_vote_is_not_sure() -> None:
    async def answer(body: dict[str, Any]) -> bytes:
        return says("Answer = A*(B-C)")

    async with serving(answer) as server:
        endpoint = {"base_url": server.url, "model": "small", "retries": 0, "concurrency": 2}
        ready = Loaded((Beam("relation", RIGHT), Beam("sequence", WRONG)), None, 0.65)
        solving = Solving(Options.read({"endpoint": endpoint}, {}), {}, loaded=ready)
        solved = await solving.worked(MEALS)
        await solving.stop()
        assert solved.verdict.answer == 35 and independent(solved.verdict) == (3, 4)
        assert len(solved.derivations) == 4
        before = len(server.asked)
        confident = Loaded((Beam("relation", RIGHT), Beam("sequence", RIGHT)), None, 0.7)
        solving = Solving(Options.read({"endpoint": endpoint}, {}), {}, loaded=confident)
        assert (await solving.solve(MEALS)).answer == 35
        await solving.stop()
        assert len(server.asked) == before > 0


PROBLEMS = [
    MEALS,
    "Sam has 5 apples. He buys 3 more. How many apples does he have now?",
    "a train travels 60 miles in one hour how far does it travel in three hours",
    "there are 24 students in a class and a third of them are girls how many girls are there",
    "how much do 5 pens cost at 2 dollars each",
    "Tom ran twice as far as Ann, who ran 3 miles. How far did Tom run?",
    "If a pencil costs 25 cents, what is the total cost of 8 pencils?",
]
EVERYDAY = """
set a timer for 5 minutes and an alarm at 7
add 3 apples and 2 pears to my shopping list
how much is 5 dollars in euros
how many days until friday
turn the lights to 50 percent
how long does it take to drive 20 miles
how much time is left on my 10 minute timer
what meetings do i have between 2 and 4
how many meetings do i have between 2 pm and 4 pm on may 5
what alarms do i have between 7 and 9 am
remind me in 20 minutes to check the oven
wake me up at 6 30 and again at 7
how many calories are in 2 eggs and 3 slices of bacon
what is fifteen percent of eighty
how many feet are in two miles
how many ounces are in 3 cups
convert 5 miles to kilometers
what is 5 plus 7 times 2
solve 3x plus 7 equals 22
play 2 songs from the 80s
how many people live in the 2 largest cities
i have 3 meetings tomorrow at 9 and 11 what is the first one
how many hours until my 5 pm meeting
book a table for 4 at 8 pm and tell me how much it costs
what will the weather be in 3 days
what time is it in 2 hours
how long is the flight from gate 5 to gate 7
who won the world cup in 2014 and 2018
what is the price of 2 shares of apple
set the thermostat to 70 degrees at 9 and 65 at 10
how many minutes are left on my 5 minute and 10 minute timers
schedule a meeting for 3 people on may 5 at 2 pm
what happened in 1945 and 1989
i want to order 2 pizzas and 3 cokes
how old is someone born in 1990
is 17 a prime number
send 20 dollars to bob and 30 to alice
what about tomorrow at 5
delete item 2 and item 3 from my list
read me emails 1 to 5
remind me at 5 how much 3 apples cost
what is on channel 5 at 8
how many days from march 3 to june 10
a 20 percent tip on 45 dollars
"""


async def test_word_problems_reach_it_and_everyday_requests_do_not() -> None:
    async with client(Beam("relation", "A")) as user:
        for text in PROBLEMS:
            decision = (await user.turn(text)).decision
            assert decision.candidates[decision.executed].skill == "math", text
            await user.say("thanks")
        for text in filter(None, EVERYDAY.splitlines()):
            turn = await user.turn(text)
            assert "math" not in [candidate.skill for candidate in turn.decision.candidates], text
            if turn.replies and user.assistant.dialog is not None:
                await user.say("cancel")


def test_what_is_read_as_a_problem() -> None:
    assert story.read("how many") is None and story.read("") is None and story.read("x" * 5000) is None
    assert story.read("Find the total cost of 3 pens at 2 dollars each.") is not None
    assert story.read("Sam has apples. How many apples does he have?") is None
    assert story.read("Ann was born in 1990 and Bob in 1992. " + "How many " * 3) is None


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"precison": 0.9}, "plugins.math.options.precison: unknown key; did you mean 'precision'?"),
        ({"precision": 1.5}, "plugins.math.options.precision: Input should be less than 1, not 1.5"),
        ({"beam": "5"}, "plugins.math.options.beam: Input should be a valid integer, not '5'"),
        ({"model": "/nowhere/at/all"}, "plugins.math.options.model: there is no folder '/nowhere/at/all'"),
        ({"vote": "/nowhere/v.json"}, "plugins.math.options.vote: there is no file '/nowhere/v.json'"),
        ({"endpoint": "here"}, "plugins.math.options.endpoint: a section with base_url and model is expected"),
        ({"endpoint": {"model": "m", "base_url": "ftp://x"}}, "math: endpoint.base_url"),
        ({"endpoint": {"model": "m", "base_url": "http://x/v1", "key_env": "NO_KEY"}}, "NO_KEY is not set"),
    ],
)  # fmt: skip
def test_wrong_options_are_named(config: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        list(plugin.skills(config))
    assert message in str(caught.value)


def test_both_hooks_share_one_solver() -> None:
    config: dict[str, Any] = {}
    (skill,) = plugin.skills(config)
    assert isinstance(skill, WordProblems)
    assert plugin._solving_of(config) is skill._solving
    assert plugin._solving_of(dict(config)) is not skill._solving


def test_the_threshold_of_a_precision() -> None:
    vote = Vote({}, {}, {}, card={"thresholds": {"0.9": 0.4, "0.95": 0.6, "0.99": 1.000001}})
    assert [floor_of(vote, wish) for wish in (0.8, 0.9, 0.92, 0.96)] == [0.4, 0.4, 0.6, 1.000001]
    assert floor_of(vote, 0.995) == 0.995 and floor_of(None, 0.7) == 0.7
    with pytest.raises(VoteError, match="thresholds"):
        floor_of(Vote({}, {}, {}, card={"thresholds": {"0.9": None}}), 0.9)


async def test_a_late_channel_is_left_behind() -> None:
    class Late(Beam):
        async def derive(self, template: Template, n: int) -> list[Derivation]:
            await asyncio.sleep(60)
            return []

    ready = Loaded((Beam("relation", RIGHT), Late("late")), None, 0.5)
    verdict = await Solving(Options(deadline=0.2), {}, loaded=ready).solve(MEALS)
    assert verdict.answer == Fraction(35)
