from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.product_qa.catalogue import PAGE, Catalogue, passages_of
from plugins.product_qa.types import Attribute, CatalogueError, Passage, Product

LAMP = Product("lamp", "Desk Lamp", (Attribute("power", "11", "W"),), ("bright",), "Steel. Red.", aliases=("lamp",))
CHAIR = Product("chair", "Chair", reviews=("Good.", "Bad."))
FAQ = Product(f"{PAGE}faq:1", "Open?", faq=(("Open?", "Until 7."),))


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue.open(tmp_path / "shop") as opened:
        yield opened


def test_what_is_put_in_comes_out(catalogue: Catalogue) -> None:
    changes = catalogue.upsert([LAMP, CHAIR, FAQ])
    assert (changes.new, changes.unchanged, changes.version) == (3, 0, 1)
    assert changes.products == ("lamp", "chair", FAQ.id)
    assert list(changes.added) == [*passages_of(LAMP), *passages_of(CHAIR), *passages_of(FAQ)]
    assert catalogue.product("lamp") == LAMP
    assert catalogue.product("sofa") is None
    assert catalogue.passages("lamp") == passages_of(LAMP)
    assert catalogue.shop_passages() == passages_of(FAQ)
    assert [tuple(one) for one in catalogue.titles()] == [
        ("lamp", "Desk Lamp", ("lamp",), ""),
        ("chair", "Chair", (), ""),
    ]
    assert [one.id for one in catalogue.pages()] == [FAQ.id]
    assert [one.id for one in catalogue.titles_of(["chair", "sofa", FAQ.id])] == ["chair"]
    assert (catalogue.count(), catalogue.version) == (2, 1)
    assert catalogue.counts()["review"] == 2
    keys = [one.key for one in changes.added]
    assert catalogue.passages_by_key([keys[3], "none", keys[0]]) == [changes.added[3], changes.added[0]]


def test_the_same_again_changes_nothing(catalogue: Catalogue) -> None:
    catalogue.upsert([LAMP, CHAIR])
    again = catalogue.upsert([LAMP, CHAIR])
    assert (again.new, again.unchanged, again.version, again.added, again.removed) == (0, 2, 1, (), ())
    assert catalogue.state(LAMP) == "unchanged"
    assert catalogue.state(FAQ) == "new"


def test_a_change_touches_only_what_differs(catalogue: Catalogue) -> None:
    before = {one.key: one for one in catalogue.upsert([LAMP, CHAIR]).added}
    new = Product("lamp", "Desk Lamp", LAMP.attributes, ("dim",), "Steel. Red.", aliases=("lamp",))
    assert catalogue.state(new) == "changed"
    changes = catalogue.upsert([new])
    assert [one.text for one in changes.added] == ["dim"]
    assert [before[key].text for key in changes.removed] == ["bright"]
    assert (changes.new, changes.products) == (0, ("lamp",))
    assert catalogue.passages("lamp") == passages_of(new)


def test_merging_keeps_what_the_new_one_does_not_tell(catalogue: Catalogue) -> None:
    catalogue.upsert([LAMP])
    catalogue.upsert([Product("lamp", "lamp", answers=(("Dim?", "Yes."),))], merge=True)
    found = catalogue.product("lamp")
    assert found is not None
    assert (found.title, found.bullets, found.answers) == ("Desk Lamp", ("bright",), (("Dim?", "Yes."),))


def test_deleting(catalogue: Catalogue) -> None:
    catalogue.upsert([LAMP, CHAIR])
    changes = catalogue.delete(["lamp", "sofa", "lamp"])
    assert (changes.deleted, changes.version) == (("lamp",), 2)
    assert set(changes.removed) == {one.key for one in passages_of(LAMP)}
    assert catalogue.product("lamp") is None
    assert (catalogue.passages("lamp"), catalogue.count()) == ([], 1)
    assert catalogue.delete(["lamp"]).version == 2


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["put", "put", "delete", "follow"]), st.integers(0, 3), st.integers(0, 3)),
        max_size=14,
    )
)
def test_whoever_follows_has_the_same(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    held: dict[str, Passage] = {}
    ids: set[str] = set()
    mark = ""

    def follow() -> None:
        nonlocal mark
        for changes in shop.changes_since(mark):
            if changes.reset:
                held.clear()
                ids.clear()
            for key in changes.removed:
                held.pop(key, None)
            held.update({one.key: one for one in changes.added})
            ids.difference_update(changes.deleted)
            ids.update(changes.products)
            mark = changes.mark

    with Catalogue.open(tmp_path_factory.mktemp("shop")) as shop:
        for what, which, content in steps:
            if what == "put":
                shop.upsert([Product(f"p{which}", f"title {which}", bullets=(f"b{content}", "all"))])
            elif what == "delete":
                shop.delete([f"p{which}"])
            else:
                follow()
        follow()
        assert mark == shop.mark
        assert ids == {one.id for one in shop.titles()}
        assert held == {one.key: one for name in ids for one in shop.passages(name)}


def test_a_mark_of_another_catalogue_or_too_old_starts_anew(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugins.product_qa.catalogue.store._MOST_REMOVED", 4)
    catalogue.upsert([LAMP])
    mark = catalogue.mark
    assert list(catalogue.changes_since(mark)) == []
    with Catalogue.open(tmp_path / "other") as other:
        other.upsert([CHAIR])
        assert next(other.changes_since(mark)).reset
    for title in "abcdefghijkl":
        catalogue.upsert([Product("lamp", title)])
    first, *rest = catalogue.changes_since(mark)
    assert first.reset
    assert [one.text for changes in rest for one in changes.added] == ["l"]


def test_a_failure_within_a_batch_changes_nothing(catalogue: Catalogue) -> None:
    catalogue.upsert([LAMP])

    def broken() -> Iterator[Product]:
        yield CHAIR
        raise RuntimeError("the file ends here")

    with pytest.raises(RuntimeError):
        catalogue.upsert(broken())
    assert (catalogue.count(), catalogue.version) == (1, 1)
    assert catalogue.upsert([CHAIR]).version == 2


def test_readers_see_whole_batches_while_one_is_written(catalogue: Catalogue) -> None:
    catalogue.upsert([LAMP])
    inside, go_on = threading.Event(), threading.Event()

    def slow() -> Iterator[Product]:
        yield CHAIR
        inside.set()
        assert go_on.wait(10)

    writer = threading.Thread(target=lambda: catalogue.upsert(slow()))
    writer.start()
    assert inside.wait(10)
    assert (catalogue.count(), catalogue.version, catalogue.passages("chair")) == (1, 1, [])
    go_on.set()
    writer.join()
    assert (catalogue.count(), catalogue.version) == (2, 2)


_CHILD = """
import sys
from plugins.product_qa.catalogue import Catalogue
from plugins.product_qa.types import Product
with Catalogue.open(sys.argv[1]) as catalogue:
    for batch in range(10_000):
        catalogue.upsert(Product(f"p{batch}-{n}", "title", bullets=("one", "two")) for n in range(20))
        print(batch, flush=True)
"""


def test_killed_while_writing(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])}
    command = [sys.executable, "-c", _CHILD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as child:
        assert child.stdout is not None
        told = [int(child.stdout.readline()) for _ in range(5)]
        child.send_signal(signal.SIGKILL)
    with Catalogue.open(tmp_path) as catalogue:
        assert catalogue.count() % 20 == 0
        assert catalogue.count() >= 20 * len(told)
        assert catalogue.counts() == {"bullet": 2 * catalogue.count(), "title": catalogue.count()}
        assert catalogue.upsert([LAMP]).new == 1


def test_what_is_wrong_with_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="there is no catalogue in"):
        Catalogue.open(tmp_path, create_it=False)
    path = tmp_path / "catalogue.db"
    path.write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(CatalogueError, match=r"catalogue.db: damaged .*import the catalogue again"):
        Catalogue.open(tmp_path)
    path.unlink()
    with Catalogue.open(tmp_path):
        pass
    connection = sqlite3.connect(path)
    connection.execute("UPDATE meta SET value = 99 WHERE name = 'format'")
    connection.commit()
    connection.close()
    with pytest.raises(CatalogueError, match="made by another version"):
        Catalogue.open(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(CatalogueError, match=r"File exists|Not a directory"):
        Catalogue.open(tmp_path / "file")
