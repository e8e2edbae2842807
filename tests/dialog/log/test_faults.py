"""Full disks, locks, lost connections, callers that give up: an error in time, nothing half-written, then on again."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

from dialog.errors import LogError
from dialog.log import Log, OutcomeUnknown, database
from dialog.types import Reward
from tests.dialog.log.factory import START, record


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Somebody else holds a lock on the database."""
    if url.startswith("sqlite"):
        other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN EXCLUSIVE").close()
        yield
        other.execute("ROLLBACK").close()
        other.close()
    else:
        with psycopg.connect(url) as connection:
            connection.execute("LOCK TABLE turns IN ACCESS EXCLUSIVE MODE")
            yield


async def turns(log: Log) -> list[str]:
    return [turn.utterance.conversation_id async for turn in log.turns()]


@contextmanager
def impatient(log: Log, deadline: float) -> Iterator[None]:
    """A short deadline for the calls that are to fail, and for them alone."""
    usual, log._deadline = log._deadline, deadline
    yield
    log._deadline = usual


async def test_a_locked_database_is_reported_in_time(url: str) -> None:
    async with await Log.open(url) as log:
        first = await log.commit(record(0, "before"))
        with locked(url), impatient(log, 1.0):
            waiting = [log.commit(record(0, f"during-{i}")) for i in range(3)]
            waiting.append(log.reward(first, Reward(1.0, "explicit", "user"), START))
            results = await asyncio.gather(*waiting, return_exceptions=True)
            assert all(isinstance(result, LogError) for result in results)
            assert "lock" in str(results[0])
        await log.commit(record(0, "after"))
        assert await turns(log) == ["before", "after"]
        assert await log.rewards(first) == ()


async def test_a_short_lock_is_waited_for(url: str) -> None:
    async with await Log.open(url, deadline=30.0) as log:
        with locked(url):
            waiting = asyncio.create_task(log.commit(record()))
            await asyncio.sleep(0.8)
        await waiting
        assert await turns(log) == ["kitchen"]


@contextmanager
def page_limit(pages: int) -> Iterator[None]:
    """A database that cannot grow beyond so many pages."""

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}").close()

    event.listen(Engine, "connect", limit)
    yield
    event.remove(Engine, "connect", limit)


async def test_a_full_database_is_reported_and_works_again_with_space(sqlite_url: str) -> None:
    with page_limit(80):
        async with await Log.open(sqlite_url) as log:
            done = 0
            with pytest.raises(LogError, match="full"):
                while True:
                    await log.commit(record(done, new_session=True))
                    done += 1
            news = {"a new name": 1.0}
            group = [log.commit(record(0, f"c{i}", text="x" * 20_000, timings=news)) for i in range(20)]
            results = await asyncio.gather(*group, return_exceptions=True)
            assert {type(result) for result in results} == {LogError}
            stats = await log.stats()
            assert (stats["turns"], stats["decisions"], stats["conversations"]) == (done, done, 1)
            await log._write(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count=100000").close())
            await log.commit(record(done, timings=news))
            await log.commit(record(0, "c3", "bob"))
        async with await Log.open(sqlite_url) as log:
            found = [turn async for turn in log.turns()]
            assert [turn.utterance.conversation_id for turn in found] == ["kitchen"] * (done + 1) + ["c3"]
            assert found[done].timings == news


_FULL_DISK = """
import asyncio, resource, sys
from dialog.errors import LogError
from dialog.log import Log
from tests.dialog.log.factory import record

async def main():
    async with await Log.open(sys.argv[1]) as log:
        for i in range(10):
            await log.commit(record(i))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
        failed = 0
        done = 10
        while failed < 3:
            try:
                await log.commit(record(done, text="y" * 5000))
                done += 1
            except LogError as error:
                failed += 1
                reason = str(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        await log.commit(record(done))
        assert [t.utterance.time async for t in log.turns()] == [record(i).utterance.time for i in range(done + 1)]
        print(reason)

asyncio.run(main())
"""


def test_a_file_that_cannot_grow_is_reported(sqlite_url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, sqlite_url],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0, done.stderr
    assert "could not be written" in done.stdout


class Gate:
    """Stops the writer's thread at one phase of its next commit."""

    def __init__(self, phase: str) -> None:
        self.phase = phase
        self.reached, self.go = threading.Event(), threading.Event()
        self.go.set()

    def close(self) -> None:
        self.reached.clear()
        self.go.clear()

    def __call__(self, phase: str) -> None:
        if phase == self.phase and not self.go.is_set():
            self.reached.set()
            self.go.wait(30)


@pytest.mark.parametrize("phase", ["begin", "written"])
async def test_a_turn_whose_caller_gave_up_is_never_written(url: str, phase: str) -> None:
    gate = Gate(phase)
    async with await Log.open(url, on_commit_phase=gate) as log:
        await log.commit(record(0, "before"))
        gate.close()
        with impatient(log, 0.5), pytest.raises(LogError, match="not written within"):
            await log.commit(record(0, "late", text="given up", timings={"only here": 1.0}))
        assert await asyncio.to_thread(gate.reached.wait, 30)
        cancelled = asyncio.create_task(log.commit(record(0, "cancelled")))
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        other = asyncio.create_task(log.commit(record(0, "other", timings={"only here": 1.0})))
        await asyncio.sleep(0)
        gate.go.set()
        await other
        assert await turns(log) == ["before", "other"]


@contextmanager
def on_commit(do: Callable[[], None], *, before: bool) -> Iterator[None]:
    """Do something just before or after the database carries out a COMMIT."""

    def hook(_connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
        if statement == "COMMIT":
            do()

    name = "before_cursor_execute" if before else "after_cursor_execute"
    event.listen(Engine, name, hook)
    yield
    event.remove(Engine, name, hook)


async def test_a_commit_that_hangs_is_called_unknown_and_settled_later(url: str) -> None:
    hang = threading.Event()
    async with await Log.open(url, deadline=30.0) as log:
        with on_commit(lambda: hang.wait(30), before=True):  # type: ignore[arg-type,return-value]
            with impatient(log, 1.0), pytest.raises(OutcomeUnknown):
                await log.commit(record(0))
            hang.set()
            await log.commit(record(0, "next"))
        assert await turns(log) == ["kitchen", "next"]


async def test_a_commit_whose_answer_is_lost_is_not_repeated(url: str) -> None:
    failures = [OperationalError("COMMIT", None, Exception("connection lost"), connection_invalidated=True)]

    def fail() -> None:
        if failures:
            raise failures.pop()

    async with await Log.open(url) as log:
        with on_commit(fail, before=False):
            ids = await asyncio.gather(*(log.commit(record(0, f"c{i}", timings={"new": 1.0})) for i in range(5)))
        assert not failures
        assert [turn.turn_id async for turn in log.turns()] == ids
        await log.commit(record(0, "next", timings={"new": 1.0}))
        assert (await log.stats())["turns"] == 6


async def test_a_lost_connection_is_made_again(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "HANDOVER", 0.0)
    async with await Log.open(postgres_url) as log:
        await log.commit(record(0))
        for i in (1, 2):
            with psycopg.connect(postgres_url, autocommit=True) as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            await log.commit(record(i))
            with pytest.raises(LogError, match="another process"):  # the lock came back with the connection
                await Log.open(postgres_url)
        assert (await log.load("kitchen")).next_sequence == 3


async def test_turns_share_commits(url: str) -> None:
    phases: list[str] = []
    async with await Log.open(url, on_commit_phase=phases.append) as log:
        await asyncio.gather(*(log.commit(record(0, f"c{i}")) for i in range(100)))
    assert phases[:3] == ["begin", "written", "committed"]
    assert phases.count("committed") < 20


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "not a database URL"),
        ("mysql://localhost/x", "not supported"),
        ("sqlite://", "needs a file"),
        ("sqlite:////proc/nowhere/log.db", "cannot be opened"),
        ("postgresql://nobody@127.0.0.1:1/x", "cannot be opened"),
    ],
)
async def test_bad_addresses_are_named(url: str, words: str) -> None:
    with pytest.raises(LogError, match=words):
        await Log.open(url)


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(b"not a database at all" * 500)
    with pytest.raises(LogError, match=r"log\.db cannot be opened"):
        await Log.open(f"sqlite:///{path}")
    with pytest.raises(LogError, match="there is no log"):
        await Log.open(f"sqlite:///{tmp_path}/none.db", read_only=True)
    with pytest.raises(LogError, match="durability"):
        await Log.open(f"sqlite:///{path}", durability="maybe")  # type: ignore[arg-type]
