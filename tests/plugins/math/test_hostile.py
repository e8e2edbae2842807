from __future__ import annotations

import builtins
import math
import os
import random
import subprocess
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.math.equivalence import equivalent
from plugins.math.interpreter import run
from plugins.math.lift import lifted
from plugins.math.program import program_of
from plugins.math.types import Limits, ProgramError, Template
from tests.plugins.math.hostile import PROGRAMS

VALUES = {"A": Fraction(5), "B": Fraction(8)}
TEMPLATE = Template("", VALUES, {"A": "", "B": ""}, "", frozenset("AB"), "")


def test_there_are_more_than_two_hundred_different_ones() -> None:
    assert len(set(PROGRAMS)) == len(PROGRAMS) > 200


@pytest.mark.parametrize("source", PROGRAMS, ids=range(len(PROGRAMS)))
def test_none_runs(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def tempted(*args: Any, **kwargs: Any) -> None:
        ran.append(source)

    with monkeypatch.context() as traps:
        for place, name in ((builtins, "eval"), (builtins, "exec"), (builtins, "open"), (builtins, "input")):
            traps.setattr(place, name, tempted)
        traps.setattr(os, "system", tempted)
        traps.setattr(subprocess, "run", tempted)
        try:
            outcome: object = run(program_of(source, VALUES), VALUES)
        except ProgramError as error:
            outcome = error
    assert isinstance(outcome, ProgramError), outcome
    assert outcome.reason
    assert ran == []


def test_no_run_outlasts_its_steps() -> None:
    program = program_of("ans = 0\nwhile True:\n    ans = (ans + 1) * 3 // 2 % 7", ())
    with pytest.raises(ProgramError, match="too many steps"):
        run(program, {}, Limits(seconds=math.inf))


SEEDS = [
    "def solution(A, B):\n    x = A * 2\n    if x > B:\n        return x - B\n    return [A, B][0] / 3",
    "ans = 0\nfor i in range(A):\n    ans += B ** i\n    while ans > 100:\n        ans //= 2",
    "import math\nx = math.sqrt(A) + max(A, B) % 3\nprint(f'{x}', str(x))\nanswer = round(x, 2)",
    "Answer = 2A(B - 1) ^ 2 ÷ 3 × A%",
    "a, b = divmod(B, A)\nans = a if not b else gcd(a, b) or sum([a, 1])",
]
PIECES = st.sampled_from(
    [
        *SEEDS,
        *PROGRAMS[:300],
        "**",
        "(",
        ")",
        "[",
        "]",
        ":",
        "\n",
        "    ",
        " ",
        "A",
        "B",
        "x",
        "=",
        "9",
        "0",
        ".",
        ",",
        "'",
    ]
)


def answered(source: str) -> None:
    """Runs and compares a program: it answers a finite number or a truth, or it is a `ProgramError`."""
    limits = Limits(steps=2000)
    try:
        program = program_of(source, VALUES)
        result = run(program, VALUES, limits)
        assert isinstance(result, bool | Fraction) or math.isfinite(result)
        equivalent(program, program, TEMPLATE, random.Random(0), 1, limits)
    except ProgramError as error:
        assert error.reason
    try:
        lifted(source, TEMPLATE)
    except ProgramError as error:
        assert error.reason


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_any_text(source: str) -> None:
    answered(source)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="AB0123456789.+-*/%^()[]=<>!:,' \nxifelsdwhr", max_size=80))
def test_any_text_of_the_grammar_s_letters(source: str) -> None:
    answered(source)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=8).map("".join))
def test_pieces_put_together(source: str) -> None:
    answered(source)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 6), PIECES), max_size=5))
def test_mutated_programs(source: str, changes: list[tuple[int, int, str]]) -> None:
    for place, cut, piece in changes:
        at = place % (len(source) + 1)
        source = source[:at] + piece[:8] + source[at + cut :]
    answered(source)
