from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from plugins.product_qa.catalogue import Layout, RowError, read
from plugins.product_qa.types import Attribute, CatalogueError, Product


def parted(path: Path, layout: Layout | None = None) -> tuple[list[Product], list[str]]:
    found = list(read(path, layout))
    products = [one for one in found if isinstance(one, Product)]
    return products, [str(one) for one in found if isinstance(one, RowError)]


def lines(folder: Path, *rows: object, name: str = "shop.jsonl") -> Path:
    path = folder / name
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


FULL = {
    "id": "k1",
    "title": "Trail <b>Kettle</b>",
    "attributes": {"itemWeight": "1.2 kg", "electric": True, "size": {"width": {"value": 3, "unit": "cm"}}},
    "bullets": ["Boils fast"],
    "description": "<p>Steel.</p><p>Red.</p>",
    "reviews": ["Good.", {"reviewText": "Quiet.", "summary": "Nice"}, "Good."],
    "answers": [{"question": "Loud?", "answer": "No."}],
    "faq": [["Clean?", "By hand."]],
    "aliases": ["kettle"],
    "category": ["Kitchen", "Kettles"],
}


def test_a_product_with_everything(tmp_path: Path) -> None:
    products, errors = parted(lines(tmp_path, FULL))
    assert errors == []
    assert products == [
        Product(
            "k1",
            "Trail Kettle",
            (Attribute("item weight", "1.2 kg"), Attribute("electric", "yes"), Attribute("size", "width 3 cm")),
            ("Boils fast",),
            "Steel.\nRed.",
            ("Good.", "Nice.\nQuiet.", "Good."),
            (("Loud?", "No."),),
            (("Clean?", "By hand."),),
            ("kettle",),
            "Kitchen > Kettles",
        )
    ]


def test_other_names_of_the_fields(tmp_path: Path) -> None:
    row = {
        "asin": 17,
        "product_name": "Lamp",
        "features": ["bright"],
        "details": [{"name": "Power", "value": 11, "unit": "W"}, "Colour: red", ["height", "5 cm"]],
        "qa": [{"q": "Dim?", "a": "Yes."}],
        "price": 58.5,
        "in stock": True,
        "imageURL": "https://x.y/z.png",
        "link to": "http://x.y",
        "also_buy": ["B1"],
    }
    (product,), errors = parted(lines(tmp_path, row))
    assert not errors
    assert (product.id, product.title, product.bullets) == ("17", "Lamp", ("bright",))
    assert product.attributes == (
        Attribute("power", "11", "W"),
        Attribute("colour", "red"),
        Attribute("height", "5 cm"),
        Attribute("price", "58.5"),
        Attribute("in stock", "yes"),
    )
    assert product.answers == (("Dim?", "Yes."),)


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ('{"id": "a"', "shop.jsonl:2: not JSON: Expecting ',' delimiter: line 2 column 1 (char 11)"),
        ("[1]", "shop.jsonl:2: not an object"),
        ('{"title": "x"}', "shop.jsonl:2: id: missing"),
        ('{"id": "a"}', "shop.jsonl:2: title: missing"),
        ('{"id": "a", "title": "<script>x</script>"}', "shop.jsonl:2: title: missing"),
        ('{"id": ["a"], "title": "x", "reviews": 3}', "shop.jsonl:2: reviews: a list is needed, not a number"),
        ('{"id": true, "title": "x"}', "shop.jsonl:2: id: a text is needed, not true or false"),
        ('{"id": "shop:x", "title": "x"}', "shop.jsonl:2: id: ids that begin with 'shop:' are the shop's own pages"),
        ('{"id": "a", "title": "x", "reviews": [{}]}', "reviews[0]: no text; it is looked for under text, reviewText"),
        ('{"id": "a", "title": "x", "qa": ["x"]}', "shop.jsonl:2: qa[0]: an object with question and answer is needed"),
        ('{"id": "a", "title": "x", "specs": [{"name": "n"}]}', "shop.jsonl:2: specs[0]: no value"),
        ('{"id": "a", "title": "x", "bullets": "[1"}', "shop.jsonl:2: bullets: not JSON"),
        ('{"policy": "Returns"}', "shop.jsonl:2: text: missing"),
        ('{"id": "k1", "title": "again"}', "shop.jsonl:2: id: 'k1' already stands in line 1; this row is left out"),
        ('{"id": "a", "title": "x", "size": ' + "[" * 5000 + "]" * 5000 + "}", "shop.jsonl:2: nested too deep"),
        ('{"id": "' + "a" * 300 + '", "title": "x"}', "shop.jsonl:2: id: longer than 200 characters"),
    ],
)
def test_a_bad_row_costs_no_other(tmp_path: Path, row: str, error: str) -> None:
    products, errors = parted(lines(tmp_path, FULL, row, {"id": "z", "title": "last"}))
    assert [one.id for one in products] == ["k1", "z"]
    assert len(errors) == 1
    assert error in errors[0]


def test_texts_that_are_too_long_are_cut_and_told(tmp_path: Path) -> None:
    (product,), errors = parted(lines(tmp_path, {"id": "a", "title": "x", "description": "word " * 2_000_000}))
    assert 99_000 < len(product.description) <= 100_000
    assert errors == ["shop.jsonl:1: description: longer than 100,000 characters; the rest is left out"]
    (product,), errors = parted(lines(tmp_path, {"id": "a", "title": "x", "aliases": [f"a{n}" for n in range(60)]}))
    assert (len(product.aliases), errors) == (50, ["shop.jsonl:1: aliases: 60 are given; the first 50 are taken"])


def test_rows_that_are_too_long_or_no_utf8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugins.product_qa.catalogue.rows.LONGEST_ROW", 100)
    path = tmp_path / "a.jsonl"
    row = b'{"id": "%s", "title": "x"}\n'
    path.write_bytes(b"\xef\xbb\xbf" + row % b"1" + row % (b"2" * 500) + row % b"3" + row % b"\xff\xfe" + row % b"5")
    products, errors = parted(path)
    assert [one.id for one in products] == ["1", "3", "5"]
    assert errors == ["a.jsonl:2: longer than 0 MB", "a.jsonl:4: not UTF-8 at byte 9 of the line"]


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_bytes(
        b"sku,name,Attribute: Weight,colour,bullets,description,reviews,image_url\n"
        b'1,Lamp,2 kg,red,bright|cheap,"two\nlines, one cell",good lamp,http://x\n'
        b"2,Chair,,,,,,,,\n"
        b",Desk,,,,,,\n"
        b'3,"Sofa ""XL""",90 kg,,,\xff,,\n'
        b'4,Bed,,,,"[1]","[""a"", ""b""]",\n'
        b'5,"Rug" x,,,,,,\n'
        b"6,Box,,,,,,\n"
        b"7,Bag\n"
    )
    products, errors = parted(path)
    lamp, bed, box, bag = products
    assert lamp.attributes == (Attribute("weight", "2 kg"), Attribute("colour", "red"))
    assert (lamp.bullets, lamp.reviews) == (("bright", "cheap"), ("good lamp",))
    assert lamp.description == "two\nlines, one cell"
    assert (bed.reviews, box.title, bag.title) == (("a", "b"), "Box", "Bag")
    assert errors == [
        "shop.csv:4: 10 cells, but the header names 8",
        "shop.csv:5: id: missing",
        "shop.csv:6: not UTF-8 at byte 25 of the line",
        "shop.csv:8: ',' expected after '\"' (up to line 8)",
    ]


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
def test_other_delimiters(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "shop.tsv"
    path.write_text(delimiter.join(["id", "title", "size, cm"]) + "\n" + delimiter.join(["1", "Lamp", "3"]) + "\n")
    assert parted(path)[0] == [Product("1", "Lamp", (Attribute("size, cm", "3"),))]


def test_candidates_are_grouped_to_products(tmp_path: Path) -> None:
    path = tmp_path / "dev.csv"
    path.write_text(
        "qid,question,ASIN,candidate,source,title,label\n"
        '1,q,B1,"item_weight:  { unit:pounds, value:4.5 }",attribute,Pan,0\n'
        "1,q,B2,it is blue.,bullet,Pot,0\n"
        "1,q,B1,yes it does Question: does it fit? ,cqa,Pan,1\n"
        "2,q,B1,i like it.,review,Pan,0\n"
        "2,q,B1,i like it.,review,Pan,0\n"
        "2,q,B1,one line,Desc,Pan,0\n"
        "2,q,B1,next line,description,Pan,0\n"
        "2,q,B1,,review,Pan,0\n"
        "2,q,B1,x,rumour,Pan,0\n"
        '2,q,B1,"size:  { value:""x }",attribute,Pan,0\n'
    )
    (pan, pot), errors = parted(path)
    assert pan == Product(
        "B1", "Pan", (Attribute("item weight", "4.5 pounds"),), (), "one line\nnext line", ("i like it.",),
        (("does it fit?", "yes it does"),),
    )  # fmt: skip
    assert (pot.id, pot.bullets) == ("B2", ("it is blue.",))
    assert [one.split(": ")[0] for one in errors] == ["dev.csv:9", "dev.csv:10", "dev.csv:11"]


def test_python_literals_with_answers(tmp_path: Path) -> None:
    path = tmp_path / "qa.json.gz"
    rows = [
        "{'asin': 'B1', 'question': 'It\\'s loud?', 'answer': 'No.\\d'}",
        "{'asin': 'B1', 'question': 'Heavy?', 'answer': __import__('os').system('exit')}",
        "{'asin': 'B2', 'question': " + "[" * 300 + "]" * 300 + "}",
        "{'asin': 'B2', 'question': 'Red?', 'answer': 'Yes.'}",
        "{'asin': 'B1', 'question': 'Heavy?', 'answer': 'Yes.'}",
    ]
    path.write_bytes(gzip.compress("\n".join(rows).encode()))
    products, errors = parted(path)
    assert products == [
        Product("B1", "B1", answers=(("It's loud?", "No.\\d"), ("Heavy?", "Yes."))),
        Product("B2", "B2", answers=(("Red?", "Yes."),)),
    ]
    assert errors == [
        "qa.json.gz:2: neither JSON nor a Python literal",
        "qa.json.gz:3: too long or nested too deep for a Python literal",
    ]


def test_pages_of_the_shop(tmp_path: Path) -> None:
    path = tmp_path / "faq.csv"
    path.write_text("Question,Answer,Class\nOpen?,Until 7.,shop\nOpen?,Until 7.,hours\nOpen?,On Monday.,shop\n")
    (one, two), errors = parted(path)
    assert (one.faq, one.category, two.faq) == ((("Open?", "Until 7."),), "shop", (("Open?", "On Monday."),))
    assert errors == ["faq.csv:3: the same stands in line 2"]
    old = parted(lines(tmp_path, {"policy": "Returns", "text": "30 days"}))[0][0]
    new = parted(lines(tmp_path, {"title": "returns", "text": "14 days"}), "policies")[0][0]
    assert old.id == new.id
    assert new.description == "14 days"


def test_files_that_are_none(tmp_path: Path) -> None:
    for content, reason in (
        (b"", "neither JSON Lines, CSV with a header, nor Parquet"),
        (b'[{"id": 1}]', "a JSON array; one object on a line is needed"),
        (b"just words\n", "neither JSON Lines, CSV with a header, nor Parquet"),
        (b"id,title,id\n", "the header names 'id' twice"),
        ("id,title\n1,x\n".encode("utf-16"), "UTF-16 text; save it as UTF-8"),
        (gzip.compress(b'{"id": 1, "title": "x"}\n' * 9)[:-9], "damaged gzip file"),
    ):
        path = tmp_path / "file"
        path.write_bytes(content)
        with pytest.raises(CatalogueError, match=reason.replace("(", "\\(")) as caught:
            parted(path)
        assert str(caught.value).startswith(str(path))
    with pytest.raises(CatalogueError, match="No such file"):
        parted(tmp_path / "missing")


class _ParquetFile:
    """Stands in for pyarrow's reader: two batches of rows."""

    metadata = SimpleNamespace(num_rows=3)

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> _ParquetFile:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def iter_batches(self, batch_size: int) -> list[Any]:
        assert batch_size > 1
        batches = [[FULL, {"id": None, "title": "x"}], [{"id": "b", "title": "Bag", "tags": [("a", 1)]}]]
        return [SimpleNamespace(to_pylist=lambda rows=rows: rows) for rows in batches]


def test_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "shop.parquet"
    path.write_bytes(b"PAR1....PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CatalogueError, match=r"shop.parquet: reading Parquet needs pyarrow \(pip install pyarrow\)"):
        parted(path)
    arrow, parquet = ModuleType("pyarrow"), ModuleType("pyarrow.parquet")
    arrow.lib = SimpleNamespace(ArrowException=RuntimeError)  # type: ignore[attr-defined]
    parquet.ParquetFile = _ParquetFile  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyarrow", arrow)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", parquet)
    products, errors = parted(path)
    assert [one.id for one in products] == ["k1", "b"]
    assert errors == ["shop.parquet:2: id: missing"]


def test_progress_is_told(tmp_path: Path) -> None:
    path, told = lines(tmp_path, *({"id": n, "title": "x"} for n in range(200))), []
    list(read(path, progress=lambda done, total: told.append((done, total))))
    assert told[-1] == (path.stat().st_size,) * 2
    assert told == sorted(told)
