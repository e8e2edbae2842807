from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.convert import MONEY, sentence, target_of
from plugins.measure import read
from plugins.units import UNITS
from tests.plugins.talk import talk


def answer(text: str, system: str = "metric") -> str:
    asked = read(text)
    assert asked is not None, text
    return sentence(asked, target_of(asked, system))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("how many feet are in two miles", "2 miles is 10,560 feet."),
        ("convert 70 fahrenheit to celsius", "70 degrees Fahrenheit is about 21.11 degrees Celsius."),
        ("six foot two in centimeters", "6 feet 2 inches is 187.96 centimeters."),
        ("5'10\" in cm", "5 feet 10 inches is 177.8 centimeters."),
        ("how many ounces in a cup", "1 cup is 8 fluid ounces."),
        ("half a cup in ml", "0.5 cups is about 118.29 milliliters."),
        ("one third of a cup in ml", "1/3 cup is about 78.863 milliliters."),
        ("how many inches in foot", "1 foot is 12 inches."),
        ("miles to kilometers", "1 mile is 1.609344 kilometers."),
        ("10 in to cm", "10 inches is 25.4 centimeters."),
        ("minus forty celsius in fahrenheit", "-40 degrees Celsius is -40 degrees Fahrenheit."),
        ("70 degrees in celsius", "70 degrees Fahrenheit is about 21.11 degrees Celsius."),
        ("how tall is six feet in meters", "6 feet is 1.8288 meters."),
        ("5km to m", "5 kilometers is 5,000 meters."),
        ("how many teaspoons make a tablespoon", "1 tablespoon is 3 teaspoons."),
        ("60 mph to km/h", "60 miles per hour is 96.56064 kilometers per hour."),
        ("zero kelvin in celsius", "0 kelvin is -273.15 degrees Celsius."),
        ("how many seconds in an hour and 30 minutes", "1 hour 30 minutes is 5,400 seconds."),
        ("what is 5 miles in metric", "5 miles is 8.04672 kilometers."),
        ("5 miles to kilograms", "I cannot convert that: miles measure length, kilograms measure mass."),
        (
            "two cups of flour in grams",
            "I cannot convert that: cups measure volume, grams measure mass, which depends on the ingredient.",
        ),
    ],
)
def test_conversions(text: str, said: str) -> None:
    assert answer(text) == said


def test_open_questions_follow_the_users_units() -> None:
    assert answer("convert 10 miles", "metric") == "10 miles is 16.09344 kilometers."
    assert answer("convert 10 kilometers", "imperial") == "10 kilometers is about 6.2137 miles."


@pytest.mark.parametrize(
    "text", ["$5 to euros", "how much is 5 dollars in yen", "5 pounds to euros", "exchange rate of dollar to yen"]
)
def test_currencies_are_recognised(text: str) -> None:
    asked = read(text)
    assert asked is not None and asked.currency


@pytest.mark.parametrize(
    "text",
    [
        "set a timer for 5 minutes", "in 5 minutes", "how many days are in this month", "20 celsius", "how many people",
        "remind me in two hours", "to", "", "\x00\ud800", "5" * 5000, "how many days until christmas",
        "a pound of flesh",
    ],
)  # fmt: skip
def test_other_requests_are_not_read(text: str) -> None:
    assert read(text) is None


@given(st.text(max_size=100))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    read(text)


WORDS = "how many 5 two feet to in miles a of 3/4 degrees f - ' metric dollars"


@given(st.lists(st.sampled_from(WORDS.split()), max_size=9))
def test_any_mixture_is_answered(words: list[str]) -> None:
    asked = read(" ".join(words))
    if asked is not None and not asked.currency:
        assert sentence(asked, target_of(asked, "metric")).endswith(".")


def test_the_table_holds_together() -> None:
    import pint

    registry = pint.UnitRegistry()
    for unit in UNITS.values():
        assert registry.Unit(unit.name).dimensionality == registry.Unit(UNITS[unit.counterpart].name).dimensionality


async def test_conversations(tmp_path) -> None:
    script = {"euros": {"qa_currency": 0.9}, "convert": {"unit_convert": 0.9}, "feet": {"qa_maths": 0.8}}
    async with talk(tmp_path, ["convert", "arithmetic"], script, units="imperial") as t:
        assert await t.say("how many feet are in two miles") == "2 miles is 10,560 feet."
        assert await t.say("how many euros is five dollars") == MONEY
        assert await t.say("convert 10 kilometers") == "10 kilometers is about 6.2137 miles."
        assert (await t.say("convert water to wine")).startswith("I could not read that")


async def test_a_conversion_outranks_the_label_of_a_neighbour(tmp_path) -> None:
    async with talk(tmp_path, ["convert", "arithmetic"], {"": {"qa_maths": 0.95}}) as t:
        decision = (await t.turn("convert ten inches to centimeters")).decision
        chosen = decision.candidates[decision.chosen]
        assert (chosen.skill, chosen.intent, chosen.features["parsed"]) == ("convert", "unit_convert", 1.0)
        assert decision.propensities[decision.chosen] > 0.99


def test_pint_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, plugins.convert as c; c.read('two miles in feet'); sys.exit('pint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
