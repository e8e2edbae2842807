"""What is wrong with a file of training data, and where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file; lines and columns count from 1."""

    file: Path
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        parts = [str(self.file)] + [str(number) for number in (self.line, self.column) if number]
        return ":".join(parts)


class DataError(ValueError):
    """Data cannot be used; the text begins with `file:line:column` so that an editor finds the place."""

    def __init__(self, place: Place | Path, message: str) -> None:
        self.place = place if isinstance(place, Place) else Place(place)
        super().__init__(f"{self.place}: {message}")


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a person should know, and that stops nothing."""

    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"
