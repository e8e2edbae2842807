from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from plugins.math.program import program_of
from plugins.math.solver.canonical import canonical
from plugins.math.solver.runtime import LARGEST, SolverRuntime, merged
from plugins.math.solver.symbols import MAX_LETTERS, infix, letters_of
from plugins.math.template import template_of
from tests.plugins.math.solver import tiny

QUESTION = "Tom has 3 apples and buys 4 more. How many apples does he have?"
LONG = "He has " + " and ".join(f"{n} nuts" for n in range(2, 20)) + " . How many is that?"


@pytest.fixture
def runtime(tmp_path: Path) -> SolverRuntime:
    return SolverRuntime.load(tiny.make(tmp_path / "solver", members=2), tiny.TinyTrunk())


@pytest.mark.parametrize("question", [QUESTION, LONG, "A bag of 5 kg costs $12. How much do 3 bags cost?"])
@pytest.mark.parametrize("beam", [1, 5])
def test_every_channel_gives_different_formulas_over_the_letters(
    runtime: SolverRuntime, question: str, beam: int
) -> None:
    template = template_of(question)
    found = runtime.solve(template, beam)
    assert tuple(found) == runtime.channels == ("relation", "sequence", "retrieval")
    for name in ("relation", "sequence"):
        formulas, chances = [one for one, _ in found[name]], [chance for _, chance in found[name]]
        assert (
            beam // 5 <= len(formulas) <= beam
            and chances == sorted(chances, reverse=True)
            and 0 <= sum(chances) <= 1 + 1e-6
        )
        assert len({canonical(one) for one in formulas}) == len(formulas)
        for one in formulas:
            assert set(letters_of(one)) <= set(template.letters[:MAX_LETTERS]) and letters_of(one)
            program_of(infix(one), template.letters)


def test_the_same_from_every_thread_whatever_else_is_solved(runtime: SolverRuntime) -> None:
    templates = [template_of(text) for text in (QUESTION, LONG, QUESTION.replace("3", "17"))]
    alone = [runtime.solve(template) for template in templates]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda index: runtime.solve(templates[index % 3]), range(24)))
    assert all(one == alone[index % 3] for index, one in enumerate(found))


@pytest.mark.parametrize(
    "question",
    ["", "How are you?", "What is a dozen dozen nothing", f"He has {LARGEST * 10} nuts. How many?", "\ud800"],
)
def test_what_is_no_question_for_it_gets_empty_beams(runtime: SolverRuntime, question: str) -> None:
    template = template_of(question)
    found = runtime.solve(template)
    if not template.values or max(map(abs, template.values.values())) > LARGEST:
        assert found == {name: [] for name in runtime.channels}


def test_letters_that_were_cut_take_no_part(tmp_path: Path) -> None:
    runtime = SolverRuntime.load(tiny.make(tmp_path / "solver"), tiny.TinyTrunk(most=4))
    template = template_of(QUESTION)
    read = runtime.read(template)
    assert read is not None and read[1].letters == ("A",) and len(read[0]) == 6
    for name in ("relation", "sequence"):
        assert all(set(letters_of(prefix)) == {"A"} for prefix, _ in runtime.solve(template)[name])
    blind = SolverRuntime.load(tmp_path / "solver", tiny.TinyTrunk(most=2))
    assert blind.solve(template) == {name: [] for name in blind.channels}


def test_numbers_are_seen_through_features_alone(runtime: SolverRuntime) -> None:
    first, second = (runtime.read(template_of(QUESTION.replace("3", text))) for text in ("3", "9"))
    assert first is not None and second is not None
    np.testing.assert_array_equal(first[0], second[0])
    assert (first[1].numbers != second[1].numbers).any()


def test_the_trunk_is_run_once_a_question(tmp_path: Path) -> None:
    trunk = tiny.TinyTrunk()
    runtime = SolverRuntime.load(tiny.make(tmp_path / "solver", members=2), trunk)
    runtime.solve(template_of(QUESTION))
    assert trunk.runs == 1


def test_a_beam_of_nothing_is_refused(runtime: SolverRuntime) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        runtime.solve(template_of(QUESTION), 0)


def test_members_may_lack_a_decoder(tmp_path: Path) -> None:
    import json

    from plugins.math.solver.folder import CARD, decoders, digest

    folder = tiny.make(tmp_path / "solver")
    only = {name: array for name, array in tiny.weights(0).items() if not name.startswith("sequence.")}
    np.savez(folder / decoders("m0"), **only)
    card = json.loads((folder / CARD).read_text())
    card["files"][decoders("m0")] = digest(folder / decoders("m0"))
    (folder / CARD).write_text(json.dumps(card))
    runtime = SolverRuntime.load(folder, tiny.TinyTrunk())
    assert runtime.channels == ("relation", "retrieval") and set(runtime.solve(template_of(QUESTION))) == {
        "relation",
        "retrieval",
    }


def test_beams_of_members_add_up_as_a_mean() -> None:
    first = [(("+", "A", "B"), 0.5), (("+", "B", "A"), 0.2), (("-", "A", "B"), 0.2), (("2",), 0.1)]
    second = [(("-", "A", "B"), 0.6), (("*", "B", "A"), 0.1)]
    found = merged([first, second], 5)
    assert [(" ".join(one.prefix), round(one.probability, 6), one.agreement) for one in found] == [
        ("- A B", 0.4, 0.5),
        ("+ A B", 0.35, 0.5),
        ("* A B", 0.05, 0.0),
    ]
    assert merged([], 5) == merged([[], []], 5) == []
    assert len(merged([first, second], 1)) == 1


def test_values_beyond_floats_do_no_harm(runtime: SolverRuntime) -> None:
    template = template_of(QUESTION)
    from dataclasses import replace

    huge = replace(template, values={"A": Fraction(10) ** 400, "B": Fraction(1)})
    assert runtime.solve(huge)["relation"] == []
    tiny_one = replace(template, values={"A": Fraction(1, 10**400), "B": Fraction(0)})
    assert runtime.solve(tiny_one)["relation"]
