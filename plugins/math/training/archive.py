"""Files of a data set, unpacked in a folder or still packed as NAME.tar.xz beside it."""

from __future__ import annotations

import json
import tarfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from plugins.math.training.problem import DataError


def text(data: Path, name: str, path: str) -> str:
    """The text of file `path` of data set `name`, from `data/name/` or `data/name.tar.xz`. Raises DataError."""
    unpacked = data / name / path
    try:
        if unpacked.is_file():
            return unpacked.read_text(encoding="utf-8")
        packed = data / f"{name}.tar.xz"
        if not packed.is_file():
            raise DataError(f"{unpacked} is missing, and so is {packed}")
        return _members(str(packed))[f"{name}/{path}"]
    except KeyError:
        raise DataError(f"{data / name}.tar.xz holds no file {name}/{path}") from None
    except (OSError, UnicodeDecodeError, tarfile.TarError) as error:
        raise DataError(f"{unpacked} cannot be read: {error}") from error


@lru_cache(maxsize=2)
def _members(packed: str) -> dict[str, str]:
    found: dict[str, str] = {}
    with tarfile.open(packed) as archive:
        for member in archive:
            if member.isfile() and member.name.endswith((".json", ".jsonl", ".csv")) and "math23k" not in member.name:
                stream = archive.extractfile(member)
                if stream is not None:
                    found[member.name] = stream.read().decode("utf-8")
    return found


def rows(data: Path, name: str, path: str) -> list[dict[str, Any]]:
    """The rows of a JSON list, or of a file with one JSON object a line. Raises DataError naming file and line."""
    content = text(data, name, path)
    found: list[dict[str, Any]] = []
    lines = content.splitlines() if path.endswith(".jsonl") else [content]
    for line, part in enumerate(lines, 1):
        try:
            loaded = json.loads(part) if part.strip() else []
        except ValueError as error:
            raise DataError(f"{data / name / path}, line {line}: {error}") from error
        found += loaded if isinstance(loaded, list) else [loaded]
    if not all(isinstance(row, dict) for row in found):
        raise DataError(f"{data / name / path}: every row must be an object")
    return found
