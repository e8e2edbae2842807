"""What is kept, what is encoded again, who may write, and what other processes see."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from plugins.product_qa.catalogue import Catalogue
from plugins.product_qa.index import Index, intake
from plugins.product_qa.index.writer import lock
from plugins.product_qa.types import CatalogueError, Passage, Product
from tests.plugins.product_qa.index.samples import ALL, KETTLE, TENT, Commit, Encoder, passage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.bin")}


def test_it_is_there_after_opening_again(folder: Path) -> None:
    encode = Encoder()
    Index.open(folder).update(Commit(ALL, mark="shop:7"), encode)
    again = Index.open(folder)
    assert (len(again), again.mark, again.encoder, again.changes) == (len(ALL), "shop:7", "words-1", 1)
    assert again.search("dishwasher", encode.vector("dishwasher"), "kettle")[0].key == "k1"
    again.verify()


def test_unchanged_passages_are_not_encoded_again(folder: Path) -> None:
    encode = Encoder()
    index = Index.open(folder)
    assert index.update(Commit(KETTLE), encode) == len(KETTLE)
    encode.encoded.clear()
    assert index.update(Commit([*KETTLE, *TENT]), encode) == len(TENT)
    assert encode.encoded == [one.text for one in TENT]
    before = index.changes
    assert index.update(Commit([*KETTLE, *TENT]), encode) == 0
    assert index.changes == before


def test_what_comes_and_goes_in_one_stream_is_gone(folder: Path) -> None:
    encode = Encoder()
    index = Index.open(folder)
    index.follow([Commit(KETTLE), Commit(TENT, removed=["k1", "k2"]), Commit(removed=["t1"], mark="shop:3")], encode)
    assert {hit.key for hit in index.search("", encode.vector("x"), k=50)} == {"k3", "k4", "k5", "t2", "t3"}
    assert index.changes == 1
    again = [Commit(reset=True), Commit(KETTLE), Commit(removed=["k3"]), Commit([KETTLE[2]]), Commit(removed=["k4"])]
    index.follow(again, encode)
    assert {hit.key for hit in index.search("", encode.vector("x"), k=50)} == {"k1", "k2", "k3", "k5"}


def test_a_new_text_takes_the_place_of_the_old(folder: Path) -> None:
    encode = Encoder()
    index = Index.open(folder)
    index.update(Commit(ALL), encode)
    assert index.update(Commit([passage("k1", "It is not dishwasher proof at all", source="bullet")]), encode) == 1
    assert len(index) == len(ALL)
    assert [hit.key for hit in index.search("safe")] == []
    assert [hit.key for hit in index.search("proof")] == ["k1"]


def test_removed_and_added_are_one_change(folder: Path) -> None:
    index = Index.open(folder)
    index.update(Commit(KETTLE), Encoder())
    index.update(Commit(TENT, removed=[*(one.key for one in KETTLE), "unknown"]), Encoder())
    assert index.changes == 2
    assert index.search("kettle") == []
    assert len(index) == len(TENT)


def test_a_reset_keeps_what_comes_again_without_encoding_it(folder: Path) -> None:
    encode = Encoder()
    index = Index.open(folder)
    index.update(Commit([*KETTLE, *TENT], mark="old:3"), encode)
    encode.encoded.clear()
    index.follow([Commit(reset=True, mark="new:0"), Commit(TENT, mark="new:1")], encode)
    assert (encode.encoded, len(index), index.mark) == ([], len(TENT), "new:1")
    index.update(Commit(reset=True), encode)
    assert (len(index), index.encoder) == (0, "")


def test_it_follows_a_catalogue(folder: Path, tmp_path: Path) -> None:
    kettle = Product("kettle", "Trail Kettle", description="It boils fast. It is dishwasher safe.", reviews=("Loud.",))
    encode = Encoder()
    with Catalogue.open(tmp_path / "catalogue") as catalogue:
        catalogue.upsert([kettle, Product("tent", "Dome Tent", bullets=("Keeps dry in rain",))])
        index = Index.open(folder)
        index.follow(catalogue.changes_since(index.mark), encode)
        assert index.mark == catalogue.mark
        hit = index.search("dishwasher", encode.vector("dishwasher"), "kettle")[0]
        assert catalogue.passages_by_key([hit.key])[0].text == "It is dishwasher safe."
        catalogue.upsert([Product("kettle", "Trail Kettle", description="It boils fast. Wash it by hand.")])
        catalogue.delete(["tent"])
        encode.encoded.clear()
        index.follow(catalogue.changes_since(index.mark), encode)
        assert encode.encoded == ["Wash it by hand."]
        assert {hit.product for hit in index.search("dry kettle wash dishwasher")} == {"kettle"}
        held = {one.key for one in catalogue.passages("kettle")}
        assert {hit.key for hit in index.search("", encode.vector("kettle"), "kettle")} == held


def test_readers_see_changes_of_others(folder: Path) -> None:
    reader, other = Index.open(folder), Index.open(folder)
    assert reader.search("tent") == []
    other.update(Commit(TENT), Encoder())
    assert [hit.key for hit in reader.search("dome tent")] == ["t1", "t3"]
    other.update(Commit(removed=["t1"]), Encoder())
    assert [hit.key for hit in reader.search("dome tent")] == ["t3"]


def test_readers_are_not_disturbed_by_a_writer(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every search sees whole commits: two passages that come and go together are found both, or none."""
    monkeypatch.setattr("plugins.product_qa.index.merge.FACTOR", 2)
    index, stopped, problems = Index.open(folder), threading.Event(), list[object]()
    seen = set()

    def read() -> None:
        mine = Index.open(folder)
        while not stopped.is_set():
            found = [hit.key for hit in mine.search("pair")]
            seen.add(len(found))
            if len(found) not in (0, 2):
                problems.append(found)

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for turn in range(25):
            pair = [passage(f"{kind}{turn}", "a pair") for kind in "ab"]
            filler = [passage(f"f{turn}-{number}", "other words") for number in range(5)]
            index.update(Commit([*pair, *filler]), None)
            index.update(Commit(removed=[one.key for one in pair]), None)
    finally:
        stopped.set()
        for thread in threads:
            thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert problems == []
    assert seen <= {0, 2}
    assert len(index) == 125
    assert len(files(folder)) < 16


def test_only_one_writes(folder: Path) -> None:
    index = Index.open(folder)
    index.update(Commit(KETTLE), None)
    with lock(folder, 0.0), pytest.raises(CatalogueError, match="being changed by another process"):
        index.follow([Commit(TENT)], None, patience=0.0)
    index.follow([Commit(TENT)], None, patience=0.0)
    assert len(index) == len(KETTLE) + len(TENT)


def test_vectors_of_encoders_are_not_mixed(folder: Path) -> None:
    index = Index.open(folder)
    index.update(Commit(KETTLE), Encoder())
    with pytest.raises(CatalogueError, match=r"holds vectors of words-1, not of words-2.*rebuild"):
        index.update(Commit(TENT), Encoder("words-2"))
    assert len(index) == len(KETTLE)
    again = Index.rebuild(folder, [Commit([*KETTLE, *TENT])], Encoder("words-2"))
    assert (again.encoder, len(again), len(index)) == ("words-2", 8, 8)


@pytest.mark.parametrize("wrong", [np.zeros((1, 384)), np.zeros((5, 10)), np.full((5, 384), np.inf)])
def test_wrong_vectors_are_refused(folder: Path, wrong: NDArray[np.float64]) -> None:
    index = Index.open(folder)
    with pytest.raises(CatalogueError, match="not finite vectors of 384 numbers"):
        index.update(Commit(KETTLE), lambda texts: list(wrong))
    assert len(index) == 0


@pytest.mark.parametrize("key", ["", "k" * 65, "a\0b"])
def test_keys_that_cannot_be_kept_are_refused(folder: Path, key: str) -> None:
    with pytest.raises(CatalogueError, match="keys have 1 to 64 bytes"):
        Index.open(folder).update(Commit([passage(key, "text")]), None)


def test_an_import_that_is_broken_off_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "BATCH", 10)
    passages = [passage(f"k{number:02}", f"word{number}") for number in range(35)]
    done: list[int] = []
    encode = Encoder()

    def tired(texts: Sequence[str]) -> list[NDArray[np.float32]]:
        if "word25" in texts:
            raise RuntimeError("no power")
        return encode(texts)

    index = Index.open(folder)
    with pytest.raises(RuntimeError, match="no power"):
        index.follow([Commit(reset=True, mark="s:0"), Commit(passages, mark="s:1")], tired, done.append)
    assert (len(index), index.mark, done) == (20, "", [10, 10])
    encode.encoded.clear()
    index.follow([Commit(reset=True, mark="s:0"), Commit(passages, mark="s:1")], encode, done.append)
    assert (len(index), index.mark, done[2:]) == (35, "s:1", [10, 10, 10, 5])
    assert encode.encoded == [f"word{number}" for number in range(20, 35)]


def test_segments_stay_few(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugins.product_qa.index.merge._SMALLEST", 4)
    index = Index.open(folder)
    for number in range(60):
        index.update(Commit([passage(f"k{number:02}", f"word{number} shared", f"p{number % 7}")]), None)
    assert len(files(folder)) <= 12
    index.optimise()
    assert len(files(folder)) == 1
    assert sorted(hit.key for hit in index.search("shared", k=100)) == [f"k{number:02}" for number in range(60)]
    index.update(Commit(removed=[f"k{number:02}" for number in range(50)]), None)
    assert sorted(hit.key for hit in index.search("shared", k=100)) == [f"k{number:02}" for number in range(50, 60)]
    assert len(files(folder)) == 1


def test_passages_without_a_vector_are_found_by_words(folder: Path) -> None:
    encode = Encoder()
    index = Index.open(folder)
    index.update(Commit([Passage("plain", "kettle", "review", "The lid leaks")]), None)
    index.update(Commit(KETTLE), encode)
    hits = index.search("lid leaks", encode.vector("lid leaks"))
    assert (hits[0].key, hits[0].cosine) == ("plain", 0.0)
