"""Nested attribute values in words: JSON objects, and the notation that semiPQA and ePQA print them in.

`{ unit:inches, normalized_value:{ unit:inches, value:3 }, value:7.6 }` is "7.6 inches".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from plugins.product_qa.types import CatalogueError

#: A quotation mark within a text is written \\" or |" or left as it is: only one before a sign ends the text.
_TOKEN = re.compile(
    r'\s*(?:(?P<text>"(?:[\\|]"|[^"]|"(?!\s*(?:[,;}\]]|$)))*+")|(?P<sign>[{}\[\],;:])|(?P<bare>[^{}\[\],;:"\s][^{}\[\],;:"]*))'
)
_NOTATION = re.compile(r"\s*([A-Za-z][\w.]{0,80}):\s+(\{.*|\S.*)", re.DOTALL)
_DEEPEST = 12
#: Says the same again in another unit.
_REPEATED = frozenset(
    {"normalized_value", "normalized_values", "standardized_values", "language_tag", "marketplace_id"}
)
_VALUES = ("value", "content", "total", "string_value")


def notation(text: str) -> tuple[str, str] | None:
    """Name and value in words of a printed attribute `item_weight:  { unit:pounds, value:4.5 }`, None if it is none.

    Raises `CatalogueError` for brackets that do not match or are nested too deep.
    """
    found = _NOTATION.fullmatch(text)
    if found is None:
        return None
    if not found[2].startswith(("{", "[")):
        return worded(found[1]), in_words(found[2].strip().strip('"'))
    return worded(found[1]), in_words(_Reader(found[2]).all())


def worded(name: str) -> str:
    """A field's name in words: "itemWeight" and "item_weight" are "item weight"."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    words = spaced.replace("_", " ").replace(".", " ").split()
    if any(not word.isupper() for word in words):  # "BPA free" has an acronym, "ITEM WEIGHT" none
        return " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
    return " ".join(words) if len(words) == 1 and len(name) < 5 else " ".join(words).lower()


def in_words(value: object, depth: int = 0) -> str:
    """A value as text: true is "yes", lists are joined, an object is its value with its unit, or its parts by name.

    Raises `CatalogueError` where it is nested too deep.
    """
    if depth > _DEEPEST:
        raise CatalogueError("nested too deep")
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, str):
        text = value.strip()
        return {"true": "yes", "false": "no"}.get(text.lower(), text)
    if isinstance(value, Mapping):
        return _object(value, depth)
    if isinstance(value, list | tuple):
        return ", ".join(dict.fromkeys(filter(None, (in_words(one, depth + 1) for one in value))))
    return str(value)


def _object(value: Mapping[object, object], depth: int) -> str:
    fields = {str(name): one for name, one in value.items() if name not in _REPEATED}
    unit = in_words(fields.pop("unit", ""), depth + 1).replace("_", " ")
    for name in _VALUES:
        if name in fields:
            main = f"{in_words(fields.pop(name), depth + 1)} {unit}".strip()
            rest = _named(fields, depth)
            return f"{main} ({rest})" if rest else main
    rest = _named(fields, depth)
    return f"{rest} {unit}".strip()


def _named(fields: Mapping[str, object], depth: int) -> str:
    told = ((worded(name), in_words(one, depth + 1)) for name, one in fields.items())
    return ", ".join(f"{name} {text}" for name, text in told if text)


class _Reader:
    """Reads the printed notation; values that follow each other with ";" are a list."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        position, text = 0, text.rstrip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            if found is None:
                raise CatalogueError("a quotation mark is not closed")
            kind = str(found.lastgroup)
            self._tokens.append((kind, found[kind].strip()))
            position = found.end()
        self._next = 0

    def all(self) -> object:
        values = [self._value(0)]
        while self._take(";"):
            values.append(self._value(0))
        if self._next < len(self._tokens):
            raise CatalogueError("brackets do not match")
        return values[0] if len(values) == 1 else values

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("end", "")

    def _take(self, sign: str) -> bool:
        taken = self._peek() == ("sign", sign)
        self._next += taken
        return taken

    def _value(self, depth: int) -> object:
        if depth > _DEEPEST:
            raise CatalogueError("nested too deep")
        if self._take("{"):
            return self._object(depth)
        if self._take("["):
            values: list[object] = []
            while not self._take("]"):
                values.append(self._value(depth + 1))
                if not self._take(",") and self._peek() != ("sign", "]"):
                    raise CatalogueError("brackets do not match")
            return values
        return self._scalar()

    def _object(self, depth: int) -> dict[str, object]:
        fields: dict[str, object] = {}
        while not self._take("}"):
            kind, name = self._peek()
            self._next += 1
            if kind not in ("bare", "text") or not self._take(":"):
                raise CatalogueError("brackets do not match")
            fields[name.strip('"')] = self._value(depth + 1)
            if not self._take(",") and self._peek() != ("sign", "}"):
                raise CatalogueError("brackets do not match")
        return fields

    def _scalar(self) -> str:
        kind, text = self._peek()
        if kind not in ("bare", "text"):
            raise CatalogueError("brackets do not match")
        self._next += 1
        if kind == "text":
            return re.sub(r'[\\|](")', r"\1", text[1:-1])
        while self._peek() == ("sign", ":"):  # a time such as 12:30
            self._next += 1
            text += ":" + (self._peek()[1] if self._peek()[0] == "bare" else "")
            self._next += self._peek()[0] == "bare"
        return (text[:-1] if text[:-1].isdecimal() and text.endswith(".") else text).replace("_", " ")
