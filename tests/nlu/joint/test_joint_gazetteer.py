"""Gazetteers: longest match on normalised words, thinning, support, lists from files."""

from pathlib import Path

import numpy as np
import pytest

from nlu.data import Row, Span
from nlu.joint.gazetteer import Gazetteer, read_lists


def test_the_longest_value_wins() -> None:
    lists = Gazetteer({"city": ["New York", "York"], "paper": ["New York Times"]})
    words = ["the", "new", "york", "times", "of", "york"]
    assert lists.flags(words)[:, 0].tolist() == [0, 1, 1, 1, 0, 1]
    typed = lists.flags(words, ["city", "paper"])
    assert typed[:, 0].tolist() == [0, 0, 0, 0, 0, 1]
    assert typed[:, 1].tolist() == [0, 1, 1, 1, 0, 0]


def test_types_not_asked_for_do_not_shadow_others() -> None:
    lists = Gazetteer({"city": ["york"], "paper": ["york times"]})
    assert lists.flags(["york", "times"], ["city"]).tolist() == [[1], [0]]


def test_case_accents_and_punctuation_do_not_matter() -> None:
    lists = Gazetteer({"city": ["St. Louis", "Málaga"]})
    assert lists.flags(["ST", ".", "Louis", "malaga"])[:, 0].tolist() == [1, 1, 1, 1]
    assert len(Gazetteer({"city": ["...", ""]})) == 0
    assert lists.flags([]).shape == (0, 1)


def test_thinning_drops_about_the_share_and_follows_the_seed() -> None:
    lists = Gazetteer({"n": [f"value {i}" for i in range(1000)]})
    kept = lists.thinned(0.3, np.random.default_rng(1))
    assert 640 <= len(kept) <= 760
    assert kept.values() == lists.thinned(0.3, np.random.default_rng(1)).values()
    assert len(lists) == 1000
    with pytest.raises(ValueError, match="share"):
        lists.thinned(1.0, np.random.default_rng(1))


def test_a_sentence_can_leave_out_what_only_it_supports() -> None:
    rows = [
        Row("to york", "go", (Span("city", 3, 7),), "t"),
        Row("to york and rome", "go", (Span("city", 3, 7), Span("city", 12, 16)), "t"),
    ]
    lists = Gazetteer.of_rows(rows)
    assert lists.own(rows[1]) == {("rome",)}
    words = rows[1].text.split()
    assert lists.flags(words)[:, 0].tolist() == [0, 1, 0, 1]
    assert lists.flags(words, skip=lists.own(rows[1]))[:, 0].tolist() == [0, 1, 0, 0]


def test_lists_from_plain_files_and_rasa_lookups(tmp_path: Path) -> None:
    (tmp_path / "city.txt").write_text("Rome\n\nNew York\n", encoding="utf-8")
    (tmp_path / "nlu.yml").write_text(
        'version: "3.1"\nnlu:\n- lookup: dish\n  examples: |\n    - pad thai\n    - soup\n', encoding="utf-8"
    )
    assert read_lists(tmp_path) == {"city": ["Rome", "New York"], "dish": ["pad thai", "soup"]}
    with pytest.raises(FileNotFoundError, match=r"absent\.txt"):
        read_lists(tmp_path / "absent.txt")
    (tmp_path / "bad.yml").write_text("nlu: [", encoding="utf-8")
    with pytest.raises(ValueError, match=r"bad\.yml"):
        read_lists(tmp_path / "bad.yml")
