"""Names that recur, each kept once; and undo for what a transaction that failed had put into memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from dialog.log import schema
from dialog.log.codec import pack_text, unpack_text
from dialog.log.database import insert


class Undo:
    """Keys added to dictionaries since the transaction began; `back` takes them out again."""

    def __init__(self) -> None:
        self._added: list[tuple[dict[Any, Any], Any]] = []

    def put(self, into: dict[Any, Any], key: Any, value: Any) -> None:
        """Add a key for as long as the transaction does not fail."""
        into[key] = value
        self._added.append((into, key))

    def mark(self) -> int:
        """A point to go back to."""
        return len(self._added)

    def back(self, mark: int = 0) -> None:
        """Take out all that was added since `mark`."""
        while len(self._added) > mark:
            into, key = self._added.pop()
            into.pop(key, None)

    def keep(self) -> None:
        """The transaction is committed."""
        self._added.clear()


class Symbols:
    """The interned names of one log, in memory."""

    def __init__(self, undo: Undo) -> None:
        self._ids: dict[str, int] = {}
        self._texts: dict[int, str] = {}
        self._undo = undo
        self._fresh: list[tuple[int, str]] = []
        self._next = 1

    def load(self, connection: Connection) -> None:
        """Read names that another process has added."""
        newest = max(self._texts, default=0)
        query = select(schema.symbols.c.id, schema.symbols.c.text).where(schema.symbols.c.id > newest)
        for key, text in connection.execute(query):
            self._texts[key] = unpack_text(text)
            self._ids[self._texts[key]] = key
            self._next = max(self._next, key + 1)

    def intern(self, text: str) -> int:
        """The id of a name, a new one where it has none. For the writer alone."""
        key = self._ids.get(text)
        if key is None:
            key = self._next
            self._next += 1
            self._undo.put(self._ids, text, key)
            self._undo.put(self._texts, key, text)
            self._fresh.append((key, pack_text(text)))
        return key

    def text(self, key: int) -> str:
        """The name of an id; KeyError when there is none."""
        return self._texts[key]

    def find(self, text: str) -> int | None:
        """The id of a name, if it has one."""
        return self._ids.get(text)

    def flush(self, connection: Connection) -> None:
        """Write the names that are new in this transaction."""
        fresh, self._fresh = self._fresh, []
        fresh = [(key, text) for key, text in fresh if key in self._texts]  # an undone one is gone from there
        insert(connection, schema.symbols, fresh)

    def forget(self, keys: Iterable[int]) -> None:
        """Drop names that were deleted from the database."""
        for key in keys:
            text = self._texts.pop(key, None)
            if text is not None:
                self._ids.pop(text, None)
