"""`Log`: the assistant's append-only event log.

Durability. A turn is acknowledged when its transaction is committed, and not before. With `durability="full"` SQLite
runs in WAL mode with `synchronous=FULL` (every commit is synced to the disk) and PostgreSQL with
`synchronous_commit=on`: an acknowledged turn survives `kill -9`, a crash of the system and a power cut, as far as the
disk keeps its word. With "normal" it survives the death of the process, but the last commits before a crash of the
*system* may be lost (the log stays consistent). Turns that arrive while a commit runs share the next one, so the cost
of a sync is divided among them; none is acknowledged before it.

Errors. A `LogError` means that the turn is not in the log and never will be, with one exception that has a name:
`OutcomeUnknown`, when the database does not return from COMMIT in time. A commit whose answer was lost with its
connection is looked up, not repeated. Sending a message again is always safe: its id is in the log once.

One process writes to a log at a time (a lock says so); any number may read it with `read_only=True`.

Erasing. `erase` and `purge` delete rows, then rewrite the database and empty its write-ahead log, so that no byte
remains, and do the same to every backup that `backup` made (they stay in one folder beside the database for that
reason). Copies made by other means, and PostgreSQL's own archives, are their maker's to clear. Commits wait meanwhile.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Select, update
from sqlalchemy.exc import SQLAlchemyError

from dialog.errors import LogError
from dialog.log import backup, erasure, reader, schema
from dialog.log.book import Book, cancel_outbox
from dialog.log.codec import pack_text
from dialog.log.database import Database, Durability, explain, insert, migrate
from dialog.log.erasure import Erasure
from dialog.log.export import finite, tracker_events
from dialog.log.records import LoadedConversation, OutboxItem, TurnRecord
from dialog.log.writer import Job, Phase, Writer
from dialog.types import Reply, Reward, Turn

T = TypeVar("T")
_PAGE = 200  # turns read at once while streaming
_READERS = 2
_LONG = 3600.0  # seconds that clearing or copying a whole database may take


class Log:
    """An open log; get one from `Log.open`, use it as an async context manager or call `close`."""

    def __init__(self, database: Database, book: Book, engine: Engine, writer: Writer | None, deadline: float) -> None:
        self._database = database
        self._book = book
        self._engine = engine
        self._writer = writer
        self._deadline = deadline
        self._copying = threading.Lock()
        self._threads = ThreadPoolExecutor(_READERS, thread_name_prefix="log-reader")

    @classmethod
    async def open(
        cls,
        url: str,
        durability: Durability = "full",
        vectors: bool = True,
        *,
        deadline: float = 5.0,
        read_only: bool = False,
        on_commit_phase: Phase | None = None,
    ) -> Log:
        """Open the log at `url` (`sqlite:///path` or `postgresql://...`), creating or migrating its schema.

        vectors: keep sentence vectors in the cache table.
        deadline: seconds that any call may take.
        on_commit_phase: for fault tests; called in the writer's thread with "begin", "written", "committed".
        Raises `LogError` for a bad URL, a log that another process writes to, or one of a newer version.
        """
        opening = asyncio.get_running_loop().run_in_executor(
            None, cls._open, url, durability, vectors, deadline, read_only, on_commit_phase
        )
        return await opening

    @classmethod
    def _open(
        cls, url: str, durability: Durability, vectors: bool, deadline: float, read_only: bool, phase: Phase | None
    ) -> Log:
        database = Database(url, durability)
        book = Book(vectors=vectors)
        connection: Connection | None = None
        try:
            if database.path is not None:
                if read_only and not database.path.exists():
                    raise LogError(f"there is no log at {database.path}")
                database.path.parent.mkdir(parents=True, exist_ok=True)
            engine = database.engine(write=not read_only)
            connection = engine.connect()
            if not read_only:
                database.lock(connection)
            migrate(connection, write=not read_only)
            book.load(connection)
            writer = None
            if read_only:
                connection.close()
            else:
                writer = Writer(engine, book, phase)
                writer.start(connection)
        except (SQLAlchemyError, OSError, LogError) as error:
            if connection is not None:
                connection.close()
            database.close()
            if isinstance(error, LogError):
                raise
            raise LogError(f"the log {database.url.render_as_string()} cannot be opened: {explain(error)}") from error
        return cls(database, book, database.engine(write=False, pool_size=_READERS), writer, deadline)

    async def __aenter__(self) -> Log:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Write what is waiting and close the database."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._stop_reading)  # SQLite's last writer tidies up the write-ahead log
        if self._writer is not None:
            await self._writer.close(2 * self._deadline)
        await loop.run_in_executor(None, self._database.close)

    def _stop_reading(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._engine.dispose()

    # ---- writing ----

    def _writing(self) -> Writer:
        if self._writer is None:
            raise LogError("the log is open for reading only")
        return self._writer

    async def commit(self, record: TurnRecord) -> int:
        """Make a turn durable, all of it or nothing; gives its turn id.

        Raises `DuplicateMessage` (the message is a turn already), `BadRecord`, `OutcomeUnknown`, or another `LogError`
        when it was not written; it is then never written later.
        """
        writer = self._writing()
        self._book.turn_id += 1
        turn_id: int = await writer.submit(Job(record=record, turn_id=self._book.turn_id), self._deadline)
        return turn_id

    async def _write(self, call: Callable[[Connection], T], *, alone: bool = False, deadline: float = 0.0) -> T:
        result: T = await self._writing().submit(Job(call=call, alone=alone), deadline or self._deadline)
        return result

    async def reward(self, turn_id: int, reward: Reward, at: float) -> None:
        """Add a judgement on the decision of a turn, given at `at`; many may be added.

        Raises `LogError` for a turn that is not in the log and for a value outside [0, 1].
        """
        if not 0.0 <= reward.value <= 1.0:
            raise LogError(f"a reward is between 0 and 1, not {reward.value}")
        self._book.reward_id += 1
        reward_id, intern = self._book.reward_id, self._book.symbols.intern

        def add(connection: Connection) -> None:
            if connection.execute(schema.turns.select().where(schema.turns.c.id == turn_id)).first() is None:
                raise LogError(f"there is no turn {turn_id} to reward")
            source, estimator = intern(reward.source), intern(reward.estimator)
            self._book.symbols.flush(connection)
            row = (reward_id, turn_id, float(reward.value), source, estimator, bool(reward.hindsight), at)
            insert(connection, schema.rewards, [row], "ON CONFLICT (id) DO NOTHING")

        await self._write(add)

    async def dispatched(self, key: str, at: float) -> None:
        """Note that an effect was carried out."""
        await self._update_outbox(key, dispatched_at=at)

    async def attempt_failed(self, key: str, next_due: float) -> None:
        """Note that an effect failed, and when to try again."""
        await self._update_outbox(key, due=next_due, attempts=schema.outbox.c.attempts + 1)

    async def cancel_outbox(self, keys: Iterable[str], at: float | None = None) -> None:
        """Call off effects that have not been dispatched; `at` is now unless given."""
        wanted, when = tuple(keys), time.time() if at is None else at
        await self._write(lambda connection: cancel_outbox(connection, wanted, when))

    async def _update_outbox(self, key: str, **values: Any) -> None:
        statement = update(schema.outbox).where(schema.outbox.c.key == pack_text(key)).values(**values)
        await self._write(lambda connection: connection.execute(statement).close())

    async def erase(self, user_id: str) -> Erasure:
        """Delete everything about a user, bytes and backups included. Nothing else is written meanwhile."""
        return await self._delete(erasure.delete_user(user_id))

    async def purge(self, before: float) -> Erasure:
        """Delete turns from before a time (retention), bytes and backups included."""
        return await self._delete(erasure.delete_before(before))

    async def _delete(self, work: erasure.Delete) -> Erasure:
        def everywhere(connection: Connection) -> Erasure:
            with self._copying:  # a copy in the making would miss the deletion
                done = erasure.carry_out(connection, work)
                self._book.symbols.forget(done.symbols)
                self._book.forget()
                files = backup.files(self._database.path)
                for path in files:
                    erasure.clear_file(path, work)
                return replace(done, backups=len(files))

        return await self._write(everywhere, alone=True, deadline=_LONG)

    async def backup(self) -> Path:
        """Copy the database into the folder of backups beside it, where `erase` and `purge` find it. SQLite only."""
        if self._database.path is None:
            raise LogError("PostgreSQL is backed up with its own tools (pg_dump)")
        self._writing()
        path = self._database.path

        def make(_: Connection) -> Path:
            with self._copying:
                return backup.make(path)

        return await self._read(make, deadline=_LONG)

    # ---- reading ----

    async def _read(self, call: Callable[[Connection], T], deadline: float = 0.0) -> T:
        def work() -> T:
            try:
                with self._engine.connect() as connection:
                    if self._writer is None:
                        self._book.symbols.load(connection)
                    return call(connection)
            except SQLAlchemyError as error:
                raise LogError(f"the log could not be read: {explain(error)}") from error
            except (KeyError, IndexError, ValueError) as error:
                raise LogError(f"a row of the log cannot be understood: {error!r}") from error

        try:
            reading = asyncio.get_running_loop().run_in_executor(self._threads, work)
        except RuntimeError:
            raise LogError("the log is closed") from None
        try:
            async with asyncio.timeout(deadline or self._deadline):  # wait_for can swallow a cancellation
                return await reading
        except TimeoutError:
            raise LogError(f"the log was not read within {self._deadline:g} s") from None

    async def load(self, conversation_id: str) -> LoadedConversation:
        """What is needed to go on with a conversation; the same work whatever its length."""
        return await self._read(lambda c: reader.load(c, self._book.symbols, conversation_id))

    async def find(self, conversation_id: str, message_id: str) -> Turn | None:
        """The turn that a message became, or None when it has not been seen."""
        return await self._read(lambda c: reader.find(c, self._book.symbols, conversation_id, message_id))

    async def replies(self, conversation_id: str, message_id: str) -> tuple[Reply, ...] | None:
        """The recorded replies to a message, or None when it has not been seen."""
        found = await self.find(conversation_id, message_id)
        return None if found is None else found.replies

    async def turn(self, turn_id: int) -> Turn:
        """One turn. Raises `LogError` when there is none of that id."""
        found = await self._read(lambda c: reader.turn(c, self._book.symbols, turn_id))
        if found is None:
            raise LogError(f"there is no turn {turn_id}")
        return found

    async def turns(
        self, conversation_id: str | None = None, since: float | None = None, until: float | None = None
    ) -> AsyncIterator[Turn]:
        """Stream turns in the order of their commits: of one conversation or all, with `since <= time < until`."""
        async for turn, _ in self.judged(conversation_id, since, until):
            yield turn

    async def judged(
        self, conversation_id: str | None = None, since: float | None = None, until: float | None = None
    ) -> AsyncIterator[tuple[Turn, tuple[Reward, ...]]]:
        """Like `turns`, each with all its rewards: what learners read."""
        query, after = reader.selection(conversation_id, None, since, until), 0
        while page := await self._read(partial(self._page, query, after)):
            for turn, _, judged in page:
                yield turn, tuple(reward for reward, _ in judged)
            after = page[-1][0].turn_id

    def _page(self, query: Select[Any], after: int, connection: Connection) -> list[reader.Found]:
        return reader.page(connection, self._book.symbols, query, after, _PAGE)

    async def rewards(self, turn_id: int) -> tuple[Reward, ...]:
        """All judgements on a turn, in the order in which they came."""
        found = await self._read(lambda c: reader.rewards_of(c, self._book.symbols, [turn_id]))
        return tuple(reward for reward, _ in found.get(turn_id, ()))

    async def memory(self, user_id: str) -> dict[tuple[str, str], Any]:
        """All that skills keep about a user, by (skill, key)."""
        return await self._read(lambda c: reader.remembered(c, user_id))

    async def vectors(self, encoder: str, texts: Iterable[str]) -> dict[str, Any]:
        """The cached sentence vectors (float32, rounded to float16) of those texts that have one."""
        wanted = tuple(texts)
        return await self._read(lambda c: reader.cached_vectors(c, self._book.symbols, encoder, wanted))

    async def drop_vectors(self) -> None:
        """Empty the cache of sentence vectors."""
        await self._write(self._book.drop_vectors)

    async def pending_outbox(self, now: float = math.inf, limit: int = 1000) -> list[OutboxItem]:
        """Effects due by `now` that were neither dispatched nor called off, the longest due first."""
        return await self._read(lambda c: reader.pending(c, self._book.symbols, -math.inf, now, limit))

    async def unheard(self, conversation_id: str, since: float, limit: int = 100) -> list[OutboxItem]:
        """Effects of one conversation that were put off to `since` or later."""
        return await self._read(
            lambda c: reader.pending(c, self._book.symbols, since, math.inf, limit, conversation_id)
        )

    async def export(
        self, user_id: str | None = None, conversation_id: str | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Stream a user's or a conversation's history, or all of it, as Rasa's tracker events with `sender_id`.

        A user's export ends with what skills keep about them and with their open effects, as `slot` events.
        """
        query = reader.selection(conversation_id, user_id)
        symbols, after = self._book.symbols, 0
        while page := await self._read(partial(self._page, query, after)):
            for turn, new_session, judged in page:
                for event in tracker_events(turn, new_session=new_session, rewards=judged):
                    yield event
            after = page[-1][0].turn_id
        if user_id is not None:
            for name, value in await self._read(lambda c: reader.kept(c, symbols, user_id)):
                yield finite({"event": "slot", "timestamp": None, "name": name, "value": value, "sender_id": user_id})

    async def stats(self) -> dict[str, int]:
        """Number of rows by table, and `bytes` of the database."""
        return await self._read(lambda c: reader.stats(c, self._database.path))

    @property
    def commits(self) -> int:
        """Transactions written since the log was opened; several turns may share one."""
        return self._writer.commits if self._writer is not None else 0

    @property
    def path(self) -> Path | None:
        """The database file, when it is one."""
        return self._database.path
