"""The devices of a home as `config.yml` lists them, and what is said about them: which ones, and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from string import Template
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dialog.errors import ConfigError
from plugins import numbers
from plugins.mqtt import BrokerOptions

Kind = Literal["light", "plug", "coffee", "vacuum"]
Action = Literal["on", "off", "brightness", "brighter", "dimmer", "color", "start", "stop"]

_STATE = {"on": '{"state": "ON"}', "off": '{"state": "OFF"}'}
#: What is published unless a device says otherwise: the JSON that Zigbee2MQTT and Home Assistant's schema use.
PAYLOADS = MappingProxyType(
    {
        "light": _STATE
        | {
            "brightness": '{"state": "ON", "brightness": $level}',
            "brighter": '{"brightness_step": $level}',
            "dimmer": '{"brightness_step": -$level}',
            "color": '{"state": "ON", "color": {"hex": "$hex"}}',
        },
        "plug": _STATE,
        "coffee": {"start": _STATE["on"], "stop": _STATE["off"]},
        "vacuum": {"start": "start", "stop": "return_to_base"},
    }
)
COLORS = MappingProxyType(
    {
        "warm white": "#ffd6a5", "cool white": "#e8f0ff", "light blue": "#8ab4ff", "dark blue": "#00008b",
        "red": "#ff0000", "green": "#00ff00", "blue": "#0000ff", "yellow": "#ffd800", "orange": "#ff8000",
        "purple": "#8000ff", "violet": "#7f00ff", "pink": "#ff69b4", "white": "#ffffff", "turquoise": "#40e0d0",
        "cyan": "#00ffff", "magenta": "#ff00ff", "lime": "#a0ff00", "gold": "#ffc800", "amber": "#ffbf00",
        "teal": "#008080", "indigo": "#4b0082", "lavender": "#b57edc", "crimson": "#dc143c", "peach": "#ffb07c",
        "warm": "#ffd6a5", "cool": "#e8f0ff",
    }
)  # fmt: skip
_WORDS = {
    "light": r"lights?|lamps?|bulbs?|lighting",
    "plug": r"plugs?|sockets?|outlets?|switch(?:es)?|wemos?",
    "coffee": r"coffee(?: machine| maker| pot)?|espresso machine",
    "vacuum": r"vacuums?(?: cleaner)?|roombas?|hoover|robots?(?: cleaner| vacuum)?",
}
#: What a device of each kind is called, alone and together.
NAMES = MappingProxyType(
    {
        "light": ("light", "lights"),
        "plug": ("plug", "plugs"),
        "coffee": ("coffee machine", "coffee machines"),
        "vacuum": ("vacuum cleaner", "vacuum cleaners"),
    }
)
_ALL = re.compile(
    r"\b(?:all|every|everything|everywhere|both|whole|entire)\b|\b(?:the|my) (?:house|home|apartment|flat)\b"
)


class Device(BaseModel):
    """One thing that can be switched: how it is called, where it stands, and the topic that commands it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=60)
    kind: Kind
    topic: str = Field(min_length=1, max_length=500)
    area: str = ""
    aliases: tuple[str, ...] = ()
    payloads: dict[Action, str] = Field(default_factory=dict)
    retain: bool = False

    @field_validator("topic")
    @classmethod
    def _no_wildcards(cls, topic: str) -> str:
        if any(sign in topic for sign in "+#\0"):
            raise ValueError(f"a topic to publish to has no wildcards: {topic!r}")
        return topic

    def payload(self, action: str, value: Any = None) -> str | None:
        """The message for an action, or None where the device has none. `value`: per cent, or a colour's name."""
        template = self.payloads.get(action) or PAYLOADS[self.kind].get(action)  # type: ignore[call-overload]
        if template is None:
            return None
        fields = {"value": value}
        if isinstance(value, int):
            fields |= {"percent": value, "level": round(value * 254 / 100)}
        elif isinstance(value, str):
            fields |= {"hex": COLORS.get(value, ""), "name": value}
        return Template(template).safe_substitute(fields)


class Home(BaseModel):
    """The options of the devices plugin. `expires`: seconds after which a command that could not be sent is dropped."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    broker: BrokerOptions | None = None
    devices: tuple[Device, ...] = ()
    confirm: tuple[str, ...] = ()
    area: str = ""
    expires: float = Field(default=60.0, gt=0)

    @field_validator("devices")
    @classmethod
    def _unique(cls, devices: tuple[Device, ...]) -> tuple[Device, ...]:
        names = [device.name.casefold() for device in devices]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two devices are called {name!r}")
        return devices

    def of(self, kind: str) -> list[Device]:
        """All devices of a kind."""
        return [device for device in self.devices if device.kind == kind]

    def named(self, name: str) -> Device | None:
        """The device with this name."""
        return next((device for device in self.devices if device.name == name), None)

    def find(self, text: str, kind: str, strict: bool = False) -> list[Device]:
        """The devices that a text means; none where it leaves open which.

        strict: the text must speak of devices; otherwise `make it brighter` means all lights.
        """
        lowered = text.lower()
        called = [
            device for device in self.devices if any(_says(lowered, name) for name in (device.name, *device.aliases))
        ]
        if called:  # a name within a longer one that was said too does not count
            inner = [a for a in called for b in called if a is not b and _says(b.name.lower(), a.name)]
            outer = [device for device in called if device not in inner]
            return [device for device in outer if device.kind == kind] or outer
        mine = self.of(kind)
        there = [device for device in mine if device.area and _says(lowered, device.area)]
        several = _ALL.search(lowered) or _several(lowered, kind, strict)
        if there:
            return there if several or len(there) == 1 else []
        if (len(mine) <= 1 and not strict) or _ALL.search(lowered):
            return mine
        if several:
            here = [device for device in mine if self.area and device.area.casefold() == self.area.casefold()]
            return here or mine
        return []


def kind_in(text: str, otherwise: str) -> str:
    """The kind of device that a text speaks of, where it does: a plug may be asked for a light."""
    lowered = text.lower()
    kinds = ("plug", "light", "coffee", "vacuum")  # a light socket is a plug
    return next((kind for kind in kinds if re.search(rf"\b(?:{_WORDS[kind]})\b", lowered)), otherwise)


def load(options: Any) -> Home:
    """The options as a `Home`. Raises `ConfigError` that names the key."""
    try:
        return Home.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"plugins.devices.options.{key}: {first['msg']}") from None


def _says(text: str, name: str) -> bool:
    name = name.lower().strip()
    return bool(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _several(text: str, kind: str, strict: bool) -> bool:
    """Whether the text has the kind's name in the plural, or need not name a device at all (`make it brighter`)."""
    found = re.search(rf"\b(?:{_WORDS[kind]})\b", text)
    if found is None:
        return kind == "light" and not strict
    return kind == "light" and (found.group().endswith("s") or found.group() == "lighting")


def color(text: str) -> str | None:
    """The colour that a text names, the last one where it names two (`from purple to green`)."""
    found = [(lowered.rfind(name), len(name), name) for name in COLORS if _says(lowered := text.lower(), name)]
    return max(found)[2] if found else None


def percent(text: str) -> tuple[int, bool] | None:
    """A level in per cent and whether it is relative (`by 20 percent`); `to seven` is on a scale of ten."""
    lowered = text.lower()
    if re.search(r"\b(?:full|maximum|max|brightest|highest)\b", lowered):
        return 100, False
    if re.search(r"\b(?:minimum|min|lowest|dimmest)\b", lowered):
        return 5, False
    for number in numbers.find_numbers(lowered):
        before, after = lowered[: number.start], lowered[number.end :]
        value = number.value
        if not re.match(r"\s*(?:%|percent|per cent)", after):
            if not re.search(r"\b(?:to|at|by|level)\s*$", before):
                continue
            value *= 10 if value <= 10 else 1
        whole = int(min(max(value, Fraction(0)), Fraction(100)))
        return whole, bool(re.search(r"\bby\s*$", before))
    if re.search(r"\b(?:a (?:bit|little|touch)|slightly|somewhat)\b", lowered):
        return 10, True
    return None


def enumerate_devices(devices: Sequence[Device], kind: str) -> str:
    """`the kitchen light`, `the living room lights`, `the kitchen and hall lights`, `all lights`."""
    if len(devices) == 1:
        return f"the {devices[0].name}"
    areas = {device.area for device in devices}
    if len(areas) == 1 and "" not in areas:
        return f"the {devices[0].area} {NAMES[kind][1]}"
    if len(devices) > 3:
        return f"{len(devices)} {NAMES[kind][1]}"
    names = [f"the {device.name}" for device in devices]
    return " and ".join([", ".join(names[:-1]), names[-1]])
