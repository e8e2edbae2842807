"""However passages came into the index, it answers as one that was built of them at once, and as the formulas say."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.product_qa.index import Bm25, Fusion, Index, merge, writer
from plugins.product_qa.index import intake as taking
from plugins.product_qa.index.segment import indexed_text
from plugins.product_qa.index.tokens import tokens
from plugins.product_qa.types import Passage, Source
from tests.plugins.product_qa.index.samples import Commit, Encoder

#: Few words, so that many passages share them and scores are often equal.
WORDS = st.sampled_from(["kettle", "tent", "weight", "1.2kg", "dry", "handle", "hot", "safe", "rain", "induction"])
TEXTS = st.lists(WORDS, min_size=0, max_size=6).map(" ".join)
SOURCES = st.sampled_from(("title", "review", "attribute"))
PASSAGES = st.builds(
    Passage,
    key=st.integers(0, 40).map(lambda number: f"key{number}"),
    product=st.sampled_from(["", "a", "b", "ä"]),
    source=SOURCES,
    text=TEXTS,
    question=st.one_of(st.just(""), TEXTS),
)
COMMITS = st.builds(
    Commit,
    added=st.lists(PASSAGES, max_size=12),
    removed=st.lists(st.integers(0, 40).map(lambda number: f"key{number}"), max_size=8),
    reset=st.sampled_from([False] * 9 + [True]),
)
SMALL = Fusion(depth=3, scored=4)


@pytest.fixture(autouse=True)
def small_segments() -> Iterator[None]:
    """Batches of five passages, and merges whenever there are two segments of a size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "FACTOR", 2)
        patch.setattr(merge, "_SMALLEST", 4)
        patch.setattr(merge, "_ROWS", 3)
        patch.setattr(merge, "_POSTINGS", 4)
        patch.setattr(taking, "BATCH", 5)
        yield


def expected(passages: Sequence[Passage], question: str, formula: Bm25) -> dict[str, float]:
    """BM25 of each passage, straight from the formula."""
    texts = [tokens(indexed_text(one)) for one in passages]
    mean = (sum(map(len, texts)) / len(texts) if texts else 0) or 1
    out = {one.key: 0.0 for one in passages}
    for word in set(tokens(question)):
        holding = sum(word in text for text in texts)
        weight = math.log(1 + (len(texts) - holding + 0.5) / (holding + 0.5))
        for one, text in zip(passages, texts, strict=True):
            count = text.count(word)
            discount = formula.k1 * (1 - formula.b + formula.b * len(text) / mean)
            if count:
                out[one.key] += weight * (formula.k1 + 1) * count / (count + discount)
    return out


@settings(max_examples=40, deadline=None)
@given(st.lists(COMMITS, min_size=1, max_size=6), TEXTS, st.booleans())
def test_any_history_answers_like_a_fresh_index(commits: list[Commit], question: str, dense: bool) -> None:
    encode, held = Encoder(), dict[str, Passage]()
    vector = encode.vector(question) if dense else None
    with tempfile.TemporaryDirectory() as folder:
        index = Index.open(f"{folder}/grown", SMALL)
        for commit in commits:
            if commit.reset:
                held.clear()
            for key in commit.removed:
                held.pop(key, None)
            held.update({one.key: one for one in commit.added})
            index.update(commit, encode)
        fresh = Index.open(f"{folder}/fresh", SMALL)
        fresh.update(Commit(list(held.values())), encode)
        fresh.optimise()
        assert len(index) == len(fresh) == len(held)
        for product in (None, "", "a", ("a", "ä")):
            for sources in (None, {"review"}):
                wanted = fresh.search(question, vector, product, 5, sources)  # type: ignore[arg-type]
                assert index.search(question, vector, product, 5, sources) == wanted  # type: ignore[arg-type]
        index.verify()
        naive = expected(list(held.values()), question, SMALL.bm25)
        for hit in index.search(question, vector, ("", "a", "b", "ä"), 100):
            assert hit.bm25 == pytest.approx(naive[hit.key], rel=1e-5)
            assert (hit.product, hit.source) == (held[hit.key].product, held[hit.key].source)


@settings(max_examples=30, deadline=None)
@given(st.lists(PASSAGES, max_size=40, unique_by=lambda one: one.key), TEXTS, st.floats(0, 3), st.floats(0, 1))
def test_words_alone_give_the_best_by_the_formula(passages: list[Passage], question: str, k1: float, b: float) -> None:
    formula = Bm25(k1, b)
    naive = expected(passages, question, formula)
    with tempfile.TemporaryDirectory() as folder:
        index = Index.open(folder, Fusion(bm25=formula, most=1.0, dense=0.0))
        index.update(Commit(passages), None)
        hits = index.search(question, k=7)
    best = sorted((score for score in naive.values() if score > 0), reverse=True)[:7]
    assert [hit.bm25 for hit in hits] == pytest.approx(best, rel=1e-5)
    assert all(hit.cosine == 0 for hit in hits)
    order = [(-hit.score, hit.key) for hit in hits]
    assert order == sorted(order)


def test_equal_passages_stand_in_the_order_of_their_keys() -> None:
    kinds: tuple[Source, ...] = ("review", "attribute")
    same = [Passage(f"k{number:03}", "a", kinds[number % 2], "dry tent") for number in range(60)]
    shuffled = [same[place] for place in np.random.default_rng(0).permutation(60)]
    encode = Encoder()
    with tempfile.TemporaryDirectory() as folder:
        index = Index.open(folder, SMALL)
        for start in range(0, 60, 7):
            index.update(Commit(shuffled[start : start + 7]), encode)
        for product in (None, "a"):
            hits = index.search("tent", encode.vector("tent"), product, 6)
            assert [hit.key for hit in hits] == [f"k{number:03}" for number in range(6)]
    assert writer.BATCH == 4096
