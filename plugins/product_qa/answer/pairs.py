"""Question, passage and written answer of hetPQA and ePQA, and data with its sentence of semiPQA, as published."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from plugins.product_qa.types import CatalogueError, Passage, Source

FOLDER = "pqa_contextual"
SPLITS = ("train", "dev", "test")
_SOURCES: dict[str, Source] = {
    "CQA": "answer", "cqa": "answer", "Desc": "description", "OSP": "description", "description": "description",
    "bullet": "bullet", "review": "review", "attribute": "attribute",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """A question, the passage it is answered from, and the answer that a person wrote. `label` 2 fully, 1 partly."""

    question: str
    passage: Passage
    answer: str
    label: int = 2

    @property
    def verdict(self) -> bool | None:
        """Whether the written answer begins with yes or no."""
        first = self.answer.lower().replace(",", " ").replace(".", " ").split()[:1]
        return True if first == ["yes"] else False if first == ["no"] else None


def held_out(product: str) -> bool:
    """Whether an ePQA product belongs to the half that nothing is learned from or chosen on."""
    return int(hashlib.sha256(product.encode()).hexdigest(), 16) % 2 == 1


def _rows(path: Path, delimiter: str, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter)
            missing = set(needed) - set(reader.fieldnames or ())
            if missing:
                raise CatalogueError(f"{path}: line 1: no column {', '.join(sorted(missing))}")
            for row in reader:
                if any(row[name] is None for name in needed):
                    raise CatalogueError(f"{path}: line {reader.line_num}: too few columns")
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CatalogueError(f"{path}: {error}") from error


def hetpqa(data: Path, split: str) -> list[Pair]:
    """The answer generation pairs of one split, all of them answering. Raises CatalogueError for a missing file."""
    path = data / FOLDER / "hetPQA" / "answer_generation" / f"{split}.csv"
    out = []
    for line, row in _rows(path, "\t", ("ASIN", "question", "candidate", "answer", "source")):
        source = _SOURCES.get(row["source"])
        if source is None:
            raise CatalogueError(f"{path}: line {line}: source {row['source']!r} is not known")
        out.append(Pair(row["question"], Passage("", row["ASIN"], source, row["candidate"]), row["answer"]))
    return out


def epqa(data: Path) -> list[Pair]:
    """The pairs of ePQA's development set that have a written answer (labels 2 and 1)."""
    path = data / FOLDER / "ePQA" / "dev.csv"
    out = []
    for line, row in _rows(path, ",", ("ASIN", "question", "candidate", "answer", "source", "label")):
        if row["label"] not in ("0", "1", "2"):
            raise CatalogueError(f"{path}: line {line}: label {row['label']!r} is not 0, 1 or 2")
        if row["label"] == "0" or not row["answer"].strip():
            continue
        source = _SOURCES.get(row["source"])
        if source is None:
            raise CatalogueError(f"{path}: line {line}: source {row['source']!r} is not known")
        text, _, asked = row["candidate"].partition("Question:") if source == "answer" else (row["candidate"], "", "")
        passage = Passage("", row["ASIN"], source, text.strip(), asked.strip())
        out.append(Pair(row["question"], passage, row["answer"], int(row["label"])))
    return out


def data_to_text(data: Path, split: str) -> list[tuple[str, str]]:
    """(data, sentence) of semiPQA; rows whose sentence is "na" are left out."""
    path = data / FOLDER / "semiPQA" / "data-to-text" / f"{split}.csv"
    rows = [(row["data"], row["text"].strip()) for _, row in _rows(path, "\t", ("data", "text"))]
    return [(left, right) for left, right in rows if right and right.lower() != "na"]
