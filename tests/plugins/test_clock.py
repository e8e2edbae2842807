"""The clock skill."""

from __future__ import annotations

import pytest

from plugins.clock import Clock
from tests.plugins.clocked import Clocked

QUERIES = [
    ("what time is it", "It's 10:20 AM."),
    ("current time in", "It's 10:20 AM."),
    ("what time is it in tokyo", "It's 11:20 PM in Tokyo."),
    ("what time is it in sydney", "It's 12:20 AM tomorrow in Sydney."),
    ("what time is it in dallas texas", "It's 9:20 AM in Dallas."),
    ("what's the current time in eastern standard", "It's 10:20 AM in Eastern."),
    ("what is the time in g. m. t. plus five thirty", "It's 7:50 PM in GMT+5:30."),
    ("what time is it in sanfransisco", "It's 7:20 AM in San Francisco."),
    ("is the twenty second of july a wednesday", "That is Wednesday, July 22, 2026."),
    ("what time is it in dooa", "I don't know the time zone of dooa. Try a bigger city nearby, or the country."),
    ("what time is it in another city", "Tell me which city or country, and I'll tell you the time there."),
    ("what's the date", "It's Wednesday, July 15, 2026."),
    ("what day is it today", "It's Wednesday, July 15, 2026."),
    ("what is the date and time", "It's 10:20 AM on Wednesday, July 15, 2026."),
    ("what's the date in sydney", "It's Thursday, July 16, 2026."),
    ("what year is it", "It's 2026."),
    ("what month is it", "It's July 2026."),
    ("what is the date for next tuesday", "That is Tuesday, July 21, 2026."),
    ("what day of the week does christmas fall on this year", "That is Friday, December 25, 2026."),
    ("what day is memorial day this year", "That was Monday, May 25, 2026."),
    ("when is easter in the year two thousand and eighteen", "That was Sunday, April 1, 2018."),
    ("what is the date of this weekend", "That is from Saturday, July 18, 2026 to Sunday, July 19, 2026."),
    ("how many days until christmas", "It's 163 days until Friday, December 25, 2026."),
    ("how many weeks are left for christmas", "It's 23 weeks and 2 days until Friday, December 25, 2026."),
    ("how long until tomorrow", "It's 1 day until Thursday, July 16, 2026."),
    ("is it monday today", "No, it's Wednesday, July 15, 2026."),
    ("is it wednesday", "Yes, it's Wednesday, July 15, 2026."),
    ("is today july fifteenth", "Yes, it's Wednesday, July 15, 2026."),
    ("is it afternoon yet", "No, it's 10:20 AM."),
    ("", "It's 10:20 AM."),
    ("99:99 😀", "It's 10:20 AM."),
]

CONVERSIONS = [
    ("what is five pm london time in new york", "5:00 PM in London is noon in New York."),
    ("convert eight am manila time to new york time", "8:00 AM in Manila is 8:00 PM the day before in New York."),
    ("if it's five am in berlin what time is it here", "5:00 AM in Berlin is 11:00 PM the day before here."),
    ("what is the time in india when the time in us is twelve pm", "Noon in US is 9:30 PM in India."),
    ("what time is it in tokyo when it is noon in london", "Noon in London is 8:00 PM in Tokyo."),
    (
        "if it's ten pm in california what time is it in alabama",
        "10:00 PM in California is midnight the next day in Alabama.",
    ),
    ("what is five pm here in paris", "5:00 PM here is 11:00 PM in Paris."),
    ("convert new york time to london", "10:20 AM in New York is 3:20 PM in London."),
    ("what is the time difference between california and new york", "California is 3 hours behind New York now."),
    ("what is the time difference between here and japan", "Japan is 13 hours ahead of you now."),
    ("time difference between berlin and paris", "There is no difference: Berlin has the same time as Paris now."),
    ("convert time zone", "Tell me a time and two places, such as: five PM in London in New York."),
    ("what is five pm in dooa", "I don't know the time zone of dooa. Try a bigger city nearby, or the country."),
    ("change my time zone to gmt plus five", "Please name a city in that time zone, so that summer time is right too."),
    ("", "Tell me a time and two places, such as: five PM in London in New York."),
]  # fmt: skip


async def test_queries() -> None:
    async with Clocked() as user:
        answers = [(text, await user.ask("datetime_query", text)) for text, _ in QUERIES]
    assert answers == QUERIES


async def test_conversions() -> None:
    async with Clocked() as user:
        answers = [(text, await user.ask("datetime_convert", text)) for text, _ in CONVERSIONS]
    assert answers == CONVERSIONS


async def test_a_misheard_intent_is_put_right() -> None:
    async with Clocked() as user:
        assert await user.ask("datetime_query", "what is five pm london time in new york") == CONVERSIONS[0][1]
        assert await user.ask("datetime_convert", "tell me the time in tokyo") == "It's 11:20 PM in Tokyo."


async def test_places_of_the_recogniser_count() -> None:
    async with Clocked() as user:
        assert await user.tell('/datetime_query{"place_name": "berlin"}') == "It's 4:20 PM in Berlin."
        assert "atlantis" in await user.tell('/datetime_query{"place_name": "atlantis"}')


async def test_the_time_zone_is_kept() -> None:
    async with Clocked() as user:
        said = await user.ask("datetime_convert", "please change my time zone to berlin")
        assert said == "Okay, from now on your time zone is Europe/Berlin. It's 4:20 PM there."
        assert await user.ask("datetime_query", "what time is it") == "It's 4:20 PM."


async def test_a_voice_says_it_in_words() -> None:
    async with Clocked() as user:
        (reply,) = (await user.turn('/datetime_query{"text": "what time is it in tokyo"}')).replies
    assert reply.spoken == "It's eleven twenty at night in Tokyo."


@pytest.mark.parametrize("text", ["in " * 1300, "😀" * 1000, "a-b' " * 700, "when if what time is it " * 100])
async def test_hostile(text: str) -> None:
    async with Clocked() as user:
        assert await user.ask("datetime_query", text)
        assert await user.ask("datetime_convert", text)


def test_it_says_what_it_does() -> None:
    assert Clock.description
