"""The database of a catalogue: one SQLite file in WAL mode, so that readers see whole transactions and never wait."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from plugins.product_qa.types import Attribute, CatalogueError, Passage, Product

FORMAT = 1
_WAIT_SECONDS = 30.0  # for another writer's transaction

_SCHEMA = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE products(
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, page INTEGER NOT NULL, title TEXT NOT NULL,
    aliases TEXT NOT NULL, category TEXT NOT NULL, body TEXT NOT NULL, digest BLOB NOT NULL, version INTEGER NOT NULL);
CREATE INDEX products_version ON products(version);
CREATE TABLE passages(
    product INTEGER NOT NULL, position INTEGER NOT NULL, key TEXT NOT NULL, source TEXT NOT NULL, text TEXT NOT NULL,
    question TEXT NOT NULL, attribute TEXT, version INTEGER NOT NULL, PRIMARY KEY(product, position)) WITHOUT ROWID;
CREATE INDEX passages_key ON passages(key);
CREATE INDEX passages_version ON passages(version);
CREATE TABLE removed(key TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX removed_version ON removed(version);
CREATE TABLE deleted(id TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX deleted_version ON deleted(version);
"""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns what SQLite complains of into a `CatalogueError` that names the file."""
    try:
        yield
    except sqlite3.OperationalError as error:
        told = "another process is writing to it" if "locked" in str(error) else str(error)
        raise CatalogueError(f"{path}: {told}") from None
    except sqlite3.DatabaseError as error:
        raise CatalogueError(f"{path}: damaged ({error}); remove it and import the catalogue again") from None


def connect(path: Path, *, writing: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode to an existing database of this format. Raises `CatalogueError`."""
    with explained(path):
        connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            if writing:
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA cache_size = -65536")
            else:
                connection.execute("PRAGMA query_only = ON")
            found = connection.execute("SELECT value FROM meta WHERE name = 'format'").fetchone()
            if found is None or found[0] != FORMAT:
                raise CatalogueError(f"{path}: made by another version of the program; import the catalogue again")
        except BaseException:
            connection.close()
            raise
    return connection


def create(path: Path) -> None:
    """Make an empty database unless there is one; of two processes that try at once, one does it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with explained(path):
        connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("BEGIN IMMEDIATE")
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                for statement in _SCHEMA.split(";\n"):
                    connection.execute(statement)
                start = {"format": FORMAT, "identity": secrets.token_hex(8), "version": 0, "kept_since": 0}
                connection.executemany("INSERT INTO meta VALUES (?, ?)", start.items())
            connection.execute("COMMIT")
        finally:
            connection.close()


def body_of(product: Product) -> str:
    """A product as JSON text."""
    return json.dumps(asdict(product), ensure_ascii=False, separators=(",", ":"))


def product_of(body: str) -> Product:
    """The product of a JSON text."""
    found: dict[str, Any] = json.loads(body)
    return Product(
        found["id"],
        found["title"],
        tuple(Attribute(**one) for one in found["attributes"]),
        tuple(found["bullets"]),
        found["description"],
        tuple(found["reviews"]),
        tuple((question, answer) for question, answer in found["answers"]),
        tuple((question, answer) for question, answer in found["faq"]),
        tuple(found["aliases"]),
        found["category"],
    )


#: The columns of a `Passage`, of passages joined with their products.
PASSAGE = "passages.key, products.id, products.page, source, text, question, attribute"


def passage_of(row: tuple[Any, ...]) -> Passage:
    """The passage of a row of `PASSAGE`."""
    key, product, page, source, text, question, attribute = row
    attributed = Attribute(*json.loads(attribute)) if attribute else None
    return Passage(key, "" if page else product, source, text, question, attributed)


def row_of(passage: Passage) -> tuple[str, str, str, str, str | None]:
    """Key, source, text, question, attribute as they are stored."""
    one = passage.attribute
    attribute = json.dumps([one.name, one.value, one.unit], ensure_ascii=False) if one else None
    return passage.key, passage.source, passage.text, passage.question, attribute
