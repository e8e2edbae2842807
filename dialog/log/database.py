"""Connections to the log's database: URLs, pragmas, one writer at a time, schema version and migrations."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Table, create_engine, event, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from dialog.errors import LogError
from dialog.log.schema import HEAD, REVISIONS

Durability = Literal["full", "normal"]
_BUSY = 0.2  # seconds that SQLite waits for a lock before the writer looks at its queue again
HANDOVER = 2.0  # seconds that PostgreSQL may take to notice that the writer before was killed
_ADVISORY = 0x6C6F67  # key of PostgreSQL's advisory lock ("log")


def explain(error: BaseException) -> str:
    """The database's own words, in one line."""
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split()) or type(cause).__name__


def retryable(error: DBAPIError) -> bool:
    """Whether the same statement may succeed a moment later: a lock, or a connection that was lost."""
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:  # lock_not_available, deadlock, serialisation, shutdown
        return state in ("55P03", "40P01", "40001", "57P01", "57P02", "57P03") or state.startswith("08")
    return "locked" in str(error.orig) or "connect" in str(error.orig)


class Database:
    """One database by URL: `sqlite:///file` or `postgresql://...`. Raises `LogError` where it cannot be used."""

    def __init__(self, url: str, durability: Durability = "full") -> None:
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise LogError(f"log.url: {url!r} is not a database URL such as sqlite:///assistant.db") from None
        if durability not in ("full", "normal"):
            raise LogError(f"log.durability: {durability!r} is neither 'full' nor 'normal'")
        backend = parsed.get_backend_name()
        self.path: Path | None = None
        self.durability = durability
        if backend == "sqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise LogError("log.url: the log needs a file (sqlite:///path), it cannot live in memory")
            self.path = Path(parsed.database)
        elif backend == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        else:
            raise LogError(f"log.url: {backend!r} is not supported; use sqlite or postgresql")
        self.url: URL = parsed
        self._engines: list[Engine] = []
        self._lock: Any = None

    @property
    def sqlite(self) -> bool:
        """Whether this is an SQLite file."""
        return self.path is not None

    def engine(self, *, write: bool, pool_size: int = 1) -> Engine:
        """An engine in autocommit mode: whoever writes says BEGIN and COMMIT."""
        arguments: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "pool_size": pool_size, "max_overflow": 0}
        if self.sqlite:
            arguments["connect_args"] = {"timeout": _BUSY, "check_same_thread": False, "cached_statements": 512}
        else:
            arguments["pool_pre_ping"] = not write
            arguments["connect_args"] = {"connect_timeout": 3, "application_name": "assistant-log"}
        try:
            engine = create_engine(self.url, **arguments)
        except ImportError as error:
            raise LogError(f"log.url: the database driver is missing ({error}); install the 'postgres' extra") from None
        event.listen(engine, "connect", self._sqlite_settings(write) if self.sqlite else self._postgres_settings(write))
        self._engines.append(engine)
        return engine

    def _sqlite_settings(self, write: bool) -> Callable[[Any, Any], None]:
        lines = [
            "PRAGMA journal_mode=WAL",
            f"PRAGMA synchronous={self.durability.upper()}",
            "PRAGMA journal_size_limit=67108864",
            "PRAGMA temp_store=MEMORY",
            "PRAGMA secure_delete=ON",
        ]
        if not write:
            lines = ["PRAGMA query_only=ON", "PRAGMA temp_store=MEMORY"]

        def connect(connection: Any, _record: Any) -> None:
            for line in lines:
                connection.execute(line).close()

        return connect

    def _postgres_settings(self, write: bool) -> Callable[[Any, Any], None]:
        lines = ["SET lock_timeout = 500", "SET client_encoding = 'UTF8'"]
        if write:
            lines.append(f"SET synchronous_commit = {'on' if self.durability == 'full' else 'off'}")
        else:
            lines.append("SET default_transaction_read_only = on")

        def connect(connection: Any, _record: Any) -> None:
            with connection.cursor() as cursor:
                for line in lines:
                    cursor.execute(line)
                if write and self._lock is not None:  # a connection that the writer opens anew takes the lock again
                    cursor.execute(f"SELECT pg_advisory_lock({_ADVISORY})")
            if not connection.autocommit:
                connection.commit()

        return connect

    def lock(self, connection: Connection) -> None:
        """Make sure that no other process writes to this log. Raises `LogError` when one does."""
        message = f"the log {self.url.render_as_string()} is open for writing in another process"
        if self.path is None:
            patience = time.monotonic() + HANDOVER
            while not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_ADVISORY})").scalar():
                if time.monotonic() > patience:
                    raise LogError(message)
                time.sleep(_BUSY)
            self._lock = True
            return
        lock = sqlite3.connect(f"{self.path}.lock", timeout=0, isolation_level=None, check_same_thread=False)
        try:  # held for as long as this process lives, and let go by the system when it is killed
            lock.execute("PRAGMA journal_mode=MEMORY").close()
            lock.execute("BEGIN EXCLUSIVE").close()
        except sqlite3.OperationalError as error:
            lock.close()
            if "locked" in str(error):
                raise LogError(message) from None
            raise LogError(f"the log {self.path} cannot be opened: {error}") from None
        self._lock = lock

    def close(self) -> None:
        """Close every connection and let go of the lock."""
        for engine in self._engines:
            engine.dispose()
        if self._lock is not None and self._lock is not True:
            self._lock.close()
        self._lock = None


def version(connection: Connection) -> str | None:
    """The schema revision of the database; None when it has none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


def migrate(connection: Connection, *, write: bool = True) -> None:
    """Bring the schema to `HEAD`. Raises `LogError` for a newer one, or an old one that may not be written to."""
    found = version(connection)
    if found == HEAD:
        return
    if found is not None and found not in REVISIONS:
        raise LogError(f"the log has schema version {found}, this program knows {HEAD} and older: update the program")
    if not write:
        raise LogError(f"the log has schema version {found or 'none'}, not {HEAD}: open it for writing once")
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    connection.exec_driver_sql("BEGIN")
    try:
        command.upgrade(config, "head")
        connection.exec_driver_sql("COMMIT")
    except SQLAlchemyError as error:
        connection.exec_driver_sql("ROLLBACK")
        raise LogError(f"the log's schema could not be brought to version {HEAD}: {explain(error)}") from error


_CHUNKS = (256, 64, 16, 4, 1)  # few distinct statements, so that the driver's cache knows them all


@lru_cache(maxsize=256)
def _insert_sql(table: Table, mark: str, rows: int, conflict: str) -> str:
    columns = [column.name for column in table.columns]
    one = "(" + ",".join([mark] * len(columns)) + ")"
    values = ",".join([one] * rows)
    return f"INSERT INTO {table.name} ({','.join(columns)}) VALUES {values} {conflict}"


def insert(connection: Connection, table: Table, rows: list[tuple[Any, ...]], conflict: str = "") -> None:
    """Insert rows of all columns, many in one statement.

    One statement for many rows matters beyond the statement's own cost: the driver lets go of the interpreter lock
    once a statement and has to win it back from a busy event loop each time.
    """
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    start = 0
    limit = math.floor(30_000 / len(table.columns))
    for size in _CHUNKS:
        while size <= limit and len(rows) - start >= size:
            flat = tuple(value for row in rows[start : start + size] for value in row)
            connection.exec_driver_sql(_insert_sql(table, mark, size, conflict), flat)
            start += size
