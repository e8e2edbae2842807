"""JSON from outside: decoded under bounds, so that nothing deeper in has to fear its size, depth or characters."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

from assistant.server.problem import Invalid

MAX_DEPTH = 32
MAX_VALUES = 10_000
MAX_ID = 255
T = TypeVar("T")


def decode(raw: bytes | str) -> dict[str, Any]:
    """The JSON object in `raw`.

    Raises `Invalid` when it is not UTF-8, not JSON, no object, nested deeper than 32, or holds what cannot be kept as
    text or number (NaN, infinities, U+0000, lone surrogates).
    """
    try:
        text = raw.decode() if isinstance(raw, bytes) else raw
        value = json.loads(text, parse_constant=_constant)
    except UnicodeDecodeError as error:
        raise Invalid(f"the body is not UTF-8 (byte {error.start})") from None
    except RecursionError:
        raise Invalid(f"the JSON is nested deeper than {MAX_DEPTH}") from None
    except json.JSONDecodeError as error:
        raise Invalid(f"this is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except ValueError:  # an integer of thousands of digits
        raise Invalid("the JSON holds a number out of range") from None
    _check(value)
    if not isinstance(value, dict):
        raise Invalid("the JSON must be an object")
    return value


def field(data: Mapping[str, Any], key: str, kind: type[T], default: T | None = None) -> T | None:
    """The value of `key`, or the default where it is absent or null. Raises `Invalid` when it is no `kind`."""
    value = data.get(key)
    if value is None:
        return default
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Invalid(f"{key!r} must be {_NAMES[kind]}")
    return value


def identifier(value: str, key: str) -> str:
    """An id that may go into the log: 1 to 255 printable characters. Raises `Invalid`."""
    if not 1 <= len(value) <= MAX_ID:
        raise Invalid(f"{key!r} must have 1 to {MAX_ID} characters")
    if not value.isprintable():
        raise Invalid(f"{key!r} holds characters that cannot be printed")
    return value


_NAMES: Mapping[type[Any], str] = {str: "a string", dict: "an object", list: "a list", int: "an integer"}


def _constant(name: str) -> NoReturn:
    raise Invalid(f"the JSON holds {name}, which is not a JSON value")


def _check(value: Any) -> None:
    level, depth, seen = [value], 0, 0
    while level:
        depth += 1
        seen += len(level)
        if depth > MAX_DEPTH:
            raise Invalid(f"the JSON is nested deeper than {MAX_DEPTH}")
        if seen > MAX_VALUES:
            raise Invalid(f"the JSON holds more than {MAX_VALUES} values")
        below: list[Any] = []
        for item in level:
            if isinstance(item, str):
                _check_text(item)
            elif isinstance(item, dict):
                for key in item:
                    _check_text(key)
                below += item.values()
            elif isinstance(item, list):
                below += item
            elif isinstance(item, float) and not math.isfinite(item):
                raise Invalid("the JSON holds a number out of range")
        level = below


def _check_text(text: str) -> None:
    if text.isascii():
        if "\0" in text:
            raise Invalid("the JSON holds the character U+0000, which is not text")
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Invalid(f"the JSON holds half a character (a lone surrogate, U+{ord(text[error.start]):04X})") from None
    if "\0" in text:
        raise Invalid("the JSON holds the character U+0000, which is not text")
