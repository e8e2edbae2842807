"""Training: it learns, goes on where it was killed, stops early, and the baselines train by the same door."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nlu.training.display import Tell
from plugins.math.training import baseline, checkpoint, model, train
from plugins.math.training.corpus import Corpus
from plugins.math.training.settings import Settings, TrainingError
from plugins.math.training.train import fit, limited, rate_at
from tests.plugins.math.training.small import SMALL, problem, problems, small_corpus


class Killed(Exception):
    pass


def killed_at(step: int) -> train.Bar:
    @contextmanager
    def progress(title: str, total: int) -> Iterator[Tell]:
        def tell(done: float, note: str) -> None:
            if title == "training" and done == step:
                raise Killed

        yield tell

    return progress


def weights(solver: model.Solver) -> dict[str, torch.Tensor]:
    return solver.state_dict()


def test_both_decoders_learn_and_tell_how_it_went(tmp_path: Path) -> None:
    solver = fit(small_corpus(64), replace(SMALL, epochs=8), 1, tmp_path)
    told = json.loads((tmp_path / "history.json").read_text())
    last, first = told["epochs"][-1], told["epochs"][0]
    for name in ("relation", "sequence"):
        assert last["loss"][name] < 0.3 * first["loss"][name]
        assert last["devel"]["mawps"][name] >= 75
    assert {"relation", "sequence", "both"} == set(last["devel"]["mawps"])
    assert torch.equal(weights(model.load(tmp_path))["relation.score.weight"], weights(solver)["relation.score.weight"])


@pytest.mark.parametrize("step", [3, 4, 6])
def test_a_killed_run_ends_with_the_same_weights(tmp_path: Path, step: int) -> None:
    """Killed in an epoch, at its end, and in the next; dropout and order depend on the step alone."""
    settings = replace(SMALL, dropout=0.1, head_dropout=0.1)
    whole = fit(small_corpus(), settings, 5, tmp_path / "whole", every=2)
    with pytest.raises(Killed):
        fit(small_corpus(), settings, 5, tmp_path / "broken", killed_at(step), every=2)
    assert not (tmp_path / "broken" / model.WEIGHTS).exists()
    again = fit(small_corpus(), settings, 5, tmp_path / "broken", every=2)
    assert all(torch.equal(value, weights(again)[name]) for name, value in weights(whole).items())
    other = fit(small_corpus(), settings, 6, tmp_path / "other", every=2)
    assert not torch.equal(weights(other)["relation.score.weight"], weights(whole)["relation.score.weight"])


def test_a_finished_run_does_not_train_again(tmp_path: Path) -> None:
    first = fit(small_corpus(), SMALL, 0, tmp_path)
    history = (tmp_path / "history.json").read_text()
    again = fit(small_corpus(), SMALL, 0, tmp_path, killed_at(1))
    assert (tmp_path / "history.json").read_text() == history
    assert all(torch.equal(value, weights(again)[name]) for name, value in weights(first).items())


def test_a_checkpoint_of_another_run_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        fit(small_corpus(), SMALL, 0, tmp_path, killed_at(3), every=2)
    with pytest.raises(TrainingError, match="other data"):
        fit(small_corpus(), SMALL, 1, tmp_path)
    with pytest.raises(TrainingError, match="other data"):
        fit(small_corpus(40), SMALL, 0, tmp_path)
    path = tmp_path / checkpoint.NAME
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(TrainingError, match="damaged"):
        fit(small_corpus(), SMALL, 0, tmp_path)


def test_patience_ends_training_and_the_best_epoch_is_kept(tmp_path: Path) -> None:
    # nothing can be learned at these rates, so no epoch beats the first
    idle = replace(SMALL, rate_layers=1e-12, rate_heads=1e-12, epochs=6, patience=2)
    fit(small_corpus(8), idle, 0, tmp_path)
    told = json.loads((tmp_path / "history.json").read_text())
    assert told["best_epoch"] == 1 and len(told["epochs"]) == 3


def test_rates_rise_and_fall() -> None:
    rates = [rate_at(step, 100, 0.1) for step in range(100)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == 1.0 and rates[-1] < 0.03
    assert rates[9:] == sorted(rates[9:], reverse=True)


def test_nothing_to_learn_is_said(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no problem to learn from"):
        fit(Corpus([problem("How many?", ("7",))], {}, small_corpus().report), SMALL, 0, tmp_path)


@pytest.mark.parametrize("kind", ["plain", "encoder"])
def test_baselines_train_by_the_same_door(tmp_path: Path, kind: str) -> None:
    settings = baseline.baseline_settings(kind, replace(SMALL, epochs=4))
    solver = fit(small_corpus(64), replace(settings, rate_heads=4e-3, dropout=0.0, head_dropout=0.0), 0, tmp_path)
    assert solver.relation is None and settings.beam == 1
    assert (solver.recurrent is None) == (kind == "encoder")
    told = json.loads((tmp_path / "history.json").read_text())["epochs"]
    assert set(told[-1]["devel"]["mawps"]) == {"sequence"}
    assert told[-1]["loss"]["sequence"] < 0.6 * told[0]["loss"]["sequence"]


def test_a_limit_draws_evenly_and_always_the_same() -> None:
    corpus = small_corpus(40)
    assert limited(corpus, 10, 1).train == limited(corpus, 10, 1).train
    assert len(limited(corpus, 10, 1).train) == 10 and limited(corpus, None, 1) is corpus


def test_the_command_trains_and_tells_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {}

    def made(data: Path, seed: int, synthetic: int, noised: float) -> Corpus:
        asked.update(data=data, seed=seed, synthetic=synthetic, noised=noised)
        return small_corpus(16)

    monkeypatch.setattr("plugins.math.training.corpus.corpus", made)
    wanted = tmp_path / "settings.json"
    wanted.write_text(json.dumps(replace(SMALL, epochs=1).plain()))
    out = tmp_path / "model"
    argv = ["--data", str(tmp_path), "--out", str(out), "--settings", str(wanted), "--only", "relation", "--limit", "8"]
    assert train.main([*argv, "--synthetic", "3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["best_epoch"] == 1
    assert asked == {"data": tmp_path, "seed": 0, "synthetic": 3, "noised": asked["noised"]}
    assert model.load(out).sequence is None
    wanted.write_text('{"epoks": 1}')
    assert train.main(argv) == 1
    assert "unknown key epoks" in capsys.readouterr().err


def test_defaults_are_valid_and_survive_json(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps(Settings().plain()))
    from plugins.math.training.settings import read_settings

    assert read_settings(tmp_path / "s.json").plain() == Settings().plain()
    assert len(problems(4, 0)) == 4
