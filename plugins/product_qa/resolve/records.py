"""Product records of the entity-matching benchmarks (Magellan, in the form of ditto): pairs of two shops' records."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dialog.errors import AssistantError

#: Names of the sets, where their files are, and which column is the title.
SETS = {
    "abt-buy": ("Textual/Abt-Buy", "name"),
    "amazon-google": ("Structured/Amazon-Google", "title"),
    "walmart-amazon": ("Structured/Walmart-Amazon", "title"),
}
SPLITS = ("train", "valid", "test")
_ROOT = "product_records_er/data/er_magellan"


class RecordsError(AssistantError):
    """Records that are missing or cannot be read; the text names the file and the line."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A record of one shop, one of the other, and whether they are the same product; titles and model numbers."""

    left: str
    right: str
    same: bool
    left_model: str = ""
    right_model: str = ""


def read(data: Path, name: str, split: str) -> list[Pair]:
    """The pairs of one split. `data` holds `product_records_er`, as a folder or packed. Raises RecordsError."""
    folder, column = SETS[name]
    inner = f"{_ROOT}/{folder}/{split}.txt"
    return list(_pairs(_text(data, inner), column, inner))


def _text(data: Path, inner: str) -> str:
    if (data / inner).exists():
        return (data / inner).read_text("utf-8")
    packed = data / "product_records_er.tar.xz"
    if not packed.exists():
        raise RecordsError(f"product records are missing: neither {data / inner} nor {packed}")
    with tarfile.open(packed) as archive:
        member = archive.extractfile(inner)
        if member is None:
            raise RecordsError(f"{packed}: has no file {inner}")
        return member.read().decode("utf-8")


def _pairs(text: str, column: str, where: str) -> Iterator[Pair]:
    for number, line in enumerate(text.splitlines(), 1):
        parts = line.split("\t")
        if len(parts) != 3 or parts[2] not in ("0", "1"):
            raise RecordsError(f"{where}:{number}: expected two records and 0 or 1, separated by tabs")
        left, right = _columns(parts[0]), _columns(parts[1])
        yield Pair(left.get(column, ""), right.get(column, ""), parts[2] == "1", left.get("modelno", ""),
                   right.get("modelno", ""))  # fmt: skip


def _columns(record: str) -> dict[str, str]:
    found = re.findall(r"COL (\S+) VAL (.*?)(?=\s*COL \S+ VAL |$)", record)
    return {name: " ".join(value.split()) for name, value in found}
