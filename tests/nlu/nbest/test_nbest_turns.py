"""Reading telephone dialogs, and what is broken about them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from nlu.nbest.turns import frame_items, held_out, read_turns
from tests.nlu.nbest.callers import act, write


def test_turns_of_a_split(tmp_path: Path) -> None:
    turns = read_turns(write(tmp_path, train=3, dev=2), "dev")
    assert len(turns) == 8 and {turn.dialog for turn in turns} == {"call-3", "call-4"}
    assert turns[0].hypotheses[0][1] < 0
    assert turns[0].system == ("request", "request(slot)", "request(slot=food)")
    assert turns[0].live == {"bye()"}


def test_items_are_act_slot_value() -> None:
    acts = [act("inform", ("food", "thai"), ("area", "north")), act("request", ("slot", "phone")), act("bye")]
    assert frame_items(acts) == {"inform(food=thai)", "inform(area=north)", "request(phone)", "bye()"}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.gz"):
        read_turns(tmp_path / "none.gz", "dev")


@pytest.mark.parametrize("line", ["{", '{"split": "dev", "session": "a"}', "[]", '{"split": "dev", "turns": [1]}'])
def test_a_broken_record_names_file_and_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bad.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write('{"split": "train", "turns": []}\n' + line + "\n")
    with pytest.raises(ValueError, match=r"bad\.jsonl\.gz:2: not a dialog"):
        read_turns(path, "dev")


def test_a_file_that_is_cut_short_or_no_gzip_is_named(tmp_path: Path) -> None:
    whole = write(tmp_path).read_bytes()
    path = tmp_path / "cut.gz"
    for content in (whole[:-20], b"no gzip"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"cut\.gz: not a complete gzip file"):
            read_turns(path, "dev")


def test_a_split_without_turns_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no turns of the split 'test'"):
        read_turns(write(tmp_path, 2, 1), "test")


def test_about_a_tenth_is_held_out() -> None:
    share = sum(held_out(f"call-{number}") for number in range(2000)) / 2000
    assert 0.07 < share < 0.14
