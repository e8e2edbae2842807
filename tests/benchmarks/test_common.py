"""The report that every benchmark prints."""

import json

import pytest

from benchmarks import common
from benchmarks.common import row
from benchmarks.turns.sentences import Sentences


def test_verdicts_and_ratio() -> None:
    slow = row("ms", 4.0, baseline=50.0, baseline_name="peer", bar=3.0)
    fast = row("turns/s", 600.0, ci95=[580.123456, 610.0], bar=500, better="higher")
    assert slow.met is False and slow.ratio == 0.08
    assert fast.met is True and fast.ci95 == [580.1, 610.0] and fast.baseline is None
    assert row("note", 1.0).met is None


def test_a_failed_claim_is_in_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    good = common.report("x", [1], [row("a", 1.0, bar=2.0)], (0.0, 0.0, 0.0))
    assert good.show(as_json=True) == 0
    printed = json.loads(capsys.readouterr().out)
    assert list(printed) == ["name", "command", "commit", "machine", "seeds", "rows"]
    keys = ["metric", "ours", "baseline", "baseline_name", "ratio", "ci95", "bar", "met"]
    assert list(printed["rows"][0]) == keys
    bad = common.report("x", [1], [row("a", 1.0, bar=2.0), row("b", 3.0, bar=2.0)], (0.0, 0.0, 0.0))
    assert bad.show(as_json=False) == 1
    assert "A CLAIM FAILED" in capsys.readouterr().out


def test_no_sentence_comes_twice_and_a_seed_gives_the_same_ones() -> None:
    def drawn(seed: int) -> list[str]:
        lines = Sentences(seed).lines()
        return [next(lines) for _ in range(3000)]

    first = drawn(1)
    assert len(set(first)) == len(first)
    assert first == drawn(1) != drawn(2)


def test_fillings_of_one_script_differ_and_a_follow_up_names_the_same_thing() -> None:
    (one, two), (three, four) = Sentences(5).scripts(2, "timer_set")
    assert len({one, two, three, four}) == 4
    number = next((word for word in one.split() if word.isdigit()), None)
    assert number is not None and number != next((word for word in three.split() if word.isdigit()), None)
