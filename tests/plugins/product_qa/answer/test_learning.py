"""What the answers learn, on a handful of pairs in the published layout."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from plugins.product_qa.answer import learn, pairs
from plugins.product_qa.types import CatalogueError


def table(path: Path, delimiter: str, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def published(folder: Path) -> Path:
    het = [
        {
            "ASIN": f"B{place}",
            "question": "does it leak?",
            "candidate": "it leaks" if place % 3 else "it never leaks",
            "answer": "yes, it leaks." if place % 3 else "no, it does not leak.",
            "source": "review",
        }
        for place in range(60)
    ]
    for name, rows in (("train", het), ("dev", het[:2]), ("test", het[2:4])):
        table(folder / pairs.FOLDER / "hetPQA" / "answer_generation" / f"{name}.csv", "\t", rows)
    row = {"ASIN": "X1", "question": "is it red?", "candidate": "it is red Question: is it blue?", "source": "cqa"}
    table(folder / pairs.FOLDER / "ePQA" / "dev.csv", ",", [{**row, "label": "2", "answer": "Yes. It is red."}])
    data = [{"data": 'hue: { value:"red" }', "text": "The hue is red."}, {"data": "x: { value:1 }", "text": "na"}]
    table(folder / pairs.FOLDER / "semiPQA" / "data-to-text" / "train.csv", "\t", data)
    return folder


def test_pairs_are_read_and_products_of_tests_are_left_out(tmp_path: Path) -> None:
    data = published(tmp_path)
    (one,) = pairs.epqa(data)
    assert (one.passage.text, one.passage.question, one.verdict) == ("it is red", "is it blue?", True)
    assert len(pairs.data_to_text(data, "train")) == 1
    products = {pair.passage.product for pair in learn.stances(data)}
    assert not {"B0", "B1", "B2", "B3"} & products and "B4" in products


def test_weights_tell_a_denial_from_a_statement(tmp_path: Path) -> None:
    found = learn.weights(published(tmp_path))
    assert found["plain"] > 0 > found["denied"] and 0.5 <= found["threshold"] <= 0.95


def test_damaged_files_name_their_line(tmp_path: Path) -> None:
    data = published(tmp_path)
    path = data / pairs.FOLDER / "ePQA" / "dev.csv"
    path.write_text("ASIN,question,candidate,answer,source,label\na,b,c,d,cqa,7\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"dev.csv: line 2: label '7'"):
        pairs.epqa(data)
    path.write_text("ASIN\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match="no column"):
        pairs.epqa(data)
    with pytest.raises(CatalogueError, match="nowhere"):
        pairs.hetpqa(tmp_path / "nowhere", "train")
