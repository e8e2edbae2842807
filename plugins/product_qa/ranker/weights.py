"""The folder of an exported ranker: its card, whether its files are whole, and the small layers beside the graph."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dialog.errors import AssistantError
from plugins.product_qa.ranker.features import ANSWERABLE, CROSS, FEATURES

Floats = NDArray[np.float32]
CARD, GRAPH, ARRAYS, FORMAT = "ranker.json", "ranker.onnx", "ranker.npz", 1
WIDTH, CLASSES = 384, 3
#: Arrays of ARRAYS and their shapes.
SHAPES: Mapping[str, tuple[int, ...]] = {
    "head.weight": (CLASSES, 2 * WIDTH),
    "head.bias": (CLASSES,),
    "final.weight": (len(CROSS) + len(FEATURES),),
    "final.bias": (1,),
    "final_cosine.weight": (len(CROSS) + len(FEATURES) + 1,),
    "final_cosine.bias": (1,),
    "answerable.weight": (len(ANSWERABLE),),
    "answerable.bias": (1,),
}


class RankerError(AssistantError):
    """An exported ranker cannot be used; the text names the file and what is wrong with it."""


@dataclass(frozen=True)
class Folder:
    """A checked folder: every file that the card names is there, with the bytes it was written with."""

    path: Path
    card: Mapping[str, Any]
    arrays: Mapping[str, Floats]
    version: str


def digest(path: Path) -> str:
    """The SHA-256 of a file. Raises `RankerError` naming it."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise RankerError(f"{path}: the file is missing") from None
    except OSError as error:
        raise RankerError(f"{path}: cannot be read: {error}") from error


def open_folder(path: Path) -> Folder:
    """Reads `ranker.json` and checks all that it names. Raises `RankerError` naming file and key."""
    where = path / CARD
    try:
        card = json.loads(where.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RankerError(f"{where}: the file is missing") from None
    except (OSError, ValueError) as error:
        raise RankerError(f"{where}: cannot be read: {error}") from error
    if not isinstance(card, dict):
        raise RankerError(f"{where}: not an object")
    if card.get("format") != FORMAT:
        raise RankerError(f"{where}: format is {card.get('format')!r}; this program reads {FORMAT}")
    for key, kind in (("name", str), ("encoder", str), ("features", list), ("files", dict)):
        if not isinstance(card.get(key), kind) or not card[key]:
            raise RankerError(f"{where}: {key} is missing or no {kind.__name__}")
    if card["features"] != [*CROSS, *FEATURES]:
        raise RankerError(f"{where}: features: the weights stand on other features than this program counts")
    if set(card["files"]) != {GRAPH, ARRAYS}:
        raise RankerError(f"{where}: files: {GRAPH} and {ARRAYS} are expected, not {sorted(card['files'])}")
    for name, wanted in sorted(card["files"].items()):
        if digest(path / name) != wanted:
            raise RankerError(f"{path / name}: damaged: its checksum is not the one in {CARD}")
    return Folder(path, card, read_arrays(path / ARRAYS), f"{card['name']}+{digest(where)[:8]}")


def read_arrays(path: Path) -> dict[str, Floats]:
    """The arrays that SHAPES names, float32. Raises `RankerError` for one that is missing or of another shape."""
    try:
        # a file of our own: `np.load` leaves its open where it fails
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            found = {name: np.asarray(file[name], np.float32) for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise RankerError(f"{path}: cannot be read: {error}") from error
    for name, shape in SHAPES.items():
        if name not in found:
            raise RankerError(f"{path}: the array {name!r} is missing")
        if found[name].shape != shape or not np.isfinite(found[name]).all():
            raise RankerError(f"{path}: the array {name!r} is not finite or has not the shape {shape}")
    return found
