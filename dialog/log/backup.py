"""Backups of an SQLite log: whole copies in one known folder, so that erasing reaches them."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from dialog.errors import LogError


def folder(database: Path) -> Path:
    """Where the backups of a database are."""
    return database.with_name(f"{database.name}.backups")


def files(database: Path | None) -> list[Path]:
    """All backups, oldest first; what a killed process left unfinished is removed."""
    if database is None:
        return []
    for unfinished in folder(database).glob("*.partial"):
        unfinished.unlink(missing_ok=True)
    return sorted(folder(database).glob("*.sqlite"))


def make(database: Path) -> Path:
    """Copy the database as it is now, while it is in use; an unfinished copy is never taken for a backup."""
    target = folder(database) / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}.sqlite"
    partial = target.with_suffix(".partial")
    try:
        target.parent.mkdir(exist_ok=True)
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(partial)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE").close()
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.rename(target)
    except (sqlite3.Error, OSError) as error:
        partial.unlink(missing_ok=True)
        raise LogError(f"the log could not be backed up to {target.parent}: {error}") from error
    return target
