"""The public sets: read, grouped, without leaks, and with clear errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.product_qa.training import pairs as sets
from plugins.product_qa.training.attributes import parse_attribute
from plugins.product_qa.training.folds import held_questions
from plugins.product_qa.training.train import Settings, batches, corpus
from plugins.product_qa.types import Attribute, CatalogueError
from tests.plugins.product_qa.ranker.made import write_sets


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_sets(tmp_path)


def test_epqa(data: Path) -> None:
    found = sets.epqa(data)
    assert len(found) == 10
    one = next(one for one in found if one.product == "P3")
    assert [pair.allowed for pair in one.pairs] == [(2,), (1,), (0,)]
    assert [pair.relevant for pair in one.pairs] == [True, False, False]
    attribute, answer, review = (pair.passage for pair in one.pairs)
    assert attribute.attribute == Attribute("item weight", "3", "pounds")
    assert (answer.source, answer.text, answer.question) == ("answer", "it is light.", "is the 3 heavy?")
    assert (review.key, review.source) == ("epqa:32", "review")


def test_the_other_sets(data: Path) -> None:
    het = sets.hetpqa(data)
    assert [pair.allowed for pair in het[0].pairs] == [(1, 2), (0,)]
    assert het[0].pairs[1].passage.source == "description"
    assert [pair.allowed for pair in sets.semipqa(data)[0].pairs] == [(2,), (0,)]
    for one in sets.answers(data, negatives=3):
        assert [pair.relevant for pair in one.pairs] == [True, False, False, False]
        assert all(pair.passage.product != one.product for pair in one.pairs[1:])
    assert sets.answers(data) == sets.answers(data)


def test_a_fold_shares_no_product_and_no_wording_with_training(data: Path) -> None:
    everything = {one.id for one in [*sets.epqa(data), *sets.hetpqa(data)]}
    seen: set[str] = set()
    for fold in range(sets.FOLDS):
        held = held_questions(data, fold)
        trained = corpus(data, Settings(held_fold=fold))
        assert not {one.product for one in held} & {one.product for one in trained}
        assert not {one.question for one in held} & {one.question for one in trained}
        assert not seen & {one.id for one in held}
        seen |= {one.id for one in held}
    assert seen == everything


def test_wording_is_compared_without_case_and_signs(data: Path) -> None:
    one = sets.semipqa(data)[0]
    other = sets.Asked("x", "epqa", "", one.question.upper() + "!!", one.pairs)
    assert one not in sets.without(sets.semipqa(data), [other])


def test_batches_hold_whole_questions(data: Path) -> None:
    asked = sets.epqa(data)
    settings = Settings(pairs=7, irrelevant=0)
    plan = batches(asked, settings, 0)
    assert [len(batch) for batch in plan] == [3, 3, 3, 1]
    assert sorted(one.id for batch in plan for one, _ in batch) == sorted(one.id for one in asked)
    assert all(places == [0, 1] for batch in plan for _, places in batch)
    assert plan == batches(asked, settings, 0) != batches(asked, settings, 1)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("item_weight:  { unit:pounds, normalized_value:{ unit:ounces, value:32 }, value:2. }", ("2", "pounds")),
        ("batteries_required:  { value:false }", ("no", "")),
        ('size:  { value:"90|" x 132|"" }', ('90" x 132"', "")),
        ('color:  { standardized_values:[ "blue" ], value:"navy, dark" }', ("navy, dark", "")),
        ("item_dimensions:  { width:{ unit:inches, value:3 }, length:{ unit:inches, value:4 } }",
         ("width 3 inches, length 4 inches", "")),
        ('compatible_devices:  { value:"a" }; { value:"b" }', ("a, b", "")),
        ("street_date:  { value:2011-10-03t00:00:01z }", ("2011-10-03", "")),
    ],
)  # fmt: skip
def test_attributes(text: str, wanted: tuple[str, str]) -> None:
    found = parse_attribute(text)
    assert (found.value, found.unit) == wanted
    assert found.name == text.partition(":")[0].replace("_", " ")


@pytest.mark.parametrize("text", ["", "no colon", "{{{{", "a: " + "{ b:" * 500, 'x:  { value:"open'])
def test_an_attribute_that_is_none_stays_text(text: str) -> None:
    parse_attribute(text)


def test_clear_errors(data: Path) -> None:
    with pytest.raises(CatalogueError, match="the folder is missing"):
        sets.epqa(data / "nowhere")
    path = data / "pqa_contextual" / "ePQA" / "dev.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("review", "rumour", 1), encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"dev.csv: epqa:02: source: 'rumour' is not known"):
        sets.epqa(data)
    path.write_text(text.replace("label", "mark", 1), encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"dev.csv: the column 'label' is missing"):
        sets.epqa(data)
    path.unlink()
    with pytest.raises(CatalogueError, match=r"dev.csv: the file is missing"):
        sets.epqa(data)
    with pytest.raises(CatalogueError, match="'nosuch' is not known"):
        corpus(write_sets(data), Settings(corpora=("nosuch",)))
