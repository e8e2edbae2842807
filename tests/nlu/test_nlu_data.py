"""Readers, augmentation and measures; no data sets, no training libraries."""

import itertools
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from nlu.data import (
    Row,
    Span,
    align_spans,
    align_words,
    held_out,
    mash,
    normalise,
    parse_brackets,
    project,
    read_jsonl,
)
from nlu.head import best_tags
from nlu.metrics import accepted_at_recall, auroc, calibration_error, exact_f1, lenient_f1
from nlu.train_data import augment, authored_lists, digits, rewrite, tag_list_items


def values(row: Row) -> list[tuple[str, str]]:
    return [(span.name, row.text[span.start : span.end]) for span in row.spans or ()]


def test_brackets_give_text_and_offsets() -> None:
    text, spans = parse_brackets("wake me  up at [time : seven am]  on [date : monday ]")
    assert text == "wake me up at seven am on monday"
    assert [(s.name, text[s.start : s.end]) for s in spans] == [("time", "seven am"), ("date", "monday")]
    assert parse_brackets("nothing here") == ("nothing here", ())
    assert parse_brackets("[time : ] x") == ("x", ())


def test_spans_move_to_typed_text() -> None:
    spans = (Span("place_name", 16, 24),)
    moved = project(spans, "what time is in new york", "What time is in New York?")
    assert moved == (Span("place_name", 16, 24),)
    assert project(spans, "what time is in new york", "What is the time?") is None


def test_spans_move_to_what_was_heard() -> None:
    clean = Row("wake me up at seven am", "alarm_set", (Span("time", 14, 22),), "x")
    heard = "wake me a boat seven am"
    spans = align_spans(clean, heard)
    assert spans is not None
    assert [heard[s.start : s.end] for s in spans] == ["seven am"]
    assert align_spans(Row("a b", "x", None, "x"), "a c") is None


def test_word_alignment() -> None:
    assert align_words(["a", "b", "c"], ["a", "x", "c"]) == [0, 1, 2]
    assert align_words(["a", "b", "c"], ["a", "c"]) == [0, 2]
    assert align_words(["a"], ["x", "a"]) == [None, 0]
    assert align_words([], ["x"]) == [None]


def test_edits_keep_entities_in_place() -> None:
    text = "wake me at seven thirty on may twenty five please"
    spans = (Span("time", 11, 23), Span("date", 27, 42))
    changed, moved = rewrite(text, spans, digits(text))
    assert changed == "wake me at 7:30 on may 25 please"
    assert [changed[s.start : s.end] for s in moved] == ["7:30", "may 25"]


def test_augmented_rows_keep_whole_words() -> None:
    rng = random.Random(0)
    for row in authored_lists(rng, 200):
        assert all(value for _, value in values(row))
        changed = augment(row, rng)
        assert {name for name, _ in values(changed)} <= {"list_item", "list_name"}
        for _, value in values(changed):
            assert value == value.strip() and value


def test_list_items_by_rule() -> None:
    row = Row(
        "please add olive oil to my grocery list", "lists_createoradd", (Span("list_name", 27, 34),), "x"
    )
    assert ("list_item", "olive oil") in values(tag_list_items(row))
    assert tag_list_items(Row("add it to my list", "lists_createoradd", (), "x")).spans == ()
    assert tag_list_items(Row("add milk to my list", "lists_createoradd", None, "x")).spans is None


def test_normalised_text_is_the_overlap_key() -> None:
    assert normalise("  Café, at 7:30!") == "cafe at 7 30"
    assert held_out("a sentence") == held_out("a sentence")
    assert 0.03 < np.mean([held_out(str(i)) for i in range(2000)]) < 0.1


def test_mash_is_never_a_known_word() -> None:
    rng = random.Random(0)
    assert all(isinstance(mash(rng), str) for _ in range(100))


def test_data_errors_name_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="--data"):
        list(read_jsonl(tmp_path / "none.jsonl"))
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"a": 1}\n{"a": \n')
    with pytest.raises(ValueError, match=r"bad\.jsonl:2"):
        list(read_jsonl(bad))


def test_best_tags_are_the_best_valid_sequence() -> None:
    generator = np.random.default_rng(0)

    def valid(path: tuple[int, ...]) -> bool:
        return all(
            tag % 2 == 1 or tag == 0 or (before in (tag, tag - 1))
            for before, tag in zip((0, *path), path, strict=False)
        )

    for _ in range(30):
        scores = generator.normal(size=(4, 5)).astype(np.float32)
        paths = [path for path in itertools.product(range(5), repeat=4) if valid(path)]
        best = max(paths, key=lambda path: sum(scores[i, tag] for i, tag in enumerate(path)))
        assert tuple(best_tags(scores)) == best


def test_measures() -> None:
    assert exact_f1([Counter({("a", "x"): 1})], [Counter({("a", "x"): 1, ("b", "y"): 1})]) == pytest.approx(
        2 / 3
    )
    assert lenient_f1([[("a", "new york")]], [[("a", "new york city")]]) == pytest.approx(0.8)
    assert lenient_f1([[]], [[]]) == 0
    assert calibration_error(np.array([0.8] * 10), np.array([True] * 8 + [False] * 2)) == pytest.approx(0)
    inside, outside = np.linspace(0, 0.5, 100), np.linspace(0.4, 1, 100)
    assert accepted_at_recall(inside, outside) < 0.2
    assert 0.9 < auroc(inside, outside) < 1
    assert auroc(inside, inside) == pytest.approx(0.5)
