"""Home devices over MQTT: lights, plugs, the coffee machine, the vacuum cleaner.

A command goes through the outbox: it is in the log before it is sent, and sent with QoS 1. Options:
  broker: {host, port, tls, ca_file, username_env, password_env, client_id, keepalive, timeout}; none: no devices.
  devices: list of {name, kind: light|plug|coffee|vacuum, topic, area, aliases, payloads: {action: template}, retain}.
    Templates may use $percent, $level (0-254), $hex and $name.
  confirm: kinds or names of devices whose commands are confirmed first.
  area: where `the lights` are when none is named.
  expires: seconds after which a command that could not be sent is dropped.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from typing import Any

from dialog.plugin import Dispatcher, hookimpl
from dialog.skill import IntentSpec, Parse, Skill, Slot, TurnContext, intent
from plugins import home
from plugins.home import NAMES, Home
from plugins.mqtt import KIND, Link

Command = dict[str, Any]  # {"do": action, "value": per cent or colour}
_KINDS = {"lights": "light", "plugs": "plug", "coffee": "coffee", "vacuum": "vacuum"}  # handler -> kind
_STEP = 25  # per cent of brighter and dimmer
_OPPOSITE = {"on": "off", "off": "on"}
_DOING = {"on": "Turning on", "off": "Turning off", "brighter": "Brightening", "dimmer": "Dimming"}
_DOING |= {"start": "Starting", "stop": "Stopping"}
_INTENTS = {
    "iot_hue_lighton": "on",
    "iot_hue_lightoff": "off",
    "iot_hue_lightup": "brighter",
    "iot_hue_lightdim": "dimmer",
    "iot_hue_lightchange": "color",
    "iot_wemo_on": "on",
    "iot_wemo_off": "off",
    "iot_coffee": "start",
    "iot_cleaning": "start",
}
_links: dict[str, Link] = {}


def _link(options: Home) -> Link | None:
    """The one connection to a broker, whichever hook asks for it."""
    if options.broker is None:
        return None
    return _links.setdefault(options.broker.model_dump_json(), Link(options.broker))


def read_command(turn: TurnContext, text: str, requested: bool) -> Command | None:
    """What to do: from the intent and the text, or from the text alone where it answers or corrects."""
    wanted = "" if requested else _INTENTS.get(turn.interpretation.intent, "")
    lowered = text.lower()
    if wanted == "start":
        return {"do": "stop" if re.search(r"\b(?:stop|off|dock|home|base|cancel|pause)\b", lowered) else "start"}
    if wanted not in ("on", "off") and (named := home.color(text)):
        return {"do": "color", "value": named}
    level = home.percent(text) if wanted != "off" else None
    if level is not None:
        value, relative = level
        down = wanted == "dimmer" or re.search(r"\b(?:dim\w*|darker|down|lower|reduce|decrease)\b", lowered)
        return {"do": ("dimmer" if down else "brighter") if relative else "brightness", "value": value}
    if wanted in ("brighter", "dimmer"):
        return {"do": wanted, "value": _STEP}
    if wanted in ("on", "off"):
        return {"do": wanted}
    for word, action in (("off", "off"), ("on", "on"), ("bright", "brighter"), ("dim", "dimmer"), ("dark", "dimmer")):
        if re.search(rf"\b{word}(?:er|en)?\b", lowered):
            return {"do": action} if action in _OPPOSITE else {"do": action, "value": _STEP}
    return None


class Devices(Skill):
    """Switches what is in `options.devices`."""

    name, domain = "devices", "home"
    description = "I switch lights, plugs, the coffee machine and the vacuum cleaner."

    def __init__(self, options: Home, link: Link | None) -> None:
        self._home, self._link = options, link
        # which devices there are, and which need a yes, is known only now
        self.specs = {name: self._fitted(spec) for name, spec in type(self).specs.items()}  # type: ignore[misc]

    def _fitted(self, spec: IntentSpec) -> IntentSpec:
        kind = _KINDS[spec.handler]
        known = [device.name for device in self._home.of(kind)]
        slots = (
            Slot("command", ask="Which color?", parse=read_command),
            Slot("devices", ask=f"Which {NAMES[kind][0]}?", parse=self._reader(kind), options=known[:6]),
        )
        mine = {kind, *known} & set(self._home.confirm)
        return replace(spec, slots=slots, confirm=self._question, effects="costly" if mine else spec.effects)

    def _reader(self, kind: str) -> Parse:
        def read(turn: TurnContext, text: str, requested: bool) -> list[str] | None:
            meant = kind if requested or kind != "plug" else home.kind_in(text, kind)
            found = self._home.find(text, meant, strict=requested or turn.view.active_loop is not None)
            if not found and not self._home.of(meant):
                return []  # nothing to choose from: the handler says so
            return [device.name for device in found] or None

        return read

    def _question(self, turn: TurnContext, command: Command, devices: list[str]) -> str | None:
        """Asked before a command to a device that the configuration says to confirm."""
        chosen = [device for name in devices if (device := self._home.named(name))]
        if not any(device.name in self._home.confirm or device.kind in self._home.confirm for device in chosen):
            return None
        return f"{_verb(command)} {home.enumerate_devices(chosen, chosen[0].kind)}?"

    @intent(
        "iot_hue_lighton",
        "iot_hue_lightoff",
        "iot_hue_lightup",
        "iot_hue_lightdim",
        "iot_hue_lightchange",
        effects="reversible",
        amendable=True,
    )
    async def lights(self, turn: TurnContext, command: Command, devices: list[str]) -> str:
        """Lights on, off, brighter, dimmer, to a level or a colour."""
        return await self._switch(turn, "light", command, devices)

    @intent("iot_wemo_on", "iot_wemo_off", effects="reversible", amendable=True)
    async def plugs(self, turn: TurnContext, command: Command, devices: list[str]) -> str:
        """Plugs on and off, and any device that is named."""
        return await self._switch(turn, "plug", command, devices)

    @intent("iot_coffee", effects="reversible")
    async def coffee(self, turn: TurnContext, command: Command, devices: list[str]) -> str:
        """Makes coffee."""
        return await self._switch(turn, "coffee", command, devices)

    @intent("iot_cleaning", effects="reversible")
    async def vacuum(self, turn: TurnContext, command: Command, devices: list[str]) -> str:
        """Sends the vacuum cleaner out, or back to its base."""
        return await self._switch(turn, "vacuum", command, devices)

    async def _switch(self, turn: TurnContext, kind: str, command: Command, names: list[str]) -> str:
        if self._link is None or not self._home.devices:
            return (
                "I have no home devices to switch. Set an MQTT broker and your devices "
                "under plugins.devices.options in config.yml."
            )
        chosen = [device for name in names if (device := self._home.named(name))]
        if not chosen:
            kind = home.kind_in(turn.text, kind) if kind == "plug" else kind
            return f"No {NAMES[kind][0]} is set up. I know {', '.join(device.name for device in self._home.devices)}."
        action, value = command["do"], command.get("value")
        able = [(device, payload) for device in chosen if (payload := device.payload(action, value)) is not None]
        if not able:
            return f"{_upper(home.enumerate_devices(chosen, kind))} cannot do that."
        if not await self._link.reachable():
            return f"I cannot reach the MQTT broker at {self._link.options}, so nothing was switched."
        for name in (turn.amends or {}).get("devices", ()):
            before = self._home.named(name)
            undo = _OPPOSITE.get(action)
            if before is not None and before not in chosen and undo and (payload := before.payload(undo)):
                self._send(turn, before, payload)
        for device, payload in able:
            self._send(turn, device, payload)
        kind = able[0][0].kind
        return _sentence(action, value, home.enumerate_devices([device for device, _ in able], kind))

    def _send(self, turn: TurnContext, device: home.Device, payload: str) -> None:
        expires = time.time() + self._home.expires
        effect = {"topic": device.topic, "payload": payload, "retain": device.retain, "expires": expires}
        turn.effect(KIND, effect)


def _verb(command: Command) -> str:
    verbs = {"on": "Turn on", "off": "Turn off", "brighter": "Brighten", "dimmer": "Dim", "start": "Start"}
    return (verbs | {"stop": "Stop"}).get(command["do"], "Change")


def _sentence(action: str, value: Any, devices: str) -> str:
    if action == "color":
        return f"Making {devices} {value}."
    if action == "brightness":
        return f"Setting {devices} to {value} percent."
    return f"{_DOING[action]} {devices}."


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


@hookimpl
def skills(config: Mapping[str, Any]) -> Iterable[Skill]:
    """The devices skill. Raises `ConfigError` for wrong options."""
    options = home.load(config)
    return [Devices(options, _link(options))]


@hookimpl
def entities(config: Mapping[str, Any]) -> Mapping[str, list[str]]:
    """Names of the devices that are set up."""
    return {"device": [name for device in home.load(config).devices for name in (device.name, *device.aliases)]}


@hookimpl
def dispatchers(config: Mapping[str, Any]) -> Mapping[str, Dispatcher]:
    """Publishes commands from the outbox."""
    link = _link(home.load(config))
    return {KIND: link.dispatch} if link else {}


@hookimpl
async def lifespan(config: Mapping[str, Any]) -> AsyncIterator[None]:
    """Keeps the connection to the broker."""
    link = _link(home.load(config))
    if link is not None:
        await link.start()
    yield
    if link is not None:
        await link.stop()
