"""The solver that is shipped, on questions of our own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from fractions import Fraction

import pytest_asyncio

from plugins.math.settings import Options
from plugins.math.solving import SHIPPED, Solving

QUESTIONS = [
    ("Lena has 12 shells and finds 7 more at the beach. How many shells does she have now?", 19),
    ("a baker made 48 rolls and put them into bags of 6 how many bags did he fill", 8),
    ("There are 9 rows of seats in the hall. Each row has 14 seats. How many seats are there in all?", 126),
    ("Omar had 50 stickers. He gave 8 to his sister and lost 5. How many stickers are left?", 37),
    ("A ticket costs 12 dollars. How much do 5 tickets cost?", 60),
    ("Ines is 12 years old. Her brother is 3 times as old. How old is her brother?", 36),
]


@pytest_asyncio.fixture
async def solving() -> AsyncIterator[Solving]:
    made = Solving(Options.read({}))
    made.start()
    yield made
    await made.stop()


async def test_it_answers_and_knows_when_it_is_not_sure(solving: Solving) -> None:
    for question, answer in QUESTIONS:
        verdict = await solving.solve(question)
        assert verdict.answer == Fraction(answer), (question, verdict.readings, verdict.probability)
    nonsense = await solving.solve("If 3 clouds think of 7 doors in 2 songs, how many spoons is a 40 percent Tuesday?")
    assert nonsense.answer is None and nonsense.probability < 0.5


def test_its_files_are_small_and_have_a_card() -> None:
    files = {path.name: path.stat().st_size for path in SHIPPED.iterdir()}
    assert {"card.md", "vote.json", "solver.json", "settings.json"} <= files.keys()
    assert max(files.values()) < 40_000_000 and sum(files.values()) < 15_000_000
