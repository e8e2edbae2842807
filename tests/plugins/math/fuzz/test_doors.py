"""Every door that text enters by, with any bytes; and what fuzzing found before."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.math_fuzz_checks import HARNESSES, check_source, check_template, watched
from benchmarks.math_fuzz_text import Choices, program
from plugins.math.program import program_of
from plugins.math.template import filled, template_of
from plugins.math.types import ProgramError
from plugins.math.wire import Failure, completion
from tests.plugins.math.hostile import PROGRAMS

_seeds = st.integers(0, 2**32).map(lambda seed: random.Random(seed).randbytes(400))


@pytest.mark.parametrize("harness", HARNESSES)
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=400) | _seeds)
def test_any_bytes(harness: str, data: bytes) -> None:
    HARNESSES[harness](data)


def test_random_programs_end_in_every_way() -> None:
    rng = random.Random(0)
    ends = Counter(check_source(program(Choices(rng))).partition(":")[0] for _ in range(300))
    assert set(ends) == {"an exact number", "a float", "a truth", "refused", "failed"}


def test_hostile_programs_cause_no_event_of_the_interpreter() -> None:
    for source in PROGRAMS[:150]:
        assert check_source(source).startswith(("refused", "failed"))


def test_the_watch_sees_what_it_should(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="open"), watched():
        (tmp_path / "x").write_text("")
    with pytest.raises(AssertionError, match="exec"), watched():
        eval("1 + 1")  # noqa: S307  a constant: the watch is what is tested


def test_a_wrong_program_makes_the_parser_read_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CPython shows the line of an error, which it takes from a file of the name that the source was given."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "<unknown>").write_text("secret")
    with watched(), pytest.raises(ProgramError):
        program_of("A +", ("A",))


@pytest.mark.parametrize("source", ["1e99$9", "5$3", "A + 1$2", "9" * 50 + "e300", "ans = " + "9" * 50 + "e300 * 0"])
def test_no_number_is_put_together_or_infinite(source: str) -> None:
    assert check_source(source).startswith("refused")


def test_a_dollar_sign_may_stand_before_a_number() -> None:
    assert check_source("$5 * $ 3 + $A") == "an exact number"


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-32"])
def test_an_answer_in_another_encoding_is_refused(codec: str) -> None:
    answer = '{"choices": [{"message": {"content": "a"}}]}'
    raw = answer.encode(codec)
    with watched():
        assert isinstance(completion(raw), Failure)
    assert completion(answer.encode("utf-8-sig")) == ("a", 0)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("the 100's are 5", "the A 's are B"),
        ("½5kg", "A B kg"),
        ("half A1 of 12", "A 1 of B"),
        ("A \n5kg bag", "a \nA kg bag"),
        ("5\u0661 cats", "A\u0661 cats"),
        ("A 5 foot rope", "a A foot rope"),
        ("Plan A, 5 cats", "Plan A, B cats"),
    ],
)
def test_letters_stand_apart(question: str, text: str) -> None:
    assert check_template(question).text == text


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["He has", "She buys", "There are", "Tom gave away", "They found", "A man sold", "Then"]),
            st.one_of(
                st.integers(2, 99_999).map(str),
                st.integers(1000, 9_999_999).map("{:,}".format),
                st.integers(2, 999).map(lambda cents: f"{cents / 100:.2f}"),
                st.sampled_from(
                    ["two", "seventeen", "twenty five", "three hundred and six", "a dozen", "1/2", "2 1/2"]
                ),
            ),
            st.sampled_from(["apples", "pens", "red marbles", "miles", "boxes of cards", "dollars"]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_numbers_come_back_from_a_filled_template(parts: list[tuple[str, str, str]]) -> None:
    question = ". ".join(" ".join(part) for part in parts) + ". How many are there?"
    template = check_template(question)
    assert len(template.letters) == len(parts)
    assert list(template_of(filled(template)).values.values()) == list(template.values.values())
