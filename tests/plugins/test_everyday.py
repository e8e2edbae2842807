"""Everyday requests to the shipped assistant as a whole: its own understanding, policy, log and skills."""

from __future__ import annotations

import pytest

from assistant.testing import Client
from plugins.convert import MONEY
from tests.plugins.broker import BrokerProcess
from tests.plugins.test_devices import DEVICES, published


@pytest.fixture(scope="module")
def broker():
    server = BrokerProcess()
    server.start()
    yield server
    server.stop()


async def hold(client: Client, conversation: list[tuple[str, str]]) -> None:
    for said, expected in conversation:
        turn = await client.turn(said)
        assert not turn.failures
        assert " | ".join(reply.text for reply in turn.replies) == expected, said


async def test_lists_units_arithmetic_and_words() -> None:
    async with Client() as client:
        await hold(
            client,
            [
                ("add milk and eggs to my shopping list", "I added milk and eggs to your shopping list."),
                ("what is on my shopping list", "On your shopping list: milk and eggs."),
                ("no, oat milk and eggs", "I added oat milk and eggs to your shopping list."),
                ("what is on my shopping list", "On your shopping list: oat milk and eggs."),
                ("clear my shopping list", "Remove everything from your shopping list?"),
                ("yes", "I cleared your shopping list."),
                ("how many feet are in two miles", "2 miles is 10,560 feet."),
                ("six foot two in centimeters", "6 feet 2 inches is 187.96 centimeters."),
                ("how much is five dollars in euros", MONEY),
                ("what is fifteen percent of eighty", "15% of 80 is 12."),
                ("solve 3x plus 7 equals 22", "x is 5."),
                ("9**9**9", "That number is too large for me."),
                ("define photosynthesis",
                 "Photosynthesis, noun: synthesis of compounds with the aid of radiant energy (especially in plants)."),
            ],
        )  # fmt: skip


async def test_what_it_cannot_do_is_said_honestly() -> None:
    async with Client() as client:
        for text, intent in (
            ("how is the weather in rome", "weather_query"),
            ("play some jazz", "play_music"),
            ("send an email to bob", "email_sendemail"),
        ):
            (said,) = await client.say(text)
            assert said.startswith("I understood that you want to") and f"({intent})" in said
        (said,) = await client.say("asdf qwer zxcv")
        assert "what can you do" in said
        (said,) = await client.say("turn on the lights")
        assert "plugins.devices.options in config.yml" in said


async def test_devices_at_home(broker) -> None:
    overrides = {
        "plugins.devices.options.broker": {"host": "127.0.0.1", "port": broker.port, "timeout": 2.0},
        "plugins.devices.options.devices": DEVICES,
    }
    async with published(broker.port) as heard, Client(overrides=overrides) as client:
        await hold(
            client,
            [
                ("turn on the kitchen light", "Turning on the kitchen light."),
                ("dim the kitchen light", "Dimming the kitchen light."),
                ("make the living room lights blue", "Making the living room lights blue."),
                ("make me a coffee", "Starting the coffee machine."),
            ],
        )
        topics = [(await heard())[0] for _ in range(5)]
        assert topics[:2] == ["home/kitchen/set", "home/kitchen/set"] and topics[4] == "home/coffee/set"
