"""What is known of one version: its files with their hashes, when it was made, how good it is, what it came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dialog.registry.errors import Damaged

NAME = "manifest.json"
_FORMAT = 1


def now() -> str:
    """The time in UTC, as in `2026-01-31T12:00:00.000000Z`; so fine that versions made one after the other sort so."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True)
class Manifest:
    """One version. `files` maps a path in its folder to the SHA-256 of the file; `metrics` is what was measured.

    parent: the version it was made from or is to replace, if any. note: a line for people.
    """

    kind: str
    version: str
    files: Mapping[str, str]
    created: str = field(default_factory=now)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    parent: str | None = None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """The manifest as plain data."""
        return {"format": _FORMAT, **asdict(self)}

    def dump(self) -> str:
        """The text of the manifest's file."""
        return json.dumps(self.to_json(), ensure_ascii=False, indent=1) + "\n"


def read(folder: Path) -> Manifest:
    """The manifest in the folder of a version. Raises `Damaged`, naming the file, when it is missing or not whole."""
    path = folder / NAME
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Damaged(f"{path} is missing") from None
    except (OSError, ValueError) as error:
        raise Damaged(f"{path} cannot be read: {error}") from None
    if not isinstance(data, dict) or data.get("format") != _FORMAT:
        raise Damaged(f"{path} is not a manifest of format {_FORMAT}")
    try:
        found = Manifest(**{key: value for key, value in data.items() if key != "format"})
    except TypeError:
        raise Damaged(f"{path} does not hold what a manifest holds") from None
    texts = (found.kind, found.version, found.created, found.note)
    whole = all(isinstance(text, str) for text in texts) and isinstance(found.parent, (str, type(None)))
    if not whole or not isinstance(found.metrics, dict) or not _hashes(found.files):
        raise Damaged(f"{path} does not hold what a manifest holds")
    if found.version != folder.name or found.kind != folder.parent.name:
        raise Damaged(f"{path} is of {found.kind} {found.version}, not of {folder.parent.name} {folder.name}")
    return found


def _hashes(files: object) -> bool:
    return isinstance(files, dict) and all(isinstance(value, str) and len(value) == 64 for value in files.values())
