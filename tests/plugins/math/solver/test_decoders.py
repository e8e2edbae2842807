"""The numpy decoders against those that are trained, on random weights."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from nlu.train_layers import WIDTH
from plugins.math.solver.beam import Beam, kept
from plugins.math.solver.canonical import Form, canonical
from plugins.math.solver.encoding import Encoding
from plugins.math.solver.relation import RelationDecoder, _index_pairs, _results
from plugins.math.solver.sequence import SequenceDecoder
from plugins.math.solver.symbols import MAX_OPERATORS, operators, value
from plugins.math.solver.weights import Weights, largest
from plugins.math.training.batches import Inputs, pairs_of
from plugins.math.training.decode import relation_beam, sequence_beam
from plugins.math.training.gold import FIXED
from plugins.math.training.items import Item
from plugins.math.training.model import Encoded
from plugins.math.training.pairwise import CONSTANT_VALUES
from plugins.math.training.relation import Relation
from plugins.math.training.sequence import Sequence
from tests.plugins.math.solver import tiny

LETTERS = "ABCDEFGHIJKL"


def question(letters: int, seed: int = 0, tokens: int = 9, width: int = WIDTH) -> Encoding:
    rng = np.random.default_rng(seed)
    states = rng.normal(size=(max(tokens, letters + 2), width)).astype(np.float32)
    numbers = rng.normal(size=(letters, 16)).astype(np.float32)
    values = rng.integers(1, 50, letters).astype(np.float64)
    return Encoding(states, states.mean(axis=0), tuple(LETTERS[:letters]), np.arange(1, letters + 1), numbers, values)


def in_torch(asked: Encoding) -> tuple[Encoded, Inputs, Item]:
    count, length = len(asked.letters), len(asked.states)
    real = torch.ones(1, length, dtype=torch.bool)
    inputs = Inputs(
        torch.zeros(1, length, dtype=torch.long),
        torch.zeros(1, 0, WIDTH),
        real,
        torch.from_numpy(asked.rows)[None],
        torch.ones(1, count, dtype=torch.bool),
        torch.from_numpy(asked.numbers)[None],
    )
    exact = {letter: Fraction(one) for letter, one in zip(asked.letters, asked.values.tolist(), strict=True)}
    item = Item(
        "", "", np.zeros(length, np.int64), asked.letters, asked.rows, asked.numbers, asked.values, exact, Fraction(0),
        (), (), (),
    )  # fmt: skip
    return Encoded(torch.from_numpy(asked.states)[None], torch.from_numpy(asked.pooled)[None]), inputs, item


def peaked(module: torch.nn.Module, name: str, factor: float) -> Weights:
    """Random weights that are sure of something, so that both searches find the same."""
    with torch.no_grad():
        for key, parameter in module.named_parameters():
            if key.split(".")[0] in ("score", "out"):
                parameter.mul_(factor)
    arrays = {f"{name}.{key}": value.numpy() for key, value in module.state_dict().items()}
    return Weights(arrays, "random")


def summed(beam: Beam) -> dict[Form, float]:
    """Probabilities of formulas that say the same, together."""
    found: dict[Form, float] = {}
    for prefix, chance in beam:
        found[canonical(prefix)] = found.get(canonical(prefix), 0.0) + chance
    return found


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search of the numpy decoders gives nothing up, as that of torch."""
    monkeypatch.setattr("plugins.math.solver.beam.FLOOR", 0.0)


def compare(ours: Beam, theirs: Beam) -> None:
    mine, wanted = summed(ours), summed(theirs)
    best = sorted(wanted, key=lambda form: -wanted[form])[:3]
    assert max(mine, key=mine.__getitem__) == best[0]
    for form in best:
        assert mine[form] == pytest.approx(wanted[form], abs=1e-3)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(("letters", "seed"), [(1, 0), (2, 1), (3, 2), (3, 3), (5, 4), (12, 5)])
def test_relation_is_what_was_trained(letters: int, seed: int) -> None:
    torch.manual_seed(seed)
    module = Relation(24, 0.0).eval()
    decoder = RelationDecoder(peaked(module, "relation", 200.0))
    asked = question(letters, seed)
    encoded, inputs, item = in_torch(asked)
    compare(decoder.decode(asked, 8), relation_beam(module, encoded, inputs, item, 25))


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(("letters", "seed"), [(1, 0), (2, 1), (3, 2), (3, 3), (5, 4), (12, 5)])
def test_sequence_is_what_was_trained(letters: int, seed: int) -> None:
    torch.manual_seed(seed)
    module = Sequence(24, 0.0).eval()
    decoder = SequenceDecoder(peaked(module, "sequence", 40.0))
    asked = question(letters, seed)
    encoded, inputs, item = in_torch(asked)
    compare(decoder.decode(asked, 8), sequence_beam(module, encoded, inputs, item, 25))


@torch.no_grad()
def apart_in_steps(module: Relation, decoder: RelationDecoder, asked: Encoding, steps: int) -> float:
    """The largest difference of any probability along the most probable path that goes on: whole distributions."""
    encoded, inputs, item = in_torch(asked)
    open_ = decoder._start(asked)
    quantities, context = module.start(encoded.states, encoded.mean, inputs)
    values = np.concatenate([item.values, CONSTANT_VALUES])[None]
    worst = 0.0
    for _ in range(steps):
        open_.logs[:] = 0.0
        first, second = _index_pairs(len(asked.letters), open_.ids.shape[1])
        joined = decoder._joined(open_, first, second, decoder._context(asked.pooled[None])[0])
        made = _results(open_.pool[open_.ids][:, first], open_.pool[open_.ids][:, second])
        logs = decoder._logs(open_, joined, made, first, second)
        pairs = pairs_of(values, len(asked.letters))
        scored, vectors = module.candidates(quantities, context, pairs, 1, len(pairs.first))
        place = {pair: at for at, pair in enumerate(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))}
        order = [place[pair] for pair in zip(first.tolist(), second.tolist(), strict=True)]
        assert sorted(order) == list(range(len(pairs.first)))
        theirs = scored.flatten(1).log_softmax(1).exp().view(len(order), 6, 2).numpy()[order]
        worst = max(worst, float(np.abs(np.exp(logs[0]) - theirs).max()))
        going = largest(logs[..., 0].ravel(), 1)
        _, pair, operation = (int(at) for at in np.unravel_index(going[0], logs.shape[:3]))
        open_ = decoder._next(open_, joined, made, logs[..., 0], going, first, second)
        result = module.made(vectors[:, order[pair]], torch.tensor([operation]))
        quantities = module.updated(quantities, result)
        values = np.concatenate([values, made[:, pair, operation][:, None]], axis=1)
    return worst


@torch.no_grad()
def apart_in_symbols(module: Sequence, decoder: SequenceDecoder, asked: Encoding, beam: int = 3) -> float:
    """The largest difference of the probability of any formula of a beam, symbol by symbol by torch."""
    encoded, inputs, item = in_torch(asked)
    place = {name: at for at, name in enumerate((*FIXED, *item.letters))}
    worst = 0.0
    for prefix, chance in decoder.decode(asked, beam):
        memory, state, context = module.begin(encoded.states, encoded.mean, inputs)
        previous, total, used = module.tokens[:1], 0.0, 0
        for token in prefix:
            logs, state, context = module.step(memory, previous, state, context, torch.tensor([used >= MAX_OPERATORS]))
            total += float(logs[0, place[token]])
            used += place[token] < 4
            previous = memory.symbols[:, place[token]]
        worst = max(worst, abs(math.exp(total) - chance))
    return worst


@pytest.mark.parametrize("letters", [1, 3, 12])
def test_every_probability_of_a_step_is_that_of_torch(letters: int) -> None:
    torch.manual_seed(letters)
    module = Relation(24, 0.0).eval()
    decoder = RelationDecoder(peaked(module, "relation", 20.0))
    assert apart_in_steps(module, decoder, question(letters, letters), MAX_OPERATORS) < 1e-4


@pytest.mark.parametrize("letters", [1, 3, 12])
def test_every_probability_of_a_sequence_is_that_of_torch(letters: int) -> None:
    torch.manual_seed(letters)
    module = Sequence(24, 0.0).eval()
    decoder = SequenceDecoder(peaked(module, "sequence", 4.0))
    assert apart_in_symbols(module, decoder, question(letters, letters)) < 1e-5


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("beam", [1, 5])
def test_formulas_are_whole_bounded_and_no_more_probable_than_all(seed: int, beam: int) -> None:
    found = Weights(tiny.weights(seed, 0.5), "tiny")
    asked = question(4, seed, width=tiny.WIDTH)
    values = {letter: Fraction(one) for letter, one in zip(asked.letters, asked.values.tolist(), strict=True)}
    for decoder in (RelationDecoder(found), SequenceDecoder(found)):
        formulas = decoder.decode(asked, beam)
        chances = [chance for _, chance in formulas]
        assert formulas and chances == sorted(chances, reverse=True) and sum(chances) <= 1 + 1e-6
        assert len({prefix for prefix, _ in formulas}) == len(formulas) <= 3 * beam
        for prefix, _ in formulas:
            assert operators(prefix) <= 2**MAX_OPERATORS
            try:
                value(prefix, values)
            except ZeroDivisionError:
                assert "/" in prefix


def test_relation_never_divides_by_zero() -> None:
    found = tiny.weights(1, 0.5)
    asked = question(2, 1, width=tiny.WIDTH)
    asked.values[:] = 0.0
    for prefix, _ in RelationDecoder(Weights(found, "tiny")).decode(asked, 10):
        value(prefix, {"A": Fraction(0), "B": Fraction(0)})


def test_a_question_without_letters_has_no_formulas() -> None:
    found = Weights(tiny.weights(0), "tiny")
    asked = question(0, width=tiny.WIDTH)
    assert RelationDecoder(found).decode(asked, 5) == SequenceDecoder(found).decode(asked, 5) == []


def test_a_beam_goes_on_with_what_can_still_matter() -> None:
    logs = np.log([0.5, 0.2, 4e-4, 0.1])
    assert kept(logs, {}, 5).tolist() == [0, 1, 3]
    assert kept(logs, {("A",): 0.15, ("B",): 0.14, ("C",): 0.12}, 1).tolist() == [0]
    assert kept(np.full(3, -np.inf), {}, 5).tolist() == []
