"""The pointer of one kind: which version is in force, and which were before. One small file, replaced as a whole."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from dialog.registry import files
from dialog.registry.errors import Damaged, RegistryError
from dialog.registry.manifest import now

NAME = "current.json"
_KEPT = 100


@dataclass(frozen=True, slots=True)
class Step:
    """One change: from when on which version has been in force (None: the shipped one)."""

    version: str | None
    action: Literal["use", "rollback"]
    at: str = field(default_factory=now)


@dataclass(frozen=True, slots=True)
class Pointer:
    """version: in force, None for the shipped one. sequence: counts the changes. before: where rollbacks lead, the
    next one last. history: the last 100 changes, the newest last.
    """

    version: str | None = None
    sequence: int = 0
    before: tuple[str | None, ...] = ()
    history: tuple[Step, ...] = ()

    def moved(self, version: str | None) -> Pointer:
        """The pointer after `version` was chosen. The one in force may be chosen again: so it is loaded anew."""
        before = self.before if version == self.version else (*self.before, self.version)
        return self._next(version, before, "use")

    def back(self) -> Pointer:
        """The pointer after a rollback. Raises `RegistryError` when nothing was in force before."""
        if not self.before:
            raise RegistryError("there is nothing to roll back to: no other version has been in force")
        return self._next(self.before[-1], self.before[:-1], "rollback")

    def _next(self, version: str | None, before: tuple[str | None, ...], action: Literal["use", "rollback"]) -> Pointer:
        history = (*self.history, Step(version, action))
        return Pointer(version, self.sequence + 1, before[-_KEPT:], history[-_KEPT:])

    def save(self, folder: Path) -> None:
        """Put it in force: a reader sees the old pointer or this one, whatever happens."""
        files.write(folder / NAME, json.dumps(asdict(self), indent=1) + "\n")


def read(folder: Path) -> Pointer:
    """The pointer in the folder of a kind, the first one where nothing was chosen yet. Raises `Damaged`."""
    path = folder / NAME
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return Pointer()
    except (OSError, ValueError) as error:
        raise Damaged(f"{path} cannot be read: {error}") from None
    try:
        steps = tuple(Step(**step) for step in data["history"])
        found = Pointer(data["version"], data["sequence"], tuple(data["before"]), steps)
    except (TypeError, KeyError):
        raise Damaged(f"{path} is not the pointer of a registry") from None
    names = (found.version, *found.before)
    if not isinstance(found.sequence, int) or not all(isinstance(name, (str, type(None))) for name in names):
        raise Damaged(f"{path} is not the pointer of a registry")
    return found


def stamp(folder: Path) -> tuple[int, int, int] | None:
    """Something that differs after each change, for the price of one look at the file; None where there is none."""
    try:
        found = (folder / NAME).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
