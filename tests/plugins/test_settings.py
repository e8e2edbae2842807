from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.profile import gives_setting, read_name, read_quiet, read_units, read_zone
from tests.plugins.talk import talk

SCRIPT = {
    r"what|who|which": {"settings_query": 0.9},
    r"set ?up": {"settings_setup": 0.9},
    r"quiet": {"settings_quiet": 0.9},
    r"units|imperial": {"settings_units": 0.9},
    r"time zone|live": {"settings_timezone": 0.9},
    r"name|call me": {"settings_name": 0.9},
}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my name is anna", "Anna"),
        ("Call me Mary-Jane O'Neil please", "Mary-Jane O'Neil"),
        ("call me later", None),
        ("i'm so tired", None),
        ("call me an ambulance", None),
        ("my name is", None),
        ("my name is <script>alert(1)</script>", "Script Alert Script"),
        ("my name is " + "x" * 100, None),
    ],
)
def test_names(text: str, name: str | None) -> None:
    assert read_name(text) == name


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("from ten pm to seven", "22:00-07:00"),
        ("ten to seven", "22:00-07:00"),
        ("from ten thirty pm until seven fifteen", "22:30-07:15"),
        ("22:00 to 6:30", "22:00-06:30"),
        ("midnight to six", "00:00-06:00"),
        ("between eleven at night and eight in the morning", "23:00-08:00"),
        ("turn them off", "off"),
        ("from 99 to 7", None),
        ("seven to seven am", "19:00-07:00"),
        ("later", None),
    ],
)
def test_quiet_hours(text: str, hours: str | None) -> None:
    assert read_quiet(text) == hours


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("i live in berlin", "Europe/Berlin"),
        ("eastern time", "America/New_York"),
        ("utc plus 2", "Etc/GMT-2"),
        ("from irish time to moscow time", "Europe/Moscow"),
        ("atlantis", None),
    ],
)
def test_zones(text: str, zone: str | None) -> None:
    assert read_zone(text) == zone


def test_units() -> None:
    assert (read_units("use the imperial system"), read_units("metric"), read_units("both")) == (
        "imperial",
        "metric",
        None,
    )


@given(st.text(max_size=120))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    gives_setting(text)
    read_quiet(text)
    read_name(text, requested=True)


async def test_settings_are_kept_for_every_skill_and_after_a_restart(tmp_path) -> None:
    script = {"convert": {"unit_convert": 0.9}, "hello": {"general_greet": 0.9}, **SCRIPT}
    async with talk(tmp_path, ["settings", "convert", "smalltalk"], script) as t:
        assert await t.say("my name is anna") == "Nice to meet you, Anna."
        assert await t.say("use imperial units") == "I use imperial units from now on."
        assert await t.say("i live in berlin") == "I go by Berlin time from now on."
        assert await t.say("quiet hours from ten pm to seven") == "Quiet hours are from 22:00 to 07:00 now."
    async with talk(tmp_path, ["settings", "convert", "smalltalk"], script) as t:
        assert await t.say("convert 10 kilometers") == "10 kilometers is about 6.2137 miles."
        assert await t.say("hello") == "Good morning, Anna. What can I do for you?"
        assert await t.say("what is my name") == "You are Anna."
        assert await t.say("which quiet hours") == "Quiet hours are from 22:00 to 07:00."
        assert "Berlin time" in await t.say("what are my settings")


async def test_what_is_missing_is_asked_for_and_can_be_corrected(tmp_path) -> None:
    async with talk(tmp_path, ["settings"], SCRIPT) as t:
        assert await t.say("change my time zone") == "Which city are you in?"
        assert await t.say("paris") == "I go by Paris time from now on."
        assert await t.say("no, london") == "I go by London time from now on."
        assert await t.say("turn off quiet hours") == "Quiet hours are off."


async def test_the_set_up_asks_for_everything_and_lets_one_skip(tmp_path) -> None:
    async with talk(tmp_path, ["settings"], SCRIPT) as t:
        assert await t.say("set up") == "What should I call you? You can skip any question."
        assert await t.say("tom") == "Which city are you in?"
        assert await t.say("skip") == "Metric or imperial units?"
        assert await t.say("metric please") == "When should I be quiet? Say for instance ten pm to seven, or off."
        assert await t.say("eleven to six") == "All set, Tom."
        assert await t.say("who am i") == "You are Tom."
