"""The folder of an exported solver: which files it has, whether they are whole, and whether this program fits them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plugins.math.solver.symbols import CONSTANTS, MAX_LETTERS, MAX_OPERATORS, OPERATORS, PAIR_OPERATIONS
from plugins.math.solver.weights import SolverError

CARD, RETRIEVAL, FORMAT = "solver.json", "retrieval.npz", 1
_MEMBER = re.compile(r"[a-z0-9]+\Z")
#: What a formula is made of; weights stand on exactly these, in this order.
SYMBOLS: Mapping[str, Any] = {
    "operators": list(OPERATORS),
    "pair_operations": list(PAIR_OPERATIONS),
    "constants": list(CONSTANTS),
    "max_operators": MAX_OPERATORS,
    "max_letters": MAX_LETTERS,
}


def branch(member: str) -> str:
    """The file of a member's upper layers."""
    return f"{member}.branch.onnx"


def decoders(member: str) -> str:
    """The file of a member's decoders."""
    return f"{member}.decoders.npz"


def digest(path: Path) -> str:
    """The SHA-256 of a file. Raises `SolverError` naming it."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise SolverError(f"{path}: the file is missing") from None
    except OSError as error:
        raise SolverError(f"{path}: cannot be read: {error}") from error


@dataclass(frozen=True)
class Folder:
    """A checked folder: every file of `card` is there and has the bytes it was written with."""

    path: Path
    card: Mapping[str, Any]
    members: tuple[str, ...]
    version: str

    @property
    def has_retrieval(self) -> bool:
        """Whether it holds question vectors."""
        return RETRIEVAL in self.card["files"]


def open_folder(path: Path) -> Folder:
    """Reads `solver.json` and checks everything it names. Raises `SolverError` naming file and key."""
    where = path / CARD
    try:
        card = json.loads(where.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SolverError(f"{where}: the file is missing") from None
    except (OSError, ValueError) as error:
        raise SolverError(f"{where}: cannot be read: {error}") from error
    if not isinstance(card, dict):
        raise SolverError(f"{where}: not an object")
    if card.get("format") != FORMAT:
        raise SolverError(f"{where}: format is {card.get('format')!r}; this program reads {FORMAT}")
    for key, kind in (("name", str), ("encoder", str), ("members", list), ("files", dict), ("symbols", dict)):
        if not isinstance(card.get(key), kind) or not card[key]:
            raise SolverError(f"{where}: {key} is missing or no {kind.__name__}")
    for key, wanted in SYMBOLS.items():
        if card["symbols"].get(key) != wanted:
            raise SolverError(f"{where}: symbols.{key} is {card['symbols'].get(key)!r}; this program has {wanted!r}")
    members = card["members"]
    if not all(isinstance(name, str) and _MEMBER.match(name) for name in members) or len(set(members)) < len(members):
        raise SolverError(
            f"{where}: members: different names of small letters and digits are expected, not {members!r}"
        )
    needed = {name for member in members for name in (branch(member), decoders(member))}
    if unknown := sorted((card["files"].keys() - {RETRIEVAL}) ^ needed):
        raise SolverError(
            f"{where}: files: {unknown[0]!r} is {'not named' if unknown[0] in needed else 'not expected'}"
        )
    for name, wanted in sorted(card["files"].items()):
        if digest(path / name) != wanted:
            raise SolverError(f"{path / name}: damaged: its checksum is not the one in {CARD}")
    return Folder(path, card, tuple(members), f"{card['name']}+{digest(where)[:8]}")
