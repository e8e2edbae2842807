"""The solver model: formulas as steps and tokens, pairs by value, losses, beams, weights on disk."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu.encoder import Encoder
from nlu.runtime import ENCODER_FOLDER, MODELS
from plugins.math.solver import inputs as solver_inputs
from plugins.math.solver.symbols import CONSTANTS, MAX_OPERATORS, OPERATORS, Prefix, operators, value
from plugins.math.training import model
from plugins.math.training.batches import Batch, chunks, collate, epoch_order
from plugins.math.training.decode import decode
from plugins.math.training.gold import FIXED, canonical, combinable, formula, split, steps, tokens
from plugins.math.training.items import Item, items, learnable
from plugins.math.training.pairwise import features, pair_list, pairs_before, result_features, results
from plugins.math.training.settings import Settings, TrainingError, read_settings
from plugins.math.training.trunks import Trunks
from tests.plugins.math.training.small import SMALL, problem, problems

LETTERS = ("A", "B", "C", "D")
VALUES = {name: Fraction(number) for name, number in zip(LETTERS, (7, 11, 3, 5), strict=True)}


def formulas() -> st.SearchStrategy[Prefix]:
    leaf = st.sampled_from((*LETTERS, "2", "100")).map(lambda name: (name,))
    return st.recursive(
        leaf,
        lambda sub: st.tuples(st.sampled_from(OPERATORS), sub, sub).map(lambda t: (t[0], *t[1], *t[2])),
        max_leaves=6,
    )


def same(first: Prefix, second: Prefix) -> bool:
    """Equal values, or neither has one."""
    found = []
    for prefix in (first, second):
        try:
            found.append(value(prefix, VALUES))
        except ZeroDivisionError:
            found.append(None)
    return found[0] == found[1]


@given(formulas())
@settings(max_examples=300, deadline=None)
def test_a_formula_survives_canonical_order_steps_and_tokens(prefix: Prefix) -> None:
    ordered = canonical(prefix, LETTERS)
    assert operators(ordered) == operators(prefix)
    assert same(ordered, prefix)
    assert canonical(ordered, LETTERS) == ordered
    assert tuple((*FIXED, *LETTERS)[token] for token in tokens(ordered, LETTERS)) == ordered
    made = steps(ordered, LETTERS)
    assert [step.last for step in made] == [False] * (len(made) - 1) + [True] * bool(made)
    if made:
        assert canonical(formula(made, LETTERS), LETTERS) == ordered
        assert all(step.first <= step.second for step in made)


def test_sums_in_any_order_are_one_formula() -> None:
    first = canonical(("+", "+", "C", "2", "*", "B", "A"), LETTERS)
    assert first == canonical(("+", "*", "A", "B", "+", "2", "C"), LETTERS) == ("+", "+", "*", "A", "B", "C", "2")
    products = [("*", "A", "B"), ("*", "A", "C")]
    assert canonical(("+", *products[0], *products[1]), LETTERS) == canonical(
        ("+", *products[1], *products[0]), LETTERS
    )


def test_equal_parts_are_made_once_and_results_stand_after_the_constants() -> None:
    made = steps(("*", "+", "A", "B", "+", "A", "B"), LETTERS)
    assert [(step.first, step.second) for step in made] == [(0, 1), (18, 18)]
    assert not combinable(made, [1.0, 2.0, 3.0, 4.0])


def test_what_the_deductive_decoder_cannot_make_is_known() -> None:
    assert combinable(steps(("-", "*", "A", "7", "B"), LETTERS), [1, 2, 3, 4])
    assert not combinable(steps(("*", "A", "+", "2", "3"), LETTERS), [1, 2, 3, 4])
    assert not combinable(steps(("/", "A", "-", "B", "C"), LETTERS), [1, 2, 2, 4])


@pytest.mark.parametrize("bad", [("+", "A"), ("+", "+", "A", "B"), ("+",)])
def test_half_a_formula_is_refused(bad: Prefix) -> None:
    with pytest.raises(ValueError, match="not a whole formula"):
        split(bad)


def test_an_unknown_symbol_is_refused() -> None:
    with pytest.raises(KeyError):
        steps(("+", "A", "Q"), LETTERS)


def test_pairs_are_all_but_those_of_constants_and_early_ones_stand_first() -> None:
    first, second = pair_list(2, 2)
    base = 2 + len(CONSTANTS)
    wanted = {(i, j) for i, j in combinations(range(base + 2), 2) if not (i >= 2 and j < base)}
    assert set(zip(first.tolist(), second.tolist(), strict=True)) == wanted
    assert len(first) == pairs_before(2, 2)
    for made in range(2):
        count = pairs_before(2, made)
        assert second[:count].max() < base + made <= second[count:].min()


@given(st.lists(st.floats(-1e6, 1e6) | st.integers(-50, 50).map(float), min_size=2, max_size=6))
@settings(max_examples=100, deadline=None)
def test_pair_features_are_those_of_the_shared_interface(values: list[float]) -> None:
    given_values = np.array(values)
    wanted = solver_inputs.pairs(given_values)  # type: ignore[arg-type]
    first, second = np.triu_indices(len(values), 1)
    found = features(given_values[first], given_values[second])
    np.testing.assert_allclose(found[:, :6], wanted[first, second], atol=1e-6)
    np.testing.assert_allclose(found[:, 6:], wanted[second, first], atol=1e-6)


def test_results_follow_the_order_of_operations_and_tell_what_is_odd() -> None:
    found = results(np.array(8.0), np.array(2.0))
    assert found.tolist() == [10, 6, -6, 16, 4, 0.25]
    assert result_features(found)[:, :2].tolist() == [[0, 0], [0, 0], [1, 0], [0, 0], [0, 0], [0, 1]]
    assert result_features(np.array([0.0, 2e9, np.inf, np.nan])).tolist() == [
        [0, 0, 1, 0],
        [0, 0, 0, 1],
        [0] * 4,
        [0] * 4,
    ]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(MODELS / ENCODER_FOLDER)


@pytest.fixture(scope="module")
def found(encoder: Encoder) -> list[Item]:
    return items(problems(8, 3), encoder)


@pytest.fixture(scope="module")
def trunks(encoder: Encoder, found: list[Item], tmp_path_factory: pytest.TempPathFactory) -> Trunks:
    out = Trunks(tmp_path_factory.mktemp("trunks"), encoder)
    out.add([item.text for item in found])
    return out


def alone_and_together(solver: model.Solver, found: list[Item], trunks: Trunks) -> tuple[dict[str, float], Batch]:
    sums: dict[str, float] = {}
    for item in found:
        for name, part in solver.loss(collate([item], trunks))[1].items():
            sums[name] = sums.get(name, 0.0) + part / len(found)
    return sums, collate(found, trunks)


def test_rows_point_at_the_placeholders(encoder: Encoder, found: list[Item]) -> None:
    sign = encoder.tokenise(["#"])[0][0][1]
    for item in found:
        assert [int(item.ids[row]) for row in item.rows] == [sign] * len(item.letters)


def test_letters_that_the_encoder_does_not_see_take_no_part(encoder: Encoder) -> None:
    far = "Tom has 4 pears and " + "very " * 140 + "many of 9 friends want 3 each."
    cut, kept = items([problem(far, ("+", "A", "B")), problem("He has 4 pears and 9 figs.", ("+", "A", "B"))], encoder)
    assert cut.letters == ("A",) and not cut.steps and not cut.target
    assert learnable([cut, kept], True, True) == [kept]


def test_padding_does_not_change_the_losses(found: list[Item], trunks: Trunks) -> None:
    torch.manual_seed(0)
    solver = model.Solver(replace(SMALL, value_dropout=0.0)).eval()
    sums, batch = alone_and_together(solver, found, trunks)
    together = solver.loss(batch)[1]
    assert together == pytest.approx(sums, rel=0.02)


def test_the_loss_is_that_of_the_beam(found: list[Item], trunks: Trunks) -> None:
    """The probability that the search gives a gold formula is what training makes likely."""
    torch.manual_seed(1)
    solver = model.Solver(replace(SMALL, smoothing=0.0)).eval()
    optimiser = torch.optim.AdamW(solver.parameters(), 3e-3)
    for _ in range(40):
        optimiser.zero_grad()
        solver.loss(collate(found, trunks))[0].backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    for item, decoded in zip(found, decode(solver, found, trunks, 5), strict=True):
        parts = solver.loss(collate([item], trunks))[1]
        one, other = dict(decoded.relation)[item.prefix], dict(decoded.sequence).get(item.prefix, 0.0)
        assert one == pytest.approx(math.exp(-parts["relation"]), rel=0.15)
        if item.prefix[0] == "-":  # a sum written in either order counts together
            assert other == pytest.approx(math.exp(-parts["sequence"]), rel=0.15)


def test_beams_hold_whole_distinct_formulas_within_bounds(found: list[Item], trunks: Trunks) -> None:
    torch.manual_seed(2)
    solver = model.Solver(SMALL)
    for item, decoded in zip(found, decode(solver, found, trunks, 5), strict=True):
        for beam in (decoded.relation, decoded.sequence):
            assert len(beam) <= 5 and len({prefix for prefix, _ in beam}) == len(beam)
            assert sum(probability for _, probability in beam) <= 1 + 1e-5
            assert [p for _, p in beam] == sorted((p for _, p in beam), reverse=True)
            for prefix, _ in beam:
                assert operators(prefix) <= MAX_OPERATORS
                assert set(prefix) <= {*OPERATORS, *CONSTANTS, *item.letters}
                canonical(prefix, item.letters)


def test_a_question_without_letters_has_no_beam(encoder: Encoder, trunks: Trunks) -> None:
    bare = items([problem("How many?", ("7",))], encoder)
    trunks.add([bare[0].text])
    decoded = decode(model.Solver(SMALL), bare, trunks, 5)[0]
    assert decoded.relation == [] and decoded.sequence == []


def test_states_are_computed_once_and_survive_a_broken_end(
    encoder: Encoder, found: list[Item], trunks: Trunks, tmp_path: Path
) -> None:
    first = Trunks(tmp_path, encoder)
    first.add([found[0].text, found[1].text])
    index = next(tmp_path.glob("*.txt"))
    data = next(tmp_path.glob("*.f16"))
    index.write_text(index.read_text()[:-3])  # killed while it wrote the second line
    again = Trunks(tmp_path, encoder)
    again.add([found[1].text, found[2].text])
    for item in found[:3]:
        np.testing.assert_array_equal(again(item.text), trunks(item.text))
    assert data.stat().st_size == sum(len(item.ids) for item in found[:3]) * 384 * 2
    assert len(index.read_text().splitlines()) == 3


def test_an_epoch_passes_sources_as_the_mix_says(encoder: Encoder) -> None:
    mixed = items([*problems(40, 1), *(replace(p, source="gsm8k") for p in problems(40, 2))], encoder)
    order = epoch_order(mixed, replace(SMALL, mix={"maw": 2.5, "gsm8k": 0.0, "gsm": 9}), 0, 0)
    passed = [index for batch in order for index in batch]
    assert all(index < 40 for index in passed)
    assert all(passed.count(index) in (2, 3) for index in range(40)) and 85 <= len(passed) <= 115
    assert order == epoch_order(mixed, replace(SMALL, mix={"maw": 2.5, "gsm8k": 0.0, "gsm": 9}), 0, 0)
    assert sorted(index for batch in chunks(mixed, 7) for index in batch) == list(range(80))


def test_a_solver_comes_back_from_disk(tmp_path: Path, found: list[Item], trunks: Trunks) -> None:
    torch.manual_seed(3)
    solver = model.Solver(replace(SMALL, mix={"mawps": 2.0}))
    model.save(solver, tmp_path)
    again = model.load(tmp_path)
    assert again.settings == solver.settings
    assert decode(again, found, trunks, 3) == decode(solver, found, trunks, 3)


def test_names_of_the_weights_are_the_agreed_ones() -> None:
    names = set(model.Solver(SMALL).state_dict())
    assert {"number_in.weight", "layers.0.query.weight", "relation.constants", "relation.ops.5.weight"} <= names
    assert {"relation.update.weight_ih", "relation.hidden.weight", "sequence.tokens", "sequence.cell.bias_hh"} <= names


def test_bad_files_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"settings\.json"):
        model.load(tmp_path)
    for text, told in (
        ('{"epoch": 3}', "unknown key epoch"),
        ("[]", "not an object"),
        ('{"batch": "x"}', "batch"),
        ("{", ""),
    ):
        (tmp_path / "settings.json").write_text(text)
        with pytest.raises(TrainingError, match=rf"settings\.json: .*{told}"):
            read_settings(tmp_path / "settings.json")
    model.save(model.Solver(SMALL), tmp_path)
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[:-100])
    with pytest.raises(TrainingError, match=r"model\.safetensors"):
        model.load(tmp_path)
    (tmp_path / "settings.json").write_text(json.dumps(replace(SMALL, relation_width=16).plain()))
    (tmp_path / "model.safetensors").write_bytes(whole)
    with pytest.raises(TrainingError, match="not the weights"):
        model.load(tmp_path)


@pytest.mark.parametrize("change", [{"batch": 0}, {"layers": 2}, {"mix": {"mawps": -1.0}}, {"average": 1.0}])
def test_settings_that_mean_nothing_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(TrainingError, match=next(iter(change))):
        replace(Settings(), **change)  # type: ignore[arg-type]
    with pytest.raises(TrainingError, match="relation"):
        Settings(relation=False, sequence=False)
