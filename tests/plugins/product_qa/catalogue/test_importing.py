from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.product_qa.catalogue import DEFAULT, Catalogue, Changes, RowError, load, passages_of, read, rehearse
from plugins.product_qa.types import CatalogueError, Product


def products(number: int, text: str = "x") -> Iterator[Product]:
    for one in range(number):
        yield Product(f"p{one}", f"Product {one}", bullets=(text,))


def test_a_report_of_what_was_done(tmp_path: Path) -> None:
    told: list[Changes] = []
    error, note = RowError("f", 3, "title", "missing"), RowError("f", 4, "id", "cut", rejected=False)
    with Catalogue.open(tmp_path) as catalogue:
        rehearsed = rehearse(None, [*products(450), error, note])
        report = load(catalogue, [*products(450), error, note], committed=told.append)
        assert rehearsed == report
        assert (report.new, report.changed, report.unchanged, report.rejected, report.noted) == (450, 0, 0, 1, 1)
        assert report.passages == {"title": 450, "bullet": 450}
        assert [len(changes.products) for changes in told] == [200, 200, 50]
        assert report.to_json()["errors"] == [{"file": "f", "line": 3, "field": "title", "reason": "missing"}]
        mixed = [*products(10, "other"), Product("new", "New")]
        assert rehearse(catalogue, mixed).to_json() == load(catalogue, mixed).to_json()
        again = load(catalogue, [*products(10, "other"), Product("more", "More")])
        assert (again.new, again.changed, again.unchanged) == (1, 0, 10)


def test_replacing_deletes_what_is_not_named(tmp_path: Path) -> None:
    with Catalogue.open(tmp_path) as catalogue:
        load(catalogue, products(5))
        kept = load(catalogue, [*products(2), RowError("f", 1, "", "bad")], replace=True)
        assert (kept.deleted, catalogue.count()) == (0, 5)
        told: list[Changes] = []
        assert load(catalogue, products(2), replace=True, committed=told.append).deleted == 3
        assert [changes.deleted for changes in told] == [("p2", "p3", "p4")]
        assert catalogue.count() == 2


def test_only_the_first_errors_are_kept(tmp_path: Path) -> None:
    report = rehearse(None, (RowError("f", line, "", "bad") for line in range(100)))
    assert (report.rejected, len(report.errors)) == (100, 20)


def test_two_imports_at_once(tmp_path: Path) -> None:
    with Catalogue.open(tmp_path) as catalogue, (tmp_path / "catalogue.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(CatalogueError, match="another import into"):
            load(catalogue, products(1))


def test_the_catalogue_that_is_shipped() -> None:
    found = list(read(DEFAULT))
    assert [str(one) for one in found if isinstance(one, RowError)] == []
    everything = [one for one in found if isinstance(one, Product)]
    goods = [one for one in everything if not one.id.startswith("shop:")]
    assert 24 <= len(goods) <= 30
    assert len(everything) - len(goods) >= 12
    for one in goods:
        assert len(one.attributes) >= 12
        assert 4 <= len(one.reviews) <= 10
        assert one.answers
        assert one.description
        assert one.category
        assert {"warranty", "price", "item weight"} <= {attribute.name for attribute in one.attributes}
    keys = [passage.key for one in everything for passage in passages_of(one)]
    assert len(set(keys)) == len(keys)
    assert all(json.loads(line) for line in DEFAULT.read_text().splitlines())
