"""The calendar skill: entries, reminders, questions, removal."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.agenda import read_lead, read_title
from plugins.when import parse_when
from tests.plugins.clocked import DAY, HOUR, MINUTE, MORNING, Clocked
from tests.plugins.when.test_parser import NOW


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("remind me to take out the garbage on tuesday", "take out the garbage"),
        ("add dentist appointment friday at three", "dentist appointment"),
        ("put lunch with ann on my calendar for thursday at noon", "lunch with ann"),
        ("remember dinner on thursday at bistro italia", "dinner at bistro italia"),
        (
            "schedule an event in my calendar for the pool party at jack's place this saturday",
            "pool party at jack's place",
        ),
        ("set a reminder that i have to visit my father tomorrow", "visit my father"),
        ("make a calendar entry for brunch on saturday morning with chris and ann", "brunch with chris and ann"),
        ("please remind me one hour before the meeting tomorrow morning", "meeting"),
        ("i have an appointment tomorrow remind me", "appointment"),
        ("send me a reminder to pick up my dog from the groomer at one pm", "pick up my dog from the groomer"),
        ("set meeting with jack on ten march", "meeting with jack"),
        ("dentist", "dentist"),
        ("set a reminder", None),
        ("i want to add something to my calendar", None),
        ("friday at three", None),
        ("", None),
    ],
)
def test_titles(text: str, title: str | None) -> None:
    assert read_title(text, parse_when(text, NOW)) == title


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("an hour before", 3600.0),
        ("twenty four hours in advance", 86400.0),
        ("the day before", 86400.0),
        ("before", None),
        ("in an hour", None),
    ],
)
def test_lead_times(text: str, seconds: float | None) -> None:
    found = read_lead(text)
    assert (found[0] if found else None) == seconds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "add dentist appointment friday at three",
            "Added to your calendar: dentist appointment on Friday at 3:00 PM.",
        ),
        (
            "remind me to take out the garbage on tuesday",
            "Okay, I'll remind you on Tuesday at 9:00 AM: take out the garbage.",
        ),
        ("remind me to call mom at five pm", "Okay, I'll remind you today at 5:00 PM: call mom."),
        ("remind me in ten minutes to stretch", "Okay, I'll remind you today at 10:30 AM: stretch."),
        (
            "remind me tomorrow evening to water the plants",
            "Okay, I'll remind you tomorrow at 7:00 PM: water the plants.",
        ),
        (
            "remind me every monday at nine to write the report",
            "Okay, I'll remind you on Monday at 9:00 AM, every Monday: write the report.",
        ),
        (
            "remind me an hour before the meeting tomorrow at three",
            "Okay: meeting tomorrow at 3:00 PM. I'll remind you 1 hour before.",
        ),
        (
            "save event board meeting from five pm to six pm on march eighteenth",
            "Added to your calendar: board meeting on Thursday, March 18, 2027 from 5:00 PM to 6:00 PM.",
        ),
        ("add bob's birthday on december third", "Added to your calendar: bob's birthday on Thursday, December 3."),
        ("remind me yesterday at five to laugh", "I can't add anything in the past: yesterday at 5:00 PM is over."),
        ("add lunch for yesterday", "I can't add anything in the past: yesterday is over."),
        ("remind me to call mom", "For when?"),
        ("remind me today to call mom", "Okay, I'll remind you today at 2:00 PM: call mom."),
        (
            "remind me every day to take my pills",
            "Okay, I'll remind you tomorrow at 9:00 AM, every day: take my pills.",
        ),
        (
            "set bob's birthday for every june third",
            "Added to your calendar: bob's birthday on Thursday, June 3, 2027, every year.",
        ),
        ("set a reminder", "What is it about?"),
        ("😀 tomorrow", "Added to your calendar: 😀 tomorrow."),
        ("", "What is it about?"),
    ],
)
async def test_adding(text: str, said: str) -> None:
    async with Clocked() as user:
        assert await user.ask("calendar_set", text) == said


async def test_entities_of_the_understanding_count() -> None:
    async with Clocked() as user:
        said = await user.tell('/calendar_set{"event_name": "dentist", "date": "friday", "time": "three"}')
        assert said == "Added to your calendar: dentist on Friday at 3:00 PM."


async def test_missing_parts_are_asked_for() -> None:
    async with Clocked() as user:
        await user.ask("calendar_set", "set a reminder")
        assert await user.tell("to buy milk") == "For when?"
        assert await user.tell("blue") == "Sorry, I did not get that. For when?"
        assert await user.tell("in two hours") == "Okay, I'll remind you today at 12:20 PM: buy milk."
        assert await user.wait(2 * HOUR) == ["Reminder: buy milk."]


async def test_corrections() -> None:
    async with Clocked() as user:
        await user.ask("calendar_set", "add dentist appointment friday at three")
        assert await user.tell("no, at four") == "Okay, it is now dentist appointment on Friday at 4:00 PM."
        assert await user.tell("actually on monday") == "Okay, it is now dentist appointment on Monday at 4:00 PM."
        assert await user.ask("calendar_query", "what is on my calendar") == (
            "You have one thing on your calendar: dentist appointment on Monday at 4:00 PM."
        )
        await user.ask("calendar_set", "remind me to feed the cat on friday")
        said = await user.tell("no, on saturday at six pm")
        assert said == "Okay, I'll remind you on Saturday at 6:00 PM: feed the cat."


async def test_a_lead_time_joins_the_entry_that_is_there() -> None:
    async with Clocked() as user:
        await user.ask("calendar_set", "add dentist appointment tomorrow at three")
        assert await user.ask("calendar_set", "remind me one hour before the dentist") == (
            "Okay: dentist appointment tomorrow at 3:00 PM. I'll remind you 1 hour before."
        )
        assert await user.tell("no, two hours before") == (
            "Okay: dentist appointment tomorrow at 3:00 PM. I'll remind you 2 hours before."
        )
        assert await user.wait(DAY + 2 * HOUR + 40 * MINUTE) == ["Reminder: dentist appointment in 2 hours."]


async def _fill(user: Clocked) -> None:
    for text in (
        "add dentist appointment friday at three",
        "put lunch with ann on my calendar for tomorrow at noon",
        "remind me to call mom at five pm",
        "add vacation next monday",
        "i have swimming every tuesday at six pm",
    ):
        await user.ask("calendar_set", text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("what is on my calendar tomorrow", "You have one thing on your calendar tomorrow: lunch with ann at noon."),
        ("when is my dentist appointment", "It is dentist appointment on Friday at 3:00 PM."),
        ("what is my next event", "Next is call mom today at 5:00 PM."),
        ("what reminders do i have", "You have one thing to be reminded of: call mom today at 5:00 PM."),
        ("do i have anything on sunday", "You have nothing planned on Sunday."),
        ("what is on my calendar in october", "You have 4 things"),
        (
            "what do i have next week",
            "You have 2 things on your calendar next week: vacation on Monday and swimming on Tuesday at 6:00 PM.",
        ),
        ("am i free tomorrow at noon", "You have one thing on your calendar tomorrow at noon: lunch with ann at noon."),
        ("when is the swimming", "It is swimming on Tuesday at 6:00 PM."),
        ("", "You have 5 things on your calendar: call mom today"),
    ],
)
async def test_questions(text: str, said: str) -> None:
    async with Clocked() as user:
        assert await user.ask("calendar_query", "what is on my calendar") == "Your calendar is empty."
        assert await user.ask("calendar_query", "what reminders do i have") == "You have no reminders."
        await _fill(user)
        assert (await user.ask("calendar_query", text)).startswith(said)


async def test_what_is_not_there_is_said() -> None:
    async with Clocked() as user:
        await _fill(user)
        assert await user.ask("calendar_query", "when is the gala dinner") == "I found no gala dinner on your calendar."
        said = await user.tell('/calendar_query{"event_name": "wedding"}')
        assert said == "I found no wedding on your calendar."


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("remove the dentist appointment", "Remove dentist appointment on Friday at 3:00 PM?"),
        ("cancel my three o'clock appointment on friday", "Remove dentist appointment on Friday at 3:00 PM?"),
        ("delete all events tomorrow", "Remove lunch with ann tomorrow at noon?"),
        ("cancel my next event", "Remove call mom today at 5:00 PM?"),
        ("clear my calendar", "Remove all 5 entries from your calendar?"),
        ("delete swimming", "Remove swimming at 6:00 PM every Tuesday?"),
        ("delete the unicorn parade", "I found nothing like that on your calendar."),
        ("delete my dinner tomorrow", "I found nothing like that on your calendar."),
        ("cancel the next event on friday", "Remove dentist appointment on Friday at 3:00 PM?"),
        ("delete an entry", "Which entry? Say its name or its day."),
    ],
)
async def test_removal_asks_first(text: str, question: str) -> None:
    async with Clocked() as user:
        assert await user.ask("calendar_remove", text) == "Your calendar is empty."
        await _fill(user)
        assert await user.ask("calendar_remove", text) == question


async def test_nothing_is_removed_without_a_yes() -> None:
    async with Clocked() as user:
        await _fill(user)
        await user.ask("calendar_remove", "clear my calendar")
        assert await user.tell("no") == "Okay, I won't."
        await user.ask("calendar_remove", "remove call mom")
        assert await user.tell("yes") == "Removed call mom."
        assert await user.wait(10 * HOUR) == []
        assert (await user.ask("calendar_query")).startswith("You have 4 things")


async def test_reminders_survive_a_restart_and_repeat(tmp_path: Path) -> None:
    async with Clocked(tmp_path) as user:
        await user.ask("calendar_set", "remind me every day at eleven to take a pill")
        await user.ask("calendar_set", "remind me to call mom at noon")
    async with Clocked(tmp_path, now=MORNING + 30 * MINUTE) as user:
        assert await user.wait(10 * MINUTE) == ["Reminder: take a pill."]
    async with Clocked(tmp_path, now=MORNING + 5 * HOUR) as user:
        assert await user.wait(0) == ["Reminder: call mom. Sorry, I am 3 hours and 20 minutes late."]
        assert await user.wait(DAY - 4 * HOUR - 20 * MINUTE) == ["Reminder: take a pill."]
        assert await user.wait(DAY) == ["Reminder: take a pill."]


async def test_quiet_hours_hold_a_reminder_back_and_say_so() -> None:
    async with Clocked(quiet_hours="22:00-07:00") as user:
        assert await user.ask("calendar_set", "remind me at eleven pm to lock the door") == (
            "Okay, I'll remind you today at 11:00 PM: lock the door. "
            "That is within your quiet hours, so you will hear it tomorrow at 7:00 AM."
        )
        assert await user.wait(20 * HOUR) == []
        assert await user.wait(40 * MINUTE) == ["Reminder: lock the door."]


async def test_firing_by_hand_breaks_nothing() -> None:
    async with Clocked() as user:
        assert await user.ask("reminder_fired") == "There is no such reminder."
        await user.ask("calendar_set", "remind me to call mom at noon")
        assert await user.tell('/reminder_fired{"id": "1"}') == "That is still to come: call mom today at noon."
        assert await user.wait(2 * HOUR) == ["Reminder: call mom. Sorry, I am 20 minutes late."]


@pytest.mark.parametrize("text", ["remind me " * 390, "add " * 900, "friday at three " * 240, "7" * 3900, ", " * 1900])
async def test_hostile(text: str) -> None:
    async with Clocked() as user:
        for intent in ("calendar_set", "calendar_query", "calendar_remove"):
            assert await user.ask(intent, text)
