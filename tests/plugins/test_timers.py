"""The timer skill: several countdowns, quiet hours, restarts."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialog.types import Interpretation
from plugins.timers import Timers
from tests.plugins.clocked import DAY, HOUR, MINUTE, MORNING, Clocked


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("set a timer for five minutes", "Timer set for 5 minutes."),
        ("set a pasta timer for eight minutes", "Pasta timer set for 8 minutes."),
        ("set a timer for five minutes for cookies", "Cookies timer set for 5 minutes."),
        ("fifteen minute timer for the eggs", "Eggs timer set for 15 minutes."),
        ("new timer called laundry for forty five minutes", "Laundry timer set for 45 minutes."),
        ("thirty second timer", "Timer set for 30 seconds."),
        ("start a countdown of ninety seconds", "Timer set for 1 minute and 30 seconds."),
        ("set a timer for an hour and a half", "Timer set for 1 hour and 30 minutes."),
        ("timer 1h30m", "Timer set for 1 hour and 30 minutes."),
        ("set a timer for 7 pm", "Timer set for 8 hours and 40 minutes."),
        ("90 seconds", "Timer set for 1 minute and 30 seconds."),
        ("set a timer for yesterday at five", "That time has already passed, so there is nothing to count down to."),
        (
            "set a timer for two years",
            "I can run a timer for 7 days at most; for a day that far ahead set a reminder.",
        ),
        ("set a timer", "For how long?"),
        ("set a timer for 0 minutes", "For how long?"),
        ("", "For how long?"),
        ("😀", "For how long?"),
    ],
)
async def test_setting(text: str, said: str) -> None:
    async with Clocked() as user:
        assert await user.ask("timer_set", text) == said


async def test_a_bare_number_answers_in_minutes_and_a_correction_replaces() -> None:
    async with Clocked() as user:
        await user.ask("timer_set", "set a timer")
        assert await user.tell("blue") == "Sorry, I did not get that. For how long?"
        assert await user.tell("ten") == "Timer set for 10 minutes."
        assert await user.tell("no, twenty minutes") == "Timer is now 20 minutes."
        assert await user.wait(15 * MINUTE) == []
        assert await user.wait(5 * MINUTE) == ["Your 20 minute timer is up!"]


async def test_several_timers() -> None:
    async with Clocked() as user:
        assert await user.ask("timer_query", "how long is left") == "No timer is running."
        for text in ("a pasta timer for eight minutes", "timer for ten minutes", "timer for an hour for the cake"):
            await user.ask("timer_set", text)
        assert await user.wait(MINUTE) == []
        assert await user.ask("timer_query", "list my timers") == (
            "The pasta timer has 7 minutes left, the 10 minute timer has 9 minutes left "
            "and the cake timer has 59 minutes left."
        )
        assert await user.ask("timer_query", "how long until the pasta timer") == "The pasta timer has 7 minutes left."
        assert await user.ask("timer_query", "the ten minute timer") == "The 10 minute timer has 9 minutes left."
        assert await user.wait(7 * MINUTE) == ["Your pasta timer is up!"]
        assert await user.wait(2 * MINUTE) == ["Your 10 minute timer is up!"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cancel the pasta timer", "The pasta timer is cancelled."),
        ("cancel the ten minute timer", "The 10 minute timer is cancelled."),
        ("cancel the first timer", "The pasta timer is cancelled."),
        ("cancel the banana timer", "No such timer is running."),
        ("cancel the timer", "Which timer? Say its name or length, or all of them."),
        ("stop all timers", "Cancel all 2 timers?"),
        ("clear my timers", "Cancel all 2 timers?"),
    ],
)
async def test_cancelling(text: str, said: str) -> None:
    async with Clocked() as user:
        for timer in ("a pasta timer for eight minutes", "timer for ten minutes"):
            await user.ask("timer_set", timer)
        assert await user.ask("timer_cancel", text) == said


async def test_cancelling_several_needs_a_yes() -> None:
    async with Clocked() as user:
        assert await user.ask("timer_cancel", "cancel the timer") == "No timer is running."
        for timer in ("a pasta timer for eight minutes", "timer for ten minutes", "an egg timer for six minutes"):
            await user.ask("timer_set", timer)
        await user.ask("timer_cancel", "cancel the timer")
        assert await user.tell("the egg one") == "The egg timer is cancelled."
        await user.ask("timer_cancel", "cancel all timers")
        assert await user.tell("yes") == "2 timers are cancelled."
        assert await user.wait(HOUR) == []


async def test_timers_survive_a_restart(tmp_path: Path) -> None:
    async with Clocked(tmp_path) as user:
        await user.ask("timer_set", "a pasta timer for eight minutes")
        await user.ask("timer_set", "timer for ten minutes")
    async with Clocked(tmp_path, now=MORNING + 9 * MINUTE) as user:
        assert await user.wait(0) == ["Your pasta timer is up!"]
        assert await user.wait(MINUTE) == ["Your 10 minute timer is up!"]


async def test_a_late_timer_says_so(tmp_path: Path) -> None:
    async with Clocked(tmp_path) as user:
        await user.ask("timer_set", "a pasta timer for eight minutes")
    async with Clocked(tmp_path, now=MORNING + DAY) as user:
        assert await user.wait(0) == ["Your pasta timer is up! It ended 23 hours and 52 minutes ago."]


async def test_quiet_hours_hold_a_timer_back_and_say_so() -> None:
    async with Clocked(quiet_hours="10:30-12:00") as user:
        assert await user.ask("timer_set", "timer for twenty minutes") == (
            "Timer set for 20 minutes. That is within your quiet hours, so I'll tell you today at noon."
        )
        assert await user.wait(HOUR) == []
        assert await user.wait(HOUR) == ["Your 20 minute timer is up! It ended 1 hour and 40 minutes ago."]


async def test_who_asks_within_quiet_hours_is_told_in_time() -> None:
    async with Clocked(quiet_hours="10:00-12:00") as user:
        assert await user.ask("timer_set", "timer for twenty minutes") == "Timer set for 20 minutes."
        assert await user.wait(20 * MINUTE) == ["Your 20 minute timer is up!"]


@pytest.mark.parametrize(
    ("heard_as", "text", "intent", "said"),
    [
        ("alarm_set", "set a timer for ten minutes", "timer_set", "Timer set for 10 minutes."),
        ("calendar_set", "set a timer for five minutes for cookies", "timer_set", "Cookies timer set for 5 minutes."),
        ("alarm_query", "what timers are set", "timer_query", "No timer is running."),
        ("alarm_remove", "cancel my timer", "timer_cancel", "No timer is running."),
        ("calendar_set", "remind me to buy a timer", "calendar_set", "For when?"),
        ("alarm_set", "set an alarm in ten minutes", "alarm_set", "Alarm set for today at 10:30 AM."),
    ],
)
async def test_a_timer_that_is_taken_for_an_alarm(heard_as: str, text: str, intent: str, said: str) -> None:
    async with Clocked() as user:
        user.nlu.meant = (Interpretation(heard_as, 0.9),)
        turn = await user.turn(text)
        assert [reply.text for reply in turn.replies] == [said]
        assert turn.decision.candidates[turn.decision.executed].intent == intent


async def test_firing_by_hand_breaks_nothing() -> None:
    async with Clocked() as user:
        assert await user.ask("timer_fired") == "No such timer is running."
        await user.ask("timer_set", "timer for ten minutes")
        assert await user.tell('/timer_fired{"id": "1"}') == "The 10 minute timer has 10 minutes left."
        assert await user.wait(10 * MINUTE) == ["Your 10 minute timer is up!"]


async def test_too_many() -> None:
    async with Clocked() as user:
        for seconds in range(1, 51):
            await user.ask("timer_set", f"timer for {seconds} minutes")
        assert (
            await user.ask("timer_set", "timer for an hour") == "You have 50 timers running already. Cancel some first."
        )
        assert (await user.ask("timer_query")).endswith("left and 45 more are running.")


@pytest.mark.parametrize("text", ["timer for " * 390, "1 hour " * 550, "7" * 3900, "'" * 3900])
async def test_hostile(text: str) -> None:
    async with Clocked() as user:
        for intent in ("timer_set", "timer_query", "timer_cancel"):
            assert await user.ask(intent, text)


def test_own_intents_are_taught_by_example() -> None:
    examples = Timers().examples()
    assert set(examples) == {"timer_set", "timer_query", "timer_cancel"}
    assert all(12 <= len(set(texts)) <= 15 for texts in examples.values())
