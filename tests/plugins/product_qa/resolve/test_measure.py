import random
from pathlib import Path

import pytest

from benchmarks import product_resolve
from benchmarks.product_resolve_systems import Systems, kept, large_catalogue, left, linked, matched
from plugins.product_qa.resolve.mentions import mentions
from plugins.product_qa.resolve.records import SETS, RecordsError

MAKERS = ("acme", "bolt", "corva", "delta", "ember", "fjord", "gant", "helio")
THINGS = ("steel kettle", "paper shredder", "garden lantern", "coffee grinder")
TITLES = {
    f"{maker} {thing}": f"{maker} {thing} {maker[:2]}{number}00"
    for maker in MAKERS
    for number, thing in enumerate(THINGS)
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    titles = sorted(TITLES.values())
    for folder, column in SETS.values():
        for place, split in enumerate(("train", "valid", "test")):
            path = tmp_path / "product_records_er/data/er_magellan" / folder / f"{split}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = []
            for number, title in enumerate(titles[place::3]):
                other = titles[(place + 3 * number + 7) % len(titles)]
                lines += [f"COL {column} VAL new {title}\tCOL {column} VAL {title}\t1"]
                lines += [f"COL {column} VAL new {title}\tCOL {column} VAL {other}\t0"]
            path.write_text("\n".join(lines) + "\n", "utf-8")
    questions = tmp_path / "pqa_contextual/semiPQA/attribute_ranking/testunseen.csv"
    questions.parent.mkdir(parents=True)
    questions.write_text("qid\tquestion\n1\tis it heavy?\n2\twhat is the load capacity?\n3\tis this blue?\n", "utf-8")
    return tmp_path


def test_records_are_told_apart(data: Path) -> None:
    assert matched(data, "abt-buy")["ours"] == 100
    assert linked(data, "abt-buy") == {"records": 10, "titles": 32, "bm25": 100, "letters": 100, "ours": 100}


def test_systems_are_measured_alike() -> None:
    rng = random.Random(0)
    systems = Systems(TITLES)
    asked = mentions(TITLES, sorted(TITLES), 0.0, rng, odd=True, none=0.5)
    for system in ("bm25", "letters", "letters+sounds"):
        limit = systems.limit(system, asked)
        measured = systems.measure(system, asked, limit)
        assert measured["accuracy@1"] > 90
        assert measured["precision there"] >= 95
    assert systems.measure("exact", asked, 0.5)["accuracy@1"] < 90


def test_a_page_in_view(data: Path) -> None:
    rng = random.Random(0)
    assert kept(data, TITLES, rng, 10) == 100
    asked = mentions(TITLES, sorted(TITLES), 0.0, rng, odd=True)
    right, stays = left(TITLES, asked, rng)
    assert right > 70 and right + stays <= 100


def test_a_large_catalogue_has_its_size_and_no_title_twice() -> None:
    titles = large_catalogue(sorted(TITLES.values()), 100, random.Random(0))
    assert len(titles) == len(set(titles)) == 100


def test_missing_data_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        product_resolve.main(["--data", str(tmp_path)])
    assert "questions are missing" in capsys.readouterr().err
    with pytest.raises(RecordsError):
        matched(tmp_path, "abt-buy")
