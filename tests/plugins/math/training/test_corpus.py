from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from plugins.math.training import report
from plugins.math.training.corpus import corpus
from plugins.math.training.echo import asked, story
from plugins.math.training.gsm8k import problem, solutions, steps_of
from plugins.math.training.leaks import masked_key
from plugins.math.training.mawps import read
from plugins.math.training.problem import DataError, check
from plugins.math.training.test_sets import test_set
from tests.plugins.math.training import data


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return data.folder(tmp_path)


def test_mawps_keeps_what_it_can_read_and_counts_the_rest(root: Path) -> None:
    why: Counter[str] = Counter()
    found = read(root, why, Counter())
    assert [p.prefix for p in found[:8]] == [("+", "A", "B")] * 8
    assert found[-1].prefix == ("-", "A", "B")  # 9 - x = 4
    assert why == {"not linear": 1}


def test_archive_and_folder_say_the_same(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    packed = data.folder(tmp_path_factory.mktemp("packed"), packed=True)
    assert read(packed, Counter(), Counter()) == read(root, Counter(), Counter())


def test_missing_and_damaged_files_are_named(root: Path) -> None:
    path = root / "math_gsm8k/grade_school_math/data/train.jsonl"
    path.write_text('{"question": "How?", "answer": "#### 3"}\n{"question": 3')
    with pytest.raises(DataError, match=r"train\.jsonl, line 2"):
        solutions(root, Counter())
    path.write_text('{"question": "How?"}')
    with pytest.raises(DataError, match=r"train\.jsonl, line 1: KeyError"):
        solutions(root, Counter())
    path.unlink()
    with pytest.raises(DataError, match=r"train\.jsonl is missing"):
        solutions(root, Counter())


def test_steps_are_joined_into_one_formula(root: Path) -> None:
    found = [problem(solution, Counter(), Counter()) for solution in solutions(root, Counter())]
    assert [p.prefix for p in found if p is not None] == [("-", "*", "A", "B", "C")] * 8


def test_steps_without_marks_and_marks_of_a_result_alone() -> None:
    steps = steps_of("He takes 84 / 2 = 42 trips.\nThat is 42-12=<<30=30>>30 more.\nGood.")
    assert [step.result for step in steps] == [42, 30]
    assert [step.sentence for step in steps] == ["He takes 84 / 2 = 42 trips.", "That is 42-12=30 more."]


def test_corpus_holds_no_test_question_and_devel_is_apart(root: Path) -> None:
    made = corpus(root, seed=3)
    assert made.report.leaked["mawps"] == {"masked": 1, "near": 1}
    assert {name: len(part) for name, part in made.parts.items()} == {"mawps": 1, "gsm8k": 8}
    assert Counter(p.source for p in made.train) == {"mawps": 7}
    keys = [{masked_key(p.question) for p in part} for part in (made.train, made.devel)]
    assert not keys[0] & keys[1]
    assert masked_key(data.TESTED) not in keys[0] | keys[1]
    assert all(check(p) == "" for p in (*made.train, *made.devel))


def test_corpus_with_all_it_can_hold_is_reproducible(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugins.math.training.corpus.DEVEL_GSM8K", 2)
    monkeypatch.setattr("plugins.math.training.corpus.DEVEL_SYNTHETIC", 5)
    made = corpus(root, seed=3, synthetic=12, noised=0.5)
    assert {p.source.partition("+")[0] for p in made.train} == {"mawps", "gsm8k", "step", "synthetic"}
    assert any(p.source.endswith("+noise") for p in made.train)
    assert all(check(p) == "" for p in made.train)
    assert len({p.id for p in made.train}) == len(made.train)
    again = corpus(root, seed=3, synthetic=12, noised=0.5)
    assert (again.train, again.parts) == (made.train, made.parts)
    assert corpus(root, seed=4, synthetic=12, noised=0.5).train != made.train


def test_steps_become_questions_of_their_own(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugins.math.training.corpus.DEVEL_GSM8K", 0)
    steps = [p for p in corpus(root).train if p.source == "step"]
    assert steps[0].question == (
        "Ada runs a stall at the market with 4 boxes of apples. Each box holds 11 apples. Ada sells 2 apples to a "
        "friend. How many apples did Ada have at first?"
    )
    assert {step.prefix for step in steps} == {("*", "A", "B")}


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("Natalia sold 48/2 = 24 clips in May.", "How many clips did Natalia sell in May?"),
        ("So he will need 3*4=12 jelly beans.", "How many jelly beans will he need?"),
        ("There were 11-7=4 days left.", "How many days were there left?"),
        ("Josh spent $1.75+$1.25=$3 in total.", "How much money did Josh spend in total?"),
        ("She filled 3+4 = 7 jars on Monday.", "She filled how many jars on Monday?"),
        ("The shoes cost 2*$40=$80.", "How much did the shoes cost?"),
        ("Store A has a $125 x 8/100 = $10 discount.", ""),
        ("There are 400-100 = 300 non-white homes.", ""),
        ("If he eats 2*3=6 figs he is full.", ""),
        ("That is all.", ""),
    ],
)
def test_sentences_of_steps_as_questions(sentence: str, question: str) -> None:
    assert asked(sentence) == question


def test_stories_keep_what_the_question_takes_for_granted() -> None:
    assert (
        story("Amy has 3 bags. If each bag holds 5 nuts, how many nuts has she?")
        == "Amy has 3 bags. Each bag holds 5 nuts."
    )
    assert story("How many legs have 3 dogs?") == ""


def test_test_sets_are_read_with_their_tags(root: Path) -> None:
    (svamp,) = test_set(root, "svamp")
    assert svamp.prefix == ("-", "A", "B")
    assert svamp.tags == {"mwptoolkit-test"}
    assert svamp.question.endswith("each pack. How much is a pack?")
    (control,) = test_set(root, "svamp_questionless")
    assert "How" not in control.question and control.answer == 51
    (asdiv,) = test_set(root, "asdiv")
    assert asdiv.answer == 9
    assert asdiv.tags == {"asdiv-a"}
    assert asdiv.prefix == ("+", "A", "B")
    with pytest.raises(DataError, match="no test set is called 'mathqa'"):
        test_set(root, "mathqa")


def test_report_counts_and_names_what_is_missing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main(["--data", str(root), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["leaked"] == {"mawps": {"masked": 1, "near": 1}}
    assert found["test sets"]["multiarith"] == {"questions": 1, "with formula": 1}
    assert report.main(["--data", str(root)]) == 0
    assert "not linear 1" in capsys.readouterr().out
    assert report.main(["--data", str(root / "nowhere")]) == 1
    assert "is missing" in capsys.readouterr().err
