"""Entities written into a sentence, as Rasa writes them.

to [Berlin](city)                        an entity
to [SF](city:San Francisco)              with the value it stands for (old form)
to [LA]{"entity": "city", "role": "to"}  with value, role, group
in [Paris][{"entity": "city"}, ...]      several entities on one stretch
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from nlu.formats.corpus import Mention

#: `[text]` that something like an annotation follows.
_OPEN = re.compile(r"\[([^\[\]]+)\](?=[({\[])")
_SHORT = re.compile(r"\(([^:()]+)(?::([^()]*))?\)")
_KEYS = ("entity", "value", "role", "group")


class MarkupError(ValueError):
    """An annotation cannot be read; `column` counts from 1."""

    def __init__(self, column: int, message: str) -> None:
        self.column = column
        super().__init__(message)


def parse_markup(line: str) -> tuple[str, tuple[Mention, ...]]:
    """`to [Berlin](city)` -> the plain sentence and its entities. Raises `MarkupError`.

    Brackets that no annotation follows are text like any other.
    """
    text, last = "", 0
    out: list[Mention] = []
    while (match := _OPEN.search(line, last)) is not None:
        text += line[last : match.start()]
        found, last = _annotation(line, match.end())
        if not found:
            text += match.group()
            continue
        start = len(text)
        text += match.group(1)
        out += [Mention(start=start, end=len(text), **fields) for fields in found]
    return text + line[last:], tuple(out)


def _annotation(line: str, at: int) -> tuple[list[dict[str, Any]], int]:
    """Fields of each entity and where the annotation ends; no entities where it is none."""
    if line[at] == "(":
        short = _SHORT.match(line, at)
        if short is None:
            return [], at
        fields = {"name": short.group(1).strip()}
        if not fields["name"]:
            raise MarkupError(at + 1, "an entity has no name")
        if short.group(2) is not None:
            fields["value"] = short.group(2).strip()
        return [fields], short.end()
    if line[at] == "[" and not line[at + 1 :].lstrip().startswith("{"):
        return [], at
    try:
        value, end = json.JSONDecoder().raw_decode(line, at)
    except ValueError as error:
        place = error.pos if isinstance(error, json.JSONDecodeError) else at
        raise MarkupError(place + 1, f"the annotation is not JSON: {error.args[0].split(': line')[0]}") from None
    return [entity_fields(item, at + 1) for item in (value if isinstance(value, list) else [value])], end


def entity_fields(value: object, column: int = 0) -> dict[str, Any]:
    """Rasa's `{"entity": ..., "value": ..., "role": ..., "group": ...}` as fields of a `Mention`; `MarkupError`."""
    if not isinstance(value, dict) or not isinstance(value.get("entity"), str) or not value["entity"].strip():
        raise MarkupError(column, 'an annotation needs an "entity" with a name')
    unknown = sorted(set(value) - set(_KEYS))
    if unknown:
        raise MarkupError(column, f"an annotation has the unknown key {unknown[0]!r} (there are: {', '.join(_KEYS)})")
    out = {"name": value["entity"].strip()}
    for key in _KEYS[1:]:
        if value.get(key) is not None:
            out[key] = str(value[key])
    return out


def write_markup(text: str, mentions: Iterable[Mention]) -> str:
    """The inverse of `parse_markup`. Raises `ValueError` for a text that this notation cannot hold."""
    groups: dict[tuple[int, int], list[Mention]] = {}
    for found in mentions:
        groups.setdefault((found.start, found.end), []).append(found)
    out, last = "", 0
    for (start, end), found_here in sorted(groups.items()):
        out += f"{text[last:start]}[{text[start:end]}]{_written(found_here)}"
        last = end
    out += text[last:]
    try:
        again = parse_markup(out)
    except MarkupError as error:
        raise ValueError(f"{text!r} cannot be written with entities: {error}") from None
    if again != (text, tuple(found for _, group in sorted(groups.items()) for found in group)):
        raise ValueError(f"{text!r} cannot be written with entities: it holds brackets that look like one")
    return out


def _written(found: list[Mention]) -> str:
    plain = len(found) == 1 and (found[0].value, found[0].role, found[0].group) == (None, None, None)
    if plain and not re.search(r"[:()]", found[0].name):
        return f"({found[0].name})"
    items = [
        {"entity": one.name} | {key: getattr(one, key) for key in _KEYS[1:] if getattr(one, key) is not None}
        for one in found
    ]
    return json.dumps(items[0] if len(items) == 1 else items, ensure_ascii=False)
