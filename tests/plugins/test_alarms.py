"""The alarm skill: setting, asking, removing, ringing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugins.clocked import DAY, HOUR, MINUTE, MORNING, Clocked


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wake me up at seven tomorrow", "Alarm set for tomorrow at 7:00 AM."),
        ("wake me up at seven", "Alarm set for tomorrow at 7:00 AM."),
        ("set an alarm for seven in the evening", "Alarm set for today at 7:00 PM."),
        ("set an alarm for three today", "Alarm set for today at 3:00 PM."),
        ("wake me up in twenty minutes", "Alarm set for today at 10:40 AM."),
        ("set alarm on friday at half past six", "Alarm set for Friday at 6:30 AM."),
        ("set an alarm at one hundred and thirty pm", "Alarm set for today at 1:30 PM."),
        ("wake me on weekdays at six thirty", "Alarm set for 6:30 AM on weekdays, first tomorrow at 6:30 AM."),
        ("every sunday at ten am wake me up", "Alarm set for 10:00 AM every Sunday, first on Sunday at 10:00 AM."),
        ("set an alarm for six pm called feed the cat", "Alarm set for today at 6:00 PM (feed the cat)."),
        ("set an alarm called yoga for tomorrow at nine", "Alarm set for tomorrow at 9:00 AM (yoga)."),
        ("set an alarm for yesterday at five", "I can't set an alarm in the past: yesterday at 5:00 AM is over."),
        ("set an alarm for nine am today", "I can't set an alarm in the past: today at 9:00 AM is over."),
        ("2026-07-16T06:45:00", "Alarm set for tomorrow at 6:45 AM."),
        ("set an alarm", "For when?"),
        ("set an alarm at 99:99", "For when?"),
        ("set an alarm for tomorrow", "For when?"),
        ("😀", "For when?"),
        ("", "For when?"),
    ],
)
async def test_setting(text: str, said: str) -> None:
    async with Clocked() as user:
        assert await user.ask("alarm_set", text) == said


async def test_asking_for_the_time() -> None:
    async with Clocked() as user:
        assert await user.ask("alarm_set", "set an alarm for tomorrow evening") == "For when?"
        assert await user.tell("blue") == "Sorry, I did not get that. For when?"
        assert await user.tell("seven") == "Alarm set for tomorrow at 7:00 PM."
        assert await user.ask("alarm_set", "set an alarm") == "For when?"
        assert await user.tell("ten minutes") == "Alarm set for today at 10:30 AM."


async def test_corrections_replace_the_alarm() -> None:
    async with Clocked() as user:
        await user.ask("alarm_set", "wake me up at seven on friday")
        assert await user.tell("no, at eight") == "Okay, the alarm is now set for Friday at 8:00 AM."
        assert await user.tell("actually make it half past nine") == "Okay, the alarm is now set for Friday at 9:30 AM."
        assert await user.tell("no, tomorrow") == "Okay, the alarm is now set for tomorrow at 9:30 AM."
        assert await user.tell("no, in the evening at eight") == "Okay, the alarm is now set for tomorrow at 8:00 PM."
        assert await user.tell("sorry, at nine") == "Okay, the alarm is now set for tomorrow at 9:00 PM."
        assert await user.ask("alarm_query") == "You have one alarm, tomorrow at 9:00 PM."


async def test_a_corrected_alarm_rings_once() -> None:
    async with Clocked() as user:
        await user.ask("alarm_set", "wake me up at eleven")
        await user.tell("no, at eleven thirty")
        assert await user.wait(40 * MINUTE) == []
        assert await user.wait(30 * MINUTE) == ["It's 11:30 AM, your alarm!"]


async def test_listing() -> None:
    async with Clocked() as user:
        assert await user.ask("alarm_query", "what alarms do i have") == "You have no alarms set."
        for text in ("at seven tomorrow", "at nine pm", "every weekday at six am", "on saturday at ten called yoga"):
            await user.ask("alarm_set", text)
        assert await user.ask("alarm_query", "list my alarms") == (
            "You have 4 alarms: today at 9:00 PM, at 6:00 AM on weekdays, tomorrow at 7:00 AM "
            "and on Saturday at 10:00 AM (yoga)."
        )
        assert await user.ask("alarm_query", "when is my next alarm") == "Your next alarm is today at 9:00 PM."
        assert await user.ask("alarm_query", "is there an alarm for ten am") == (
            "You have one alarm, on Saturday at 10:00 AM (yoga)."
        )
        assert (
            await user.ask("alarm_query", "do i have alarms on friday") == "You have one alarm, at 6:00 AM on weekdays."
        )
        assert await user.ask("alarm_query", "any alarms on sunday") == (
            "No alarm is set for that. Your next one is today at 9:00 PM."
        )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cancel my seven am alarm", "Cancelled the alarm tomorrow at 7:00 AM."),
        ("cancel the seven alarm", "Cancelled the alarm tomorrow at 7:00 AM."),
        ("cancel the yoga alarm", "Cancelled the alarm on Saturday at 10:00 AM (yoga)."),
        ("remove the first alarm", "Cancelled the alarm today at 9:00 PM."),
        ("remove the latest alarm", "Cancelled the alarm on Saturday at 10:00 AM (yoga)."),
        ("delete the alarm i just set", "Cancelled the alarm on Saturday at 10:00 AM (yoga)."),
        ("turn off any evening alarms", "Cancelled the alarm today at 9:00 PM."),
        ("get rid of the five pm alarm", "I found no such alarm."),
        ("cancel alarm", "Which alarm? Say its time, or all of them."),
        ("cancel all alarms", "Cancel all 3 alarms?"),
        ("cancel my alarms", "Cancel all 3 alarms?"),
        ("turn off my morning alarms", "Cancel the alarms tomorrow at 7:00 AM and on Saturday at 10:00 AM (yoga)?"),
    ],
)
async def test_removing(text: str, said: str) -> None:
    async with Clocked() as user:
        for alarm in ("at seven tomorrow", "at nine pm", "on saturday at ten called yoga"):
            await user.ask("alarm_set", alarm)
        assert await user.ask("alarm_remove", text) == said


async def test_a_name_that_no_alarm_has_removes_none() -> None:
    async with Clocked() as user:
        await user.ask("alarm_set", "at eleven")
        await user.ask("alarm_set", "at noon")
        assert await user.tell('/alarm_remove{"event_name": "soccer practice"}') == "I found no such alarm."
        assert await user.tell('/alarm_remove{"alarm_type": "wake up"}') == "Which alarm? Say its time, or all of them."


async def test_removing_several_needs_a_yes() -> None:
    async with Clocked() as user:
        assert await user.ask("alarm_remove", "cancel all alarms") == "You have no alarms set."
        for alarm in ("at eleven", "at noon", "at nine pm"):
            await user.ask("alarm_set", alarm)
        assert await user.ask("alarm_remove", "cancel the alarm") == "Which alarm? Say its time, or all of them."
        assert await user.tell("the eleven o'clock one") == "Cancelled the alarm today at 11:00 AM."
        assert await user.ask("alarm_remove", "cancel all alarms") == "Cancel all 2 alarms?"
        assert await user.tell("no") == "Okay, I won't."
        await user.ask("alarm_remove", "cancel all alarms")
        assert await user.tell("yes") == "Cancelled 2 alarms."
        assert await user.wait(DAY) == []


async def test_a_recurring_alarm_rings_again_at_the_same_wall_clock_time() -> None:
    friday = 1793383200.0  # 30 October 2026, 14:00 in New York; on Sunday summer time ends
    async with Clocked(now=friday) as user:
        await user.ask("alarm_set", "wake me every day at seven")
        assert await user.wait(17 * HOUR) == ["It's 7:00 AM, your alarm!"]
        assert await user.wait(25 * HOUR) == ["It's 7:00 AM, your alarm!"]
        assert await user.ask("alarm_remove", "turn off the alarm") == "Okay, the alarm is off."
        assert await user.wait(24 * HOUR) == ["It's 7:00 AM, your alarm!"]
        await user.wait(HOUR)
        assert await user.ask("alarm_remove", "turn off the alarm") == "Cancelled the alarm at 7:00 AM every day."
        assert await user.wait(3 * DAY) == []


async def test_an_alarm_survives_a_restart_and_says_how_late_it_is(tmp_path: Path) -> None:
    async with Clocked(tmp_path) as user:
        await user.ask("alarm_set", "wake me up at eleven")
        await user.ask("alarm_set", "wake me up at noon every day")
    async with Clocked(tmp_path, now=MORNING + 38 * MINUTE) as user:
        assert await user.wait(2 * MINUTE) == ["It's 11:00 AM, your alarm!"]
    async with Clocked(tmp_path, now=MORNING + 2 * DAY + 4 * HOUR) as user:
        assert await user.wait(0) == [
            "Your alarm was due on Wednesday, July 15 at noon. Sorry, I am 2 days and 2 hours late."
        ]
        assert await user.ask("alarm_query") == "You have one alarm, at noon every day."
        assert await user.wait(DAY - 2 * HOUR - 20 * MINUTE) == ["It's noon, your alarm!"]


async def test_ringing_by_hand_breaks_nothing() -> None:
    async with Clocked() as user:
        assert await user.ask("alarm_fired") == "No such alarm is set."
        assert await user.tell('/alarm_fired{"id": ["1", {"a": []}, null]}') == "No such alarm is set."
        await user.ask("alarm_set", "wake me up at eleven")
        assert await user.tell('/alarm_fired{"id": 1}') == "That alarm is still to come, today at 11:00 AM."
        assert await user.wait(40 * MINUTE) == ["It's 11:00 AM, your alarm!"]


async def test_too_many_and_twice_the_same() -> None:
    async with Clocked() as user:
        await user.ask("alarm_set", "at eleven")
        assert await user.ask("alarm_set", "at eleven") == "You already have an alarm today at 11:00 AM."
        for minute in range(1, 50):
            await user.ask("alarm_set", f"tomorrow at 8:{minute:02} am")
        assert await user.ask("alarm_set", "tomorrow at nine") == "You have 50 alarms already. Cancel some first."
        assert (await user.ask("alarm_query")).endswith("and 45 more.")


@pytest.mark.parametrize("text", ["alarm " * 600, "at seven " * 440, "called " * 500, "7" * 3900])
async def test_hostile(text: str) -> None:
    async with Clocked() as user:
        for intent in ("alarm_set", "alarm_query", "alarm_remove"):
            assert await user.ask(intent, text)
