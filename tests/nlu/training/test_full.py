"""Full training: the same seed gives the same weights, also after `kill -9`; export is checked; errors are clear."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nlu.formats import read
from nlu.runtime import Understander
from nlu.train_model import export_branch
from nlu.training import cli, fit
from nlu.training.config import load_config
from nlu.training.finish import ParityError
from nlu.training.fit import TrainingError, device_of, train_full
from nlu.training.split import make_split

from .data import write_data

SETTINGS = """
epochs: 2
batch: 16
least_steps: 1
patience: 2
noise: {share: 0.3}
losses: {supervised_contrast: 0.1, entity_contrast: 0.1}
device: cpu
"""
KILLED = """
import os, signal, sys
from pathlib import Path
from nlu.formats import read
from nlu.training.config import load_config
from nlu.training.fit import train_full
from nlu.training.split import make_split
data, settings, out = map(Path, sys.argv[1:])
config = load_config(settings)
split = make_split(read(data), None, config.held_out, config.seed)
train_full(split, config, out, after_epoch=lambda number: os.kill(os.getpid(), signal.SIGKILL))
"""


def weights(out: Path) -> dict[str, torch.Tensor]:
    loaded: dict[str, torch.Tensor] = torch.load(out / "checkpoints" / "last.pt", weights_only=True)["network"]
    return loaded


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full")
    write_data(folder)
    (folder / "train.yml").write_text(SETTINGS)
    return folder


@pytest.fixture(scope="module")
def trained(place: Path) -> Path:
    arguments = ["--data", str(place / "nlu.yml"), "--config", str(place / "train.yml"), "--out", str(place / "model")]
    assert cli.main(arguments) == 0
    return place / "model"


def test_it_serves(trained: Path) -> None:
    understander = Understander.load(trained)
    assert understander.intents == ("book_flight", "cook", "leave")
    assert [p.intent for p in understander.parse(["book a flight to oslo", "bye bye"])] == ["book_flight", "leave"]


def test_a_killed_run_ends_with_the_same_weights(place: Path, trained: Path) -> None:
    out = place / "killed"
    command: list[str | Path] = [sys.executable, "-c", KILLED, place / "nlu.yml", place / "train.yml", out]
    assert subprocess.run(command, capture_output=True, check=False).returncode == -9
    assert sorted(path.name for path in out.iterdir()) == ["checkpoints"]
    assert torch.load(out / "checkpoints" / "last.pt", weights_only=True)["epoch"] == 1
    config = load_config(place / "train.yml")
    split = make_split(read(place / "nlu.yml"), None, config.held_out, config.seed)
    epochs: list[int] = []
    train_full(split, config, out, after_epoch=epochs.append)
    assert epochs == [2]
    ours, theirs = weights(out), weights(trained)
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert (out / "branch.onnx").read_bytes() == (trained / "branch.onnx").read_bytes()

    other = load_config(place / "train.yml", seed=5)
    with pytest.raises(TrainingError, match="a run with other data or settings; --no-resume begins anew"):
        train_full(split, other, out)


def test_no_folder_that_loads_where_parity_fails(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = export_branch

    def wrong(*arguments: Any) -> dict[str, Any]:
        head = exact(*arguments)
        return head | {"intent_bias": head["intent_bias"] + np.array([9, 0, 0, 0], np.float32)}

    monkeypatch.setattr(fit, "export_branch", wrong)
    config = load_config(place / "train.yml", epochs=1)
    split = make_split(read(place / "nlu.yml"), None, config.held_out, config.seed)
    with pytest.raises(ParityError, match=r"names the same intent .* less than 99.5%"):
        train_full(split, config, place / "wrong")
    assert not (place / "wrong" / "head.json").exists()


def test_it_stops_early_and_pools_as_told(place: Path) -> None:
    config = load_config(place / "train.yml", epochs=30, patience=1, pooling="mean", frozen=6, noise={"share": 0})
    split = make_split(read(place / "nlu.yml"), None, config.held_out, config.seed)
    epochs: list[int] = []
    train_full(split, config, place / "early", after_epoch=epochs.append)
    assert len(epochs) < 30
    with np.load(place / "early" / "head.npz") as arrays:
        assert not arrays["intent_weight"][:, 384:].any() and arrays["intent_weight"][:, :384].any()
    with np.load(place / "model" / "head.npz") as arrays:
        assert arrays["intent_weight"][:, 384:].any()


def test_a_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of("auto").type == device_of("cpu").type == "cpu"
    with pytest.raises(TrainingError, match="device: cuda is wanted"):
        device_of("cuda")
