"""A small ranking set in the three formats of the public data, and passages of one product."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from plugins.product_qa.types import Attribute, Passage

PASSAGES = [
    Passage("a", "p", "attribute", "item weight: 2 pounds", attribute=Attribute("item weight", "2", "pounds")),
    Passage("b", "p", "bullet", "Made of solid oak."),
    Passage("c", "p", "review", "It broke after two weeks, very sad about that because the color was great."),
    Passage("d", "p", "answer", "yes, in the dishwasher too", question="Can it be washed?"),
    Passage("e", "", "faq", "Returns are free for 30 days.", question="How do I return it?"),
    Passage("f", "p", "review", "It weighs about two pounds."),
    Passage("g", "p", "title", "Oak Chopping Board"),
]

_EPQA = ("qid", "question", "ASIN", "candidate", "source", "qa_pair_id", "title", "label", "answer")
_HETPQA = ("qid", "ASIN", "qa_pair_id", "question", "candidate", "label", "source", "confidence")
_SEMIPQA = ("qid", "qa_pair_id", "question", "candidate", "label")
_ANSWERS = ("ASIN", "question", "candidate", "answer", "source")


def write_sets(data: Path, products: int = 10) -> Path:
    """All files that training reads, under `data`; returns `data`."""
    root = data / "pqa_contextual"
    epqa, hetpqa, semipqa, answers = [], [], [], []
    for n in range(products):
        asked = f"how heavy is number {n}?"
        epqa += [
            (n, asked, f"P{n}", f"item_weight:  {{ unit:pounds, value:{n} }}", "attribute", f"{n}0", "t", 2, "a"),
            (n, asked, f"P{n}", f"it is light. Question: is the {n} heavy? ", "cqa", f"{n}1", "t", 1, ""),
            (n, asked, f"P{n}", "i love the color", "review", f"{n}2", "t", 0, ""),
        ]
        hetpqa += [
            (n, f"H{n}", f"{n}0", f"is toy {n} loud?", "it makes no sound", 1, "review", "high"),
            (n, f"H{n}", f"{n}1", f"is toy {n} loud?", "for ages 3 and up", 0, "OSP", "mid"),
        ]
        semipqa += [
            (n, f"{n}0", f"what color is item {n}?", 'color:  { value:"red" }', 1),
            (n, f"{n}1", f"what color is item {n}?", "batteries_required:  { value:false }", 0),
        ]
        answers.append((f"A{n}", f"does game {n} need batteries?", "needs two batteries", "yes", "bullet"))
    _write(root / "ePQA" / "dev.csv", _EPQA, epqa, ",")
    _write(root / "hetPQA" / "evidence_ranking" / "dev.csv", _HETPQA, hetpqa, "\t")
    for part in ("dev", "testseen", "testunseen"):
        _write(root / "semiPQA" / "attribute_ranking" / f"{part}.csv", _SEMIPQA, semipqa, "\t")
    _write(root / "hetPQA" / "answer_generation" / "train.csv", _ANSWERS, answers, "\t")
    return data


def _write(path: Path, names: tuple[str, ...], rows: Sequence[tuple[object, ...]], delimiter: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(names)
        writer.writerows(rows)
