from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks import math_fuzz, math_fuzz_guided
from benchmarks.math_fuzz_text import Choices, long_text, program


def test_random_programs_are_counted_and_what_escapes_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    result = math_fuzz.random_programs({"seed": 3, "count": 60})
    assert sum(result["outcomes"].values()) == 60 and result["escaped"] == []
    assert result["distinct"] > 50 and result["slowest"] > 0

    def broken(source: str, *_: object) -> str:
        if "**" in source:
            raise MemoryError("too much")
        return "an exact number"

    monkeypatch.setattr(math_fuzz, "check_source", broken)
    result = math_fuzz.random_programs({"seed": 3, "count": 60})
    assert result["escaped"] and "**" in result["escaped"][0]["source"]
    assert "MemoryError: too much" in result["escaped"][0]["error"]
    rows = {row.metric: row for row in math_fuzz.random_rows([result])}
    assert rows["random programs: anything but an answer or a refusal"].met is False
    assert rows["random programs: read or refused, run or stopped"].ours == 60


def test_choices_run_out_and_repeat() -> None:
    assert Choices(b"").below(7) == 0 and program(Choices(b"")) == "A"
    assert program(Choices(random.Random(5))) == program(Choices(random.Random(5)))
    assert len(long_text(Choices(random.Random(1)), 500)) == 500


def test_long_texts_are_timed() -> None:
    found = math_fuzz.long_texts({"seed": 1, "count": 3})
    assert set(found) == {"question", "answer"} and found["question"]["slowest"] > 0


def test_a_run_without_atheris_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise math_fuzz_guided.Missing("atheris is not installed")

    monkeypatch.setattr(math_fuzz_guided, "available", missing)
    assert math_fuzz.main(["--programs", "5", "--cache", str(tmp_path)]) == 2
    assert "atheris is not installed" in capsys.readouterr().err


def test_findings_fail_the_claim_and_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_cells(name: str, cells: list[Mapping[str, Any]], *_: object, **__: object) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = []
        for cell in cells:
            if cell["kind"] == "random":
                results.append(math_fuzz.random_programs(cell))
            elif cell["kind"] == "long":
                results.append({"question": {"slowest": 0.01}, "answer": {"slowest": 0.01}})
            else:
                bad = cell["harness"] == "wire"
                some = {"executions": 9, "covered": 5, "corpus": 1, "peak_mb": 40, "slowest": 0}
                told = "AssertionError: x" if bad else ""
                results.append({**some, "findings": ["crash-1"] if bad else [], "told": told})
        return results

    monkeypatch.setattr(math_fuzz_guided, "available", lambda: None)
    monkeypatch.setattr(math_fuzz, "run_cells", run_cells)
    assert math_fuzz.main(["--programs", "20", "--seconds", "1", "--cache", str(tmp_path)]) == 1
    out = capsys.readouterr()
    assert "found crash-1 AssertionError: x" in out.err
    assert "wire: findings" in out.out and "A CLAIM FAILED" in out.out


@pytest.mark.parametrize("harness", ["program text", "template text", "wire", "equivalence"])
def test_every_harness_begins_with_something(harness: str) -> None:
    assert all(isinstance(data, bytes) for data in math_fuzz_guided.seeds(harness))
    assert len(math_fuzz_guided.seeds(harness)) >= 4
