"""The file of cases: one JSON line for each version of a case, of which the last counts.

Lines are only appended, under a lock between processes; what must go (an erased user) goes by writing the whole file
anew and putting it in place of the old one. A damaged line is told with its number, passed over and kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dialog.errors import AssistantError
from dialog.registry import Locked, files
from policies.cases import Case
from policies.errors import PolicyError

NAME = "cases.jsonl"
_PATIENCE = 10.0


class CaseError(AssistantError):
    """A case cannot be made, kept or found; nothing has changed."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file: a version of a case, or why it is none."""

    number: int
    text: str
    case: Case | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """Cases by id in the order in which they were first added, and the lines that cannot be read."""

    cases: dict[str, Case]
    damaged: tuple[Line, ...] = ()

    @property
    def active(self) -> list[Case]:
        """The cases on which policies are examined."""
        return [case for case in self.cases.values() if case.active]


class CaseStore:
    """The cases in `path`, which need not exist. Its folder is made when a case is added."""

    def __init__(self, path: Path, patience: float = _PATIENCE) -> None:
        """`patience`: seconds to wait for another process that is writing."""
        self.path = path
        self._patience = patience

    @classmethod
    def of(cls, data_dir: Path) -> CaseStore:
        """The store of an assistant with that data folder."""
        return cls(data_dir / NAME)

    def read(self) -> Stored:
        """All cases. Raises `CaseError` where the file is there and cannot be read at all."""
        lines = self._lines()
        cases: dict[str, Case] = {}
        for line in lines:
            if line.case is not None:
                cases[line.case.id] = line.case
        return Stored(cases, tuple(line for line in lines if line.problem))

    def add(self, case: Case, replace: bool = False) -> None:
        """Keep a case. replace: also where an active one has its id. Raises `CaseError`."""
        with self._locked():
            known = self.read().cases.get(case.id)
            if known is not None and known.active and not replace:
                raise CaseError(f"there is a case {case.id} already; --replace puts this one in its place")
            self._append(case)

    def retire(self, name: str) -> Case:
        """Keep a case as deprecated. Raises `CaseError` where there is none of that id, or it is deprecated already."""
        with self._locked():
            known = self.read().cases
            if name not in known:
                listed = ", ".join(sorted(known)) or "none"
                raise CaseError(f"there is no case {name!r} (there are: {listed})")
            if not known[name].active:
                raise CaseError(f"case {name} is retired already")
            self._append(known[name].retired())
            return known[name].retired()

    def erase(self, user: str) -> tuple[str, ...]:
        """Forget all cases of a user, older versions of them too, and damaged lines that name the user.

        Returns the ids of those that there were. Raises `CaseError`.
        """
        if not self.path.exists():
            return ()
        with self._locked():
            lines = self._lines()
            gone = {line.case.id for line in lines if line.case is not None and line.case.user == user}
            named = json.dumps(user)
            # A line that says that it is of another user is that one's, whatever else it holds.
            kept = [
                line.text
                for line in lines
                if (line.case.user != user if line.case is not None else named not in line.text)
            ]
            if len(kept) < len(lines):
                self._rewrite(kept)
            return tuple(sorted(gone))

    def _lines(self) -> list[Line]:
        try:
            raw = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise CaseError(f"{self.path}: {error.strerror or error}") from None
        texts = raw.decode("utf-8", "surrogateescape").split("\n")
        return [_line(number, text) for number, text in enumerate(texts, 1) if text.strip()]

    def _append(self, case: Case) -> None:
        """One write of one line, synced to the disk; a torn line before it is ended first."""
        data = (json.dumps(case.to_json(), allow_nan=False) + "\n").encode()
        handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":
                data = b"\n" + data
            if os.write(handle, data) != len(data):
                os.ftruncate(handle, size)
                raise CaseError(f"{self.path}: the disk is full; the case was not kept")
            os.fsync(handle)
        finally:
            os.close(handle)
        if not size:
            files.sync_folder(self.path.parent)

    def _rewrite(self, texts: list[str]) -> None:
        """Put a new file in place of the old one, readable by its owner alone."""
        staged = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        data = "".join(text + "\n" for text in texts).encode("utf-8", "surrogateescape")
        try:
            handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as writing:
                writing.write(data)
                writing.flush()
                os.fsync(writing.fileno())
            os.replace(staged, self.path)
        finally:
            staged.unlink(missing_ok=True)
        files.sync_folder(self.path.parent)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with files.locked(self.path.with_name(f".{self.path.name}.lock"), self._patience):
                yield
        except Locked:
            raise CaseError(f"{self.path} is being written by another process; try again") from None


def _line(number: int, text: str) -> Line:
    try:
        return Line(number, text, Case.from_json(json.loads(text)))
    except PolicyError as error:
        return Line(number, text, problem=str(error))
    except (ValueError, RecursionError):
        return Line(number, text, problem="not JSON")
