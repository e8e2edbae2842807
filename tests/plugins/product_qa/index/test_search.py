from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from plugins.product_qa.index import Bm25, Fusion, Index
from plugins.product_qa.types import Passage, Source
from tests.plugins.product_qa.index.samples import ALL, KETTLE, Commit, Encoder, passage


@pytest.fixture
def encode() -> Encoder:
    return Encoder()


@pytest.fixture
def index(tmp_path: Path, encode: Encoder) -> Index:
    index = Index.open(tmp_path / "index")
    assert index.update(Commit(ALL), encode) == len(ALL)
    return index


def keys(index: Index, question: str, **options: object) -> list[str]:
    return [hit.key for hit in index.search(question, Encoder().vector(question), **options)]  # type: ignore[arg-type]


def test_all_passages_of_a_product_are_scored(index: Index) -> None:
    found = keys(index, "is it dishwasher safe", product="kettle")
    assert found[0] == "k1"
    assert sorted(found) == [one.key for one in KETTLE]


def test_numbers_units_and_questions_of_answers_are_found(index: Index) -> None:
    assert keys(index, "1.2 kg")[0] == "k2"
    assert keys(index, "induction hob")[0] == "k4"


def test_several_products_the_shop_and_nothing(index: Index) -> None:
    assert set(keys(index, "item weight", product=("kettle", "tent"))[:2]) == {"k2", "t2"}
    assert keys(index, "return", product="") == ["s1"]
    assert keys(index, "weight", product="none") == []
    assert keys(index, "weight", product=()) == []
    assert keys(index, "how do i return this")[0] == "s1"


def test_sources_are_filtered(index: Index) -> None:
    for product in (None, "kettle"):
        hits = index.search("kettle", product=product, sources={"bullet", "title"})
        assert {hit.key for hit in hits} == {"k1", "k5"}


def test_without_a_vector_words_alone_count(index: Index) -> None:
    hits = index.search("waterproof tent")
    assert [hit.key for hit in hits] == ["t3", "t1"]
    assert all(hit.cosine == 0 and hit.bm25 > 0 for hit in hits)


def test_without_known_words_vectors_alone_count(index: Index, encode: Encoder) -> None:
    hits = index.search("what is it", encode.vector("rain"))
    assert hits[0].key == "t3"
    assert all(hit.bm25 == 0 for hit in hits)
    assert index.search("what is it") == []


def test_products_of_the_whole_shop(index: Index, encode: Encoder) -> None:
    found = index.products("kettle weight", encode.vector("kettle weight"))
    assert [one.product for one in found] == ["kettle", "tent"]
    assert found[0].hits[0].score == max(hit.score for hit in found[0].hits)
    assert all(hit.product == "kettle" for hit in found[0].hits)
    assert index.products("weight", k=1, sources={"attribute"})[0].product in ("kettle", "tent")


@pytest.mark.parametrize("product", ["kettle", None])
def test_many_reviews_do_not_drown_the_other_sources(tmp_path: Path, encode: Encoder, product: str | None) -> None:
    reviews = [passage(f"r{number:05}", f"the weight is fine, weight {number}") for number in range(3000)]
    other = [
        passage("a1", "item weight: 1.2 kg, including the lid and the base", source="attribute"),
        passage("d1", "Its weight makes it pleasant to carry on long tours", source="description"),
    ]
    index = Index.open(tmp_path / "index")
    index.update(Commit([*reviews, *other]), encode)
    found = index.search("weight", encode.vector("weight"), product, 10)
    assert len(found) == 10
    assert {"a1", "d1"} <= {hit.key for hit in found}
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
    without = Fusion(most=1.0)
    assert {hit.source for hit in index.search("weight", None, product, 10, fusion=without)} == {"review"}


def test_rank_fusion_takes_what_both_find(index: Index, encode: Encoder) -> None:
    question = "dishwasher safe kettle"
    hits = index.search(question, encode.vector(question), fusion=Fusion("rank"))
    assert hits[0].key == "k1"
    assert hits[0].score == pytest.approx(2 / 61)


def test_near_vectors_are_found_among_many(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    centre = rng.standard_normal((40, 384))
    vectors = np.repeat(centre, 100, axis=0) + 0.8 * rng.standard_normal((4000, 384))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    table = {f"x{number}": vector for number, vector in enumerate(vectors.astype(np.float32))}
    index = Index.open(tmp_path / "index", Fusion(lexical=0.0, most=1.0))
    index.update(
        Commit([Passage(f"{number:05}", f"p{number % 90}", "review", f"x{number}") for number in range(4000)]),
        lambda texts: [table[text] for text in texts],
    )
    found = exact = 0
    for number in range(0, 4000, 200):
        best = np.argsort(-(vectors @ vectors[number]))[:10]
        hits = {
            int(hit.key) for hit in index.search("", table[f"x{number}"], k=10, fusion=Fusion(scored=400, most=1.0))
        }
        found, exact = found + len(hits & set(best.tolist())), exact + 10
    assert found / exact > 0.95


def test_wrong_arguments_are_named(index: Index) -> None:
    with pytest.raises(ValueError, match="k is at least 1"):
        index.search("kettle", k=0)
    with pytest.raises(ValueError, match="384 finite numbers"):
        index.search("kettle", np.zeros(3, np.float32))
    wrong: Source = "rumour"  # type: ignore[assignment]
    with pytest.raises(ValueError, match="rumour"):
        index.search("kettle", sources=[wrong])
    with pytest.raises(ValueError, match="k1 >= 0"):
        Bm25(k1=-1)
    for options in ({"method": "max"}, {"lexical": 0, "dense": 0}, {"most": 0}, {"depth": 0}):
        with pytest.raises(ValueError, match=r"fusion|weights|depth"):
            Fusion(**options)


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    index = Index.open(tmp_path / "none")
    assert index.search("kettle", Encoder().vector("kettle")) == []
    assert index.search("kettle", product="kettle") == []
    assert (len(index), index.mark, index.encoder, index.changes) == (0, "", "", 0)
    assert not (tmp_path / "none").exists()
