"""Training of the joint model: a killed run goes on to the same weights, a teacher pulls the student."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nlu.data import Row, Span
from nlu.encoder import Encoder
from nlu.export_encoder import read_weights, upstream
from nlu.runtime import ENCODER_FOLDER, MODELS
from nlu.train_calibrate import quick_scores
from nlu.train_data import Example, Labels, augment, examples
from nlu.train_fit import Plan, fit
from nlu.train_model import Branch, intent_logits_of, loss_of

ROWS = [
    Row(f"wake me at {hour}", "alarm_set", (Span("time", 11, 11 + len(hour)),), "own")
    for hour in ("six", "seven", "eight", "nine")
] + [Row(f"play some {kind}", "play_music", (), "own") for kind in ("jazz", "blues", "rock", "folk")]
LABELS = Labels.of([*ROWS, Row("", "out_of_scope", (), "own")])


@pytest.fixture(scope="module")
def made() -> list[Example]:
    """The rows on the shipped trunk."""
    return examples(ROWS, LABELS, Encoder(MODELS / ENCODER_FOLDER))


def fresh() -> Branch:
    torch.manual_seed(0)
    return Branch(read_weights(upstream()), 3, LABELS)


def killing(model: Branch, devel: list[Example]) -> dict[str, float]:
    raise KeyboardInterrupt


def test_a_resumed_run_is_the_same_run(made: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two epochs at once, and one, a kill in the second, and the second again."""
    straight, killed, resumed = fresh(), fresh(), fresh()
    plan = Plan(2, 1e-4, seed=3, batch=4)
    fit(straight, [made, made], made, plan, tmp_path / "straight")
    epochs = iter((quick_scores, killing))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("nlu.train_fit.quick_scores", lambda model, devel: next(epochs)(model, devel))
        fit(killed, [made, made], made, plan, tmp_path / "killed")
    fit(resumed, [made, made], made, plan, tmp_path / "killed")
    last = [
        torch.load(tmp_path / name / "checkpoint.pt", weights_only=False)["model"] for name in ("straight", "killed")
    ]
    assert all(torch.equal(last[0][name], last[1][name]) for name in last[0])


def test_a_teacher_pulls_the_student(made: list[Example]) -> None:
    """The loss is lower where the teacher agrees with the student."""
    model = fresh().eval()
    own = intent_logits_of(model, made)
    agreeing = [replace(one, teacher=row) for one, row in zip(made, own, strict=True)]
    opposed = [replace(one, teacher=-20 * row) for one, row in zip(made, own, strict=True)]
    losses = [float(loss_of(model, part, 0.0, taught=0.9).detach()) for part in (agreeing, opposed)]
    assert losses[0] < losses[1]
    alone = float(loss_of(model, agreeing, 0.0).detach())
    assert float(loss_of(model, agreeing, 0.0, taught=0.9).detach()) == pytest.approx(0.1 * alone, abs=0.02)


def test_recognised_rows_become_other_lines_of_the_n_best() -> None:
    """Entities move along with the words."""
    row = Row(
        "wake me at sever",
        "alarm_set",
        (Span("time", 11, 16),),
        "synth_asr",
        "",
        ("wake me at sever", "make me at seven"),
    )
    found = {augment(row, random.Random(seed)).text for seed in range(20)}
    assert found == set(row.heard)
    other = next(one for seed in range(20) if (one := augment(row, random.Random(seed))).text != row.text)
    assert other.spans is not None
    assert [other.text[span.start : span.end] for span in other.spans] == ["seven"]


def test_states_are_the_served_ones(made: list[Example]) -> None:
    """Training sees what serving sees."""
    served = Encoder(MODELS / ENCODER_FOLDER).encode([ROWS[0].text])[0]
    assert np.array_equal(made[0].trunk, served.trunk.astype(np.float16))
