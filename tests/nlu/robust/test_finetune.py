"""Stage 2 on a tiny backbone: it learns, keeps the best epoch, and says what is wrong with its input."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nlu.robust.classifier import POOLINGS, Classifier, pool
from nlu.robust.experiment import Prepared
from nlu.robust.finetune import Recipe, Split, finetune, right
from nlu.robust.recipes import ABLATIONS, ROWS, Losses, Plan, Settings
from tests.nlu.robust import tiny


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> Prepared:
    monkeypatch.setattr("nlu.robust.experiment.Backbone", tiny.TinyBackbone)
    return tiny.prepared()


def model(classes: int = 3) -> Classifier:
    torch.manual_seed(0)
    return Classifier(tiny.TinyBackbone(), classes)  # type: ignore[arg-type]


def test_it_learns_and_clean_text_is_easier(prepared: Prepared) -> None:
    classifier = model()
    fitted = finetune(classifier, prepared.train, prepared.dev, Recipe(epochs=12, batch=16, rate=1e-2), seed=0)
    assert len(fitted.dev) == 12 and len(fitted.losses) == 12 * 6
    assert fitted.losses[-1] < fitted.losses[0]
    assert right(classifier, prepared.dev, "heard").mean() == fitted.dev[fitted.epoch - 1] == max(fitted.dev)
    assert right(classifier, prepared.test, "clean").mean() > 0.6


@pytest.mark.parametrize("name", sorted(ROWS | ABLATIONS))
def test_every_recipe_runs_and_repeats(prepared: Prepared, name: str, tmp_path: Path) -> None:
    plan = (ROWS | ABLATIONS)[name]
    if plan.needs_decoded:
        with pytest.raises(ValueError, match="nothing was decoded"):
            finetune(model(), prepared.train, prepared.dev, Settings(steps=1).recipe(plan), seed=0)
        prepared = prepared.with_decoded(tmp_path)
        assert [path.name[:8] for path in tmp_path.iterdir()] == ["decoded-"]
    recipe = Settings(steps=3, epochs=2, batch=32).recipe(plan)
    teacher = torch.eye(3)[torch.from_numpy(prepared.train.labels)]
    runs = [finetune(model(), prepared.train, prepared.dev, recipe, seed=0, teacher=teacher) for _ in range(2)]
    assert runs[0] == runs[1] and np.isfinite(runs[0].losses).all()
    assert len(runs[0].losses) == 2 * 3 + (3 if plan.longer and not plan.stage1 else 0)


@pytest.mark.parametrize("losses", ["tuned", "printed"])
def test_one_class_and_a_last_batch_of_one(losses: Losses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlu.robust.experiment.Backbone", tiny.TinyBackbone)
    prepared = Prepared.of(tiny.corpus(9, ("only",)), 3)
    recipe = Settings(epochs=1, batch=8).recipe(Plan("", losses=losses))
    fitted = finetune(model(1), prepared.train, prepared.dev, recipe, seed=0)
    assert np.isfinite(fitted.losses).all() and fitted.dev == [1.0]


def test_errors(prepared: Prepared) -> None:
    empty = Split([], [], np.zeros(0, np.int64))
    with pytest.raises(ValueError, match="at least one"):
        finetune(model(), empty, prepared.dev, Recipe(), seed=0)
    unknown = Split(prepared.train.heard[:1], prepared.train.clean[:1], np.array([-1]))
    with pytest.raises(ValueError, match="unknown intent"):
        finetune(model(), unknown, prepared.dev, Recipe(), seed=0)
    with pytest.raises(ValueError, match="no teacher"):
        finetune(model(), prepared.train, prepared.dev, Recipe(teacher=1.0), seed=0)
    with pytest.raises(ValueError, match="differ in length: 1 heard, 0 clean, 1 labels"):
        Split(prepared.train.heard[:1], [], np.array([0]))
    with pytest.raises(ValueError, match="unknown pooling"):
        Classifier(tiny.TinyBackbone(), 2, "median")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one class"):
        Classifier(tiny.TinyBackbone(), 0)  # type: ignore[arg-type]


def test_poolings_look_at_real_tokens_only() -> None:
    states = torch.arange(10, dtype=torch.float32).reshape(1, 5, 2)
    mask = torch.tensor([[True, True, True, True, False]])
    expected = {"cls": [0, 1], "mean": [3, 4], "max": [4, 5], "mean_max": [3, 4, 4, 5]}
    assert {how: pool(states, mask, how)[0].tolist() for how in POOLINGS} == expected


def test_a_teacher_is_followed(prepared: Prepared) -> None:
    wrong = torch.eye(3)[torch.from_numpy((prepared.train.labels + 1) % 3)]
    recipe = Recipe(epochs=8, batch=16, rate=1e-2, views=("heard", "clean"), teacher=20.0)
    classifier = model()
    dev = replace(prepared.dev, labels=(prepared.dev.labels + 1) % 3)
    finetune(classifier, prepared.train, dev, recipe, seed=0, teacher=wrong)
    test = replace(prepared.test, labels=(prepared.test.labels + 1) % 3)
    assert right(classifier, test, "clean").mean() > 0.6


def test_equal_states_are_read_once(prepared: Prepared) -> None:
    classifier = model()
    states = prepared.test.heard[:3]
    logits = classifier.predict([states[2], states[0], states[2], states[1]])
    assert torch.equal(logits[0], logits[2]) and logits.shape == (4, 3)
    assert torch.allclose(logits[1], classifier.predict([states[0]])[0], atol=0.05)
