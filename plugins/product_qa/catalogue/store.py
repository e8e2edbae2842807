"""A catalogue that is kept: products and their passages, changed in transactions that are seen whole or not at all."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from plugins.product_qa.catalogue.passages import VERSION, is_page, passages_of
from plugins.product_qa.catalogue.schema import (
    PASSAGE,
    body_of,
    connect,
    create,
    explained,
    passage_of,
    product_of,
    row_of,
)
from plugins.product_qa.types import CatalogueError, Passage, Product

FILE = "catalogue.db"
State = Literal["new", "changed", "unchanged"]
#: How many parameters a statement gets at once.
_AT_ONCE = 500
#: The keys of removed passages are forgotten, the oldest first, when they are so many and more than the passages.
_MOST_REMOVED = 100_000


class Title(NamedTuple):
    """What a product is called."""

    id: str
    title: str
    aliases: tuple[str, ...]
    category: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What a commit changed. Whoever follows takes `removed` out first, then puts `added` in (in place of passages
    with the same keys), and keeps `mark` to go on from there; with `reset` it begins by forgetting everything.

    `products` and `deleted` are ids; `new` and `unchanged` counts of products.
    """

    added: tuple[Passage, ...] = ()
    removed: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    version: int = 0
    mark: str = ""
    reset: bool = False
    new: int = 0
    unchanged: int = 0


class Catalogue:
    """The products of a shop, and its own pages (products whose id begins with "shop:").

    Any number of threads and processes may read while one writes; writers wait for each other. Raises
    `CatalogueError` naming the file where it cannot be read or written; then nothing has changed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection = connect(path)

    @classmethod
    def open(cls, folder: Path | str, *, create_it: bool = True) -> Catalogue:
        """The catalogue in a folder; an empty one is made where there is none, unless `create_it` is false."""
        path = Path(folder).expanduser() / FILE
        if not path.is_file():
            if not create_it:
                raise CatalogueError(f"there is no catalogue in {path.parent}")
            try:
                create(path)
            except OSError as error:
                raise CatalogueError(f"{path}: {error.strerror or error}") from None
        return cls(path)

    @staticmethod
    def there(folder: Path | str) -> bool:
        """Whether a folder holds a catalogue."""
        return (Path(folder).expanduser() / FILE).is_file()

    def close(self) -> None:
        """Close the file; what was committed is in it."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # reading

    @property
    def version(self) -> int:
        """Counts the commits that changed something; cheap."""
        return int(self._all("SELECT value FROM meta WHERE name = 'version'")[0][0])

    @property
    def mark(self) -> str:
        """Where `changes_since` goes on from now."""
        told = dict(self._all("SELECT name, value FROM meta WHERE name IN ('identity', 'version')"))
        return f"{told['identity']}:{told['version']}"

    def count(self) -> int:
        """How many products there are, without the shop's pages."""
        return int(self._all("SELECT count(*) FROM products WHERE page = 0")[0][0])

    def counts(self) -> dict[str, int]:
        """How many passages there are, by source."""
        return dict(self._all("SELECT source, count(*) FROM passages GROUP BY source ORDER BY source"))

    def product(self, product_id: str) -> Product | None:
        """A product, or a page of the shop, by its id."""
        found = self._all("SELECT body FROM products WHERE id = ?", product_id)
        return product_of(found[0][0]) if found else None

    def titles(self) -> list[Title]:
        """What the products are called, in the order in which they came."""
        return _titles(self._all("SELECT id, title, aliases, category FROM products WHERE page = 0 ORDER BY number"))

    def titles_of(self, ids: Sequence[str]) -> list[Title]:
        """What these products are called; ids of pages, and of products that are not there, are left out."""
        where = "SELECT id, title, aliases, category FROM products WHERE page = 0 AND id IN ({}) ORDER BY number"
        return _titles(self._chosen(where, ids))

    def pages(self) -> list[Title]:
        """What the shop's pages are called."""
        return _titles(self._all("SELECT id, title, aliases, category FROM products WHERE page = 1 ORDER BY number"))

    def passages(self, product_id: str) -> list[Passage]:
        """The passages of a product in the order of its page."""
        where = f"SELECT {PASSAGE} FROM products JOIN passages ON product = number WHERE id = ? ORDER BY position"
        return [passage_of(row) for row in self._all(where, product_id)]

    def shop_passages(self) -> list[Passage]:
        """The passages of the shop's pages (FAQ and policies)."""
        where = f"SELECT {PASSAGE} FROM products JOIN passages ON product = number WHERE page = 1"
        return [passage_of(row) for row in self._all(f"{where} ORDER BY number, position")]

    def passages_by_key(self, keys: Sequence[str]) -> list[Passage]:
        """The passages with these keys, in the order of the keys; those that are not there any more are left out."""
        where = f"SELECT {PASSAGE} FROM passages JOIN products ON product = number WHERE key IN ({{}})"
        found = {row[0]: row for row in self._chosen(where, keys)}
        return [passage_of(found[key]) for key in keys if key in found]

    def state(self, product: Product) -> State:
        """Whether this product is new here, or other than what is kept."""
        found = self._all("SELECT digest FROM products WHERE id = ?", product.id)
        return "new" if not found else "unchanged" if found[0][0] == _digest(body_of(product)) else "changed"

    def changes_since(self, mark: str = "") -> Iterator[Changes]:
        """What was committed after `mark` (of an earlier `Changes`), commit by commit, as far as it still stands.

        All of it is one snapshot, in bounded memory. For "", and for a mark that is too old or of another catalogue,
        everything is given, beginning with a `reset`.
        """
        with closing(connect(self.path)) as reader, explained(self.path):
            reader.execute("BEGIN")
            meta: dict[str, Any] = dict(reader.execute("SELECT name, value FROM meta").fetchall())
            identity, _, number = mark.rpartition(":")
            since = int(number) if identity == meta["identity"] and number.isdecimal() else -1
            reset = not meta["kept_since"] <= since <= meta["version"]
            if reset:
                yield Changes(reset=True, mark=f"{meta['identity']}:0")
                since = 0
            versions = reader.execute(
                "SELECT version FROM products WHERE version > ?1 UNION SELECT version FROM passages WHERE version > ?1"
                " UNION SELECT version FROM removed WHERE version > ?1 UNION SELECT version FROM deleted"
                " WHERE version > ?1 ORDER BY 1",
                (since,),
            ).fetchall()
            for (version,) in versions:
                yield _commit(reader, version, f"{meta['identity']}:{version}")

    def waiting(self, mark: str = "") -> int:
        """How many passages `changes_since` would give."""
        identity, _, number = mark.rpartition(":")
        since = number if identity and self.mark.startswith(f"{identity}:") and number.isdecimal() else 0
        return int(self._all("SELECT count(*) FROM passages WHERE version > ?", int(since))[0][0])

    # writing

    def upsert(self, products: Iterable[Product], *, merge: bool = False) -> Changes:
        """Put products in, in place of those with the same ids, in one transaction; those that are the same stay.

        With `merge`, what a new product does not tell is kept of the old one.
        """
        with self._writing() as (writer, version):
            added: list[Passage] = []
            removed: list[str] = []
            changed: list[str] = []
            new = unchanged = 0
            for product in products:
                old = writer.execute("SELECT number, digest, body FROM products WHERE id = ?", (product.id,)).fetchone()
                if old and merge:
                    product = merged(product_of(old[2]), product)
                body = body_of(product)
                if old and old[1] == _digest(body):
                    unchanged += 1
                    continue
                new += old is None
                number = _put(writer, old[0] if old else None, product, body, version)
                more, less = _replace(writer, number, passages_of(product), version)
                added += more
                removed += less
                changed.append(product.id)
            _journal(writer, added, removed, version)
            for part in _parts(changed):
                marks = ",".join("?" * len(part))
                writer.execute(f"DELETE FROM deleted WHERE id IN ({marks})", part)
            found = self._done(writer, version if changed else version - 1)
        return Changes(tuple(added), tuple(removed), tuple(changed), (), *found, new=new, unchanged=unchanged)

    def delete(self, ids: Iterable[str]) -> Changes:
        """Take products (or pages) out, in one transaction; ids that are not there are no error."""
        with self._writing() as (writer, version):
            removed: list[str] = []
            deleted: list[str] = []
            for product_id in dict.fromkeys(ids):
                row = writer.execute("SELECT number FROM products WHERE id = ?", (product_id,)).fetchone()
                if row:
                    removed += _replace(writer, row[0], [], version)[1]
                    writer.execute("DELETE FROM products WHERE number = ?", row)
                    deleted.append(product_id)
            _journal(writer, [], removed, version)
            writer.executemany("INSERT OR REPLACE INTO deleted VALUES (?, ?)", ((one, version) for one in deleted))
            found = self._done(writer, version if deleted else version - 1)
        return Changes((), tuple(removed), (), tuple(deleted), *found)

    def _all(self, statement: str, *parameters: object) -> list[Any]:
        with self._lock, explained(self.path):
            return self._connection.execute(statement, parameters).fetchall()

    def _chosen(self, statement: str, values: Sequence[str]) -> list[Any]:
        found = []
        for part in _parts(values):
            found += self._all(statement.format(",".join("?" * len(part))), *part)
        return found

    @contextmanager
    def _writing(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        """A transaction of its own connection, and the version that it makes; undone by any exception."""
        with closing(connect(self.path, writing=True)) as writer, explained(self.path):
            writer.execute("BEGIN IMMEDIATE")
            (version,) = writer.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
            try:
                yield writer, version + 1
                writer.execute("COMMIT")
            except BaseException:
                if writer.in_transaction:
                    writer.execute("ROLLBACK")
                raise

    @staticmethod
    def _done(writer: sqlite3.Connection, version: int) -> tuple[int, str]:
        writer.execute("UPDATE meta SET value = ? WHERE name = 'version'", (version,))
        (identity,) = writer.execute("SELECT value FROM meta WHERE name = 'identity'").fetchone()
        return version, f"{identity}:{version}"


def merged(old: Product, new: Product) -> Product:
    """`new`, with the fields of `old` where it has nothing (an id alone is no title)."""
    title = old.title if new.title in ("", new.id) else new.title
    return Product(
        new.id,
        title,
        new.attributes or old.attributes,
        new.bullets or old.bullets,
        new.description or old.description,
        new.reviews or old.reviews,
        new.answers or old.answers,
        new.faq or old.faq,
        new.aliases or old.aliases,
        new.category or old.category,
    )


def _digest(body: str) -> bytes:
    return hashlib.blake2b(f"{VERSION}\n{body}".encode(), digest_size=16).digest()


def _put(writer: sqlite3.Connection, number: int | None, product: Product, body: str, version: int) -> int:
    """Insert or replace the product itself; gives its number."""
    aliases = "\n".join(product.aliases)
    columns = (product.id, is_page(product), product.title, aliases, product.category, body, _digest(body), version)
    return int(
        writer.execute("INSERT OR REPLACE INTO products VALUES (?,?,?,?,?,?,?,?,?)", (number, *columns)).lastrowid or 0
    )


def _replace(
    writer: sqlite3.Connection, number: int, passages: list[Passage], version: int
) -> tuple[list[Passage], list[str]]:
    """Put a product's passages in place of those it has; gives those that are new and the keys of those gone."""
    old = dict(writer.execute("SELECT key, version FROM passages WHERE product = ?", (number,)).fetchall())
    if old:
        writer.execute("DELETE FROM passages WHERE product = ?", (number,))
    rows = ((number, at, *row_of(one), old.get(one.key, version)) for at, one in enumerate(passages))
    writer.executemany("INSERT INTO passages VALUES (?,?,?,?,?,?,?,?)", rows)
    kept = {one.key for one in passages}
    return [one for one in passages if one.key not in old], [key for key in old if key not in kept]


def _journal(writer: sqlite3.Connection, added: list[Passage], removed: list[str], version: int) -> None:
    """Remember what was removed, for those who follow; the oldest is forgotten when it is more than there are."""
    writer.executemany("DELETE FROM removed WHERE key = ?", ((one.key,) for one in added))
    if not removed:
        return
    writer.executemany("INSERT OR REPLACE INTO removed VALUES (?, ?)", ((key, version) for key in removed))
    (many,) = writer.execute("SELECT count(*) FROM removed").fetchone()
    if many > _MOST_REMOVED and many > writer.execute("SELECT count(*) FROM passages").fetchone()[0]:
        newest = "SELECT version FROM removed ORDER BY version DESC LIMIT 1 OFFSET ?"
        (oldest,) = writer.execute(newest, (_MOST_REMOVED // 2,)).fetchone()
        for table in ("removed", "deleted"):
            writer.execute(f"DELETE FROM {table} WHERE version <= ?", (oldest,))
        writer.execute("UPDATE meta SET value = ? WHERE name = 'kept_since'", (oldest,))


def _commit(reader: sqlite3.Connection, version: int, mark: str) -> Changes:
    joined = f"SELECT {PASSAGE} FROM passages JOIN products ON product = number WHERE passages.version = ?"
    added = tuple(passage_of(row) for row in reader.execute(f"{joined} ORDER BY number, position", (version,)))
    removed, products, deleted = (
        tuple(str(value) for (value,) in reader.execute(statement, (version,)))
        for statement in (
            "SELECT key FROM removed WHERE version = ? ORDER BY key",
            "SELECT id FROM products WHERE version = ? ORDER BY number",
            "SELECT id FROM deleted WHERE version = ? ORDER BY id",
        )
    )
    return Changes(added, removed, products, deleted, version, mark)


def _titles(rows: Iterable[tuple[str, str, str, str]]) -> list[Title]:
    return [Title(one, title, tuple(filter(None, aliases.split("\n"))), kind) for one, title, aliases, kind in rows]


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))
