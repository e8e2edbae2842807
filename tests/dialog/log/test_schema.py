"""The schema: what the migrations make is what the code expects, and a newer one is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from dialog import log as package
from dialog.errors import LogError
from dialog.log import Log, schema
from dialog.log.database import Database
from tests.dialog.log.factory import record

MIGRATIONS = Path(package.__file__).parent / "migrations"


def test_the_code_knows_every_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [schema.HEAD]
    assert {script.revision for script in scripts.walk_revisions()} == set(schema.REVISIONS)


async def test_migrations_make_the_schema(url: str) -> None:
    async with await Log.open(url):
        pass
    engine = Database(url).engine(write=False)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
        assert set(inspect(connection).get_table_names()) == {*schema.metadata.tables, "alembic_version"}
    engine.dispose()


async def test_a_log_of_a_newer_version_is_refused_and_left_alone(url: str) -> None:
    async with await Log.open(url) as log:
        await log.commit(record())
    engine = Database(url).engine(write=True)
    with engine.connect() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for read_only in (False, True):
        with pytest.raises(LogError, match=r"version 9999.*update the program"):
            await Log.open(url, read_only=read_only)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{schema.HEAD}'")
    engine.dispose()
    async with await Log.open(url) as log:
        assert (await log.stats())["turns"] == 1


async def test_reading_makes_no_schema(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE other (x)")
    engine.dispose()
    with pytest.raises(LogError, match="open it for writing once"):
        await Log.open(f"sqlite:///{path}", read_only=True)


_IMPORTS = """
import asyncio, sys
from dialog.log import Log

async def main():
    async with await Log.open(sys.argv[1]):
        pass

asyncio.run(main())
print([name for name in ("alembic", "numpy", "psycopg") if name in sys.modules])
"""


async def test_an_existing_log_opens_without_alembic_or_numpy(sqlite_url: str) -> None:
    async with await Log.open(sqlite_url) as log:
        await log.commit(record())
    command = [sys.executable, "-c", _IMPORTS, sqlite_url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=MIGRATIONS.parents[2])  # noqa: ASYNC221
    assert done.stdout.strip() == "[]", done.stderr
