from __future__ import annotations

from pathlib import Path

from tests.plugins.talk import talk


async def test_the_arithmetic_skill_answers_by_the_symbolic_path(tmp_path: Path) -> None:
    async with talk(tmp_path, ["arithmetic"], {"": {"audio_volume_up": 0.9}}) as t:
        assert await t.say("increase 80 by 15 percent") == "80 increased by 15% is 92."
        assert await t.say("x plus y equals 10 and x minus y equals 2") == "x is 6 and y is 4."
        assert await t.say("how many days from march 3 to june 10") == (
            "From Wednesday, March 3, 2027 to Thursday, June 10, 2027 it's 99 days."
        )
        assert await t.say("x + y = 1, x + y = 2") == "No numbers x and y make all of that true."


async def test_it_leaves_conversions_and_plain_dates_to_their_skills(tmp_path: Path) -> None:
    script = {"": {"datetime_query": 0.9}}
    async with talk(tmp_path, ["arithmetic", "convert", "clock"], script) as t:
        for text, skill in (
            ("what weekday is july 4 2027", "clock"),
            ("how many days until christmas", "clock"),
            ("5 feet 7 inches in cm", "convert"),
            ("days until christmas", "arithmetic"),
            ("what date is 45 days after may 5", "arithmetic"),
        ):
            turn = await t.turn(text)
            assert turn.decision.candidates[turn.decision.executed].skill == skill, text
