"""The time-like skills in plain English, on the shipped understanding; now is Friday 20 November 2026, 9:00 UTC."""

from __future__ import annotations

from assistant.testing import Client

TALK = [
    ("what time is it in tokyo", "datetime_query", "It's 6:00 PM in Tokyo."),
    ("how many days until christmas", "datetime_query", "It's 35 days until Friday, December 25, 2026."),
    ("what is five pm london time in new york", "datetime_convert", "5:00 PM in London is noon in New York."),
    ("set a timer for ten minutes", "timer_set", "Timer set for 10 minutes."),
    ("start a pasta timer for eight minutes", "timer_set", "Pasta timer set for 8 minutes."),
    ("how much time is left on the pasta timer", "timer_query", "The pasta timer has 8 minutes left."),
    ("cancel the pasta timer", "timer_cancel", "The pasta timer is cancelled."),
    ("wake me up at seven tomorrow", "alarm_set", "Alarm set for tomorrow at 7:00 AM."),
    ("no, at eight", "alarm_set", "Okay, the alarm is now set for tomorrow at 8:00 AM."),
    ("set an alarm", "alarm_set", "For when?"),
    ("half past six in the evening", "alarm_set", "Alarm set for today at 6:30 PM."),
    ("what alarms do i have", "alarm_query", "You have 2 alarms: today at 6:30 PM and tomorrow at 8:00 AM."),
    ("cancel all alarms", "alarm_remove", "Cancel all 2 alarms?"),
    ("yes", "alarm_remove", "Cancelled 2 alarms."),
    (
        "remind me to take out the garbage on tuesday",
        "calendar_set",
        "Okay, I'll remind you on Tuesday at 9:00 AM: take out the garbage.",
    ),
    (
        "add dentist appointment monday at three",
        "calendar_set",
        "Added to your calendar: dentist appointment on Monday at 3:00 PM.",
    ),
    ("when is my dentist appointment", "calendar_query", "It is dentist appointment on Monday at 3:00 PM."),
    (
        "remove the dentist appointment from my calendar",
        "calendar_remove",
        "Remove dentist appointment on Monday at 3:00 PM?",
    ),
    ("yes", "calendar_remove", "Removed dentist appointment."),
]


async def test_a_conversation_about_time() -> None:
    async with Client(only=["clock", "alarms", "timers", "calendar"]) as user:
        for text, intent, said in TALK:
            turn = await user.turn(text)
            executed = turn.decision.candidates[turn.decision.executed]
            assert (text, executed.intent, [reply.text for reply in turn.replies]) == (text, intent, [said])
            assert not turn.failures
        assert await user.advance(600.0) == ["Your 10 minute timer is up!"]
