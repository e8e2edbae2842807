"""The manifest: which segments make up the index. Replacing this one small file is what commits a change."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dialog.registry.files import write
from plugins.product_qa.index import dense, tokens
from plugins.product_qa.index.arrays import ArrayFile, ArrayWriter, IndexDamaged
from plugins.product_qa.types import SOURCES

NAME = "manifest.json"
_FORMAT = 1


def _made() -> list[object]:
    """What an index depends on: one that was made with something else is built anew."""
    return [_FORMAT, tokens.VERSION, dense.VERSION, list(SOURCES)]


@dataclass(frozen=True, slots=True)
class Entry:
    """A segment's file, its rows, and the file that says which of them are deleted ("" for none)."""

    file: str
    rows: int
    deletions: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """`changes` counts commits; `next` numbers files; `encoder` is the version of the sentence encoder whose vectors
    are held ("" while there are none); `mark` is what the catalogue calls the state that the index has.
    """

    changes: int = 0
    next: int = 1
    encoder: str = ""
    mark: str = ""
    segments: tuple[Entry, ...] = field(default_factory=tuple)

    def write(self, folder: Path) -> None:
        """Replace the folder's manifest; after a crash the old one or this one is there."""
        body = json.dumps({"made": _made(), **asdict(self)})
        write(folder / NAME, json.dumps({"check": zlib.crc32(body.encode()), "body": body}))

    @property
    def files(self) -> set[str]:
        """Names of all files that belong to it."""
        return {entry.file for entry in self.segments} | {entry.deletions for entry in self.segments if entry.deletions}


def read_manifest(path: Path, data: bytes) -> Manifest:
    """The manifest in `data`, which was read from `path`. Raises `IndexDamaged`."""
    try:
        told = json.loads(data)
        body: str = told["body"]
        if zlib.crc32(body.encode()) != told["check"]:
            raise IndexDamaged(path, "its checksum differs")
        fields = json.loads(body)
        if fields.pop("made") != _made():
            raise IndexDamaged(path, "made by another version of this program")
        segments = tuple(Entry(**entry) for entry in fields.pop("segments"))
        return Manifest(segments=segments, **fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexDamaged(path, "no manifest of an index") from error


def write_deletions(path: Path, alive: NDArray[np.bool_]) -> None:
    """Keep which rows of a segment are alive, in a file of its own."""
    with ArrayWriter(path) as file:
        file.add("alive", np.packbits(alive))


def read_deletions(path: Path, rows: int) -> NDArray[np.bool_]:
    """What `write_deletions` kept: bool [rows]. Raises `IndexDamaged`."""
    file = ArrayFile(path)
    file.verify()
    packed = file["alive"]
    if len(packed) != (rows + 7) // 8:
        raise IndexDamaged(path, f"it is not about {rows} rows")
    return np.unpackbits(packed, count=rows).astype(np.bool_)
