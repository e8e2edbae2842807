"""The one thread that writes. It drains what is waiting and commits it in one transaction (group commit).

A job is pending, then claimed by a running transaction, then sealed just before COMMIT. Until it is sealed, whoever
waits for it can withdraw it, and it is then never written: the transaction is rolled back and run again without it.
So a caller that was told "not written" never sees its turn appear later.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from dialog.errors import LogError
from dialog.log.book import Book, duplicate_of
from dialog.log.database import explain, retryable
from dialog.log.errors import BadRecord, OutcomeUnknown
from dialog.log.records import TurnRecord

_GROUP = 256  # turns in one transaction at most
_PENDING, _CLAIMED, _SEALED, _DONE, _WITHDRAWN = range(5)
_PAUSE = 0.05  # seconds between attempts to reach a database that is locked or away

Call = Callable[[Connection], Any]
Phase = Callable[[str], None]


class Job:
    """One write and the future of its caller: a turn record, or a function run in a transaction (or outside one)."""

    __slots__ = ("alone", "call", "error", "future", "loop", "record", "result", "state", "turn_id")

    def __init__(
        self, *, record: TurnRecord | None = None, turn_id: int = 0, call: Call | None = None, alone: bool = False
    ) -> None:
        self.record = record
        self.turn_id = turn_id
        self.call = call
        self.alone = alone
        self.state = _PENDING
        self.result: Any = None
        self.error: LogError | None = None
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()


class _Withdrawn(Exception):
    """A caller gave up while its job was in the running transaction."""


class Writer:
    """Owns the writing connection. `phase` is told "begin", "written", "committed" in the writer's thread."""

    def __init__(self, engine: Engine, book: Book, phase: Phase | None = None) -> None:
        self._engine = engine
        self._book = book
        self._phase = phase or (lambda _name: None)
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._states = threading.Lock()
        self._connection: Connection | None = None
        self._trouble = ""  # why the database cannot be written right now
        self._unsure = False
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self.commits = 0

    def start(self, connection: Connection) -> None:
        """Take over the connection and begin."""
        self._connection = connection
        self._thread.start()

    async def submit(self, job: Job, deadline: float) -> Any:
        """Have a job written. Raises its `LogError`; one about time after `deadline` seconds at the latest."""
        if self._closed:
            raise LogError("the log is closed")
        self._queue.put(job)
        timer = job.loop.call_later(deadline, self._expire, job, deadline)
        try:
            return await job.future
        except asyncio.CancelledError:
            self._withdraw(job)
            raise
        finally:
            timer.cancel()

    def _withdraw(self, job: Job) -> bool:
        with self._states:
            if job.state in (_PENDING, _CLAIMED):
                job.state = _WITHDRAWN
            return job.state == _WITHDRAWN

    def _expire(self, job: Job, deadline: float) -> None:
        if job.future.done():
            return
        if self._withdraw(job):
            reason = self._trouble or "it is busy"
            job.future.set_exception(LogError(f"the log was not written within {deadline:g} s: {reason}"))
        elif job.state == _SEALED:
            job.loop.call_later(deadline, self._give_up, job)

    def _give_up(self, job: Job) -> None:
        if not job.future.done():
            job.future.set_exception(OutcomeUnknown("the log's commit did not return in time; its outcome is unknown"))

    async def close(self, deadline: float) -> None:
        """Write what is waiting and end the thread."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._thread.join, deadline)

    # ---- the writer's thread ----

    def _run(self) -> None:
        held: list[Job] = []  # drained, but not to be run with the ones before
        ended = False
        while not (ended and not held):
            if not held:
                first = self._queue.get()
                if first is None:
                    ended = True
                    continue
                held.append(first)
            while len(held) < _GROUP:
                try:
                    job = self._queue.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    ended = True
                else:
                    held.append(job)
            count = next((i for i, job in enumerate(held) if job.alone), len(held)) or 1
            group, held = held[:count], held[count:]
            self._finish(self._work(group, closing=ended))
        if self._connection is not None:
            self._connection.close()

    def _work(self, group: list[Job], *, closing: bool) -> list[Job]:
        """Write a group, however many attempts it takes while somebody waits for it."""
        singly = False
        while group := self._claim(group):
            try:
                connection = self._connect()
                if group[0].alone:
                    self._seal(group)
                    self._run_alone(connection, group[0])
                else:
                    self._transaction(connection, group, singly=singly)
                self._trouble = ""
                return group
            except _Withdrawn:
                continue
            except OperationalError as error:  # locked, full, gone: nobody's record is at fault
                self._trouble = explain(error)
                if closing or not retryable(error):
                    return self._fail(group, error)
                if error.connection_invalidated:
                    self._disconnect()
                self._release(group)
                time.sleep(_PAUSE)
            except Exception as error:  # noqa: BLE001 - whatever it is must reach the callers, not end the thread
                if singly or group[0].alone:
                    return self._fail(group, error)
                singly = True  # one job is at fault: find out which
        return []

    def _claim(self, group: Sequence[Job]) -> list[Job]:
        with self._states:
            claimed = [job for job in group if job.state in (_PENDING, _CLAIMED)]
            for job in claimed:
                job.state = _CLAIMED
                job.result = job.error = None
            return claimed

    def _release(self, group: Sequence[Job]) -> None:
        with self._states:
            for job in group:
                if job.state in (_CLAIMED, _SEALED):
                    job.state = _PENDING

    def _seal(self, group: Sequence[Job]) -> None:
        with self._states:
            if any(job.state == _WITHDRAWN for job in group):
                raise _Withdrawn
            for job in group:
                job.state = _SEALED

    def _fail(self, group: Sequence[Job], error: BaseException) -> list[Job]:
        failure = error if isinstance(error, LogError) else None
        for job in group:
            job.error = failure or LogError(f"the log could not be written: {explain(error)}")
            job.error.__cause__ = error
        return list(group)

    def _connect(self) -> Connection:
        if self._connection is None or self._connection.invalidated:
            self._disconnect()
            self._connection = self._engine.connect()
        if self._unsure:  # a commit failed: whether the database has its names or not, memory must agree
            self._book.symbols.load(self._connection)
            self._unsure = False
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._engine.dispose()

    def _run_alone(self, connection: Connection, job: Job) -> None:
        assert job.call is not None
        try:
            job.result = job.call(connection)
        except LogError as error:
            job.error = error

    def _transaction(self, connection: Connection, group: Sequence[Job], *, singly: bool) -> None:
        sqlite = connection.dialect.name == "sqlite"
        connection.exec_driver_sql("BEGIN IMMEDIATE" if sqlite else "BEGIN")
        try:
            self._phase("begin")
            if singly:
                for job in group:
                    self._savepoint(connection, job)
            else:
                self._write(connection, group)
            self._phase("written")
            self._seal(group)
            self._unsure = True
            connection.exec_driver_sql("COMMIT")
            self._unsure = False
        except BaseException:
            self._book.undo.back()
            self._rollback(connection)
            raise
        self._book.undo.keep()
        self.commits += 1
        self._phase("committed")

    def _rollback(self, connection: Connection) -> None:
        try:
            connection.exec_driver_sql("ROLLBACK")
        except SQLAlchemyError:  # SQLite has rolled back by itself on a full disk; a lost connection is no more
            if connection.dialect.name != "sqlite":
                self._disconnect()

    def _write(self, connection: Connection, group: Sequence[Job]) -> None:
        records = [(job.turn_id, job.record) for job in group if job.record is not None]
        bad = self._book.write(connection, records) if records else {}
        for job in group:
            if job.record is not None:
                job.result, job.error = job.turn_id, bad.get(job.turn_id)
            elif job.call is not None:
                try:
                    job.result = job.call(connection)
                except LogError as error:  # refused before it wrote anything
                    job.error = error

    def _savepoint(self, connection: Connection, job: Job) -> None:
        """Write one job so that its failure leaves the others alone."""
        mark = self._book.undo.mark()
        connection.exec_driver_sql("SAVEPOINT job")
        try:
            self._write(connection, [job])
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - told to the one caller
            self._book.undo.back(mark)
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT job")
            job.error = self._verdict(connection, job, error)
        connection.exec_driver_sql("RELEASE SAVEPOINT job")

    def _verdict(self, connection: Connection, job: Job, error: Exception) -> LogError | None:
        if job.record is None:
            return LogError(f"the log could not be written: {explain(error)}")
        duplicate = duplicate_of(connection, job.record)
        if duplicate is None:
            name = job.record.utterance.conversation_id
            reason = f"turn {job.record.sequence} of conversation {name!r} cannot be logged: {explain(error)}"
            return BadRecord(reason)
        if duplicate.turn_id == job.turn_id:  # this very turn: a commit had gone through whose answer was lost
            job.result = job.turn_id
            return None
        return duplicate

    def _finish(self, group: Sequence[Job]) -> None:
        """Tell all callers, with one call into each event loop."""
        loops: dict[asyncio.AbstractEventLoop, list[Job]] = {}
        with self._states:
            for job in group:
                job.state = _DONE
                loops.setdefault(job.loop, []).append(job)
        for loop, jobs in loops.items():
            try:
                loop.call_soon_threadsafe(_resolve, jobs)
            except RuntimeError:  # the loop is closed: nobody waits any more
                continue


def _resolve(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
