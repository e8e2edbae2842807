"""Attributes as the public sets write them, `name:  { value:3, unit:inches }`, read into words."""

from __future__ import annotations

import re

from plugins.product_qa.types import Attribute

#: A string ends at a quote before a comma or a closing bracket: quotes within are written `|"` or not marked at all.
_STRING = r'"(?P<text>.*?)(?<!\|)"(?=\s*[,}\]]|\s*$)'
_KEY = r'(?P<key>[a-z_0-9]+):(?=\s|[{\["\w.-])'
_TOKEN = re.compile(rf"\s*(?:{_STRING}|{_KEY}|(?P<mark>[{{}}\[\],;])|(?P<bare>[^\s{{}}\[\],]+))")
#: The same value in another unit, or in other words.
_DOUBLES = {"normalized_value", "standardized_values", "brand_seq_id"}
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)t\d\d:\d\d:\d\dz?")
_DEEPEST = 20


def parse_attribute(text: str) -> Attribute:
    """`item_weight:  { unit:pounds, value:0.2 }` -> item weight, 0.2, pounds. Never fails: what cannot be read stays
    as it is, under its name where it has one.
    """
    name, mark, rest = text.partition(":")
    if not mark or not re.fullmatch(r"\w+", name.strip()):
        return Attribute("", text.strip())
    leaves: list[tuple[str, str, str]] = []
    for part in rest.split("; {"):
        leaves += _leaves(part)
    title = words(name)
    if len(leaves) == 1:
        path, value, unit = leaves[0]
        return Attribute(f"{title} {path}".strip(), value, unit)
    shown = [" ".join(part for part in leaf if part) for leaf in leaves]
    return Attribute(title, ", ".join(dict.fromkeys(shown)) or rest.strip(" {}"))


def words(name: str) -> str:
    """`item_weight` -> item weight."""
    return " ".join(name.replace("_", " ").split())


def _leaves(text: str) -> list[tuple[str, str, str]]:
    """Path of keys, value and unit of each leaf, in the order of the text."""
    keys: list[str] = []
    stack: list[tuple[list[str], int, dict[str, str]]] = []
    found: list[tuple[str, str, str]] = []
    units: dict[str, str] = {}
    pending: list[str] = []
    start = 0
    for match in _TOKEN.finditer(text):
        mark, key = match["mark"], match["key"]
        if key is not None:
            pending = [key]
        elif mark in ("{", "[") and len(stack) < _DEEPEST:
            stack.append((keys, start, units))
            keys, start, units, pending = [*keys, *pending], len(found), {}, []
        elif mark in ("}", "]") and stack:
            if unit := units.get("unit"):
                found[start:] = [(path, value, own or unit) for path, value, own in found[start:]]
            keys, start, units = stack.pop()
            pending = []
        elif mark is None:
            value = _value(match["text"] if match["text"] is not None else match["bare"])
            path = [*keys, *pending]
            if path and path[-1] == "unit":
                units["unit"] = words(value)
            elif not _DOUBLES & set(path):
                name = " ".join(words(key) for key in path if key not in ("value", "name", "content"))
                found.append((name, value, ""))
    return found


def _value(text: str) -> str:
    plain = _DATE.sub(r"\1", text.replace('|"', '"').strip())
    if plain in ("true", "false"):
        return "yes" if plain == "true" else "no"
    if re.fullmatch(r"\d+\.", plain):
        return plain[:-1]
    return words(plain) if re.fullmatch(r"\w+", plain) else plain
