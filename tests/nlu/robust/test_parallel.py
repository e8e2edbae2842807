"""Readers of parallel clean and recognised text."""

from pathlib import Path

import pytest

from nlu.robust.parallel import read, read_folder, word_errors
from tests.nlu.robust import folders


def test_a_set_in_three_parts(tmp_path: Path) -> None:
    folders.phonemebert(tmp_path)
    corpus = read(tmp_path, "atis")
    assert (len(corpus.train), len(corpus.dev), len(corpus.test)) == (48, 16, 16)
    assert corpus.intents == (folders.FARE, folders.FLIGHT)
    assert corpus.train.heard[0] == "show me a fright to boston"
    assert corpus.train.phones[0] == ".SH.OW. .M.IY."
    assert "" in corpus.test.heard  # a recogniser may hear nothing
    assert len(corpus.first(8).train) == 8


def test_files_that_are_not_parallel_are_named_with_their_counts(tmp_path: Path) -> None:
    folder = folders.phonemebert(tmp_path) / "valid"
    heard = folder / "en.classification.txt"
    heard.write_text(heard.read_text().split("\n", 1)[1])
    with pytest.raises(ValueError) as error:
        read(tmp_path, "atis")
    assert f"{folder / 'text_original.txt'} has 16 lines" in str(error.value)
    assert f"{heard} has 15" in str(error.value)


def test_an_empty_label_is_named_with_its_line(tmp_path: Path) -> None:
    folder = folders.phonemebert(tmp_path) / "test"
    labels = (folder / "labels.classification.txt").read_text().split("\n")
    labels[2] = ""
    (folder / "labels.classification.txt").write_text("\n".join(labels))
    with pytest.raises(ValueError, match=r"labels\.classification\.txt:3: empty line"):
        read_folder(folder)


def test_missing_and_unknown(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"text_original\.txt"):
        read(tmp_path, "trec6")
    with pytest.raises(ValueError, match="unknown set 'snips'"):
        read(tmp_path, "snips")


def test_slurp_trains_on_no_sentence_of_devel_or_test(tmp_path: Path) -> None:
    folders.slurp(tmp_path)
    corpus = read(tmp_path, "slurp")
    assert corpus.train.clean == ("wake me up", "play a tune")
    assert corpus.train.labels == ("s_a0", "s_a1")
    assert corpus.dev.heard == ("stop them using",) and corpus.dev.labels == ("s_a0",)
    assert corpus.test.heard == ("heard 0", "heard 0", "heard 1", "heard 1")
    assert len(set(corpus.test.groups)) == 2


def test_slurp_row_without_intent(tmp_path: Path) -> None:
    folders.slurp(tmp_path)
    path = tmp_path / "slurp_synth_asr/train.jsonl"
    path.write_text(path.read_text().replace('"id": 1', '"id": 99'))
    with pytest.raises(ValueError, match=r"train\.jsonl:2: no intent"):
        read(tmp_path, "slurp")


def test_folds_share_no_sentence_and_cover_everything(tmp_path: Path) -> None:
    folders.phonemebert(tmp_path)
    corpus = read(tmp_path, "atis")
    parts = [corpus.fold(number, 4) for number in range(4)]
    tested = [group for part in parts for group in part.test.groups]
    assert sorted(tested) == sorted((corpus.train + corpus.dev + corpus.test).groups)
    for part in parts:
        assert not set(part.test.groups) & set((part.train + part.dev).groups)
        assert not set(part.dev.groups) & set(part.train.groups)
    with pytest.raises(ValueError, match="fold must be 0 to 3"):
        corpus.fold(4, 4)


@pytest.mark.parametrize(
    ("clean", "heard", "rate"),
    [("a b c d", "a b c d", 0.0), ("a b c d", "a x c", 0.5), ("A, b!", "a b c", 0.5), ("", "a", 1.0), ("", "", 0.0)],
)
def test_word_errors(clean: str, heard: str, rate: float) -> None:
    assert word_errors(clean, heard) == rate
