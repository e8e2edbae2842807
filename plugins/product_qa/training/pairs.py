"""Pairs of a question and a candidate with what annotators said of them: ePQA, hetPQA and semiPQA, read as brought."""

from __future__ import annotations

import csv
import hashlib
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from plugins.product_qa.ranker.text import attribute as attribute_text
from plugins.product_qa.training.attributes import parse_attribute
from plugins.product_qa.types import CatalogueError, Passage, Source

#: What a candidate is to a question, as the classes of the ranker (xPQA, section 3): indices of its three outputs.
IRRELEVANT, PARTLY, FULLY = 0, 1, 2
#: Names of sources in the files -> ours. "osp" are publications of the shop about the product: prose, as descriptions.
_SOURCES: dict[str, Source] = {
    "attribute": "attribute",
    "bullet": "bullet",
    "description": "description",
    "desc": "description",
    "osp": "description",
    "review": "review",
    "cqa": "answer",
}
_MARK = " Question: "
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """One judged candidate. `allowed` are the classes that the label leaves open (hetPQA does not tell partly from
    fully); `relevant` is what the set's own ranking figures count as right.
    """

    passage: Passage
    allowed: tuple[int, ...]
    relevant: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a corpus with its candidates; `product` is its ASIN ("" where the set does not name it)."""

    id: str
    corpus: str
    product: str
    question: str
    pairs: tuple[Pair, ...]

    @property
    def answerable(self) -> bool:
        """Whether a candidate answers it."""
        return any(pair.relevant for pair in self.pairs)


def folder(data: Path) -> Path:
    """The folder of the three sets. Raises `CatalogueError` saying what is missing."""
    found = data / "pqa_contextual"
    if not found.is_dir():
        raise CatalogueError(f"{found}: the folder is missing (public data: semiPQA, hetPQA, ePQA)")
    return found


def epqa(data: Path) -> list[Asked]:
    """ePQA dev: 977 questions, ten candidates each, three labels."""
    path = folder(data) / "ePQA" / "dev.csv"
    classes = {"0": (IRRELEVANT,), "1": (PARTLY,), "2": (FULLY,)}
    rows = _rows(path, ",", ("qid", "question", "ASIN", "candidate", "source", "qa_pair_id", "label"))
    return _asked("epqa", path, rows, classes, "2")


def hetpqa(data: Path) -> list[Asked]:
    """hetPQA evidence ranking dev: 509 questions on toys; relevant or not, so partly and fully stay open."""
    path = folder(data) / "hetPQA" / "evidence_ranking" / "dev.csv"
    classes = {"0": (IRRELEVANT,), "1": (PARTLY, FULLY)}
    rows = _rows(path, "\t", ("qid", "question", "ASIN", "candidate", "source", "qa_pair_id", "label"))
    return _asked("hetpqa", path, rows, classes, "1")


def semipqa(data: Path, part: str = "dev") -> list[Asked]:
    """semiPQA attribute ranking, `part` dev, testseen or testunseen: which attribute answers; no product is named."""
    path = folder(data) / "semiPQA" / "attribute_ranking" / f"{part}.csv"
    classes = {"0": (IRRELEVANT,), "1": (FULLY,)}
    rows = [row | {"ASIN": "", "source": "attribute"} for row in _rows(path, "\t", ("qid", "question", "candidate"))]
    return _asked(f"semipqa-{part}", path, rows, classes, "1")


def answers(data: Path, negatives: int = 4, seed: int = 0) -> list[Asked]:
    """hetPQA answer generation, train: evidence that an answer was written from, among `negatives` others.

    The others are evidence of other questions, on the same product first: nobody judged them, so they are a training
    set only.
    """
    path = folder(data) / "hetPQA" / "answer_generation" / "train.csv"
    rows = _rows(path, "\t", ("ASIN", "question", "candidate", "source"))
    rng = random.Random(seed)
    by_product: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        by_product.setdefault(row["ASIN"], []).append(place)
    passages = [_passage(row, f"answers:{place}", path) for place, row in enumerate(rows)]
    found: list[Asked] = []
    for place, row in enumerate(rows):
        near = [other for other in by_product[row["ASIN"]] if rows[other]["question"] != row["question"]]
        chosen = rng.sample(near, min(len(near), negatives))
        while len(chosen) < negatives:
            other = rng.randrange(len(rows))
            if rows[other]["ASIN"] != row["ASIN"]:
                chosen.append(other)
        wrong = [Pair(passages[other], (IRRELEVANT,), False) for other in chosen]
        right = Pair(passages[place], (FULLY,), True)
        found.append(Asked(f"answers:{place}", "answers", row["ASIN"], row["question"], (right, *wrong)))
    return found


def fold_of(product: str, folds: int = FOLDS) -> int:
    """The fold of a product: by hash, so that a product is in one fold in all sets."""
    return int.from_bytes(hashlib.sha256(product.encode()).digest()[:4], "big") % folds


def without(asked: Iterable[Asked], held: Sequence[Asked]) -> list[Asked]:
    """The questions that share neither product nor wording with any of `held`."""
    products = {one.product for one in held if one.product}
    texts = {_plain(one.question) for one in held}
    return [one for one in asked if one.product not in products and _plain(one.question) not in texts]


def _plain(text: str) -> str:
    return " ".join("".join(char if char.isalnum() else " " for char in text.lower()).split())


def _rows(path: Path, delimiter: str, needed: Sequence[str]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter)
            if missing := [name for name in needed if name not in (reader.fieldnames or ())]:
                raise CatalogueError(f"{path}: the column {missing[0]!r} is missing")
            return [{key: value or "" for key, value in row.items() if key} for row in reader]
    except FileNotFoundError:
        raise CatalogueError(f"{path}: the file is missing") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CatalogueError(f"{path}: cannot be read: {error}") from error


def _passage(row: dict[str, str], key: str, path: Path) -> Passage:
    source = _SOURCES.get(row["source"].lower())
    if source is None:
        raise CatalogueError(f"{path}: {key}: source: {row['source']!r} is not known")
    text, question, attribute = row["candidate"].strip(), "", None
    if source == "attribute":
        attribute = parse_attribute(text)
        text = attribute_text(attribute)
    elif source == "answer" and _MARK in text + " ":
        text, _, question = text.rpartition(_MARK)
    return Passage(key, row["ASIN"], source, text.strip(), question.strip(), attribute)


def _asked(
    corpus: str, path: Path, rows: Sequence[dict[str, str]], classes: Mapping[str, tuple[int, ...]], right: str
) -> list[Asked]:
    out: list[Asked] = []
    ordered = sorted(rows, key=lambda row: row["qid"])
    for qid, group in groupby(ordered, key=lambda row: row["qid"]):
        members = list(group)
        pairs: list[Pair] = []
        for row in members:
            allowed = classes.get(row["label"])
            if allowed is None:
                raise CatalogueError(f"{path}: {row.get('qa_pair_id', qid)}: label: {row['label']!r} is not known")
            key = f"{corpus}:{row['qa_pair_id']}"
            pairs.append(Pair(_passage(row, key, path), allowed, row["label"] == right))
        out.append(Asked(f"{corpus}:{qid}", corpus, members[0]["ASIN"], members[0]["question"], tuple(pairs)))
    return out
