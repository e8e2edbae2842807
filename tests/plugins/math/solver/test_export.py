"""From a trained solver to the served one: the whole way, with small random decoders over the shipped encoder."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from nlu.encoder import Encoder
from nlu.runtime import ENCODER_FOLDER, MODELS
from nlu.train_layers import WIDTH
from plugins.math.solver.channel import embedded
from plugins.math.solver.folder import CARD, RETRIEVAL
from plugins.math.solver.retrieval import Retrieval
from plugins.math.solver.runtime import SolverRuntime
from plugins.math.solver.symbols import value
from plugins.math.template import template_of
from plugins.math.training.export import export, rows, write_retrieval
from plugins.math.training.model import Solver, fresh
from plugins.math.training.parity import compare
from plugins.math.training.problem import Problem
from plugins.math.training.settings import Settings, TrainingError

SETTINGS = Settings(layers=1, pretrained=False, relation_width=16, sequence_width=16)
TEXTS = [
    ("Tom has {} apples and buys {} more. How many apples does he have?", "+ A B"),
    ("Ann had {} coins and lost {} of them. How many coins are left?", "- A B"),
    ("There are {} boxes with {} pens each. How many pens are there?", "* A B"),
    ("{} nuts are shared by {} friends. How many nuts does each get?", "/ A B"),
]


def problems(source: str = "made") -> list[Problem]:
    found = []
    for number, (text, formula) in enumerate(TEXTS):
        for first, second in ((12, 3), (20, 5)):
            question, prefix = text.format(first, second), tuple(formula.split())
            answer = value(prefix, {"A": Fraction(first), "B": Fraction(second)})
            found.append(Problem(question, prefix, answer, source, f"{number}.{first}"))
    return found


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Several threads are many times slower on matrices this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(MODELS / ENCODER_FOLDER)


@pytest.fixture(scope="module")
def solvers() -> list[Solver]:
    made = [fresh(SETTINGS, seed).eval() for seed in (1, 2)]
    with torch.no_grad():
        for solver in made:
            assert solver.relation is not None and solver.sequence is not None
            solver.relation.score.weight *= 100  # sure of something, as trained ones are
            solver.sequence.out.weight *= 30
    return made


@pytest.fixture(scope="module")
def folder(solvers: list[Solver], encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(solvers, tmp_path_factory.mktemp("out") / "solver-1", problems(), encoder=encoder)


def test_what_is_served_is_what_was_trained(folder: Path, solvers: list[Solver], encoder: Encoder) -> None:
    found = compare(solvers, SolverRuntime.load(folder, encoder), problems(), encoder)
    for name in ("relation", "sequence"):
        assert found["search"][name]["questions"] == 8 and found["search"][name]["same best"] == 1.0
        assert found["served"][name]["same best"] >= 0.75


def test_a_question_of_the_training_is_found_again(folder: Path, encoder: Encoder) -> None:
    runtime = SolverRuntime.load(folder, encoder)
    for problem in problems():
        (best, chance), *_ = runtime.solve(template_of(problem.question))["retrieval"]
        assert best == problem.prefix and chance > 0.3


def test_the_card_says_what_it_is_made_of(folder: Path, encoder: Encoder) -> None:
    card = json.loads((folder / CARD).read_text())
    assert card["encoder"] == encoder.version and card["members"] == ["m0", "m1"]
    assert card["problems"] == {"made": 8} and card["question_vectors"] == 4
    assert set(card["files"]) == {path.name for path in folder.iterdir()} - {CARD}


def test_channels_answer_with_the_shipped_encoder(folder: Path) -> None:
    async def ask() -> list[str]:
        channels = embedded(SolverRuntime.load(folder))
        found = await asyncio.gather(*(c.derive(template_of(problems()[0].question), 3) for c in channels))
        return [item.channel for several in found for item in several]

    assert {"relation", "sequence", "retrieval"} == set(asyncio.run(ask()))


def test_the_same_seed_writes_the_same_bytes(
    folder: Path, solvers: list[Solver], encoder: Encoder, tmp_path: Path
) -> None:
    again = export(solvers, tmp_path / "again", problems(), encoder=encoder)
    assert json.loads((again / CARD).read_text()) == json.loads((folder / CARD).read_text())


def test_an_export_leaves_other_files_and_no_old_members(
    solvers: list[Solver], encoder: Encoder, tmp_path: Path
) -> None:
    folder = export(solvers, tmp_path / "s", problems(), encoder=encoder)
    (folder / "vote.json").write_text("{}")
    export(solvers[:1], folder, problems(), encoder=encoder, most=0)
    assert {path.name for path in folder.iterdir()} == {"m0.branch.onnx", "m0.decoders.npz", CARD, "vote.json"}
    assert SolverRuntime.load(folder, encoder).channels == ("relation", "sequence")
    assert not (folder / RETRIEVAL).exists()


def test_what_cannot_be_served_is_refused(encoder: Encoder, tmp_path: Path, solvers: list[Solver]) -> None:
    with pytest.raises(TrainingError, match="'gru' cannot be served"):
        export([Solver(Settings(encoder="gru", sequence_width=8, relation_width=8))], tmp_path, problems())
    with pytest.raises(TrainingError, match="no model"):
        export([], tmp_path, problems())
    with pytest.raises(TrainingError, match="no problem"):
        export(solvers, tmp_path, [])


def test_a_question_that_was_cut_is_not_looked_up(folder: Path, encoder: Encoder, tmp_path: Path) -> None:
    runtime = SolverRuntime.load(folder, encoder)
    long = template_of("Tom has 3 nuts. " + "He likes nuts very much indeed. " * 30 + "He buys 4. How many has he?")
    whole = template_of(problems()[0].question)
    path = tmp_path / RETRIEVAL
    assert write_retrieval(runtime, [(long, "+ #0 #1"), (whole, "+ #0 #1")], path) == 1
    assert write_retrieval(runtime, [(long, "+ #0 #1")], path) == 0
    Retrieval.read(path, WIDTH)


def test_rows_are_real_questions_once_each() -> None:
    found = rows([*problems("synthetic"), *problems("mawps"), *problems("mawps+noise")], 3, 0)
    assert len(found) == 3 and len(rows(problems(), 100, 0)) == 4
    assert {formula for _, formula in rows(problems(), 100, 0)} == {"+ #0 #1", "- #0 #1", "* #0 #1", "/ #0 #1"}
