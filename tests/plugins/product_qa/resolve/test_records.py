import random
from math import inf
from pathlib import Path

import pytest

from plugins.product_qa.resolve.fit import part_of, threshold
from plugins.product_qa.resolve.mentions import mentions
from plugins.product_qa.resolve.records import RecordsError, read
from plugins.product_qa.resolve.words import form, words


def folder(tmp_path: Path, text: str) -> Path:
    inner = tmp_path / "product_records_er/data/er_magellan/Structured/Walmart-Amazon"
    inner.mkdir(parents=True)
    (inner / "test.txt").write_text(text, "utf-8")
    return tmp_path


def test_pairs_are_read(tmp_path: Path) -> None:
    line = "COL title VAL red kettle COL modelno VAL k1 COL price VAL \tCOL title VAL kettle red COL modelno VAL  \t1\n"
    (pair,) = read(folder(tmp_path, line), "walmart-amazon", "test")
    assert (pair.left, pair.left_model, pair.right, pair.right_model, pair.same) == (
        "red kettle", "k1", "kettle red", "", True,
    )  # fmt: skip


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match=r"test\.txt:1: expected"):
        read(folder(tmp_path, "nonsense\n"), "walmart-amazon", "test")


def test_missing_records_are_named(tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match="product records are missing"):
        read(tmp_path, "abt-buy", "test")


def test_mentions_name_one_product_only() -> None:
    titles = {"a": "Acme Red Steel Kettle", "b": "Acme Blue Steel Kettle", "c": "Bolt Lantern"}
    for mention in mentions(titles, list(titles) * 5, 0.0, random.Random(0), odd=True):
        said = {word.text for word in words(mention.clean)}
        other = {"a": "blue", "b": "red", "c": "steel"}[mention.product or ""]
        assert other not in said
    assert part_of("Bolt Lantern") == part_of("Bolt Lantern")


def test_mentions_of_nothing() -> None:
    found = mentions(
        {"a": "Acme Kettle"}, ["a"], 0.0, random.Random(0), odd=False, none=4.0, strangers=["Bolt Lantern"]
    )
    assert [mention.product for mention in found] == ["a", None, None, None, None]


def test_threshold_keeps_the_precision() -> None:
    assert threshold([0.9, 0.8, 0.7, 0.6], [True, True, False, True], 0.7) == 0.6
    assert threshold([0.9, 0.5, 0.5], [True, True, False], 0.9) == 0.9  # equal ones are accepted together
    assert threshold([0.9, 0.8], [False, False]) == inf


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("40L packs", ["40", "l", "pack"]),
        ("Forty litre", ["40", "l"]),
        ("Café's glasses", ["cafe", "glass"]),
        ("15.6 inches", ["15", "6", "inch"]),
        ("which one", ["which", "one"]),
    ],
)
def test_words_have_one_form(text: str, forms: list[str]) -> None:
    assert [word.text for word in words(text)] == forms
    assert form("batteries") == "battery"
