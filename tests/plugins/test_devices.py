from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import pytest

from dialog.errors import ConfigError
from plugins import home
from plugins.mqtt import BrokerOptions, Link, Unreachable
from tests.plugins.broker import BrokerProcess, free_port
from tests.plugins.talk import talk

SCRIPT = {
    r"coffee": {"iot_coffee": 0.9},
    r"vacuum": {"iot_cleaning": 0.9},
    r"\bplug\b": {"iot_wemo_on": 0.9},
    r"\boff\b": {"iot_hue_lightoff": 0.9},
    r"\bon\b": {"iot_hue_lighton": 0.9},
    r"bright(er|en)|turn up": {"iot_hue_lightup": 0.9},
    r"\bdim\b|darker": {"iot_hue_lightdim": 0.9},
    r"make|change|set|color": {"iot_hue_lightchange": 0.9},
}
DEVICES = [
    {"name": "kitchen light", "kind": "light", "area": "kitchen", "topic": "home/kitchen/set"},
    {"name": "reading lamp", "kind": "light", "area": "living room", "topic": "home/reading/set"},
    {"name": "ceiling light", "kind": "light", "area": "living room", "topic": "home/ceiling/set"},
    {"name": "fan", "kind": "plug", "topic": "home/fan/set", "payloads": {"on": "1", "off": "0"}},
    {"name": "coffee machine", "kind": "coffee", "topic": "home/coffee/set"},
    {"name": "vacuum", "kind": "vacuum", "topic": "home/vacuum/command"},
]


@pytest.fixture(scope="module")
def broker() -> Iterator[BrokerProcess]:
    server = BrokerProcess()
    server.start()
    yield server
    server.stop()


def options(port: int, **more: Any) -> dict[str, Any]:
    return {"devices": {"broker": {"host": "127.0.0.1", "port": port, "timeout": 2.0}, "devices": DEVICES, **more}}


@asynccontextmanager
async def published(port: int) -> AsyncIterator[Any]:
    """What is published under home/, one message at a time."""
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe("home/#", qos=1)

        async def next_message() -> tuple[str, str]:
            async with asyncio.timeout(10):
                async for message in client.messages:
                    return str(message.topic), bytes(message.payload).decode()
            raise AssertionError("the broker is gone")

        yield next_message


async def test_commands_reach_the_broker(tmp_path, broker) -> None:
    async with published(broker.port) as heard, talk(tmp_path, ["devices"], SCRIPT, options(broker.port)) as t:
        assert await t.say("turn on the kitchen light") == "Turning on the kitchen light."
        assert await heard() == ("home/kitchen/set", '{"state": "ON"}')
        assert await t.say("turn off the living room lights") == "Turning off the living room lights."
        assert {(await heard())[0], (await heard())[0]} == {"home/reading/set", "home/ceiling/set"}
        assert await t.say("set the kitchen light to fifty percent") == "Setting the kitchen light to 50 percent."
        assert await heard() == ("home/kitchen/set", '{"state": "ON", "brightness": 127}')
        assert await t.say("change the kitchen light from red to blue") == "Making the kitchen light blue."
        assert await heard() == ("home/kitchen/set", '{"state": "ON", "color": {"hex": "#0000ff"}}')
        assert await t.say("dim the kitchen light a bit") == "Dimming the kitchen light."
        assert await heard() == ("home/kitchen/set", '{"brightness_step": -25}')
        assert await t.say("plug the fan in") == "Turning on the fan."
        assert await heard() == ("home/fan/set", "1")
        assert await t.say("make me a coffee") == "Starting the coffee machine."
        assert await heard() == ("home/coffee/set", '{"state": "ON"}')
        assert await t.say("stop the vacuum") == "Stopping the vacuum."
        assert await heard() == ("home/vacuum/command", "return_to_base")
        assert await t.say("turn off all lights") == (
            "Turning off the kitchen light, the reading lamp and the ceiling light."
        )


async def test_what_is_left_open_is_asked_for(tmp_path, broker) -> None:
    async with published(broker.port) as heard, talk(tmp_path, ["devices"], SCRIPT, options(broker.port)) as t:
        turn = await t.turn("turn on the light")
        assert turn.replies[0].text == "Which light?"
        assert [button["title"] for button in turn.replies[0].buttons] == [
            "kitchen light",
            "reading lamp",
            "ceiling light",
        ]
        assert await t.say("the reading lamp") == "Turning on the reading lamp."
        assert await heard() == ("home/reading/set", '{"state": "ON"}')
        await t.say("turn on the light")
        assert await t.say("who am i") == "Sorry, I did not get that. Which light?"
        await t.say("never mind")
        assert await t.say("change the color of the light") == "Which color?"
        assert await t.say("red") == "Which light?"
        assert await t.say("in the kitchen") == "Making the kitchen light red."
        await heard()
        assert await t.say("change the color of the kitchen light") == "Which color?"
        assert await t.say("green please") == "Making the kitchen light green."
        assert (await heard())[1] == '{"state": "ON", "color": {"hex": "#00ff00"}}'


async def test_a_correction_takes_back_what_was_switched(tmp_path, broker) -> None:
    async with published(broker.port) as heard, talk(tmp_path, ["devices"], SCRIPT, options(broker.port)) as t:
        await t.say("turn on the kitchen light")
        await heard()
        assert await t.say("no, the reading lamp") == "Turning on the reading lamp."
        assert sorted([await heard(), await heard()]) == [
            ("home/kitchen/set", '{"state": "OFF"}'),
            ("home/reading/set", '{"state": "ON"}'),
        ]


async def test_what_the_configuration_calls_costly_is_confirmed(tmp_path, broker) -> None:
    settings = options(broker.port, confirm=["coffee"])
    async with published(broker.port) as heard, talk(tmp_path, ["devices"], SCRIPT, settings) as t:
        turn = await t.turn("make coffee")
        assert turn.replies[0].text == "Start the coffee machine?"
        assert turn.decision.candidates[0].effects == "costly"
        assert await t.say("no") == "Okay, I won't."
        await t.say("make coffee")
        assert await t.say("yes") == "Starting the coffee machine."
        assert await heard() == ("home/coffee/set", '{"state": "ON"}')


async def test_without_a_broker_the_answer_is_clear_and_later_it_works(tmp_path) -> None:
    server = BrokerProcess()
    settings = options(server.port)
    settings["devices"]["broker"]["timeout"] = 0.5
    async with talk(tmp_path, ["devices"], SCRIPT, settings) as t:
        said = await t.say("turn on the kitchen light")
        assert said == f"I cannot reach the MQTT broker at 127.0.0.1:{server.port}, so nothing was switched."
        server.start()
        try:
            async with published(server.port) as heard, asyncio.timeout(20):
                while (said := await t.say("turn on the kitchen light")) != "Turning on the kitchen light.":
                    assert said.startswith("I cannot reach")
                assert await heard() == ("home/kitchen/set", '{"state": "ON"}')
        finally:
            server.stop()


async def test_the_connection_comes_back_after_the_broker_was_away(broker) -> None:
    server = BrokerProcess()
    server.start()
    link = Link(BrokerOptions(host="127.0.0.1", port=server.port, timeout=1.0))
    await link.start()
    try:
        assert await link.reachable()
        await asyncio.to_thread(server.stop)
        async with asyncio.timeout(20):
            while True:
                try:
                    await link.dispatch("k", {"topic": "home/x", "payload": "1"})
                except Unreachable:
                    break
            again = BrokerProcess(server.port)
            await asyncio.to_thread(again.start)
            while not await link.reachable():
                pass
        await link.dispatch("k", {"topic": "home/x", "payload": "1"})
        await asyncio.to_thread(again.stop)
    finally:
        await link.stop()


async def test_a_command_that_waited_too_long_is_dropped() -> None:
    link = Link(BrokerOptions(host="127.0.0.1", port=free_port()))
    await link.dispatch("k", {"topic": "home/x", "payload": "1", "expires": 1.0})


async def test_without_configuration_the_answer_says_how(tmp_path) -> None:
    async with talk(tmp_path, ["devices"], SCRIPT) as t:
        assert "plugins.devices.options in config.yml" in await t.say("turn on the lights")


async def test_secrets_come_from_the_environment(monkeypatch) -> None:
    monkeypatch.delenv("NO_SUCH_SECRET", raising=False)
    server = BrokerProcess()
    server.start()
    link = Link(BrokerOptions(host="127.0.0.1", port=server.port, timeout=0.3, username_env="NO_SUCH_SECRET"))
    await link.start()
    assert not await link.reachable()
    assert "NO_SUCH_SECRET" in link.problem
    await link.stop()
    await asyncio.to_thread(server.stop)


@pytest.mark.parametrize(
    ("options_", "message"),
    [
        ({"broker": {"host": "h", "prot": 1}}, r"broker\.prot"),
        ({"broker": {"host": "h", "port": 70000}}, r"broker\.port"),
        ({"devices": [{"name": "x", "kind": "lamp", "topic": "t"}]}, r"devices\.0\.kind"),
        ({"devices": [{"name": "x", "kind": "light", "topic": "a/#"}]}, "wildcards"),
        ({"devices": [{"name": n, "kind": "light", "topic": "a"} for n in ("x", "X")]}, "two devices"),
        ({"devcies": []}, "devcies"),
    ],
)  # fmt: skip
def test_options_are_checked(options_: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        home.load(options_)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the living room lights", ["reading lamp", "ceiling light"]),
        ("kitchen light and the reading lamp", ["kitchen light", "reading lamp"]),
        ("the lights in the kitchen", ["kitchen light"]),
        ("everything", ["kitchen light", "reading lamp", "ceiling light"]),
        ("the light", []),
        ("it is too dark in here", ["kitchen light", "reading lamp", "ceiling light"]),
    ],
)
def test_which_devices_are_meant(text: str, found: list[str]) -> None:
    mine = home.load({"devices": DEVICES})
    assert [device.name for device in mine.find(text, "light")] == found


def test_the_longer_name_wins() -> None:
    devices = [{"name": name, "kind": "light", "topic": name.replace(" ", "/")} for name in ("lamp", "desk lamp")]
    assert [device.name for device in home.load({"devices": devices}).find("the desk lamp", "light")] == ["desk lamp"]


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("to seven", (70, False)),
        ("by 20 percent", (20, True)),
        ("a little", (10, True)),
        ("full brightness", (100, False)),
        ("to 900 percent", (100, False)),
        ("light number 3", None),
    ],
)
def test_levels(text: str, level: tuple[int, bool] | None) -> None:
    assert home.percent(text) == level
