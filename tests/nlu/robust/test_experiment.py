"""Whole methods on a tiny backbone: what is shared, what is chosen on dev."""

from pathlib import Path

import numpy as np
import pytest
import torch

from nlu.robust import experiment
from nlu.robust.experiment import Prepared, by_sound, run, stage1
from nlu.robust.parallel import Pairs
from nlu.robust.recipes import Settings, plan_of
from nlu.robust.states import mask
from nlu.robust.wide import WEIGHTS, Wide, choose_weight, fuse
from tests.nlu.robust import tiny

SETTINGS = Settings(steps=3, batch1=8, epochs=2, batch=16)


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> Prepared:
    monkeypatch.setattr(experiment, "Backbone", tiny.TinyBackbone)
    monkeypatch.setattr("nlu.robust.wide.BUCKETS", 2**10)
    monkeypatch.setattr("nlu.robust.states.mask", lambda ids, rng: mask(ids, rng, tiny.SIZE))
    return tiny.prepared()


def test_the_same_stage_1_is_done_once(prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    real = experiment.pretrain
    monkeypatch.setattr(
        experiment,
        "pretrain",
        lambda *args, **keys: [calls.append(1), real(*args, **keys)],  # type: ignore[func-returns-value]
    )
    first = stage1(prepared, "both", SETTINGS, 0, tmp_path)
    again = stage1(prepared, "both", SETTINGS, 0, tmp_path)
    assert len(calls) == 1 and all(torch.equal(first[name], again[name]) for name in first)
    stage1(prepared, "both", SETTINGS, 1, tmp_path)
    stage1(prepared, "fine", SETTINGS, 0, tmp_path)
    assert len(calls) == 3 and len(list(tmp_path.glob("stage1-*.pt"))) == 3


def test_a_word_never_misheard_has_substitutes_by_sound(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = Pairs(("book a flight to boston",), ("boston flite too bostan look",), ("",), ("x",), ("0",))
    substitutes = by_sound(pairs)
    assert substitutes("to")[0] == "too" and substitutes("book")[0] == "look" and "to" not in substitutes("to")
    assert list(substitutes("zebra")) == []
    given: list[object] = []
    real = experiment.pretrain
    monkeypatch.setattr(
        experiment,
        "pretrain",
        lambda *args, extra=None, **keys: [given.append(extra), real(*args, extra=extra, **keys)],  # type: ignore[func-returns-value]
    )
    stage1(prepared, "both+da", SETTINGS, 0, tmp_path)
    stage1(prepared, "both+da+phonetic", SETTINGS, 0, tmp_path)
    assert given[0] is None and callable(given[1])
    assert len(list(tmp_path.glob("stage1-*.pt"))) == 2


@pytest.mark.parametrize("row", ["ce", "mclf", "ours", "oracle"])
def test_a_method_repeats(prepared: Prepared, tmp_path: Path, row: str) -> None:
    outcomes = [run(prepared, plan_of(row), SETTINGS, 0, tmp_path / str(number)) for number in (0, 1)]
    assert outcomes[0].fitted == outcomes[1].fitted
    assert (outcomes[0].test == outcomes[1].test).all() and outcomes[0].test.shape == (30,)


def test_the_phone_stream_is_weighted_on_dev(prepared: Prepared) -> None:
    labels = torch.from_numpy(prepared.train.labels)
    wide = Wide(prepared.corpus.train, labels, 3, ("heard", "clean"), seed=0)
    said = wide.predict(prepared.corpus.dev, "clean")
    dev = torch.from_numpy(prepared.dev.labels)
    assert float((said.argmax(1) == dev).float().mean()) > 0.9
    assert choose_weight(torch.zeros_like(said), said, dev) > 0
    sure = torch.eye(3)[dev] * 100
    assert choose_weight(sure, said, dev) == WEIGHTS[len(WEIGHTS) // 2]  # no weight is better than another
    assert torch.allclose(fuse(sure, said, 0.0), sure.log_softmax(1))


def test_plans_can_be_changed() -> None:
    plan = plan_of("ours", "stage1=both+da,teacher=0.5,phones=0,views=heard,losses=tuned")
    assert (plan.stage1, plan.teacher, plan.phones, plan.views, plan.losses) == (
        "both+da",
        0.5,
        False,
        ("heard",),
        "tuned",
    )
    for row, change in (
        ("theirs", ""), ("ours", "stage1=most"), ("ours", "phones=maybe"), ("ours", "views=seen"), ("ours", "size=3"),
        ("ours", "losses=hinge"), ("ours", "teacher=much"),
    ):  # fmt: skip
        with pytest.raises(ValueError):
            plan_of(row, change)


def test_unseen_intents_of_the_test_are_wrong(prepared: Prepared, tmp_path: Path) -> None:
    corpus = tiny.corpus()
    odd = Prepared.of(type(corpus)("odd", corpus.train, corpus.dev, tiny.pairs(5, 3, ("hotel",))), 3)
    assert not np.any(run(odd, plan_of("ce"), SETTINGS, 0, tmp_path).test)
