"""The replay: files are joined, prose and programs are read, rules and figures say what they claim."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from benchmarks import math_replay_data as data
from benchmarks.math_replay import main
from benchmarks.math_replay_cells import rules
from benchmarks.math_replay_data import Missing, Problem, Record
from benchmarks.math_replay_read import chain, read
from benchmarks.math_replay_report import mcnemar, selective
from benchmarks.math_replay_salvage import salvage
from benchmarks.math_replay_vote import Item, Voted, aurc, coverage, crossed, curve, ece, example, folds
from plugins.math.interpreter import run
from plugins.math.program import program_of
from plugins.math.template import template_of
from plugins.math.vote import pack

QUESTION = "Ann had 32 cards. Her sister had 42. They lost 35. How many cards do they have left?"
POT = """
import math
import numpy as np

# Question: Ann had 32 cards.
# Answer this question by implementing a solver() function.
def solver():
    ann = 32
    sister = 42
    lost = 35
    return ann + sister - lost
ans = solver()"""
PLAN = "Ann and her sister had 32 cards + 42 cards = 74 cards.\n\nThey have 74 - 35 = 39 cards left."


def made(**records: Record) -> Item:
    problem = Problem(
        data.key_of(QUESTION), QUESTION, 39.0, {name.replace("_", "-"): one for name, one in records.items()}
    )
    template = template_of(QUESTION)
    return Item(problem, template, tuple(read(problem, template, tuple(data.CHANNELS))))


def test_prose_and_program_become_one_formula() -> None:
    item = made(pot=Record(POT, 39.0), plan=Record(PLAN, 39.0), cot=Record("It is 38.", 38.0))
    by = {one.channel: one for one in item.derivations}
    assert by["pot"].program is not None and by["pot"].program.variables == frozenset("ABC")
    assert by["plan"].program is not None and run(by["plan"].program, dict.fromkeys("ABC", Fraction(1))) == 1
    assert by["cot"].program is None and by["cot"].answer == 38
    result = rules([item], ("cot", "plan", "pot"))
    assert {name: values["right"] for name, values in result["rules"].items()} == {
        "majority": "1",
        "all agree": "0",
        "two agree": "1",
        "two agree on draws": "1",
    }


def test_wrong_equations_are_slips() -> None:
    steps, slips = chain("3 + 4 = 7, and 7 x 2 = 15; 10 dollars - 4 dollars = $6")
    assert [value for _, value in steps] == [7, 6] and slips == 1


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("    a = 5\n    b = ?\n    c = 15\n    b = c - a\n    return b", 10),
        ("    x + 15 = 32\n    return x", 17),
        ("    x = Symbol('x')\n    equation = Eq(x * 3, 12)\n    answer = solve(equation, x)\n    return answer", 4),
        ("    left = had - given\n    had = 9\n    left = 4\n    return given", 5),
        ("    x = y + 1\n    return x", None),
        ("    x * x = 16\n    return x", None),
        ("    a = 5\n", None),
        ("    x = __import__('os')\n    return x", None),
    ],
)
def test_equations_are_solved_and_nothing_is_guessed(body: str, answer: int | None) -> None:
    found = salvage(f"def solver():\n{body}\nans = solver()")
    assert (None if found is None else run(program_of(found, ()), {})) == answer


def test_what_recorded_programs_need_is_marked() -> None:
    several = made(pot=Record(POT.replace("return ann + sister - lost", "return lost, ann"), 35.0)).derivations[0]
    assert several.answer == 35 and several.checks["several"] == 1
    negative = made(pot=Record(POT.replace("ann + sister - lost", "lost - ann - sister"), 39.0)).derivations[0]
    assert negative.answer == 39 and negative.checks["sign dropped"] == 1
    broken = made(pot=Record(POT.replace("return", "give"), None)).derivations[0]
    assert broken.answer is None and broken.failure


def test_figures_of_a_ranking() -> None:
    vote = Voted(np.array([0.9, 0.8, 0.6, 0.3]), np.array([True, True, False, True]))
    assert list(curve(vote)) == pytest.approx([1, 1, 2 / 3, 3 / 4])
    assert coverage(vote, 1.0) == 0.5 and coverage(vote, 0.7) == 1.0
    assert aurc(vote) == pytest.approx((0 + 0 + 1 / 3 + 1 / 4) / 4)
    assert ece(vote) == pytest.approx((0.1 + 0.2 + 0.6 + 0.7) / 4)
    share, precision, _ = selective(vote, 0.7)
    assert (share, precision) == (0.5, 1.0)
    assert mcnemar(np.array([True] * 6), np.array([False] * 6)) == (6, 0, 2 / 64)


def test_equal_questions_share_a_fold_and_no_fold_votes_on_itself() -> None:
    found = [made(pot=Record(POT, 39.0), plan=Record(PLAN, 39.0)) for _ in range(3)]
    assert len(set(folds(found, 1))) == 1
    others = [
        Item(Problem(f"k{place}", QUESTION, 39.0), one.template, one.derivations) for place, one in enumerate(found * 4)
    ]
    fold = folds(others, 1)
    assert sorted(set(fold)) == [0, 1, 2, 3, 4]
    voted = crossed(pack([example(one, ("pot", "plan")) for one in others]), fold)
    assert voted.right.all() and (voted.chances > 0.5).all()


def test_files_are_joined_by_question(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"MultiArith\.json"):
        data.problems("MultiArith", tmp_path)
    questions = tmp_path / "math_cot/dataset/MultiArith/MultiArith.json"
    questions.parent.mkdir(parents=True)
    questions.write_text(json.dumps([{"sQuestion": f" {QUESTION} ", "lSolutions": [39.0]}]))
    outputs = tmp_path / "math_llm_outputs"
    for folder in ("zero_shot_cot/log", "plan_and_solve/generated_result", "pot/outputs"):
        (outputs / folder).mkdir(parents=True)
    log = f"1_th_sampling\nQ: {QUESTION}\nA: So.\npred_before : 1,039.\npred_after : 1039\nGT : 39\n*****\n"
    for name in ("multiarith_zero_shot.log", "multiarith_zero_shot_cot.log"):
        (outputs / "zero_shot_cot/log" / name).write_text(log)
    plan = {"question": QUESTION, "chain-of-thought": PLAN, "pred": 39.0, "answer": 39.0, "ans": True}
    (outputs / "plan_and_solve/generated_result" / data._PLAN["MultiArith"]).write_text(json.dumps([plan]))
    pot = {"question": QUESTION, "generated": POT, "executed": None, "answer": 39.0}
    (outputs / "pot/outputs" / data._POT["MultiArith", "pot"]).write_text(json.dumps(pot) + "\n")
    problem = data.problems("MultiArith", tmp_path)[0]
    assert {name: one.recorded for name, one in problem.records.items()} == {
        "zero-shot": 1039.0,
        "cot": 1039.0,
        "plan": 39.0,
        "pot": None,
    }


def test_missing_data_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--data", str(tmp_path)])
    assert "math_cot" in capsys.readouterr().err
