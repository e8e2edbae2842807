"""Attribute values as catalogues serialise them, read into leaves: (path of names, text, unit).

Two notations: plain text ("Li-ion, 2000mAh"), and the nested records of the semi-structured Amazon corpora (semiPQA),
`{ unit:pounds, value:4.5 }; { value:"red" }`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

MAX_DEPTH = 8
_TOKEN = re.compile(
    r"""\s*(?:(?P<punct>[{}\[\]:,;])|"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s{}\[\]:,;"']+))"""
)
#: Keys that carry the value itself rather than the name of a part, the best first.
_VALUE = ("value", "quantity", "name")
#: Keys that only repeat the value in another form.
_REPEATS = frozenset({"normalized_value", "standardized_values", "unit", *_VALUE})

Node = str | Mapping[str, "Node"] | Sequence["Node"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value: names of the parts that lead to it ("display", "size"), its text, its unit (or "")."""

    path: tuple[str, ...]
    text: str
    unit: str = ""


def leaves(text: str, unit: str = "") -> list[Leaf]:
    """The values of an attribute; text that is no record is one leaf. Empty texts give none."""
    body = text.strip()
    if not body:
        return []
    if not body.startswith("{"):
        return [Leaf((), body, unit)]
    node = _Reader(body).records()
    return [leaf for leaf in _walk(node, (), unit) if leaf.text] if node is not None else [Leaf((), body, unit)]


class _Reader:
    """Recursive descent over a record; a text that breaks off or nests too deep is no record (None)."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        place = 0
        while place < len(text) and (match := _TOKEN.match(text, place)):
            self._tokens.append((match.lastgroup or "", match[match.lastgroup or 0]))
            place = match.end()
        self._whole = not text[place:].strip()
        self._at = 0

    def records(self) -> Node | None:
        """All records of the text, separated by semicolons."""
        if not self._whole:
            return None
        nodes: list[Node] = []
        while self._at < len(self._tokens):
            node = self._node(0)
            if node is None:
                return None
            nodes.append(node)
            if self._at < len(self._tokens) and not (self._take(";") or self._take(",")):
                return None
        return nodes

    def _take(self, sign: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == ("punct", sign):
            self._at += 1
            return True
        return False

    def _node(self, depth: int) -> Node | None:
        if depth > MAX_DEPTH or self._at >= len(self._tokens):
            return None
        if self._take("{"):
            return self._members(depth)
        if self._take("["):
            return self._items(depth)
        kind, text = self._tokens[self._at]
        if kind == "punct":
            return None
        self._at += 1
        return text

    def _members(self, depth: int) -> Node | None:
        members: dict[str, Node] = {}
        while not self._take("}"):
            if self._at >= len(self._tokens) or self._tokens[self._at][0] == "punct":
                return None
            key = self._tokens[self._at][1]
            self._at += 1
            node = self._node(depth + 1) if self._take(":") else None
            if node is None:
                return None
            members.setdefault(key, node)
            self._take(",")
        return members

    def _items(self, depth: int) -> Node | None:
        items: list[Node] = []
        while not self._take("]"):
            node = self._node(depth + 1)
            if node is None:
                return None
            items.append(node)
            self._take(",")
        return items


def _walk(node: Node, path: tuple[str, ...], unit: str) -> Iterator[Leaf]:
    if isinstance(node, str):
        yield Leaf(path, node.strip(), unit)
    elif isinstance(node, Mapping):
        given = node.get("unit", unit)
        for key in _VALUE:
            if key in node:
                yield from _walk(node[key], path, given if isinstance(given, str) else unit)
                break
        for key, child in node.items():
            if key not in _REPEATS:
                yield from _walk(child, (*path, human(key)), given if isinstance(given, str) else unit)
    else:
        for child in node:
            yield from _walk(child, path, unit)


def human(name: str) -> str:
    """An attribute's name in words: `is_stain_resistant` -> "is stain resistant", `batteryLife` -> "battery life"."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return " ".join(re.sub(r"[_\-/:]+", " ", spaced).lower().split())
