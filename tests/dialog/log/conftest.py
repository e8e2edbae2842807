"""The same tests run on an SQLite file and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dialog.log import Log


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
