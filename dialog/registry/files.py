"""Files that are there whole or not at all, also after a power cut."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from dialog.registry.errors import Locked, RegistryError

_CHUNK = 1 << 20
_LOOK = 0.02


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def copy(source: Path, target: Path) -> str:
    """Copy a file durably; returns the SHA-256 of what was written."""
    found = hashlib.sha256()
    with source.open("rb") as reading, target.open("xb") as writing:
        while chunk := reading.read(_CHUNK):
            found.update(chunk)
            writing.write(chunk)
        writing.flush()
        os.fsync(writing.fileno())
    return found.hexdigest()


def write(path: Path, text: str) -> None:
    """Write a file durably; an older one of this name stays until the new one is complete."""
    staged = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    try:
        with staged.open("x", encoding="utf-8") as writing:
            writing.write(text)
            writing.flush()
            os.fsync(writing.fileno())
        os.replace(staged, path)
    finally:
        staged.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def files_in(folder: Path) -> list[Path]:
    """All files below a folder, relative to it, in order. Raises `RegistryError` for anything but files and folders."""
    found = []
    for here, folders, names in os.walk(folder):
        for name in sorted(folders):
            if (Path(here) / name).is_symlink():
                raise RegistryError(f"{Path(here) / name} is a link to a folder; give the folder itself")
        for name in names:
            path = Path(here) / name
            if not path.is_file():
                raise RegistryError(f"{path} is not a regular file")
            found.append(path.relative_to(folder))
    return sorted(found)


@contextlib.contextmanager
def locked(path: Path, patience: float) -> Iterator[None]:
    """Hold a lock between processes and threads; it ends with the process. Raises `Locked` after `patience` seconds."""
    with path.open("ab") as handle:
        end = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise Locked(f"{path.parent} is being changed by another process; try again") from None
                time.sleep(_LOOK)
        yield
