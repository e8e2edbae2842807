"""Attribute values as shops write them: plain text, or nested fields such as `{ unit:grams, value:50.0 }`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from plugins.product_qa.answer.words import UNITS, number

#: A value in nested fields: text, or fields, or a list of values.
Node = str | list["Node"] | dict[str, "Node"]
LeafKind = Literal["number", "bool", "text"]
MAX_DEPTH, MAX_LENGTH = 12, 20_000
_BARE = re.compile(r"[^,;{}\[\]]*")
_MEASURE = re.compile(r"(?P<value>\d[\d,]*(?:\.\d+)?)\s*(?P<unit>[A-Za-z%°\"]{1,14}\.?)\Z")
_LONG = {
    "inch": "inches", "foot": "feet", "hertz": "hertz", "percent": "percent", "mah": "milliampere hours",
}  # fmt: skip
_KEY = re.compile(r"\s*([A-Za-z_][\w .-]{0,80}?)\s*:")
#: Fields that hold the value itself, the better ones first; `normalized_value` says the same in another unit.
_VALUES = ("value", "decimal_value", "string_value", "quantity", "content", "total", "name")
#: Fields that say nothing to a customer.
_SILENT = frozenset({"normalized_value", "standardized_values", "brand_seq_id", "language_tag", "contributor_id"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value: the path of fields to it, its text, unit ("" for none) and `also`, the same in another unit."""

    path: tuple[str, ...]
    kind: LeafKind
    text: str
    unit: str = ""
    also: tuple[str, str] | None = None


class _Reader:
    """A recursive reader that never raises: what it cannot read is text."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def _blank(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def node(self, depth: int = 0) -> Node:
        self._blank()
        sign = self.text[self.at : self.at + 1]
        if sign == "{" and depth < MAX_DEPTH:
            return self._fields(depth)
        if sign == "[" and depth < MAX_DEPTH:
            return self._list(depth)
        if sign in ('"', "'"):
            return self._quoted(sign)
        found = _BARE.match(self.text, self.at)
        bare = found.group() if found else ""
        self.at += max(1, len(bare))
        return bare.strip()

    def _fields(self, depth: int) -> Node:
        self.at += 1
        fields: dict[str, Node] = {}
        while self.at < len(self.text):
            self._blank()
            if self.text[self.at : self.at + 1] == "}":
                self.at += 1
                break
            key = _KEY.match(self.text, self.at)
            if key is None:
                self.at += 1
                continue
            self.at = key.end()
            fields[key.group(1)] = self.node(depth + 1)
        return fields

    def _list(self, depth: int) -> Node:
        self.at += 1
        items: list[Node] = []
        while self.at < len(self.text):
            self._blank()
            sign = self.text[self.at : self.at + 1]
            if sign in ("]", ""):
                self.at += 1
                break
            if sign in ",;":
                self.at += 1
                continue
            items.append(self.node(depth + 1))
        return items

    def _quoted(self, quote: str) -> str:
        self.at += 1
        out = []
        while self.at < len(self.text):
            sign = self.text[self.at]
            self.at += 1
            if sign == "\\" and self.at < len(self.text):
                out.append(self.text[self.at])
                self.at += 1
            elif sign == quote:
                break
            else:
                out.append(sign)
        return "".join(out).strip()


def structured(value: str) -> bool:
    """Whether a value is written in nested fields."""
    return value.lstrip()[:1] in ("{", "[")


def split(text: str) -> tuple[str, str]:
    """`item_weight:  { value:1 }` as (name, value); a text of another form has no name."""
    key = _KEY.match(text)
    if key is None or not structured(text[key.end() :]):
        return "", text
    return key.group(1), text[key.end() :].strip()


def leaves(value: str, unit: str = "") -> list[Leaf]:
    """Every value in an attribute's text, in order, without repetitions."""
    text = value[:MAX_LENGTH]
    if not structured(text):
        return [_leaf((), text.strip(), unit)] if text.strip() else []
    reader, found = _Reader(text), list[Leaf]()
    while reader.at < len(text):
        if text[reader.at] in ";, \t\n":
            reader.at += 1
            continue
        found.extend(_flat(reader.node(), ()))
    return list(dict.fromkeys(found))


def _flat(node: Node, path: tuple[str, ...]) -> Iterator[Leaf]:
    if isinstance(node, str):
        if node and not node.startswith("null"):
            yield _leaf(path, node)
        return
    if isinstance(node, list):
        for item in node:
            yield from _flat(item, path)
        return
    unit = node.get("unit") or node.get("type") or ""
    held = next((key for key in _VALUES if isinstance(node.get(key), str)), None)
    if held is not None:
        also = node.get("normalized_value")
        other = None
        if isinstance(also, dict) and isinstance(also.get("value"), str) and isinstance(also.get("unit"), str):
            other = (_plain_number(str(also["value"])), str(also["unit"]).replace("_", " "))
        own = str(node[held])
        leaf = _leaf(path, own, str(unit) if isinstance(node.get("unit"), str) or held == "quantity" else "", other)
        if not own.startswith("null"):
            yield leaf
    for key, inner in node.items():
        if key in _SILENT or key == "unit" or (held is not None and (key == "type" or isinstance(inner, str))):
            continue
        yield from _flat(inner, (*path, key))


def _leaf(path: tuple[str, ...], text: str, unit: str = "", also: tuple[str, str] | None = None) -> Leaf:
    name = unit.replace("_", " ").strip()
    lower = text.lower()
    measure = _MEASURE.match(text) if not name else None
    if (
        measure is not None
        and measure["unit"].lower() in UNITS
        and (len(measure["unit"]) > 1 or measure["unit"] != "M")
    ):
        text, lower, name = measure["value"], measure["value"], measure["unit"]
    if len(name) <= 3 and name.lower() in UNITS:
        long = UNITS[name.lower()]
        name = _LONG.get(long, f"{long}s")
    if lower in ("true", "false", "yes", "no"):
        return Leaf(path, "bool", "true" if lower in ("true", "yes") else "false")
    if number(lower.rstrip(".")) is not None and lower[:1] in "0123456789.":
        if also is not None and (also[0], also[1]) == (_plain_number(text), name):
            also = None
        return Leaf(path, "number", _plain_number(text), name, also)
    return Leaf(path, "text", text.replace("_", " ") if "_" in text and " " not in text else text, name, also)


def _plain_number(text: str) -> str:
    """A number without idle zeros: "50." and "50.0" are 50."""
    found = number(text.strip().rstrip("."))
    return text if found is None else found
