"""Value types to columns and back, exactly: floats bit by bit, any Python string (unpaired surrogates included).

JSON is written compactly, with the ids of `symbols` in place of names that recur:

    interpretation  [intent, probability, [entity, ...], hypothesis]            trailing defaults left out
                    entities: an index for those of an earlier interpretation
    entity          [name, value, start, end, extractor, confidence, role, group]  trailing defaults left out
    candidate       [skill, intent, domain, interpretation, effects, names, feature, ...]
                    intent: 0 for the interpretation's; interpretation: an index into the turn's, or one in place;
                    names: a symbol, 0 for the names of the candidate before
    reply           [text, source, {field: value}]                               trailing defaults left out
    event data      the object; [name, value] for a slot

A turn keeps its `MAX_INTERPRETATIONS` best interpretations; timings are rounded to microseconds.
"""

from __future__ import annotations

import json
import math
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, cast

from dialog.log.errors import BadRecord
from dialog.types import Candidate, Decision, Effects, Entity, Interpretation, Reply

MAX_INTERPRETATIONS = 5
_EFFECTS: tuple[Effects, ...] = ("none", "reversible", "costly")
_MARK = "\x01"  # first character of a text that had to be escaped
_HEX_MARK = "\x02"  # first character of 16 bytes in base 64

Intern = Callable[[str], int]
Lookup = Callable[[int], str]


def _default(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return list(value)
    if hasattr(value, "item") and callable(value.item):  # a numpy scalar
        return value.item()
    raise TypeError(f"{type(value).__name__} is not a JSON value")


_plain = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_default).encode
_ascii = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), default=_default).encode


def storable(text: str) -> bool:
    """Whether every database takes `text` as it is: valid Unicode without NUL."""
    if text.isascii():
        return "\0" not in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def pack_text(text: str) -> str:
    """Any string as one that every database takes; most come back unchanged."""
    if storable(text) and not text.startswith(_MARK):
        return text
    return _MARK + _ascii(text)


def unpack_text(text: str) -> str:
    """The inverse of `pack_text`."""
    return cast(str, loads(text[1:])) if text.startswith(_MARK) else text


_HEX = re.compile("[0-9a-f]{32}").fullmatch


def pack_id(text: str) -> str:
    """A message id; the usual 32 hex digits become 22 characters, since each id is stored twice (row and index)."""
    if _HEX(text):
        return _HEX_MARK + b64encode(bytes.fromhex(text)).decode()[:22]
    return _MARK + _ascii(text) if text.startswith(_HEX_MARK) else pack_text(text)


def unpack_id(text: str) -> str:
    """The inverse of `pack_id`."""
    return b64decode(text[1:] + "==").hex() if text.startswith(_HEX_MARK) else unpack_text(text)


def text_hash(text: str) -> bytes:
    """Key of a text in the vector cache."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def dumps(value: Any) -> str:
    """Compact JSON text. Raises `BadRecord` when `value` is no JSON value."""
    try:
        text = _plain(value)
        return text if text.isascii() or storable(text) else _ascii(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRecord(f"the record cannot be logged: {error}") from None


_raw_decode = json.JSONDecoder().raw_decode


def loads(text: str) -> Any:
    """Read what `dumps` wrote; a third faster than `json.loads`, which replay feels."""
    return _raw_decode(text)[0]


@lru_cache(maxsize=1024)
def _names(keys: tuple[str, ...]) -> str:
    return dumps(list(keys))


@lru_cache(maxsize=1024)
def _keys(names: str) -> tuple[str, ...]:
    return tuple(loads(names))


def _entity(entity: Entity, intern: Intern) -> list[Any]:
    row: list[Any] = [intern(entity.name), entity.value, entity.start, entity.end, intern(entity.extractor)]
    if entity.role is not None or entity.group is not None:
        row += [entity.confidence, entity.role, entity.group]
    elif entity.confidence != 1.0:
        row.append(entity.confidence)
    return row


def _to_entity(row: Sequence[Any], lookup: Lookup) -> Entity:
    name, value, start, end, extractor, *more = row
    confidence, role, group = more + [1.0, None, None][len(more) :]
    return Entity(lookup(name), value, start, end, confidence, role, group, lookup(extractor))


def _interpretation(reading: Interpretation, intern: Intern) -> list[Any]:
    row: list[Any] = [intern(reading.intent), reading.probability]
    if reading.entities or reading.hypothesis:
        row.append([_entity(entity, intern) for entity in reading.entities])
        if reading.hypothesis:
            row.append(reading.hypothesis)
    return row


def _to_interpretation(row: Sequence[Any], lookup: Lookup) -> Interpretation:
    entities = tuple(_to_entity(entity, lookup) for entity in row[2]) if len(row) > 2 else ()
    return Interpretation(lookup(row[0]), row[1], entities, row[3] if len(row) > 3 else 0)


def pack_interpretations(readings: Sequence[Interpretation], intern: Intern) -> str:
    """The best interpretations as JSON text."""
    kept = readings[:MAX_INTERPRETATIONS]
    rows = [_interpretation(reading, intern) for reading in kept]
    for index, reading in enumerate(kept):
        for earlier in range(index) if reading.entities else ():
            if kept[earlier].entities is reading.entities:  # readings of one hypothesis share their entities
                rows[index][2] = earlier
                break
    return dumps(rows)


def unpack_interpretations(text: str, lookup: Lookup) -> tuple[Interpretation, ...]:
    """The inverse of `pack_interpretations`."""
    rows = loads(text)
    for row in rows:
        if len(row) > 2 and isinstance(row[2], int):
            row[2] = rows[row[2]][2]
    return tuple(_to_interpretation(row, lookup) for row in rows)


def _short(value: float) -> float:
    """The same number in fewer characters: 0 for 0.0, but not for -0.0."""
    return int(value) if value == 1.0 or (value == 0.0 and math.copysign(1.0, value) > 0) else value


def pack_candidates(decision: Decision, readings: Sequence[Interpretation], intern: Intern) -> str:
    """The candidates of a decision; `readings` are the turn's interpretations, best first."""
    kept = list(readings[:MAX_INTERPRETATIONS])
    rows: list[list[Any]] = []
    before = 0
    for candidate in decision.candidates:
        reading = candidate.interpretation
        place: Any = next((i for i, known in enumerate(kept) if known is reading or known == reading), None)
        if place is None:
            place = _interpretation(reading, intern)
        names = intern(_names(tuple(candidate.features)))
        rows.append(
            [
                intern(candidate.skill),
                0 if candidate.intent == reading.intent else intern(candidate.intent),
                intern(candidate.domain),
                place,
                _EFFECTS.index(candidate.effects),
                0 if names == before else names,
                *map(_short, candidate.features.values()),
            ]
        )
        before = names
    return dumps(rows)


def unpack_candidates(text: str, readings: Sequence[Interpretation], lookup: Lookup) -> tuple[Candidate, ...]:
    """The inverse of `pack_candidates`."""
    found = []
    before = 0
    for skill, intent, domain, place, effects, names, *values in loads(text):
        reading = readings[place] if isinstance(place, int) else _to_interpretation(place, lookup)
        before = names or before
        features = dict(zip(_keys(lookup(before)), map(float, values), strict=True))
        meant = lookup(intent) if intent else reading.intent
        found.append(Candidate(lookup(skill), meant, lookup(domain), reading, features, _EFFECTS[effects]))
    return tuple(found)


def pack_data(data: Mapping[str, Any]) -> str | None:
    """The fields of an event as JSON text; None when there are none."""
    if not data:
        return None
    if len(data) == 2 and "name" in data and "value" in data:  # a slot, most of the time
        return dumps([data["name"], data["value"]])
    return dumps(data)


def unpack_data(text: str | None) -> dict[str, Any]:
    """The inverse of `pack_data`."""
    if text is None:
        return {}
    data = loads(text)
    return {"name": data[0], "value": data[1]} if isinstance(data, list) else cast("dict[str, Any]", data)


def pack_replies(replies: Sequence[Reply], intern: Intern) -> str:
    """Reply parts as JSON text."""
    rows = []
    for reply in replies:
        row: list[Any] = [reply.text]
        more: dict[str, Any] = {}
        if reply.buttons:
            more["buttons"] = list(reply.buttons)
        for name in ("image", "data", "spoken"):
            value = getattr(reply, name)
            if value is not None:
                more[name] = value
        if reply.source or more:
            row.append(intern(reply.source))
        if more:
            row.append(more)
        rows.append(row)
    return dumps(rows)


def unpack_replies(text: str, lookup: Lookup) -> tuple[Reply, ...]:
    """The inverse of `pack_replies`."""
    found = []
    for row in loads(text):
        more = row[2] if len(row) > 2 else {}
        found.append(
            Reply(
                row[0],
                tuple(more.get("buttons", ())),
                more.get("image"),
                more.get("data"),
                more.get("spoken"),
                lookup(row[1]) if len(row) > 1 else "",
            )
        )
    return tuple(found)


def pack_timings(timings: Mapping[str, float], intern: Intern) -> str | None:
    """Step durations (seconds) as whole microseconds."""
    if not timings:
        return None
    return dumps([intern(_names(tuple(timings))), *(round(seconds * 1e6) for seconds in timings.values())])


def unpack_timings(text: str | None, lookup: Lookup) -> dict[str, float]:
    """Step durations in seconds."""
    if text is None:
        return {}
    names, *micros = loads(text)
    return {name: value / 1e6 for name, value in zip(_keys(lookup(names)), micros, strict=True)}
